"""Messages taken apart and checked, by the layouts of docs/wire.md. Knows no sockets."""

from __future__ import annotations

import json
import struct
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

WIRE_VERSION = 1
_MAGIC = b"DPT1"
_PIXELS: dict[str, np.dtype[Any]] = {"32FC1": np.dtype("<f4"), "16UC1": np.dtype("<u2"), "8UC1": np.dtype("u1")}
_POINT_FLOATS = {"xyz": 4, "xyzrgb": 8}


class WireError(ValueError):
    """A message that does not follow the wire format; says what was found."""


@lru_cache(maxsize=1)
def boot_id() -> str | None:
    """The kernel's random number of this boot: monotonic times compare only when it is equal."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip()
    except OSError:
        return None


@dataclass(frozen=True)
class Frame:
    """One frame: the header as a dictionary and the payload, whose size has been checked."""

    topic: str
    header: Mapping[str, Any]
    payload: memoryview
    #: time.monotonic_ns() when this process received it
    received_ns: int = field(default_factory=time.monotonic_ns)

    @property
    def kind(self) -> str:
        """The last part of the topic: ``depth``, ``unscaled``, ``image``, ..."""
        return self.topic.rstrip("/").rsplit("/", 1)[-1]

    @property
    def seq(self) -> int:
        return int(self.header["seq"])

    @property
    def capture_ns(self) -> int:
        """Capture time on the daemon's CLOCK_MONOTONIC, nanoseconds."""
        return nanoseconds(self.header["mono"])

    @property
    def is_metric(self) -> bool:
        """Whether the payload's numbers are metres or millimetres that may be relied on as such."""
        return self.header.get("unit") in ("m", "mm")

    @property
    def scale_state(self) -> str:
        """unscaled, converging, locked, held or conflict; unscaled when the header does not say."""
        return str(self.header.get("scale", {}).get("state", "unscaled"))

    @property
    def array(self) -> npt.NDArray[Any]:
        """The payload as it is: (H, W) floats, 16-bit or 8-bit numbers; (H, W, 4 or 8) floats for points.

        Raises WireError for compressed payloads; their bytes are in ``payload``.
        """
        height, width = int(self.header["height"]), int(self.header["width"])
        encoding = self.header["encoding"]
        if encoding in _PIXELS:
            return np.frombuffer(self.payload, _PIXELS[encoding]).reshape(height, width)
        if encoding in _POINT_FLOATS:
            return np.frombuffer(self.payload, "<f4").reshape(height, width, _POINT_FLOATS[encoding])
        raise WireError(f"{self.topic} is {encoding}, which is no array; decode its payload")

    @property
    def depth(self) -> npt.NDArray[Any]:
        """Depth (H, W), float32, NaN = unknown, +Inf = beyond range: metres, or network units on unscaled/."""
        values = self.array
        encoding = self.header["encoding"]
        if encoding == "32FC1":
            return values
        if encoding == "16UC1":
            return np.where(values == 0, np.float32(np.nan), values.astype(np.float32) / 1000)
        raise WireError(f"{self.topic} is {encoding}, not depth")

    @property
    def points(self) -> npt.NDArray[Any]:
        """Points (H, W, 3), metres, in the optical frame; NaN where depth is unknown."""
        if self.header["encoding"] not in _POINT_FLOATS:
            raise WireError(f"{self.topic} is {self.header['encoding']}, not points")
        return self.array[..., :3]

    def age_s(self, now_ns: int | None = None, wall_now_ns: int | None = None) -> float | None:
        """Seconds since capture.

        By the monotonic clock when the frame comes from this machine and boot, else by the real-time clocks
        (which may disagree); None when the header has no such time.
        """
        own = boot_id()
        if own is not None and own == self.header.get("boot_id"):
            now = time.monotonic_ns() if now_ns is None else now_ns
            return (now - self.capture_ns) * 1e-9
        if "stamp" not in self.header:
            return None
        wall = time.time_ns() if wall_now_ns is None else wall_now_ns
        return (wall - nanoseconds(self.header["stamp"])) * 1e-9


def nanoseconds(stamp: Mapping[str, int]) -> int:
    """``{"sec": …, "nsec": …}`` as one number."""
    return int(stamp["sec"]) * 1_000_000_000 + int(stamp["nsec"])


def parse_message(frames: Sequence[bytes | memoryview]) -> Frame:
    """A message of either endpoint: one frame (latest) or three (stream)."""
    if len(frames) == 1:
        return parse_latest(frames[0])
    if len(frames) == 3:
        return parse_stream(frames)
    raise WireError(f"{len(frames)} frames, expected 1 or 3")


def parse_stream(frames: Sequence[bytes | memoryview]) -> Frame:
    """A message of the stream endpoint: topic, header, payload."""
    topic, header, payload = frames
    return _frame(bytes(topic), bytes(header), memoryview(payload))


def parse_latest(message: bytes | memoryview) -> Frame:
    """A message of the latest endpoint: everything in one frame."""
    view = memoryview(message)
    if len(view) < 64 or bytes(view[32:36]) != _MAGIC:
        raise WireError(f"{len(view)} bytes without \"DPT1\" at byte 32")
    header_bytes, offset, payload_bytes = struct.unpack_from("<III", view, 36)
    if 64 + header_bytes > offset or offset + payload_bytes > len(view):
        raise WireError(f"header of {header_bytes} and payload of {payload_bytes} bytes at {offset} do not fit")
    topic = bytes(view[:32]).split(b"\0", 1)[0]
    frame = _frame(topic, bytes(view[64 : 64 + header_bytes]), view[offset : offset + payload_bytes])
    sequence, capture_ns = struct.unpack_from("<Qq", view, 48)
    if sequence != frame.seq or capture_ns != frame.capture_ns:
        raise WireError("the fixed part and the header disagree about sequence or capture time")
    return frame


def parse_status(message: bytes | memoryview) -> tuple[str, dict[str, Any]]:
    """A message of the status endpoint: its topic and its JSON object."""
    topic, brace, rest = bytes(message).partition(b"{")
    if not brace:
        raise WireError("status message without a JSON object")
    return topic.decode(), _json(brace + rest)


def _frame(topic: bytes, header: bytes, payload: memoryview) -> Frame:
    fields = _json(header)
    name = topic.decode("utf-8", "replace")
    if fields.get("v") != WIRE_VERSION:
        raise WireError(f"wire version {fields.get('v')}, this client knows {WIRE_VERSION}")
    if fields.get("topic") != name:
        raise WireError(f"{name}: the header names another topic, {fields.get('topic')}")
    try:
        width, height = int(fields["width"]), int(fields["height"])
        encoding = fields["encoding"]
        int(fields["seq"])
        nanoseconds(fields["mono"])
    except (KeyError, TypeError, ValueError) as error:
        raise WireError(f"{name}: header without a usable {error}") from error
    if encoding in _PIXELS:
        expected = width * height * _PIXELS[encoding].itemsize
    elif encoding in _POINT_FLOATS:
        expected = width * height * 4 * _POINT_FLOATS[encoding]
    else:
        expected = len(payload)
    if expected != len(payload):
        raise WireError(f"{name}: {len(payload)} bytes of payload, the header describes {expected}")
    return Frame(name, fields, payload)


def _json(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError as error:
        raise WireError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise WireError("JSON, but no object")
    return value
