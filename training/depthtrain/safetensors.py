"""The safetensors file format: 8 bytes header length (little endian), a JSON header, then the tensors without gaps.

Written to the byte the same for the same content, streamed when it does not fit in memory, and read with every claim of
the header checked against the file. Source: the format's specification (github.com/huggingface/safetensors).
"""

from __future__ import annotations

import dataclasses
import json
import math
import os
import shutil
from pathlib import Path

import numpy as np

DTYPES = {"F16": np.dtype("<f2"), "F32": np.dtype("<f4"), "I32": np.dtype("<i4"), "U8": np.dtype("u1")}
ALIGNMENT = 64
MAXIMUM_HEADER_BYTES = 16 << 20


class TensorFileError(ValueError):
    """A file that is not what it claims to be, or cannot be written; the message starts with its path."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """Where one tensor lies: numpy dtype, shape, first byte in the file."""

    dtype: np.dtype
    shape: tuple[int, ...]
    offset: int

    @property
    def byte_count(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


@dataclasses.dataclass(frozen=True)
class TensorFile:
    """An opened, checked file. Tensors are read on demand, so that a file may be larger than memory."""

    path: Path
    metadata: dict[str, str]
    entries: dict[str, Entry]

    def __getitem__(self, name: str) -> np.ndarray:
        """One tensor, mapped read-only from the file. Raises TensorFileError for a name that is not there."""
        if name not in self.entries:
            raise TensorFileError(f"{self.path}: has no tensor {name!r}; it holds {', '.join(self.entries)}")
        entry = self.entries[name]
        if entry.byte_count == 0:
            return np.zeros(entry.shape, entry.dtype)
        return np.memmap(self.path, entry.dtype, "r", entry.offset, entry.shape)


def open_tensors(path: str | Path) -> TensorFile:
    """Opens a file and checks its header: length, JSON, types, shapes, offsets that cover the file without gap or overlap."""
    path = Path(path)
    try:
        size = path.stat().st_size
        with path.open("rb") as handle:
            length = int.from_bytes(handle.read(8), "little")
            if size < 8 or length > min(size - 8, MAXIMUM_HEADER_BYTES):
                raise TensorFileError(f"{path}: truncated or not a safetensors file ({size} bytes, header claims {length})")
            text = handle.read(length)
    except OSError as error:
        raise TensorFileError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        header = json.loads(text)
        metadata = header.pop("__metadata__", {})
        spans = {name: (DTYPES[item["dtype"]], tuple(item["shape"]), *item["data_offsets"]) for name, item in header.items()}
        if not all(type(value) is str for value in metadata.values()):
            raise ValueError("metadata must be strings")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise TensorFileError(f"{path}: not a safetensors header ({type(error).__name__}: {error})") from error
    entries, end = {}, 0
    for name, (dtype, shape, first, last) in sorted(spans.items(), key=lambda item: item[1][2:]):
        entry = Entry(dtype, shape, 8 + length + first)
        if first != end or last - first != entry.byte_count or any(type(side) is not int or side < 0 for side in shape):
            raise TensorFileError(f"{path}: tensor {name!r} {shape} does not fit its bytes {first} to {last}")
        entries[name], end = entry, last
    if 8 + length + end != size:
        raise TensorFileError(f"{path}: {size} bytes, its header describes {8 + length + end}: truncated or with a tail")
    return TensorFile(path, metadata, entries)


def write_tensors(path: str | Path, tensors: dict[str, np.ndarray], metadata: dict[str, str]) -> None:
    """Writes a file in the order of `tensors`, beside its final name first, so that a failure leaves the old one intact."""
    with TensorStream(path) as stream:
        for name, tensor in tensors.items():
            stream.append(name, tensor)
        stream.finish(metadata)


class TensorStream:
    """Writes tensors whose first axis grows, in bounded memory. Nothing appears under `path` before `finish`.

    Each tensor collects in a file of its own beside `path`; `finish` joins them. Use it in a `with` block, which removes
    what is left of an unfinished one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._parts: dict[str, tuple[Path, np.dtype, list[int]]] = {}

    def __enter__(self) -> "TensorStream":
        return self

    def __exit__(self, *_: object) -> None:
        for part in [part for part, _, _ in self._parts.values()] + [self._partial]:
            part.unlink(missing_ok=True)

    @property
    def _partial(self) -> Path:
        return self.path.with_name(self.path.name + ".partial")

    def append(self, name: str, rows: np.ndarray) -> None:
        """Adds rows to a tensor; all but the first axis must agree with what came before."""
        codes = {dtype: code for code, dtype in DTYPES.items()}
        dtype = rows.dtype.newbyteorder("<")
        if dtype not in codes:
            raise TensorFileError(f"{self.path}: tensor {name!r} has type {rows.dtype}; {', '.join(DTYPES)} can be stored")
        if name not in self._parts:
            part = self.path.with_name(f"{self.path.name}.{len(self._parts)}.part")
            part.unlink(missing_ok=True)  # left by a run that was killed
            self._parts[name] = part, dtype, [0, *rows.shape[1:]]
        part, known, shape = self._parts[name]
        if known != dtype or shape[1:] != list(rows.shape[1:]):
            raise TensorFileError(f"{self.path}: tensor {name!r} is {known} {shape[1:]} per row, got {dtype} {rows.shape[1:]}")
        self._guarded(lambda: _append_bytes(part, rows.astype(dtype)))
        shape[0] += rows.shape[0]

    def finish(self, metadata: dict[str, str]) -> None:
        """Joins the tensors under one header and moves the file to its name. Raises TensorFileError when the disk is full."""
        codes = {dtype: code for code, dtype in DTYPES.items()}
        header: dict = {"__metadata__": dict(sorted(metadata.items()))}
        first = 0
        for name, (_, dtype, shape) in self._parts.items():
            last = first + math.prod(shape) * dtype.itemsize
            header[name] = {"dtype": codes[dtype], "shape": shape, "data_offsets": [first, last]}
            first = last
        text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
        text += b" " * (-(8 + len(text)) % ALIGNMENT)
        self._guarded(lambda: self._join(len(text).to_bytes(8, "little") + text))

    def _join(self, head: bytes) -> None:
        with self._partial.open("wb") as out:
            out.write(head)
            for part, _, _ in self._parts.values():
                with part.open("rb") as handle:
                    shutil.copyfileobj(handle, out, 1 << 20)
            out.flush()
            os.fsync(out.fileno())
        os.replace(self._partial, self.path)

    def _guarded(self, action) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            action()
        except OSError as error:
            raise TensorFileError(f"{self.path}: cannot be written: {error.strerror}") from error


def _append_bytes(path: Path, rows: np.ndarray) -> None:
    with path.open("ab") as handle:
        handle.write(rows.tobytes())
