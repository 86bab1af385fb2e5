"""The client's parsing, on the daemon's own bytes and on damaged ones."""

from __future__ import annotations

import numpy as np
import pytest
from conftest import VECTORS, single_frame

from depthd_client import WireError, parse_latest, parse_message, parse_status, parse_stream


def vector(name: str) -> bytes:
    return (VECTORS / name).read_bytes()


def test_depth_is_read() -> None:
    frame = parse_latest(vector("latest-depth.bin"))
    assert (frame.topic, frame.kind, frame.seq) == ("front/depth/", "depth", 1234)
    assert frame.is_metric and frame.scale_state == "locked"
    assert frame.depth.shape == (3, 4) and frame.depth.dtype == np.float32
    assert np.isnan(frame.depth[0, 0]) and np.isposinf(frame.depth[1, 0]) and frame.depth[0, 1] == 1


def test_both_endpoints_carry_the_same_frame() -> None:
    latest = parse_latest(vector("latest-depth.bin"))
    stream = parse_stream([vector(f"stream-depth.{i}.bin") for i in range(3)])
    assert stream.header == latest.header and bytes(stream.payload) == bytes(latest.payload)


def test_millimetres_become_metres_with_nan() -> None:
    frame = parse_latest(vector("latest-depth16.bin"))
    assert frame.array.dtype == np.uint16 and np.isnan(frame.depth[0, 0])
    assert frame.depth[2, 2] == pytest.approx(5.5)


def test_confidence_points_and_images_are_read() -> None:
    assert parse_latest(vector("latest-confidence.bin")).array[2, 3] == 255
    points = parse_latest(vector("latest-points.bin"))
    assert points.points.shape == (3, 4, 3) and points.points[0, 1, 2] == 1
    image = parse_latest(vector("latest-image.bin"))
    assert bytes(image.payload) == b"\xff\xd8\xff\xd9"
    for wrong in ("array", "depth", "points"):
        with pytest.raises(WireError):
            getattr(image, wrong)


def test_relative_depth_is_not_metric() -> None:
    frame = parse_latest(vector("latest-unscaled.bin"))
    assert not frame.is_metric and frame.scale_state == "unscaled"


def test_age_uses_the_clock_that_is_shared() -> None:
    frame = parse_latest(vector("latest-depth.bin"))
    # Another machine: only the real-time clocks can be compared.
    wall = 1_790_000_000_123_456_789 + 2_000_000_000
    assert frame.age_s(now_ns=0, wall_now_ns=wall) == pytest.approx(2)


@pytest.mark.parametrize("kind", ["info", "calib", "health", "event", "odometry"])
def test_status_is_read(kind: str) -> None:
    topic, message = parse_status(vector(f"status-{kind}.bin"))
    assert topic == f"{kind}/" and message["type"] == kind


def test_every_truncation_is_refused() -> None:
    message = vector("latest-depth.bin")
    for count in range(len(message)):
        with pytest.raises(WireError):
            parse_latest(message[:count])


def test_damage_is_refused_or_harmless() -> None:
    original = vector("latest-depth.bin")
    for index in range(32, 400):
        for value in (0, 0x7F, 0xFF):
            damaged = bytearray(original)
            damaged[index] = value
            try:
                assert parse_latest(bytes(damaged)).depth.shape == (3, 4)
            except WireError:
                pass


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"topic": "other/"}, {"width": 5}, {"width": "x"}, {"mono": None}, {"seq": None}],
)
def test_a_header_that_contradicts_its_message_is_refused(change: dict) -> None:
    frame = parse_latest(vector("latest-depth.bin"))
    header = {**frame.header, **change}
    if change.get("mono", 1) is None or change.get("seq", 1) is None:
        import json

        message = [b"front/depth/", json.dumps(header).encode(), bytes(frame.payload)]
    else:
        message = [single_frame("front/depth/", header, bytes(frame.payload))]
    with pytest.raises(WireError):
        parse_message(message)


def test_a_message_of_two_frames_is_refused() -> None:
    with pytest.raises(WireError):
        parse_message([b"a", b"b"])
