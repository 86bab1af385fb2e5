"""Saves one point cloud as a PLY file.

    python save_points.py OUT.ply [CAMERA] [DIRECTORY]
"""

import sys

import numpy as np

from depthd_client import DepthClient


def main() -> None:
    out = sys.argv[1]
    camera = sys.argv[2] if len(sys.argv) > 2 else "front"
    with DepthClient(sys.argv[3] if len(sys.argv) > 3 else None) as client:
        frame = client.subscribe(f"{camera}/points/").next(timeout_s=10.0)
    if frame is None:
        sys.exit(f"no points from {camera}: they are published only while the scale is metric")
    points = frame.points.reshape(-1, 3)
    points = np.ascontiguousarray(points[np.isfinite(points).all(axis=1)], "<f4")
    with open(out, "wb") as file:
        file.write(
            f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\n"
            "property float x\nproperty float y\nproperty float z\nend_header\n".encode()
        )
        file.write(points.tobytes())
    print(f"{out}: {len(points)} points in {frame.header['frame']}")


if __name__ == "__main__":
    main()
