"""A decoder of depthd's wire format, written from docs/wire.md alone.

It shares no code with clients/python or the daemon: what both of those get wrong in the same way, this sees.
"""
import json
import struct

import numpy as np

DTYPES = {"32FC1": "<f4", "16UC1": "<u2", "8UC1": "u1"}


class Message:
    """One message of the stream or latest endpoint: topic, header (dict) and payload (bytes)."""

    def __init__(self, topic, header, payload):
        self.topic, self.header, self.payload = topic, header, payload

    @property
    def array(self):
        """The payload as numbers: (H, W), or (H, W, fields) for point clouds."""
        header = self.header
        height, width = header["height"], header["width"]
        if header["encoding"] in DTYPES:
            pixels = np.frombuffer(self.payload, DTYPES[header["encoding"]])
            assert header["step"] == width * pixels.itemsize
            return pixels.reshape(height, width)
        assert header["encoding"].startswith("xyz"), header["encoding"]
        floats = np.frombuffer(self.payload, "<f4").reshape(height, width, header["point_step"] // 4)
        columns = [field["offset"] // 4 for field in header["fields"]]
        return floats[..., columns]

    @property
    def captured(self):
        """Capture time, nanoseconds of CLOCK_MONOTONIC."""
        return nanoseconds(self.header["mono"])


def nanoseconds(time):
    return time["sec"] * 1_000_000_000 + time["nsec"]


def parse_json(text):
    """JSON as the specification has it: NaN and Infinity are errors."""

    def refuse(word):
        raise ValueError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


def decode_stream(frames):
    topic, header, payload = frames
    return Message(topic.decode(), parse_json(header), bytes(payload))


def decode_latest(frame):
    magic, header_bytes, offset, payload_bytes = struct.unpack_from("<4sIII", frame, 32)
    sequence, captured = struct.unpack_from("<Qq", frame, 48)
    assert magic == b"DPT1" and offset % 64 == 0 and len(frame) == offset + payload_bytes
    header = parse_json(frame[64 : 64 + header_bytes])
    message = Message(frame[:32].rstrip(b"\0").decode(), header, frame[offset:])
    assert header["seq"] == sequence and message.captured == captured
    return message


def decode_status(frame):
    """Topic and JSON object of a status message."""
    topic, _, rest = frame.partition(b"{")
    return topic.decode(), parse_json(b"{" + rest)
