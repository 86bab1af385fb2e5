"""san.safetensors: the completion network as the runtime reads it, batch norm folded, convolutions as matrices.

docs/bundle.md is the specification. `NumpyCompletion` runs such a file on lists of active cells, independently of PyTorch.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from depthtrain.completion_anchor import anchored
from depthtrain.networks.anchoring import EDGES, INERTIA, SLOPE_NOISE, STRIDES as PASSES
from depthtrain.networks.san import ATTACHMENTS, KERNELS, MIN_POINTS, STRIDES, CellNorm, SparseAuxiliaryNetwork
from depthtrain.data.sparsity import CELL_PX, thin
from depthtrain.safetensors import TensorFile, TensorFileError, open_tensors, write_tensors

FORMAT_VERSION = "3"
ANCHORING = {"anchor_strides": ",".join(map(str, PASSES)), "anchor_edges": ",".join(map(str, EDGES)),
             "anchor_inertia": repr(INERTIA), "anchor_slope_noise": repr(SLOPE_NOISE)}
FILE_NAME = "san.safetensors"


def write_completion(path: Path, san: SparseAuxiliaryNetwork, origin: dict[str, str] | None = None) -> None:
    """Writes the network with its statistics folded in, and `origin` as metadata entries `provenance.*`. Raises TensorFileError
    when the disk refuses."""
    tensors: dict[str, np.ndarray] = {}
    for stride, block, projection in zip(STRIDES, san.blocks, san.projections):
        c = block.c_out
        inner_scale, inner_shift = _affine(block.first_norm)
        middle_scale, middle_shift = _affine(block.middle_norm)
        scale, shift = _affine(block.norm)
        matrices = {"first": (block.first, torch.cat([scale, inner_scale]), torch.cat([torch.zeros(c), inner_shift])),
                    "middle": (block.middle, middle_scale, middle_shift), "last": (block.last, scale, shift)}
        for name, (convolution, factor, bias) in matrices.items():
            tensors[f"level_{stride}.{name}.weight"] = _matrix(convolution.weight * factor[:, None, None, None])
            tensors[f"level_{stride}.{name}.bias"] = _floats(bias)
        tensors[f"level_{stride}.projection.weight"] = _floats(projection.weight[:, :, 0, 0].T)
    tensors["weight"], tensors["bias"] = _floats(san.weight), _floats(san.bias)
    write_tensors(path, tensors, {
        "format_version": FORMAT_VERSION, "architecture": san.architecture, "min_depth": repr(san.min_depth),
        "max_depth": repr(san.max_depth), "min_points": str(MIN_POINTS), "cell_px": str(CELL_PX),
        "kernels": _listed(KERNELS), "strides": _listed(STRIDES), "widths": _listed(san.widths),
        "targets": _listed(attachment.target for attachment in san.attachments),
        "enlarge": _listed(attachment.enlarge for attachment in san.attachments), **ANCHORING,
        **{f"provenance.{name}": value for name, value in (origin or {}).items()}})


def read_completion(path: Path) -> "NumpyCompletion":
    """Opens and checks a file. Raises TensorFileError for another version, a missing tensor, a wrong shape or non-finite
    values; the message names the tensor."""
    file = open_tensors(path)
    metadata = file.metadata
    if metadata.get("format_version") != FORMAT_VERSION:
        raise TensorFileError(f"{path}: format_version {metadata.get('format_version')!r}, this reader knows {FORMAT_VERSION!r}: "
                              "export the completion network again (depthtrain.completion_export)")
    for name, value in ANCHORING.items():
        if metadata.get(name) != value:
            raise TensorFileError(f"{path}: {name} is {metadata.get(name)!r}, this reader anchors with {value}")
    if metadata.get("architecture") not in ATTACHMENTS:
        raise TensorFileError(f"{path}: architecture {metadata.get('architecture')!r} is none of {', '.join(ATTACHMENTS)}")
    try:
        widths = [int(item) for item in metadata["widths"].split(",")]
        limits = float(metadata["min_depth"]), float(metadata["max_depth"])
        if len(widths) != len(STRIDES) or not 0 < limits[0] < limits[1]:
            raise ValueError("one width per level and 0 < min_depth < max_depth are needed")
    except (KeyError, ValueError) as error:
        raise TensorFileError(f"{path}: metadata are incomplete or malformed ({error})") from error
    return NumpyCompletion(limits, _checked(path, file, widths, metadata["architecture"]), metadata["architecture"])


def _checked(path: Path, file: TensorFile, widths: list[int], architecture: str) -> dict[str, np.ndarray]:
    expected: dict[str, tuple[int, ...]] = {"weight": (len(STRIDES),), "bias": (len(STRIDES),)}
    c_in = 2
    for stride, kernel, c, attachment in zip(STRIDES, KERNELS, widths, ATTACHMENTS[architecture]):
        cells = kernel * kernel
        for name, rows, columns in (("first", c_in, 5 * c), ("middle", 2 * c, 2 * c), ("last", 4 * c, c)):
            expected[f"level_{stride}.{name}.weight"] = (cells, rows, columns)
            expected[f"level_{stride}.{name}.bias"] = (columns,)
        expected[f"level_{stride}.projection.weight"] = (c, attachment.channels)
        c_in = c
    if file.entries.keys() != expected.keys():
        raise TensorFileError(f"{path}: tensors differ from the format in {sorted(file.entries.keys() ^ expected.keys())}")
    tensors = {}
    for name, shape in expected.items():
        value = np.array(file[name])
        if value.shape != shape or value.dtype != np.float32:
            raise TensorFileError(f"{path}: {name} is {value.dtype} {value.shape}, expected float32 {shape}")
        if not np.isfinite(value).all():
            raise TensorFileError(f"{path}: {name} holds values that are not finite")
        tensors[name] = value
    return tensors


class NumpyCompletion:
    """Runs the file on active cells only: what the daemon does, written for reading."""

    def __init__(self, limits: tuple[float, float], tensors: dict[str, np.ndarray], architecture: str) -> None:
        self.min_depth, self.max_depth = limits
        self.tensors, self.attachments = tensors, ATTACHMENTS[architecture]

    def additions(self, points: np.ndarray) -> list[np.ndarray]:
        """P_i (channels_i, H / stride_i, W / stride_i) of thinned sparse depth (H, W) in the network's unit, 0 = none."""
        height, width = points.shape
        v, u = np.nonzero(points > 0)
        near = np.log(0.1 * self.max_depth / points[v, u].clip(self.min_depth, self.max_depth))
        rows = np.stack([near, np.ones_like(near)], axis=1).astype(np.float32)
        cells, maps = list(zip(v.tolist(), u.tolist())), []
        for stride, kernel, attachment in zip(STRIDES, KERNELS, self.attachments):
            cells, rows = _pool(cells, rows)
            rows = self._block(f"level_{stride}", kernel, cells, rows)
            dense = np.zeros((attachment.channels, height // stride, width // stride), np.float32)
            if cells:
                at = np.array(cells)
                dense[:, at[:, 0], at[:, 1]] = (rows @ self.tensors[f"level_{stride}.projection.weight"]).T
            maps.append(dense)
        return maps

    def fuse(self, maps: dict[str, np.ndarray], points: np.ndarray, count: int) -> dict[str, np.ndarray]:
        """The decoder's inputs (1, C, h, w) by name with the points (H, W) added, thinned; the very same arrays below MIN_POINTS."""
        if count < MIN_POINTS:
            return maps
        fused = dict(maps)
        for level, (addition, attachment) in enumerate(zip(self.additions(thin(points)), self.attachments)):
            grown = addition.repeat(attachment.enlarge, 1).repeat(attachment.enlarge, 2)
            fused[attachment.target] = (self.tensors["weight"][level] * fused[attachment.target] + grown
                                        + self.tensors["bias"][level])
        return fused

    def anchor(self, disparity: np.ndarray, points: np.ndarray, count: int) -> np.ndarray:
        """What the decoder made of `fuse`'s maps, (H, W), held to all the points; the very same array below MIN_POINTS."""
        return anchored(disparity, points, self.min_depth, self.max_depth) if count >= MIN_POINTS else disparity

    def _block(self, level: str, kernel: int, cells: list[tuple[int, int]], rows: np.ndarray) -> np.ndarray:
        c = self.tensors[f"{level}.last.bias"].shape[0]
        pairs = _rulebook(cells, kernel)
        first = self._convolve(f"{level}.first", pairs, rows)
        inner = np.maximum(first[:, c:], 0)
        deep = np.maximum(self._convolve(f"{level}.middle", pairs, inner[:, 2 * c:]), 0)
        last = self._convolve(f"{level}.last", pairs, np.concatenate([inner[:, :2 * c], deep], axis=1))
        return np.maximum(first[:, :c] + last, 0)

    def _convolve(self, name: str, pairs: list[tuple[np.ndarray, np.ndarray]], rows: np.ndarray) -> np.ndarray:
        weight = self.tensors[f"{name}.weight"]
        out = np.tile(self.tensors[f"{name}.bias"], (len(rows), 1))
        for offset, (outputs, inputs) in enumerate(pairs):
            out[outputs] += rows[inputs] @ weight[offset]
        return out


def _pool(cells: list[tuple[int, int]], rows: np.ndarray) -> tuple[list[tuple[int, int]], np.ndarray]:
    index = {cell: place for place, cell in enumerate(cells)}
    coarse = sorted({(v // 2, u // 2) for v, u in cells})
    pooled = np.zeros((len(coarse), rows.shape[1]), np.float32)
    for place, (v, u) in enumerate(coarse):
        window = [index[row, column] for row in range(2 * v - 1, 2 * v + 2) for column in range(2 * u - 1, 2 * u + 2)
                  if (row, column) in index]
        pooled[place] = rows[window].max(axis=0)
    return coarse, pooled


def _rulebook(cells: list[tuple[int, int]], kernel: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Per kernel offset (row by row) the pairs (output row, input row) of active cells."""
    index, reach = {cell: place for place, cell in enumerate(cells)}, kernel // 2
    book = []
    for dv in range(-reach, reach + 1):
        for du in range(-reach, reach + 1):
            pairs = [(place, index[v + dv, u + du]) for place, (v, u) in enumerate(cells) if (v + dv, u + du) in index]
            book.append((np.array([a for a, _ in pairs], int), np.array([b for _, b in pairs], int)))
    return book


def _affine(norm: CellNorm) -> tuple[torch.Tensor, torch.Tensor]:
    scale = norm.weight.detach() * torch.rsqrt(norm.running_var + norm.eps)
    return scale, norm.bias.detach() - norm.running_mean * scale


def _matrix(weight: torch.Tensor) -> np.ndarray:
    """(c_out, c_in, k, k) -> (k k, c_in, c_out), offsets row by row."""
    c_out, c_in, k, _ = weight.shape
    return _floats(weight.permute(2, 3, 1, 0).reshape(k * k, c_in, c_out))


def _floats(tensor: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(tensor.detach().cpu().float().numpy())


def _listed(items) -> str:
    return ",".join(str(item) for item in items)
