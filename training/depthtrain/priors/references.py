"""Reference sets: what the teacher knows about every stride-16 cell of recorded frames, as one file.

Row r holds the teacher's feature, its disparity in the student's convention, how far it trusts that, and where it comes from.
The file is safetensors; docs/bundle.md lists its tensors.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import torch

from depthtrain.config import ModelRecipe
from depthtrain.priors.fusion import References
from depthtrain.safetensors import TensorFile, TensorFileError, TensorStream, open_tensors

FORMAT, VERSION = "depthd-references", "1"
# What a disparity means: entries of a recipe's [model], stored as text.
CONVENTION = ("min_depth_m", "max_depth_m", "canonical_fx_px")
CHUNK_ROWS = 65536
COLUMNS = {"disparity": np.dtype("<f4"), "trust": np.dtype("<f4"), "drive": np.dtype("<i4"), "frame": np.dtype("<i4"),
           "cell": np.dtype("<i4")}


class PriorError(ValueError):
    """A reference set or prior bank that must not be used; the message starts with its path."""


@dataclasses.dataclass(frozen=True)
class ReferenceFile:
    """An opened reference set; its features stay in the file until asked for."""

    path: Path
    tensors: TensorFile

    @property
    def count(self) -> int:
        return self.tensors.entries["features"].shape[0]

    @property
    def channels(self) -> int:
        return self.tensors.entries["features"].shape[1]

    @property
    def metadata(self) -> dict[str, str]:
        return self.tensors.metadata

    def require_convention(self, model: ModelRecipe) -> None:
        """Raises PriorError when the disparities are in another unit than those of a recipe's [model]."""
        wanted = convention_of(model)
        found = {key: self.metadata.get(key, "unknown") for key in CONVENTION}
        if found != wanted:
            raise PriorError(f"{self.path}: disparities are of {_described(found)}, the recipe's of {_described(wanted)}; build a set "
                             "for this recipe: python -m depthtrain.priors build --student RECIPE")

    def load(self, index: np.ndarray | None = None) -> References:
        """All references, or those of `index`, in memory: features float16, disparity float32, where from int32."""
        rows = slice(None) if index is None else index
        return References(*(torch.from_numpy(np.array(self.tensors[name][rows]))
                            for name in ("features", "disparity", "drive", "frame")))

    def chunks(self):
        """References in file order, CHUNK_ROWS at a time, float32."""
        for first in range(0, self.count, CHUNK_ROWS):
            part = self.load(np.arange(first, min(first + CHUNK_ROWS, self.count)))
            yield References(part.features.float(), part.disparity)


def convention_of(model: ModelRecipe) -> dict[str, str]:
    """What a recipe's disparities mean, as the metadata of a reference set says it."""
    return {key: f"{getattr(model, key):g}" for key in CONVENTION}


def _described(convention: dict[str, str]) -> str:
    return f"{convention['min_depth_m']} to {convention['max_depth_m']} m at fx {convention['canonical_fx_px']}"


class ReferenceWriter:
    """Collects references frame by frame in bounded memory; nothing appears under the name before `finish`."""

    def __init__(self, path: Path) -> None:
        self._stream = TensorStream(path)

    def __enter__(self) -> "ReferenceWriter":
        self._stream.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._stream.__exit__(*details)

    def add(self, features: np.ndarray, disparity: np.ndarray, trust: np.ndarray, drive: int, frame: int,
            cell: np.ndarray) -> None:
        """References of one frame: features (R, C_r), the rest (R,)."""
        self._stream.append("features", features.astype(np.float16))
        number = np.ones(len(cell), np.int32)
        for name, values in (("disparity", disparity), ("trust", trust), ("drive", drive * number), ("frame", frame * number),
                             ("cell", cell)):
            self._stream.append(name, np.asarray(values).astype(COLUMNS[name]))

    def finish(self, metadata: dict[str, str]) -> None:
        """Writes the file; `metadata` is joined by format and version."""
        self._stream.finish(with_format(metadata))


def with_format(metadata: dict[str, str]) -> dict[str, str]:
    """The metadata of a reference set, joined by format and version."""
    return {**metadata, "format": FORMAT, "version": VERSION}


def open_tensors_of(path: Path, form: str, version: str) -> TensorFile:
    """Opens a tensor file and checks its header and that it is of this format and version. Raises PriorError."""
    try:
        tensors = open_tensors(path)
    except TensorFileError as error:
        raise PriorError(str(error)) from error
    found = tensors.metadata.get("format", "of no format"), tensors.metadata.get("version", "")
    if found != (form, version):
        raise PriorError(f"{path}: is {' '.join(found)}, expected {form} {version}")
    return tensors


def open_references(path: str | Path) -> ReferenceFile:
    """Opens a reference set and checks everything: format, tensors, shapes, M > 0, finite numbers. Raises PriorError."""
    path = Path(path)
    tensors = open_tensors_of(path, FORMAT, VERSION)
    shapes = {name: entry.shape for name, entry in tensors.entries.items()}
    count = shapes.get("features", (0,))[0]
    wanted = {"features": 2, **{name: 1 for name in COLUMNS}}
    if {name: len(shape) for name, shape in shapes.items()} != wanted or any(shape[0] != count for shape in shapes.values()):
        raise PriorError(f"{path}: tensors are {shapes}, expected {', '.join(wanted)} of equal length")
    if any(tensors.entries[name].dtype != dtype for name, dtype in {**COLUMNS, "features": np.dtype("<f2")}.items()):
        raise PriorError(f"{path}: a tensor has the wrong type")
    if count == 0:
        raise PriorError(f"{path}: holds no references (M = 0)")
    for first in range(0, count, CHUNK_ROWS):
        part = slice(first, first + CHUNK_ROWS)
        if not (np.isfinite(tensors["features"][part]).all() and np.isfinite(tensors["disparity"][part]).all()):
            raise PriorError(f"{path}: rows {first} to {min(first + CHUNK_ROWS, count)} hold NaN or infinity")
    if not (tensors["disparity"][:].min() >= 0 and tensors["disparity"][:].max() <= 1):
        raise PriorError(f"{path}: disparities leave [0, 1]")
    return ReferenceFile(path, tensors)


def write_subset(source: ReferenceFile, index: np.ndarray, path: Path, metadata: dict[str, str]) -> None:
    """A reference set of the rows `index` of another, with its metadata and `metadata` on top."""
    with TensorStream(path) as stream:
        for name in ("features", *COLUMNS):
            for first in range(0, len(index), CHUNK_ROWS):
                stream.append(name, np.asarray(source.tensors[name][index[first:first + CHUNK_ROWS]]))
        stream.finish({**source.metadata, **metadata})


def drive_names(metadata: dict[str, str]) -> list[str]:
    """Names of the drives that the column `drive` counts."""
    return json.loads(metadata["drives"])
