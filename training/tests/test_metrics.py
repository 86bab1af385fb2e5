"""The evaluation protocol against hand-computed values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from depthtrain.config import ModelRecipe
from depthtrain.data.drive import DriveError, open_drive
from depthtrain.evaluate import evaluate_drive, nearest_size
from depthtrain.metrics import RangeTable, d1_all, errors, score_frame, summarise
from depthtrain.protocols import PROTOCOLS, Protocol, protocol_named


def test_errors_by_hand() -> None:
    result = errors(np.array([2.0, 3.0]), np.array([1.0, 4.0]))
    assert result["abs_rel"] == pytest.approx((1 / 1 + 1 / 4) / 2)
    assert result["sq_rel"] == pytest.approx((1 / 1 + 1 / 4) / 2)
    assert result["rmse"] == pytest.approx(1.0)
    assert result["rmse_log"] == pytest.approx(np.sqrt((np.log(2) ** 2 + np.log(0.75) ** 2) / 2))
    assert (result["d1"], result["d2"], result["d3"]) == (0.0, 0.5, 0.5)


@pytest.mark.parametrize(("crop", "size", "rows", "columns"), [
    ("garg", (375, 1242), (153, 371), (44, 1197)), ("eigen", (375, 1242), (124, 342), (44, 1197)),
    ("nyu", (480, 640), (45, 471), (41, 601)), ("none", (5, 7), (0, 5), (0, 7))])
def test_crops_are_the_published_rectangles(crop, size, rows, columns) -> None:
    mask = Protocol("x", crop).mask(np.ones(size, np.float32))
    at = np.argwhere(mask)
    assert (*at.min(0), *(at.max(0) + 1)) == (rows[0], columns[0], rows[1], columns[1])
    assert crop != "nyu" or int(mask.sum()) == 426 * 560


def test_protocols_are_the_published_ones() -> None:
    """One row of truth at 0.5 mm, 5, 60, 75, 90, 150, 250 m: which of them each protocol counts."""
    truth = np.array([[0.0005, 5, 60, 75, 90, 150, 250]], np.float32)
    counted = {"plain": [5, 60, 75], "kitti-improved": [5, 60, 75, 90, 150, 250], "make3d": [5, 60],
               "ddad": [5, 60, 75, 90, 150], "kitti-2015": [5, 60, 75]}
    for name, expected in counted.items():
        assert truth[0][protocol_named(name).mask(truth)[0]].tolist() == expected, name
    assert (PROTOCOLS["nyuv2"].crop, PROTOCOLS["nyuv2"].cap_m) == ("nyu", 10.0)
    assert (PROTOCOLS["kitti-eigen"].crop, PROTOCOLS["kitti-eigen"].cap_m) == ("garg", 80.0)
    assert {name for name, protocol in PROTOCOLS.items() if protocol.flip} == {
        "kitti-eigen", "kitti-eigen-50", "kitti-eigen-crop", "kitti-improved"}
    with pytest.raises(ValueError, match="unknown protocol 'kitti'"):
        protocol_named("kitti")
    with pytest.raises(ValueError, match="unknown crop"):
        Protocol("x", "round").mask(truth)


def test_disparity_outliers_by_hand() -> None:
    """Off by 4 px of 100 (4 %: fine), by 4 px of 50 (8 %: wrong), by 2 px of 10 (below 3 px: fine), by 10 of 20 (wrong)."""
    assert d1_all(np.array([104.0, 46.0, 12.0, 10.0]), np.array([100.0, 50.0, 10.0, 20.0])) == 0.5
    truth = np.array([[384.0 / 100, 384.0 / 50]], np.float32)
    score = score_frame(np.array([[384.0 / 104, 384.0 / 46]], np.float32), truth, PROTOCOLS["kitti-2015"], disparity_factor=384.0)
    assert score.unscaled["d1_all"] == 0.5
    assert "d1_all" not in score_frame(truth, truth, PROTOCOLS["kitti-2015"]).unscaled


def test_log10_and_silog_by_hand() -> None:
    result = errors(np.array([10.0, 1.0]), np.array([1.0, 1.0]))
    assert result["log10"] == pytest.approx(0.5)
    assert result["silog"] == pytest.approx(100 * np.log(10) / 2)


def test_median_scaling_removes_scale_before_clamping() -> None:
    truth = np.linspace(1, 79, 100, dtype=np.float32).reshape(10, 10)
    score = score_frame(truth * 2, truth)
    assert score.median_scaled["abs_rel"] == pytest.approx(0, abs=1e-6)
    assert score.log_scale == pytest.approx(np.log(0.5), abs=1e-6)
    clamped = np.minimum(truth * 2, 80)
    assert score.unscaled["abs_rel"] == pytest.approx(np.mean(np.abs(clamped - truth) / truth), rel=1e-5)


def test_cap_and_unknown_truth_are_left_out() -> None:
    truth = np.array([[np.nan, 0.0, 5.0, 90.0, np.inf]], np.float32)
    assert PROTOCOLS["plain"].mask(truth).tolist() == [[False, False, True, False, False]]
    assert score_frame(np.ones_like(truth), np.full_like(truth, np.nan)) is None
    assert score_frame(np.ones_like(truth), truth, excluded=np.ones(truth.shape, bool)) is None
    with pytest.raises(ValueError, match="no frame"):
        summarise([])


@pytest.mark.parametrize("bad", [np.nan, np.inf, 0.0, -1.0])
def test_predictions_that_mean_nothing_are_refused(bad: float) -> None:
    truth = np.full((2, 2), 5.0, np.float32)
    predicted = truth.copy()
    predicted[0, 1] = bad
    with pytest.raises(ValueError, match="1 of 4 scored pixels"):
        score_frame(predicted, truth)


def test_perfect_disparity_scores_zero(drive_folder: Path) -> None:
    """A predictor that returns the truth as disparity gives zero error, through resizing and the focal factor."""
    drive, model = open_drive(drive_folder), ModelRecipe(canonical_fx_px=160.0)
    truth = np.nan_to_num(drive.depth(0), nan=5.0)
    network_depth = truth * 160.0 / 80.0
    disparity = (1 / network_depth - 1 / model.max_depth_m) / (1 / model.min_depth_m - 1 / model.max_depth_m)
    predict = lambda image: (disparity.astype(np.float32), np.zeros_like(disparity, dtype=np.float32))
    result = evaluate_drive(predict, drive, model, (96, 64), indices=range(1))
    assert result["unscaled"]["abs_rel"] < 1e-4 and result["frames"] == 1


def test_evaluation_needs_truth(tmp_path: Path) -> None:
    from conftest import write_drive
    with pytest.raises(DriveError, match="depth"):
        evaluate_drive(lambda image: (image, image), open_drive(write_drive(tmp_path / "bare", with_depth=False)), ModelRecipe())


def test_range_table_splits_by_truth() -> None:
    table = RangeTable()
    table.add(np.array([2.0, 12.0]), np.array([1.0, 10.0]))
    table.add(np.array([30.0]), np.array([40.0]))
    rows = table.rows()
    assert set(rows) == {"0-5 m", "10-20 m", "40-80 m"}
    assert rows["0-5 m"]["abs_rel"] == pytest.approx(1.0) and rows["10-20 m"]["abs_rel"] == pytest.approx(0.2)
    assert rows["40-80 m"]["share"] == pytest.approx(1 / 3) and rows["40-80 m"]["bias"] == pytest.approx(-0.25)


def test_nearest_size_by_aspect() -> None:
    assert nearest_size(1242, 375) == (416, 128)
    assert nearest_size(640, 480) == (256, 192)
    assert nearest_size(640, 360) == (320, 192)
