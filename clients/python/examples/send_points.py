"""Sends range points to depthd: a lidar of 16 rings that sees a wall ahead.

    python send_points.py ENDPOINT FRAME [WALL_M] [RATE_HZ] [SCANS]

In config.toml: `[sparse] source = "zmq:ENDPOINT"`; in the camera's calibration file FRAME under `sensors`. Replace
`scan` by your sensor, and give `send` the time at which it measured.
"""

import sys
import time

import numpy as np

from depthd_client import RangeSender


def scan(wall_m: float) -> np.ndarray:
    """(N, 3) metres: x ahead, y left, z up."""
    elevation, azimuth = np.meshgrid(np.radians(np.linspace(-15, 15, 16)), np.radians(np.arange(-45, 45, 0.5)))
    directions = np.stack(
        [np.cos(elevation) * np.cos(azimuth), np.cos(elevation) * np.sin(azimuth), np.sin(elevation)], axis=-1)
    return (directions * wall_m / directions[..., :1]).reshape(-1, 3)


def main() -> None:
    endpoint, frame, *rest = sys.argv[1:]
    wall_m, rate_hz, scans = [float(text) for text in rest] + [4, 10, float("inf")][len(rest) :]
    sent = 0
    with RangeSender(endpoint, frame) as sender:
        while sent < scans:
            measured_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
            sender.send(scan(wall_m), measured_ns)
            sent += 1
            time.sleep(1 / rate_hz)
    print(f"{sent} scans sent")


if __name__ == "__main__":
    main()
