"""Going on with a bundle's network: the same network comes back from the graphs, and what cannot is refused."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
import pytest
import torch

from conftest import write_drive
from depthtrain import checkpoint
from depthtrain.bundle import BundleError, open_bundle, sha256
from depthtrain.bundle_start import GRAPHS, bundle_network, graph_states
from depthtrain.export import export, export_graphs
from depthtrain.networks.registry import build_network
from depthtrain.train import train
from depthtrain.vectors import picture, randomise
from test_training import RECIPE

STEM = "network.encoder.stem.0.weight"
TRAINING_ONLY = ("decoder.head1.", "decoder.head2.")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short run and its bundle."""
    root = tmp_path_factory.mktemp("start")
    drive = write_drive(root / "tiny", frames=8)
    (root / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=3))
    train(root / "recipe.toml", root / "run")
    export(root / "run" / "checkpoint.pt", root / "bundle")
    return root


def test_every_weight_that_predicts_comes_back_to_the_bit(root: Path) -> None:
    found = bundle_network(open_bundle(root / "bundle")).state_dict()
    trained = checkpoint.read(root / "run" / "checkpoint.pt")["averages"]["depth"]
    assert found.keys() == trained.keys()
    names = [name for name in trained if not name.startswith(TRAINING_ONLY) and not name.endswith("num_batches_tracked")]
    assert len(names) > 200 and all(torch.equal(found[name], trained[name]) for name in names)


def test_a_run_starts_from_a_bundle(root: Path, tmp_path: Path) -> None:
    train(root / "recipe.toml", tmp_path / "further", init=root / "bundle")
    before, after = (checkpoint.read(path / "checkpoint.pt")["averages"]["depth"]["encoder.e3.0.body.0.0.weight"]
                     for path in (root / "run", tmp_path / "further"))
    assert not torch.equal(before, after) and (before - after).abs().max() < 0.05


def test_a_start_from_another_convention_is_said(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    for init in (root / "bundle", root / "run" / "checkpoint.pt"):
        train(root / "recipe.toml", tmp_path / "same", init=init)
        assert "convention" not in capsys.readouterr().out
    other = (root / "recipe.toml").read_text().replace("[model]", "[model]\ncanonical_fx_px = 320.5")
    (tmp_path / "recipe.toml").write_text(other)
    for init in (root / "bundle", root / "run" / "checkpoint.pt"):
        train(tmp_path / "recipe.toml", tmp_path / "other", init=init)
        assert "another convention (canonical_fx_px: " in (said := capsys.readouterr().out) and "-> 320.5), which" in said


def test_a_run_that_starts_with_statistics_can_keep_them(root: Path, tmp_path: Path) -> None:
    text = (root / "recipe.toml").read_text()
    assert "freeze_statistics_step = 2" in text
    (tmp_path / "recipe.toml").write_text(text.replace("freeze_statistics_step = 2", "freeze_statistics_step = -1"))
    train(tmp_path / "recipe.toml", tmp_path / "kept", init=root / "bundle")
    first, last = (network["encoder.stem.1.running_mean"] for network in
                   (bundle_network(open_bundle(root / "bundle")).state_dict(),
                    checkpoint.read(tmp_path / "kept" / "checkpoint.pt")["networks"]["depth"]))
    assert torch.equal(first, last)


def test_diffnet_comes_back_as_well(tmp_path: Path) -> None:
    network, other = randomise(build_network("diffnet"), 5, (96, 64)), build_network("diffnet").eval()
    export_graphs(network, tmp_path)
    for name in GRAPHS:
        other.load_state_dict(graph_states(onnx.load(tmp_path / name).graph, network.state_dict()), strict=False)
    image = torch.from_numpy(picture((96, 64), seed=1, is_normalised=True))
    with torch.no_grad():
        assert torch.equal(other(image)["disparity"], network(image)["disparity"])


def _altered(root: Path, tmp_path: Path, change) -> Path:
    """A copy of the bundle whose encoder has been changed, its hash made to fit."""
    bundle = tmp_path / "altered"
    bundle.mkdir()
    for item in (root / "bundle").iterdir():
        (bundle / item.name).write_bytes(item.read_bytes())
    model = onnx.load(bundle / "encoder.onnx")
    change(model.graph)
    onnx.save(model, bundle / "encoder.onnx")
    description = json.loads((bundle / "bundle.json").read_text())
    description["files"]["encoder.onnx"] = sha256(bundle / "encoder.onnx")
    (bundle / "bundle.json").write_text(json.dumps(description))
    return bundle


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    for tensor in graph.initializer:
        tensor.name = new if tensor.name == old else tensor.name
    for node in graph.node:
        node.input[:] = [new if name == old else name for name in node.input]


def test_graphs_of_another_exporter_are_refused(root: Path, tmp_path: Path) -> None:
    bundle = _altered(root, tmp_path, lambda graph: _rename(graph, STEM, "weight_0"))
    with pytest.raises(BundleError, match="1 tensors that rpr-lite does not have"):
        bundle_network(open_bundle(bundle))


def test_a_weight_that_the_graphs_name_otherwise_is_noticed(root: Path, tmp_path: Path) -> None:
    bundle = _altered(root, tmp_path, lambda graph: _rename(graph, STEM, "/stem"))
    with pytest.raises(BundleError, match="its graphs are not this network.*start from the checkpoint"):
        bundle_network(open_bundle(bundle))


def test_an_architecture_unknown_here_is_refused(root: Path, tmp_path: Path) -> None:
    bundle = _altered(root, tmp_path, lambda graph: None)
    path = bundle / "bundle.json"
    path.write_text(path.read_text().replace('"rpr-lite"', '"rpr-large"'))
    with pytest.raises(BundleError, match="architecture 'rpr-large'; training knows"):
        bundle_network(open_bundle(bundle))
