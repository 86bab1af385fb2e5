"""What a build has made so far, so that an interrupted one goes on where it was.

A reference set is built in parts of PART_FRAMES frames, which lie in a folder beside it until the set is whole. A part's name is a
hash of all that its content follows from, so a build with another teacher, unit, stride or drive finds none of them.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from depthtrain.data.drive import Drive
from depthtrain.priors.cells import Cells
from depthtrain.priors.references import ReferenceWriter, convention_of, described
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
        for first in range(0, len(frames), PART_FRAMES):
            self._add_one(cells, frames[first:first + PART_FRAMES], is_done)

    def _add_one(self, cells: Cells, frames: range, is_done: Callable[[int], None]) -> None:
        file = self._folder / f"{_key(cells, frames)}.safetensors"
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
        """Writes the reference set and removes the folder, with whatever other builds left in it."""
        concatenate(self._path, self._made, described(metadata))
        shutil.rmtree(self._folder)


def _is_whole(file: Path) -> bool:
    try:
        open_tensors(file)
    except TensorFileError:
        return False
    return True


def _key(cells: Cells, frames: range) -> str:
    """Names what a part's content follows from: the teacher, the drive's place and index files, the unit, and which cells."""
    origin = [cells.eye.sha256, cells.number, cells.student_units, convention_of(cells.student.model), cells.minimum_trust,
              str(cells.drive.path.resolve()), list(frames)]
    digest = hashlib.sha256(json.dumps(origin).encode())
    for file in sorted(path for path in cells.drive.path.iterdir() if path.is_file()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:32]
