"""Range points: the messages by docs/wire.md, and a sender that somebody hears."""

from __future__ import annotations

import json
import pathlib
import struct

import jsonschema
import numpy as np
import pytest
import zmq

from depthd_client import RangeSender, depth_message, points_message

TOP = pathlib.Path(__file__).resolve().parents[3]
SCHEMA = json.loads((TOP / "docs" / "wire-schema.json").read_text())


def taken_apart(message: bytes) -> tuple[str, dict, bytes]:
    topic, magic, header_bytes, offset, payload_bytes, *_ = struct.unpack_from("<32s4sIIIQq", message)
    assert magic == b"DPT1" and offset % 64 == 0 and len(message) == offset + payload_bytes
    header = json.loads(message[64 : 64 + header_bytes])
    jsonschema.Draft202012Validator({**SCHEMA, "$ref": "#/$defs/range"}).validate(header)
    return topic.rstrip(b"\0").decode(), header, message[offset:]


def test_points_are_floats_in_the_sensors_frame() -> None:
    points = np.arange(12, dtype=np.float64).reshape(4, 3)
    topic, header, payload = taken_apart(points_message(points, "lidar", 3_000_000_007, "top/", 5))
    assert (topic, header["frame"], header["encoding"], header["count"]) == ("top/", "lidar", "xyz", 4)
    assert header["stamp"] == {"sec": 3, "nsec": 7} and header["clock"] == "monotonic"
    np.testing.assert_array_equal(np.frombuffer(payload, "<f4").reshape(4, 3), points)


@pytest.mark.parametrize(("kind", "encoding"), [(np.float32, "32FC1"), (np.uint16, "16UC1")])
def test_depth_images_keep_their_numbers(kind: type, encoding: str) -> None:
    depth = np.zeros((3, 5), kind)
    depth[1, 2] = 1500
    _, header, payload = taken_apart(depth_message(depth, (4.0, 4.0, 2.0, 1.0), "tof"))
    assert (header["encoding"], header["width"], header["height"], header["K"]) == (encoding, 5, 3, [4, 4, 2, 1])
    np.testing.assert_array_equal(np.frombuffer(payload, depth.dtype).reshape(3, 5), depth)


def test_other_shapes_and_types_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(N, 3\)"):
        points_message(np.zeros((4, 2)), "lidar")
    with pytest.raises(ValueError, match="float64"):
        depth_message(np.zeros((4, 2)), (1, 1, 1, 1), "tof")


def test_a_sender_is_heard(tmp_path: pathlib.Path) -> None:
    endpoint = f"ipc://{tmp_path}/points.sock"
    with zmq.Context() as context, context.socket(zmq.SUB) as socket, RangeSender(endpoint, "lidar") as sender:
        socket.setsockopt(zmq.LINGER, 0)
        socket.subscribe("points/")
        socket.connect(endpoint)
        while not socket.poll(20):
            sender.send(np.ones((2, 3)))
        _, header, _ = taken_apart(socket.recv())
        assert header["frame"] == "lidar" and header["count"] == 2
