"""Golden vectors agree with ONNX Runtime, and random weights keep activations at a usable size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnxruntime

from depthtrain.vectors import FIXTURES, Fixture, randomise, write_vector
from depthtrain.networks.litemono import LiteMono
from depthtrain.networks.rpr_lite import RPrLite


def _check(folder: Path) -> None:
    meta = json.loads((folder / "meta.json").read_text())
    session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
    outputs = session.run(None, {"image": np.load(folder / "input.npy")})
    for index, output in enumerate(outputs):
        expected = np.load(folder / ("output.npy" if index == 0 else f"output_{index}.npy"))
        assert np.abs(output - expected).max() < meta["absolute_tolerance"][index]
        assert expected.std() > 1e-3


def test_dynamic_graph_serves_two_sizes(tmp_path: Path) -> None:
    fixture = Fixture("rpr-lite", RPrLite, ("disparity", "log_sigma"), ((96, 64),), dynamic=True, is_normalised=True, fold=True)
    network = randomise(RPrLite(), 3, (96, 64))
    write_vector(tmp_path / "a", None, network, fixture, (96, 64), 3, True)
    write_vector(tmp_path / "b", tmp_path / "a" / "model.onnx", network, fixture, (160, 96), 3, True)
    _check(tmp_path / "a")
    _check(tmp_path / "b")


def test_attention_network_as_the_exporter_leaves_it(tmp_path: Path) -> None:
    fixture = Fixture("lite-mono", LiteMono, ("disparity",), ((96, 64),))
    write_vector(tmp_path / "a", None, randomise(LiteMono(), 3, (96, 64)), fixture, (96, 64), 3, False)
    _check(tmp_path / "a")


def test_every_fixture_is_named_once() -> None:
    names = [fixture.name for fixture in FIXTURES]
    assert len(names) == len(set(names)) == 6
