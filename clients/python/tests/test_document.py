"""The daemon's own bytes (written by its Swift encoder) read by docs/wire.md alone: nothing here uses the client."""

from __future__ import annotations

import json
import math
import pathlib
import re
import shutil
import struct
import subprocess

import jsonschema
import pytest
from conftest import VECTORS, StubDaemon

DOCS = pathlib.Path(__file__).parents[3] / "docs"
FRAME_KINDS = ["depth", "unscaled", "depth16", "confidence", "image", "preview", "points", "truth"]
STATUS_KINDS = ["info", "calib", "health", "event", "odometry"]


def split_latest(kind: str) -> tuple[str, dict, bytes, int, int]:
    message = (VECTORS / f"latest-{kind}.bin").read_bytes()
    topic = message[0:32].rstrip(b"\0").decode()
    assert message[32:36] == b"DPT1"
    header_bytes = int.from_bytes(message[36:40], "little")
    payload_offset = int.from_bytes(message[40:44], "little")
    payload_bytes = int.from_bytes(message[44:48], "little")
    sequence = int.from_bytes(message[48:56], "little")
    capture_ns = int.from_bytes(message[56:64], "little", signed=True)
    assert payload_offset % 64 == 0 and payload_offset + payload_bytes == len(message)
    header = json.loads(message[64 : 64 + header_bytes])
    return topic, header, message[payload_offset:], sequence, capture_ns


@pytest.mark.parametrize("kind", FRAME_KINDS)
def test_the_fixed_part_agrees_with_the_header(kind: str) -> None:
    topic, header, payload, sequence, capture_ns = split_latest(kind)
    assert topic == header["topic"] == f"front/{kind}/"
    assert list(header)[0] == "v" and header["v"] == 1 and header["type"] == kind
    assert sequence == header["seq"] == 1234
    assert capture_ns == header["mono"]["sec"] * 10**9 + header["mono"]["nsec"]
    if "step" in header:
        assert len(payload) == header["step"] * header["height"]


def test_32fc1_is_metres_with_nan_and_infinity() -> None:
    _, header, payload, _, _ = split_latest("depth")
    assert (header["encoding"], header["unit"]) == ("32FC1", "m")
    values = struct.unpack("<12f", payload)
    assert math.isnan(values[0]) and values[4] == math.inf
    assert values[1:4] == (1.0, 1.5, 2.0) and values[5:11] == (3.0, 3.5, 4.0, 4.5, 5.0, 5.5)
    assert values[11] == 70.0


def test_16uc1_is_millimetres_with_zero_for_unknown() -> None:
    _, header, payload, _, _ = split_latest("depth16")
    assert (header["encoding"], header["unit"], header["clamped_px"]) == ("16UC1", "mm", 1)
    values = struct.unpack("<12H", payload)
    assert values == (0, 1000, 1500, 2000, 0, 3000, 3500, 4000, 4500, 5000, 5500, 0)


def test_confidence_is_a_share_of_255() -> None:
    _, header, payload, _, _ = split_latest("confidence")
    assert (header["encoding"], header["unit"]) == ("8UC1", "1/255")
    assert list(payload) == [math.floor(255 * i / 11 + 0.5) for i in range(12)]


def test_points_lie_on_the_rays_of_their_pixels() -> None:
    _, header, payload, _, _ = split_latest("points")
    assert header["encoding"] == "xyzrgb" and header["point_step"] == 32 and header["is_dense"] is False
    assert [(f["name"], f["offset"], f["datatype"]) for f in header["fields"]] == [
        ("x", 0, 7), ("y", 4, 7), ("z", 8, 7), ("rgb", 16, 7)
    ]  # fmt: skip
    fx, fy, cx, cy = header["K"]
    for index in range(12):
        v, u = divmod(index, 4)
        x, y, z = struct.unpack_from("<3f", payload, 32 * index)
        (color,) = struct.unpack_from("<I", payload, 32 * index + 16)
        assert color == 0x202020
        if index in (0, 4):
            assert math.isnan(x) and math.isnan(y) and math.isnan(z)
        else:
            assert x == pytest.approx((u - cx) * z / fx, rel=1e-6)
            assert y == pytest.approx((v - cy) * z / fy, rel=1e-6, abs=1e-9)


