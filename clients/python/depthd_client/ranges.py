"""Range points and sparse depth images for depthd, by docs/wire.md, "Range points"."""

from __future__ import annotations

import json
import struct
import time
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt
import zmq

from .message import WIRE_VERSION

_ENCODINGS = {np.dtype(np.float32): "32FC1", np.dtype(np.uint16): "16UC1"}


def points_message(
    points: npt.ArrayLike, frame: str, stamp_ns: int | None = None, topic: str = "points/", seq: int = 0
) -> bytes:
    """A scan: (N, 3) metres in the axes of the sensor `frame`, measured at `stamp_ns` of CLOCK_MONOTONIC (now)."""
    xyz = np.ascontiguousarray(points, "<f4")
    if xyz.ndim != 2 or xyz.shape[1] != 3:
        raise ValueError(f"points have the shape {xyz.shape}; (N, 3) is needed")
    return _message(topic, frame, stamp_ns, seq, xyz.tobytes(), encoding="xyz", count=len(xyz))


def depth_message(
    depth: npt.NDArray[Any], k: tuple[float, float, float, float], frame: str, stamp_ns: int | None = None,
    topic: str = "depth/", seq: int = 0,
) -> bytes:
    """A sparse depth image: (H, W) float32 metres or uint16 millimetres, 0 = no point; `k` is fx, fy, cx, cy."""
    encoding = _ENCODINGS.get(depth.dtype)
    if encoding is None or depth.ndim != 2:
        raise ValueError(f"a depth image is (H, W) of float32 or uint16, not {depth.shape} of {depth.dtype}")
    height, width = depth.shape
    data = np.ascontiguousarray(depth, depth.dtype.newbyteorder("<")).tobytes()
    return _message(topic, frame, stamp_ns, seq, data, encoding=encoding, width=width, height=height, K=list(k))


def _message(topic: str, frame: str, stamp_ns: int | None, seq: int, payload: bytes, **content: Any) -> bytes:
    stamp_ns = time.clock_gettime_ns(time.CLOCK_MONOTONIC) if stamp_ns is None else stamp_ns
    header = json.dumps({
        "v": WIRE_VERSION, "type": "range", "frame": frame,
        "stamp": {"sec": stamp_ns // 10**9, "nsec": stamp_ns % 10**9}, "clock": "monotonic", **content,
    }).encode()
    offset = -(-(64 + len(header)) // 64) * 64
    fixed = struct.pack(
        "<32s4sIIIQq", topic.encode(), b"DPT1", len(header), offset, len(payload), seq, stamp_ns)
    return (fixed + header).ljust(offset, b"\0") + payload


class RangeSender:
    """Publishes range points on an endpoint that `sparse.source` of the daemon names.

    One thread. Nobody listening is no error; old scans are dropped rather than queued.
    """

    def __init__(self, endpoint: str, frame: str, topic: str = "points/") -> None:
        self.frame, self.topic, self._seq = frame, topic, 0
        self._socket = zmq.Context.instance().socket(zmq.PUB)
        self._socket.setsockopt(zmq.LINGER, 0)
        self._socket.setsockopt(zmq.SNDHWM, 2)
        self._socket.bind(endpoint)

    def send(self, points: npt.ArrayLike, stamp_ns: int | None = None) -> None:
        """Sends a scan, (N, 3) metres; `stamp_ns` is when it was measured on CLOCK_MONOTONIC, now if left out."""
        self._seq += 1
        self._socket.send(points_message(points, self.frame, stamp_ns, self.topic, self._seq))

    def send_depth(
        self, depth: npt.NDArray[Any], k: tuple[float, float, float, float], stamp_ns: int | None = None
    ) -> None:
        """Sends a sparse depth image, (H, W) float32 metres or uint16 millimetres."""
        self._seq += 1
        self._socket.send(depth_message(depth, k, self.frame, stamp_ns, self.topic, self._seq))

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> RangeSender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
