"""The prior bank of a bundle, `priors.safetensors`: references as one encoder's fusion reads them. docs/bundle.md is its
specification.

Everything that does not depend on the image is folded: temperatures into the queries, gains into the compression. Softmaxes are
taken in float32 whatever the storage.
"""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import torch

from depthtrain.priors.fusion import (HEADS, WIDTH, Fused, PriorFusion, Projected, attend_heads, compression_gains, fuse)
from depthtrain.priors.references import COLUMNS, CONVENTION, PriorError, ReferenceFile, open_tensors_of
from depthtrain.safetensors import TensorStream, open_tensors

FORMAT, VERSION = "depthd-priors", "1"
STORED = ("key_pixel", "value_pixel", "key_heads", "value_heads")
REQUIRED_METADATA = ("architecture", "encoder_sha256", "teacher", "teacher_sha256", "drives", "selection", *CONVENTION)


@dataclasses.dataclass(frozen=True)
class Bank:
    """An opened bank in float32: the projected references and the query side of fusion."""

    path: Path
    metadata: dict[str, str]
    projected: Projected
    query_pixel: tuple[torch.Tensor, torch.Tensor]
    query_heads: tuple[torch.Tensor, torch.Tensor]
    heads_output: tuple[torch.Tensor, torch.Tensor]
    compress: torch.Tensor

    @property
    def count(self) -> int:
        return len(self.projected.disparity)

    @torch.no_grad()
    def fuse(self, f_s: torch.Tensor) -> Fused:
        """F_s (B, C, h, w) -> F_o, D_c and the retrieval's statistics, as the daemon computes them."""
        pixels = f_s.permute(0, 2, 3, 1).reshape(-1, f_s.shape[1])
        pixel, heads = (torch.nn.functional.linear(pixels, *layer) for layer in (self.query_pixel, self.query_heads))
        attended = attend_heads(heads, self.projected.key_heads, self.projected.value_heads)
        f_d = torch.nn.functional.linear(attended, *self.heads_output)
        return fuse(f_s, pixel, f_d, self.projected, self.compress)


@torch.no_grad()
def write_bank(path: Path, fusion: PriorFusion, references: ReferenceFile, architecture: str, encoder: Path,
               half: bool = True, metadata: dict[str, str] | None = None) -> None:
    """Projects a reference set and writes the bank for the encoder in the file `encoder`. The same inputs give the same bytes.

    Keys and values are float16 or, with `half` off, float32; everything else is float32. References are read in chunks.
    """
    dtype = np.float16 if half else np.float32
    with TensorStream(path) as stream:
        for name in STORED:
            layer = getattr(fusion, name)
            for part in references.chunks():
                rows = layer(part.described()).numpy()
                if not np.abs(rows).max() <= np.finfo(dtype).max:
                    raise PriorError(f"{path}: {name} does not fit {np.dtype(dtype)}; retrain, or store it as float32")
                stream.append(name, rows.astype(dtype))
        for name in COLUMNS:
            stream.append(name, np.array(references.tensors[name]))
        for name, values in _query_side(fusion).items():
            stream.append(name, values.numpy())
        for name in STORED:
            stream.append(f"reference_{name}.weight", getattr(fusion, name).weight.numpy())
        origin = {key: value for key, value in references.metadata.items() if key not in ("format", "version", "frames")}
        stream.finish({"selection": "none", **origin, "format": FORMAT, "version": VERSION, "architecture": architecture,
                       "encoder_sha256": hashlib.sha256(encoder.read_bytes()).hexdigest(), "references": str(references.count),
                       "width": str(WIDTH), "heads": str(HEADS), **(metadata or {})})


def rewrite_metadata(path: Path, entries: dict[str, str]) -> None:
    """Puts metadata entries into a bank, whose tensors stay as they are."""
    tensors = open_tensors(path)
    with TensorStream(path) as stream:
        for name in tensors.entries:
            stream.append(name, np.array(tensors[name]))
        stream.finish({**tensors.metadata, **entries})