def test_relative_depth_says_so() -> None:
    _, header, _, _, _ = split_latest("unscaled")
    assert header["unit"] == "network" and header["scale"] == {"state": "unscaled", "sources": []}


def test_the_stream_message_carries_the_same_parts() -> None:
    topic, header, payload, _, _ = split_latest("depth")
    parts = [(VECTORS / f"stream-depth.{i}.bin").read_bytes() for i in range(3)]
    assert parts[0].decode() == topic and json.loads(parts[1]) == header and parts[2] == payload


# MARK: schema

SCHEMA = json.loads((DOCS / "wire-schema.json").read_text())


def validator(kind: str) -> jsonschema.Draft202012Validator:
    reference = {"$ref": f"#/$defs/{kind}", "$defs": SCHEMA["$defs"]}
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(reference)


@pytest.mark.parametrize("kind", FRAME_KINDS)
def test_headers_follow_the_schema(kind: str) -> None:
    header = split_latest(kind)[1]
    validator("frame").validate(header)
    # Nothing is sent that the schema does not name.
    assert set(header) <= set(SCHEMA["$defs"]["frame"]["properties"])


@pytest.mark.parametrize("kind", STATUS_KINDS)
def test_status_messages_follow_the_schema(kind: str) -> None:
    frame = (VECTORS / f"status-{kind}.bin").read_bytes()
    topic, _, rest = frame.partition(b"{")
    message = json.loads(b"{" + rest)
    assert topic.decode() == f"{kind}/" and list(message)[:2] == ["v", "type"]
    validator(kind).validate(message)
    assert set(message) <= set(SCHEMA["$defs"][kind]["properties"])


@pytest.mark.parametrize(
    "change",
    [{"v": 2}, {"seq": -1}, {"scale": {"state": "sure", "sources": []}}, {"stamp": None}, {"unit": "feet"}],
)
def test_the_schema_refuses_what_is_wrong(change: dict) -> None:
    header = {**split_latest("depth")[1], **change}
    with pytest.raises(jsonschema.ValidationError):
        validator("frame").validate(header)


# MARK: the document itself

TEXT = (DOCS / "wire.md").read_text()


def test_examples_in_the_document_follow_the_schema() -> None:
    examples = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.S)]
    kinds = [example["type"] for example in examples if "type" in example]
    assert "depth" in kinds and set(STATUS_KINDS) <= set(kinds)
    for example in examples:
        if "type" in example:
            validator("frame" if example["type"] in FRAME_KINDS else example["type"]).validate(example)


def test_every_header_field_is_documented() -> None:
    for name in SCHEMA["$defs"]["frame"]["properties"]:
        assert f"`{name}`" in TEXT, f"docs/wire.md does not explain {name}"
    for kind in FRAME_KINDS:
        assert f"`CAMERA/{kind}/`" in TEXT
    for kind in STATUS_KINDS:
        assert f"`{kind}/`" in TEXT


def program(language: str) -> str:
    (text,) = re.findall(rf"```{language}\n(.*?)```", TEXT, re.S)
    return text


def test_the_python_program_runs(directory: str, daemon: StubDaemon, capsys: pytest.CaptureFixture) -> None:
    text = program("python").replace("/run/depthd", directory)
    exec(compile(text, "docs/wire.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 10
    for line in lines:
        sequence, nearest = line.split()
        assert float(nearest) == int(sequence)


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_the_c_program_runs(directory: str, daemon: StubDaemon, tmp_path: pathlib.Path) -> None:
    source = tmp_path / "subscriber.c"
    source.write_text(program("c").replace("/run/depthd", directory))
    binary = tmp_path / "subscriber"
    subprocess.run(["cc", "-Wall", "-Werror", "-o", binary, source, "-lzmq"], check=True)
    done = subprocess.run([binary], check=True, capture_output=True, text=True, timeout=20)
    lines = done.stdout.splitlines()
    assert len(lines) == 10
    assert all(float(line.split()[1]) == int(line.split()[0]) for line in lines)
