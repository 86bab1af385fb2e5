"""What a build has made so far, so that an interrupted one goes on where it was.

A reference set is built in parts of PART_FRAMES frames, which lie in a folder beside it until the set is whole. A part's name is a
hash of all that its content follows from, so a build with another teacher, unit, stride or drive finds none of them.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from depthtrain.data.drive import Drive
from depthtrain.priors.cells import Cells
from depthtrain.priors.references import ReferenceWriter, convention_of, with_format
from depthtrain.safetensors import TensorFile, TensorFileError, concatenate, open_tensors

PART_FRAMES = 100
"""Looked at in about a minute: what an interruption costs at most."""


class Parts:
    """The parts of one reference set."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = path.with_name(path.name + ".parts")
        self._made: list[TensorFile] = []

    @property
    def count(self) -> int:
        """References so far."""
        return sum(part.entries["disparity"].shape[0] for part in self._made)

    def add(self, cells: Cells, frames: range, is_done: Callable[[int], None]) -> None:
        """Adds the cells of `frames`, looked at now unless an earlier build did; tells `is_done` how many more are done."""
        origin = _origin(cells)
        for first in range(0, len(frames), PART_FRAMES):
            part = frames[first:first + PART_FRAMES]
            key = hashlib.sha256(f"{origin} {list(part)}".encode()).hexdigest()[:32]
            self._add_one(self._folder / f"{key}.safetensors", cells, part, is_done)

    def _add_one(self, file: Path, cells: Cells, frames: range, is_done: Callable[[int], None]) -> None:
        if _is_whole(file):
            is_done(len(frames))
        else:
            with ReferenceWriter(file) as writer:
                for index in frames:
                    cells.write(index, writer)
                    is_done(1)
                writer.finish({})
        self._made.append(open_tensors(file))

    def join(self, metadata: dict[str, str]) -> None:
        """Writes the reference set and removes the folder, with the parts of other builds, but nobody else's files."""
        concatenate(self._path, self._made, with_format(metadata))
        for file in self._folder.glob("*.safetensors*"):
            file.unlink()
        with contextlib.suppress(OSError):  # something else lies there
            self._folder.rmdir()


def _is_whole(file: Path) -> bool:
    try:
        open_tensors(file)
    except TensorFileError:
        return False
    return True


def _origin(cells: Cells) -> str:
    """A hash of what all parts of a drive follow from: the teacher, the drive's place and index files, the unit, and which cells."""
    origin = [cells.eye.sha256, cells.number, cells.student_units, convention_of(cells.student.model), cells.minimum_trust,
              str(cells.drive.path.resolve())]
    digest = hashlib.sha256(json.dumps(origin).encode())
    for file in sorted(path for path in cells.drive.path.iterdir() if path.is_file()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