def _query_side(fusion: PriorFusion) -> dict[str, torch.Tensor]:
    temperature, gains = fusion.log_temperature.exp(), compression_gains(fusion.compress.weight)
    per_head = (WIDTH / HEADS) ** 0.5
    return {"query_pixel.weight": fusion.query_pixel.weight * temperature,
            "query_pixel.bias": fusion.query_pixel.bias * temperature,
            "query_heads.weight": fusion.query_heads.weight / per_head, "query_heads.bias": fusion.query_heads.bias / per_head,
            "heads_output.weight": fusion.heads_output.weight, "heads_output.bias": fusion.heads_output.bias,
            "compress.weight": fusion.compress.weight * gains}


def open_bank(path: str | Path, encoder_sha256: str | None = None) -> Bank:
    """Opens a bank and checks everything: format, names, shapes, M > 0, finite numbers and, when given, the encoder it is for.

    Raises PriorError, whose message names the file, what was found and what was expected.
    """
    path = Path(path)
    tensors = open_tensors_of(path, FORMAT, VERSION)
    missing = [key for key in REQUIRED_METADATA if key not in tensors.metadata]
    if missing:
        raise PriorError(f"{path}: its metadata lacks {', '.join(missing)}")
    entries = tensors.entries
    _check_shapes(path, {name: entry.shape for name, entry in entries.items()})
    loaded = {name: np.array(tensors[name]) for name in entries}
    for name, values in loaded.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise PriorError(f"{path}: {name} holds NaN or infinity")
    if encoder_sha256 is not None and tensors.metadata["encoder_sha256"] != encoder_sha256:
        raise PriorError(f"{path}: was built for encoder {tensors.metadata['encoder_sha256'][:16]}..., this one is "
                         f"{encoder_sha256[:16]}...; project its reference set again for this model (depthtrain.priors project)")
    floats = {name: torch.from_numpy(values.astype(np.float32)) for name, values in loaded.items() if values.dtype.kind == "f"}
    layer = {name: (floats[f"{name}.weight"], floats[f"{name}.bias"]) for name in ("query_pixel", "query_heads", "heads_output")}
    return Bank(path, tensors.metadata, Projected(*(floats[name] for name in STORED), floats["disparity"]),
                layer["query_pixel"], layer["query_heads"], layer["heads_output"], floats["compress.weight"])


def _check_shapes(path: Path, shapes: dict[str, tuple[int, ...]]) -> None:
    count = shapes.get("disparity", (0,))[0]
    channels = shapes.get("compress.weight", (0,))[0]
    teacher = shapes.get("reference_key_pixel.weight", (0, 0))[-1]
    wanted = {**{name: (count, WIDTH) for name in STORED}, **{name: (count,) for name in COLUMNS},
              **{f"{name}.weight": (WIDTH, channels) for name in ("query_pixel", "query_heads")},
              **{f"{name}.bias": (WIDTH,) for name in ("query_pixel", "query_heads", "heads_output")},
              "heads_output.weight": (WIDTH, WIDTH), "compress.weight": (channels, 2 * WIDTH + 1),
              **{f"reference_{name}.weight": (WIDTH, teacher) for name in STORED}}
    if shapes.keys() != wanted.keys():
        raise PriorError(f"{path}: its tensors differ from the format's in {', '.join(sorted(shapes.keys() ^ wanted.keys()))}")
    for name, shape in wanted.items():
        if shapes[name] != shape:
            raise PriorError(f"{path}: {name} is {shapes[name]}, expected {shape}")
    if count == 0:
        raise PriorError(f"{path}: holds no references (M = 0)")


def reference_side(bank: Path, fusion: PriorFusion) -> None:
    """Loads all of fusion from a bank file, so that other references can be projected for the same network."""
    tensors = open_tensors(bank)
    gains, per_head = compression_gains(fusion.compress.weight), (WIDTH / HEADS) ** 0.5
    read = lambda name: torch.from_numpy(np.array(tensors[name], dtype=np.float32))
    state = {f"{name}.weight": read(f"reference_{name}.weight") for name in STORED}
    state |= {name: read(name) for name in ("query_pixel.weight", "query_pixel.bias", "heads_output.weight", "heads_output.bias")}
    state |= {name: read(name) * per_head for name in ("query_heads.weight", "query_heads.bias")}
    state |= {"compress.weight": read("compress.weight") / gains, "log_temperature": torch.tensor(0.0)}
    fusion.load_state_dict(state)
