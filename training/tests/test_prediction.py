"""From network output to scored depth: flips, resizing, points, plain ONNX files, tables and pictures."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest
import torch

from depthtrain import evaluate
from depthtrain.config import ModelRecipe
from depthtrain.data.drive import open_drive
from depthtrain.data.sparse_request import SparseRequest, split_mix
from depthtrain.data.sparsity import Points
from depthtrain.evaluate import EvaluationError, Options, Report, score_drive
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.prediction import blend_flipped, network_predictor, predict_frame
from depthtrain.protocols import PROTOCOLS
from depthtrain.sources import PLAIN_SIZES, ModelError, open_model
from test_san import lively_san


def tiny_onnx(path: Path, name: str = "disparity", **metadata: str) -> Path:
    """disparity = sigmoid(3x3 mean of red - 0.5), any size."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    weight = np.zeros((1, 3, 3, 3), np.float32)
    weight[:, 0] = 1 / 9
    constants = [onnx.numpy_helper.from_array(weight, "w"), onnx.numpy_helper.from_array(np.float32([-0.5]), "b")]
    nodes = [helper.make_node("Conv", ["image", "w", "b"], ["x"], kernel_shape=[3, 3], pads=[1, 1, 1, 1]),
             helper.make_node("Sigmoid", ["x"], [name])]
    graph = helper.make_graph(nodes, "tiny", [helper.make_tensor_value_info("image", kind, [1, 3, "h", "w"])],
                              [helper.make_tensor_value_info(name, kind, [1, 1, "h", "w"])], constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    for key, value in metadata.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"depthd.{key}", value
    onnx.save(model, path)
    return path


def test_flipped_average_by_hand() -> None:
    a, b = np.full((2, 101), 1.0, np.float32), np.full((2, 101), 3.0, np.float32)
    blended = blend_flipped(a, b)
    assert blended[0, 0] == 3.0 and blended[0, 100] == 1.0 and blended[0, 50] == pytest.approx(2.0)
    assert blended[0, 7] == pytest.approx(2 + 1 * (1 - 20 * (0.07 - 0.05)), abs=1e-5)


def test_flip_belongs_to_some_protocols_only(drive_folder: Path) -> None:
    predict = lambda image: (np.full(image.shape[2:], 0.02, np.float32), None)
    with pytest.raises(EvaluationError, match="--flip is no part of protocol nyuv2"):
        score_drive(Report(), predict, open_drive(drive_folder), ModelRecipe(), Options(PROTOCOLS["nyuv2"], is_flipped=True))


def test_nearest_and_bilinear_reach_the_truth_as_stated() -> None:
    """2x1 network pixels at disparities of 1 and 3 m: nearest gives 1, 1, 3, 3; bilinear mixes inverse depth."""
    model = ModelRecipe(min_depth_m=1.0, max_depth_m=float("inf"), canonical_fx_px=0.0)
    predict = lambda image: (np.array([[1.0, 1 / 3]], np.float32), None)
    prediction = predict_frame(predict, np.zeros((8, 8, 3), np.uint8), None, model, (2, 1))
    assert prediction.depth(model, (4, 1), "depth")[0].tolist() == pytest.approx([1, 1, 3, 3])
    assert prediction.depth(model, (4, 1))[0].tolist() == pytest.approx([1, 1 / (1 - 1 / 6), 1 / (1 - 1 / 2), 3])


def test_predictions_that_mean_nothing_name_their_frame(drive_folder: Path) -> None:
    predict = lambda image: (np.full(image.shape[2:], np.nan, np.float32), None)
    with pytest.raises(EvaluationError, match="tiny/000000.jpg: .* no positive finite prediction"):
        score_drive(Report(), predict, open_drive(drive_folder), ModelRecipe(), Options())


def test_points_reach_the_network_in_its_unit_and_are_not_scored(drive_folder: Path) -> None:
    drive, model, seen = open_drive(drive_folder), ModelRecipe(canonical_fx_px=40.0), []

    def predict(image: np.ndarray, points: Points) -> tuple[np.ndarray, None]:
        seen.append(points)
        return np.full(image.shape[2:], 0.02, np.float32), None

    report = Report()
    score_drive(report, predict, drive, model, Options(size=(96, 64), sparse=SparseRequest(200)), range(1))
    truth = drive.depth(0)
    assert seen[0].count == 200 and report.points == [200]
    assert report.scores[0].pixels == int((truth > 0).sum()) - 200
    given = seen[0].depth > 0
    assert np.allclose(seen[0].depth[given] * 2.0, truth[given])  # fx 80 over canonical 40: two metres per unit


def test_requests_are_reproducible_and_checked(drive_folder: Path) -> None:
    drive = open_drive(drive_folder)
    assert split_mix(np.array([0], np.uint64))[0] == 0xE220A8397B1DCDAF  # the published first output for seed 0
    first, again, other = (SparseRequest.parse("50", seed).points(drive, 1) for seed in (1, 1, 2))
    assert np.array_equal(first, again, equal_nan=True) and not np.array_equal(first, other, equal_nan=True)
    assert int((first > 0).sum()) == 50
    beams = SparseRequest.parse("beams:4").points(drive, 0)
    assert 0 < len(np.unique(np.nonzero(beams > 0)[0])) <= 16
    for text in ("0", "beams:", "lines:3", "-4", "beams:65", "x"):
        with pytest.raises(ValueError, match="--sparse"):
            SparseRequest.parse(text)


def test_completion_needs_its_network_and_less_than_50_points_change_nothing() -> None:
    torch.manual_seed(0)
    network, image = RPrLite().eval(), np.random.default_rng(0).random((1, 3, 64, 96), dtype=np.float32)
    depth = np.zeros((64, 96), np.float32)
    depth[::4, ::4] = 5
    with pytest.raises(ValueError, match="no completion network"):
        network_predictor(network)(image, Points(depth, 384))
    predict = network_predictor(network, lively_san())
    plain = predict(image)[0]
    assert np.array_equal(predict(image, Points(depth, 49))[0], plain)
    assert not np.array_equal(predict(image, Points(depth, 50))[0], plain)


def test_plain_onnx_files_say_what_they_are(tmp_path: Path) -> None:
    model = open_model(onnx=tiny_onnx(tmp_path / "a.onnx", canonical_fx_px="50", max_depth_m="60"))
    assert (model.recipe.max_depth_m, model.recipe.canonical_fx_px) == (60.0, 50.0)
    image = np.random.default_rng(0).random((1, 3, 64, 96), dtype=np.float32)
    assert model.predict(image)[0].shape == (64, 96)
    assert model.sizes == PLAIN_SIZES
    assert open_model(onnx=tiny_onnx(tmp_path / "s.onnx", "metric_depth")).recipe.max_depth_m == 100.0  # a sigmoid is disparity
    depth = open_model(onnx=tiny_onnx(tmp_path / "b.onnx", "y", output="depth"))
    assert np.allclose(1 / depth.predict(image)[0], model.predict(image)[0], rtol=1e-6)
    for metadata, output, message in (({"output": "height"}, "y", "depthd.output"), ({"normalisation_mean": "0.1,0.2,0.3"}, "disparity", "equal"),
                                      ({"min_depth_m": "near"}, "disparity", "metadata cannot be read")):
        with pytest.raises(ModelError, match=message):
            open_model(onnx=tiny_onnx(tmp_path / "c.onnx", output, **metadata))
    with pytest.raises(ModelError, match="no checkpoint"):
        open_model()


def test_command_writes_tables_pictures_and_json(drive_folder: Path, tmp_path: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", "--onnx", str(tiny_onnx(tmp_path / "a.onnx")), "--drive", str(drive_folder),
                                      "--drive", str(drive_folder), "--ranges", "--csv", str(tmp_path / "rows.csv"),
                                      "--pictures", str(tmp_path / "pictures"), "--protocol", "kitti-eigen", "--flip", "--json"])
    evaluate.main()
    result = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert result["frames"] == 8 and result["protocol"] == "kitti-eigen" and result["crop"] == "garg"
    rows = list(csv.DictReader((tmp_path / "rows.csv").open()))
    mean = np.mean([float(row["median_scaled.abs_rel"]) for row in rows])
    assert len(rows) == 8 and mean == pytest.approx(result["median_scaled"]["abs_rel"], abs=1e-6)
    assert sum(row["share"] for row in result["ranges"].values()) == pytest.approx(1.0)
    picture = cv2.imread(str(tmp_path / "pictures" / "tiny" / "000002.png"))
    assert picture.shape == (2 * (64 + 18), 2 * 96, 3) and picture.std() > 10


@pytest.mark.parametrize(("options", "message"), [
    (["--drive", "nowhere"], "nowhere"), (["--protocol", "kitti"], "unknown protocol"), (["--sparse", "many"], "--sparse 'many'"),
    (["--sigma"], "publishes no log_sigma"), (["--sparse", "60"], "cannot use range points"), (["--cap", "0.5"], "no frame has"),
    (["--size", "100x64"], "multiples of 32")])
def test_command_explains_what_is_wrong(drive_folder: Path, tmp_path: Path, monkeypatch, capsys, options, message) -> None:
    monkeypatch.setattr(sys, "argv", ["evaluate", "--onnx", str(tiny_onnx(tmp_path / "a.onnx")), "--drive", str(drive_folder),
                                      *options])
    with pytest.raises(SystemExit) as stopped:
        evaluate.main()
    assert message in f"{stopped.value.code} {capsys.readouterr().err}"
