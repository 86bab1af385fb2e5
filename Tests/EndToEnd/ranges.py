"""Range points for the daemon, made from docs/wire.md alone, and where they come from: the truth of its own frames."""
import json
import struct
import time

import numpy as np
import zmq

# A lidar 5 cm to the right of the camera and 12 cm above it: x ahead, y left, z up.
LIDAR = {"frame": "lidar", "translation_m": [0.05, -0.12, 0.0], "quaternion_xyzw": [0.5, -0.5, 0.5, 0.5]}
CAMERA_FROM_LIDAR = np.array([[0, -1, 0, 0.05], [0, 0, -1, -0.12], [1, 0, 0, 0], [0, 0, 0, 1]])


def now_ns():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def message(payload, stamp_ns=None, header_bytes=None, payload_bytes=None, **header):
    """A message of range points; what is given by name replaces what would be true."""
    stamp_ns = now_ns() if stamp_ns is None else stamp_ns
    header = {
        "v": 1, "type": "range", "frame": "lidar", "clock": "monotonic", "encoding": "xyz",
        "stamp": {"sec": stamp_ns // 10**9, "nsec": stamp_ns % 10**9}, "count": len(payload) // 12, **header}
    text = json.dumps(header).encode()
    offset = -(-(64 + len(text)) // 64) * 64
    fixed = struct.pack(
        "<32s4sIIIQq", b"lidar/", b"DPT1", header_bytes or len(text), offset,
        len(payload) if payload_bytes is None else payload_bytes, 0, stamp_ns)
    return (fixed + text).ljust(offset, b"\0") + payload


def scan(points, **header):
    return message(np.ascontiguousarray(points, "<f4").tobytes(), **header)


def seen_points(frame, count=2000, seed=0):
    """Points of a truth frame's grid in the axes of the lidar: (N, 3), where depth is known."""
    fx, fy, cx, cy = frame.header["K"]
    depth = frame.array
    rows, columns = np.nonzero(np.isfinite(depth) & (depth > 0.5) & (depth < 60))
    chosen = np.random.default_rng(seed).permutation(len(rows))[:count]
    v, u = rows[chosen], columns[chosen]
    z = depth[v, u]
    optical = np.stack([(u - cx) / fx * z, (v - cy) / fy * z, z, np.ones_like(z)])
    return (np.linalg.inv(CAMERA_FROM_LIDAR) @ optical)[:3].T


def calibration(sensors=(LIDAR,), width=640):
    """A calibration file of the simulator's camera with sensors beside it."""
    k = width / 640
    f, cx, cy = 420 * k, 320 * k - 0.5, 240 * k - 0.5
    lines = [
        f"image_width: {width}", f"image_height: {width * 3 // 4}", "camera_name: simulation",
        f"camera_matrix: {{rows: 3, cols: 3, data: [{f}, 0, {cx}, 0, {f}, {cy}, 0, 0, 1]}}",
        "distortion_model: plumb_bob", "distortion_coefficients: {rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}",
        "rectification_matrix: {rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}",
        f"projection_matrix: {{rows: 3, cols: 4, data: [{f}, 0, {cx}, 0, 0, {f}, {cy}, 0, 0, 0, 1, 0]}}",
        "mount: {height_m: 1.1, pitch_deg: 4.0, roll_deg: 0, forward_m: 0, left_m: 0}",
    ]
    if sensors:
        lines += ["sensors:"] + [f"  - {json.dumps(sensor)}" for sensor in sensors]
    return "\n".join(lines) + "\n"


class Sensor:
    """A publisher of range points."""

    def __init__(self, endpoint):
        self.socket = zmq.Context.instance().socket(zmq.PUB)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.setsockopt(zmq.SNDHWM, 4)
        self.socket.bind(endpoint)

    def send(self, *frames):
        self.socket.send_multipart(frames)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
