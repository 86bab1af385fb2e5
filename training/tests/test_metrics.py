"""The evaluation protocol against hand-computed values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from depthtrain.config import ModelRecipe
from depthtrain.data.drive import DriveError, open_drive
from depthtrain.evaluate import evaluate_drive, nearest_size
from depthtrain.metrics import errors, range_table, score_frame, summarise, valid_mask


def test_errors_by_hand() -> None:
    result = errors(np.array([2.0, 3.0]), np.array([1.0, 4.0]))
    assert result["abs_rel"] == pytest.approx((1 / 1 + 1 / 4) / 2)
    assert result["sq_rel"] == pytest.approx((1 / 1 + 1 / 4) / 2)
    assert result["rmse"] == pytest.approx(1.0)
    assert result["rmse_log"] == pytest.approx(np.sqrt((np.log(2) ** 2 + np.log(0.75) ** 2) / 2))
    assert (result["d1"], result["d2"], result["d3"]) == (0.0, 0.5, 0.5)


def test_garg_crop_is_the_published_rectangle() -> None:
    mask = valid_mask(np.ones((375, 1242), np.float32), 80.0, "garg")
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    assert (rows[0], rows[-1] + 1, columns[0], columns[-1] + 1) == (153, 371, 44, 1197)


def test_median_scaling_removes_scale_before_clamping() -> None:
    truth = np.linspace(1, 79, 100, dtype=np.float32).reshape(10, 10)
    score = score_frame(truth * 2, truth)
    assert score.median_scaled["abs_rel"] == pytest.approx(0, abs=1e-6)
    assert score.log_scale == pytest.approx(np.log(0.5), abs=1e-6)
    clamped = np.minimum(truth * 2, 80)
    assert score.unscaled["abs_rel"] == pytest.approx(np.mean(np.abs(clamped - truth) / truth), rel=1e-5)


def test_cap_and_unknown_truth_are_left_out() -> None:
    truth = np.array([[np.nan, 0.0, 5.0, 90.0]], np.float32)
    assert valid_mask(truth, 80.0, "none").tolist() == [[False, False, True, False]]
    assert score_frame(np.ones_like(truth), np.full_like(truth, np.nan)) is None
    with pytest.raises(ValueError, match="no frame"):
        summarise([])


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
    table = range_table([(np.array([2.0, 12.0]), np.array([1.0, 10.0])), (np.array([30.0]), np.array([40.0]))])
    assert set(table) == {"0-5 m", "10-20 m", "40-80 m"}
    assert table["0-5 m"]["abs_rel"] == pytest.approx(1.0) and table["10-20 m"]["abs_rel"] == pytest.approx(0.2)
    assert table["40-80 m"]["share"] == pytest.approx(1 / 3)


def test_nearest_size_by_aspect() -> None:
    assert nearest_size(1242, 375) == (416, 128)
    assert nearest_size(640, 480) == (256, 192)
    assert nearest_size(640, 360) == (320, 192)
