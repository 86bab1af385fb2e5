"""The safetensors file format: 8 bytes header length (little endian), a JSON header, then the tensors without gaps.

Written to the byte the same for the same content, streamed when it does not fit in memory, and read with every claim of
the header checked against the file. Source: the format's specification (github.com/huggingface/safetensors).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

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


def concatenate(path: str | Path, parts: Sequence[TensorFile], metadata: dict[str, str]) -> None:
    """Writes one file that holds, under each name, the rows of all `parts` in turn; byte for byte what one TensorStream would
    have written. Raises TensorFileError when they do not hold the same tensors."""
    path, first = Path(path), parts[0]
    columns: dict[str, _Column] = {}
    for name, entry in first.entries.items():
        column = columns[name] = _Column(entry.dtype, [0, *entry.shape[1:]], [])
        for part in parts:
            found = part.entries.get(name)
            if part.entries.keys() != first.entries.keys() or found is None or not column.takes(found.dtype, found.shape):
                raise TensorFileError(f"{part.path}: does not hold the same tensors as {first.path}")
            column.shape[0] += found.shape[0]
            column.pieces.append((part.path, found.offset, found.byte_count))
    with _guarded(path):
        _write_columns(path, columns, metadata)


class TensorStream:
    """Writes tensors whose first axis grows, in bounded memory. Nothing appears under `path` before `finish`.

    Each tensor collects in a file of its own beside `path`; `finish` joins them. Use it in a `with` block, which removes
    what is left of an unfinished one.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self._columns: dict[str, tuple[Path, _Column]] = {}

    def __enter__(self) -> "TensorStream":
        return self

    def __exit__(self, *_: object) -> None:
        for part, _ in self._columns.values():
            part.unlink(missing_ok=True)

    def append(self, name: str, rows: np.ndarray) -> None:
        """Adds rows to a tensor; all but the first axis must agree with what came before."""
        dtype = rows.dtype.newbyteorder("<")
        if dtype not in DTYPES.values():
            raise TensorFileError(f"{self.path}: tensor {name!r} has type {rows.dtype}; {', '.join(DTYPES)} can be stored")
        if name not in self._columns:
            part = self.path.with_name(f"{self.path.name}.{len(self._columns)}.part")
            part.unlink(missing_ok=True)  # left by a run that was killed
            self._columns[name] = part, _Column(dtype, [0, *rows.shape[1:]], [])
        part, column = self._columns[name]
        if not column.takes(dtype, rows.shape):
            raise TensorFileError(f"{self.path}: tensor {name!r} is {column.dtype} {column.shape[1:]} per row, got {dtype} "
                                  f"{list(rows.shape[1:])}")
        with _guarded(self.path), part.open("ab") as handle:
            handle.write(rows.astype(dtype).tobytes())
        column.shape[0] += rows.shape[0]

    def finish(self, metadata: dict[str, str]) -> None:
        """Joins the tensors under one header and moves the file to its name. Raises TensorFileError when the disk is full."""
        columns = {name: dataclasses.replace(column, pieces=[(part, 0, column.byte_count)])
                   for name, (part, column) in self._columns.items()}
        with _guarded(self.path):
            _write_columns(self.path, columns, metadata)


@dataclasses.dataclass
class _Column:
    """A tensor on its way into a file: its rows lie in pieces (file, first byte, bytes) of other files."""

    dtype: np.dtype
    shape: list[int]
    pieces: list[tuple[Path, int, int]]

    @property
    def byte_count(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    def takes(self, dtype: np.dtype, shape: Sequence[int]) -> bool:
        """Whether rows of this type and shape can follow."""
        return dtype == self.dtype and list(shape[1:]) == self.shape[1:]


def _write_columns(path: Path, columns: dict[str, _Column], metadata: dict[str, str]) -> None:
    """Writes header and pieces beside `path`, then moves the file there; removes what it could not finish."""
    partial = path.with_name(path.name + ".partial")
    try:
        with partial.open("wb") as out:
            out.write(_header(columns, metadata))
            for column in columns.values():
                for piece in column.pieces:
                    _copy(*piece, out)
            out.flush()
            os.fsync(out.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _header(columns: dict[str, _Column], metadata: dict[str, str]) -> bytes:
    codes = {dtype: code for code, dtype in DTYPES.items()}
    header: dict = {"__metadata__": dict(sorted(metadata.items()))}
    first = 0
    for name, column in columns.items():
        last = first + column.byte_count
        header[name] = {"dtype": codes[column.dtype], "shape": column.shape, "data_offsets": [first, last]}
        first = last
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-(8 + len(text)) % ALIGNMENT)
    return len(text).to_bytes(8, "little") + text


def _copy(source: Path, first: int, count: int, out: BinaryIO) -> None:
    with source.open("rb") as handle:
        handle.seek(first)
        while count > 0:
            chunk = handle.read(min(count, 1 << 20))
            if not chunk:
                raise TensorFileError(f"{source}: became shorter while it was copied; something else writes there")
            count -= out.write(chunk)


@contextlib.contextmanager
def _guarded(path: Path) -> Iterator[None]:
    """Makes the folder of `path`; what the system refuses becomes a TensorFileError about it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise TensorFileError(f"{path}: cannot be written: {error.strerror}") from error
