"""Prints the nearest obstacle ahead, and says so when the numbers must not be used.

    python nearest_obstacle.py [CAMERA] [DIRECTORY]
"""

import sys

import numpy as np

from depthd_client import DepthClient


def main() -> None:
    camera = sys.argv[1] if len(sys.argv) > 1 else "front"
    with DepthClient(sys.argv[2] if len(sys.argv) > 2 else None) as client:
        depth = client.subscribe(f"{camera}/depth/")
        while True:
            frame = depth.next(timeout_s=1.0)
            liveness = client.liveness(depth)
            if frame is None or not liveness.alive:
                print(f"no metric depth: {liveness}")
                continue
            height, width = frame.depth.shape
            ahead = frame.depth[height // 3 : height * 2 // 3, width // 3 : width * 2 // 3]
            known = ahead[np.isfinite(ahead)]
            nearest = np.percentile(known, 1) if known.size else float("inf")
            age_ms = 1e3 * (frame.age_s() or 0.0)
            print(f"#{frame.seq} nearest {nearest:.2f} m, age {age_ms:.0f} ms, scale {frame.scale_state}")


if __name__ == "__main__":
    main()
