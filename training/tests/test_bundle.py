"""Export round trip: the bundle under ONNX Runtime equals PyTorch at several sizes, and an altered bundle is refused."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from conftest import write_drive
from depthtrain import evaluate
from depthtrain.bundle import BundleError, graph_predictor, open_bundle
from depthtrain.calibration import fit_sigma
from depthtrain.export import export, export_graphs, export_imported
from depthtrain.import_checkpoint import import_published
from depthtrain.networks.diffnet import DIFFNet
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.train import train
from depthtrain.vectors import picture, randomise
from test_import import write_published
from test_training import RECIPE


@pytest.fixture(scope="module")
def bundle_folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("export")
    drive = write_drive(root / "tiny", frames=8)
    (root / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=3))
    train(root / "recipe.toml", root / "run", resume=False)
    export(root / "run" / "checkpoint.pt", root / "lite")
    return root / "lite"


@pytest.mark.parametrize("build", [RPrLite, lambda: DIFFNet(has_sigma=True)], ids=["rpr-lite", "diffnet"])
def test_round_trip_against_pytorch(tmp_path: Path, build) -> None:
    network = randomise(build(), 5, (96, 64))
    export_graphs(network, tmp_path)
    predict = graph_predictor(tmp_path)
    for width, height in ((96, 64), (160, 96), (416, 128)):
        image = picture((width, height), seed=1, is_normalised=True)
        with torch.no_grad():
            expected = network(torch.from_numpy(image))
        disparity, log_sigma = predict(image)
        assert disparity.shape == (height, width)
        assert np.allclose(disparity, expected["disparity"][0, 0].numpy(), atol=1e-3)
        assert np.allclose(log_sigma, expected["log_sigma"][0, 0].numpy(), atol=1e-2)


def test_graphs_have_the_documented_names_and_plain_operators(bundle_folder: Path) -> None:
    encoder, decoder = (onnx.load(bundle_folder / name) for name in ("encoder.onnx", "decoder.onnx"))
    skips = ["skip_2", "skip_4a", "skip_4b", "skip_8a", "skip_8b"]
    assert [value.name for value in encoder.graph.input] == ["image"]
    assert [value.name for value in encoder.graph.output] == ["f_s", *skips]
    assert [value.name for value in decoder.graph.input] == ["f_o", *skips]
    assert [value.name for value in decoder.graph.output] == ["disparity", "log_sigma"]
    allowed = {"Conv", "BatchNormalization", "Relu", "Add", "Concat", "Resize", "ReduceMean", "MatMul", "Sigmoid", "Unsqueeze",
               "Mul", "Pad"}
    assert {node.op_type for graph in (encoder, decoder) for node in graph.graph.node} <= allowed
    assert encoder.opset_import[0].version == 17


def test_untouched_bundle_opens(bundle_folder: Path) -> None:
    bundle = open_bundle(bundle_folder)
    assert bundle.description["provenance"]["steps"] == 3 and bundle.description["input_sizes"] == [[96, 64]]
    assert "Licences of the training data: none." in (bundle_folder / "MODEL_CARD.md").read_text()


def test_a_bundle_is_judged_at_the_size_it_was_trained_at(bundle_folder: Path, drive_folder: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", "--bundle", str(bundle_folder), "--drive", str(drive_folder), "--json"])
    evaluate.main()
    assert json.loads(capsys.readouterr().out)["size"] == [96, 64]


def test_a_network_trained_without_any_truth_becomes_a_bundle(tmp_path: Path) -> None:
    """A robot's own driving has no depth/ to calibrate on: the bundle and its card say so."""
    drive = write_drive(tmp_path / "tiny", frames=8, with_depth=False)
    recipe = RECIPE.format(drive=drive, steps=1).replace('supervision = "both"', 'supervision = "photometric"')
    (tmp_path / "recipe.toml").write_text(recipe.replace(f'validation = ["{drive}"]', "validation = []"))
    train(tmp_path / "recipe.toml", tmp_path / "run")
    export(tmp_path / "run" / "checkpoint.pt", tmp_path / "blind")
    description = open_bundle(tmp_path / "blind").description
    assert description["initial_scale_log_sigma"] == 1.0 and description["measured"] == {}
    card = (tmp_path / "blind" / "MODEL_CARD.md").read_text()
    assert "not calibrated" in card and "nan" not in card


def test_published_weights_become_a_bundle(tmp_path: Path) -> None:
    """From files under the published names to graphs that agree with PyTorch, pose network included."""
    write_published(tmp_path / "published", "monodepth2", pose=True)
    export_imported(import_published("monodepth2", tmp_path / "published"), "monodepth2", tmp_path / "md2", 5.4, None)
    bundle = open_bundle(tmp_path / "md2")
    assert bundle.description["initial_scale"] == 5.4 and bundle.description["input_sizes"] == [[640, 192]]
    assert bundle.description["canonical_fx_px"] == pytest.approx(371.2) and "pose.onnx" in bundle.description["files"]
    disparity, log_sigma = bundle.predictor()(picture((96, 64), 2, False))
    assert disparity.shape == (64, 96) and log_sigma is None


@pytest.mark.parametrize("change", ["byte", "extra", "missing", "key", "nested", "version"])
def test_altered_bundle_is_refused(bundle_folder: Path, tmp_path: Path, change: str) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for item in bundle_folder.iterdir():
        (copy / item.name).write_bytes(item.read_bytes())
    description = json.loads((copy / "bundle.json").read_text())
    if change == "byte":
        data = bytearray((copy / "decoder.onnx").read_bytes())
        data[len(data) // 2] ^= 1
        (copy / "decoder.onnx").write_bytes(bytes(data))
    elif change == "extra":
        (copy / "notes.txt").write_text("x")
    elif change == "missing":
        (copy / "encoder.onnx").unlink()
    elif change == "key":
        description["colour"] = "blue"
    elif change == "nested":
        del description["confidence"]["a"]
    elif change == "version":
        description["format_version"] = 2
    (copy / "bundle.json").write_text(json.dumps(description))
    with pytest.raises(BundleError):
        open_bundle(copy)


def test_sigma_fit_recovers_known_constants() -> None:
    rng = np.random.default_rng(0)
    log_sigma = rng.normal(-2, 0.7, 40_000)
    error = rng.laplace(0, np.exp(0.8 * log_sigma + 0.3) / np.sqrt(2))
    a, b = fit_sigma(log_sigma, error)
    assert a == pytest.approx(0.8, abs=0.03) and b == pytest.approx(0.3, abs=0.06)
