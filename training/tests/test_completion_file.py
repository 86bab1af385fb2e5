"""san.safetensors: what is written runs as the network does, on active cells alone, and what is damaged is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from depthtrain.completion_file import read_completion, write_completion
from depthtrain.safetensors import TensorFileError, open_tensors, write_tensors
from test_san import lively_san, sparse_depth


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("san") / "san.safetensors"
    write_completion(path, lively_san())
    return path


@pytest.mark.parametrize("share", [0.0, 0.01, 0.4])
def test_file_on_active_cells_equals_the_network(file: Path, share: float) -> None:
    depth = sparse_depth(64, 96, share, 5)
    with torch.no_grad():
        expected = lively_san().additions(torch.from_numpy(depth)[None, None])
    for found, wanted in zip(read_completion(file).additions(depth), expected):
        assert np.abs(found - wanted[0].numpy()).max() <= 1e-4 * max(1.0, float(wanted.abs().max()))


def test_documented_names_shapes_and_metadata(file: Path) -> None:
    opened = open_tensors(file)
    shapes = {name: entry.shape for name, entry in opened.entries.items()}
    assert len(shapes) == 37 and shapes["level_2.first.weight"] == (25, 2, 80) and shapes["level_2.first.bias"] == (80,)
    assert shapes["level_8.middle.weight"] == (9, 48, 48) and shapes["level_32.last.weight"] == (9, 192, 48)
    assert shapes["level_16.projection.weight"] == (32, 64) and shapes["weight"] == shapes["bias"] == (5,)
    assert opened.metadata["targets"] == "skip_2,skip_4b,skip_8b,f_o,f_o" and opened.metadata["enlarge"] == "1,1,1,1,2"
    assert (opened.metadata["min_points"], opened.metadata["cell_px"]) == ("50", "4")


@pytest.mark.parametrize(("change", "message"), [
    ("version", "format_version '2'.*export"), ("anchor", "anchor_inertia is '9'"), ("architecture", "architecture"),
    ("widths", "widths|metadata"), ("tensor", "level_4.last.bias"), ("shape", "level_2.first.bias"), ("nan", "level_8.middle.weight")])
def test_damaged_file_is_refused(file: Path, tmp_path: Path, change: str, message: str) -> None:
    opened = open_tensors(file)
    tensors, metadata = {name: np.array(opened[name]) for name in opened.entries}, dict(opened.metadata)
    if change == "version":
        metadata["format_version"] = "2"
    elif change == "anchor":
        metadata["anchor_inertia"] = "9"
    elif change == "architecture":
        metadata["architecture"] = "fastdepth"
    elif change == "widths":
        metadata["widths"] = "16,16,24"
    elif change == "tensor":
        del tensors["level_4.last.bias"]
    elif change == "shape":
        tensors["level_2.first.bias"] = tensors["level_2.first.bias"][:-1]
    elif change == "nan":
        tensors["level_8.middle.weight"][0, 0, 0] = np.nan
    write_tensors(tmp_path / "san.safetensors", tensors, metadata)
    with pytest.raises(TensorFileError, match=message):
        read_completion(tmp_path / "san.safetensors")
