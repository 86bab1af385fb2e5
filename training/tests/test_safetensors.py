"""The file format against a parser of its own, streaming, and every way a file can lie."""

from __future__ import annotations

import errno
import json
import struct
from pathlib import Path

import numpy as np
import pytest

from depthtrain.safetensors import TensorFileError, TensorStream, concatenate, open_tensors, write_tensors

TENSORS = {"a": np.arange(6, dtype=np.float32).reshape(2, 3), "b": np.array([1.5, -2.0], np.float16), "c": np.zeros((0, 4), np.int32)}


def _parse(path: Path) -> tuple[dict, dict[str, bytes]]:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + length])
    body = data[8 + length:]
    return header, {name: body[slice(*item["data_offsets"])] for name, item in header.items() if name != "__metadata__"}


def test_written_bytes_are_the_specified_ones(tmp_path: Path) -> None:
    write_tensors(tmp_path / "x", TENSORS, {"kind": "test"})
    header, parts = _parse(tmp_path / "x")
    assert header["__metadata__"] == {"kind": "test"} and header["a"]["dtype"] == "F32" and header["c"]["shape"] == [0, 4]
    assert struct.unpack("<6f", parts["a"]) == (0, 1, 2, 3, 4, 5) and struct.unpack("<2e", parts["b"]) == (1.5, -2.0)
    opened = open_tensors(tmp_path / "x")
    assert all(np.array_equal(opened[name], value) for name, value in TENSORS.items()) and opened.metadata == {"kind": "test"}


def test_streamed_and_whole_files_are_equal_to_the_byte(tmp_path: Path) -> None:
    write_tensors(tmp_path / "whole", TENSORS, {"z": "1", "a": "2"})
    with TensorStream(tmp_path / "streamed") as stream:
        for row in range(2):
            stream.append("a", TENSORS["a"][row:row + 1])
            stream.append("b", TENSORS["b"][row:row + 1])
        stream.append("c", TENSORS["c"])
        stream.finish({"a": "2", "z": "1"})
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "streamed").read_bytes()
    assert {item.name for item in tmp_path.iterdir()} == {"whole", "streamed"}


def test_files_one_after_another_are_the_bytes_of_one_stream(tmp_path: Path) -> None:
    write_tensors(tmp_path / "whole", TENSORS, {"a": "1"})
    parts = []
    for name, rows in (("first", slice(0, 1)), ("none", slice(1, 1)), ("rest", slice(1, 2))):
        write_tensors(tmp_path / name, {key: value[rows] for key, value in TENSORS.items()}, {"part": name})
        parts.append(open_tensors(tmp_path / name))
    concatenate(tmp_path / "joined", parts, {"a": "1"})
    assert (tmp_path / "whole").read_bytes() == (tmp_path / "joined").read_bytes()


@pytest.mark.parametrize("other", [{"a": TENSORS["a"]}, {**TENSORS, "a": TENSORS["a"][:, :2]}, {**TENSORS, "d": TENSORS["a"]},
                                   {**TENSORS, "a": TENSORS["a"].astype(np.float16)}])
def test_files_of_other_tensors_are_not_joined(tmp_path: Path, other: dict[str, np.ndarray]) -> None:
    for name, tensors in (("one", TENSORS), ("two", other)):
        write_tensors(tmp_path / name, tensors, {})
    with pytest.raises(TensorFileError, match="two: does not hold the same tensors as .*one"):
        concatenate(tmp_path / "joined", [open_tensors(tmp_path / name) for name in ("one", "two")], {})
    assert not (tmp_path / "joined").exists()


def test_an_unfinished_stream_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), TensorStream(tmp_path / "x") as stream:
        stream.append("a", TENSORS["a"])
        raise RuntimeError
    assert not list(tmp_path.iterdir())


def test_what_a_killed_run_left_is_not_taken_for_data(tmp_path: Path) -> None:
    (tmp_path / "x.0.part").write_bytes(b"left over")
    (tmp_path / "x.partial").write_bytes(b"left over")
    write_tensors(tmp_path / "x", TENSORS, {})
    assert np.array_equal(open_tensors(tmp_path / "x")["a"], TENSORS["a"]) and [item.name for item in tmp_path.iterdir()] == ["x"]


def test_rows_of_another_shape_are_refused(tmp_path: Path) -> None:
    with pytest.raises(TensorFileError, match="per row"), TensorStream(tmp_path / "x") as stream:
        stream.append("a", TENSORS["a"])
        stream.append("a", TENSORS["a"][:, :2])


def test_a_full_disk_is_an_error_and_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tensors(tmp_path / "x", TENSORS, {})
    before = (tmp_path / "x").read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(TensorFileError, match="x: cannot be written: No space left"):
        write_tensors(tmp_path / "x", {"a": TENSORS["a"]}, {})
    assert [item.name for item in tmp_path.iterdir()] == ["x"] and (tmp_path / "x").read_bytes() == before


@pytest.mark.parametrize("damage", ["empty", "cut", "tail", "foreign", "type", "overlap", "shape", "missing"])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "bank"
    write_tensors(path, TENSORS, {})
    data = path.read_bytes()
    changed = {"empty": b"", "cut": data[:-1], "tail": data + b"x", "foreign": b"\x89PNG\r\n\x1a\n" + data,
               "type": data.replace(b"F16", b"F99"), "overlap": data.replace(b"[24,28]", b"[20,24]"),
               "shape": data.replace(b"[2,3]", b"[3,3]"), "missing": data}[damage]
    path.write_bytes(changed)
    if damage == "missing":
        path.unlink()
    with pytest.raises(TensorFileError, match=str(path)):
        open_tensors(path)
