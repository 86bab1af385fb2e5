"""How much of sigma points leave: the rule against hand-made scenes, and through evaluation."""

from __future__ import annotations

import numpy as np
import pytest

from depthtrain.config import ModelRecipe
from depthtrain.point_reach import LEAST_SHARE, REACH_PX, STEP_PX, share, sigma_share, ways
from depthtrain.prediction import Prediction


def _points(*pixels: tuple[int, int], shape: tuple[int, int] = (32, 64)) -> np.ndarray:
    points = np.zeros(shape, bool)
    for row, column in pixels:
        points[row, column] = True
    return points


def test_on_a_plane_the_way_is_the_distance_in_eight_directions() -> None:
    way = ways(np.full((32, 64), 5.0), _points((1, 2)))
    row, column = np.mgrid[:8, :16]
    slanted = np.minimum(row, column)
    assert way == pytest.approx(4 * (np.maximum(row, column) - slanted + np.sqrt(2) * slanted))


def test_a_step_of_depth_lengthens_the_way_and_a_detour_is_taken() -> None:
    depth = np.full((32, 64), 5.0)
    depth[:16, 32:36] = 5 * np.e
    way = ways(depth, _points((2, 20)))
    # Straight through the wall, in and out again, would cost two steps; around its lower end is shorter.
    assert way[0, 8] == pytest.approx(12 + STEP_PX)
    assert way[0, 10] < STEP_PX and way[7, 15] < STEP_PX


def test_the_share_grows_from_its_least_to_one() -> None:
    found = share(np.array([0.0, REACH_PX, 1e6, np.inf]))
    assert found == pytest.approx([LEAST_SHARE, 1 - (1 - LEAST_SHARE) / np.e, 1, 1])


def test_a_prediction_without_points_keeps_its_sigma_and_a_completed_one_loses_some_near_them() -> None:
    model = ModelRecipe()
    disparity = np.full((32, 64), 0.01, np.float32)
    assert (Prediction(disparity, None, 1.0).sigma_share_at(model, (128, 64)) == 1).all()
    points = np.where(_points((1, 2)), 9.0, 0).astype(np.float32)
    found = Prediction(disparity, None, 1.0, points).sigma_share_at(model, (128, 64))
    assert found.shape == (64, 128) and found[2, 2] == pytest.approx(LEAST_SHARE)
    assert found[2, 120] > 0.6 and (np.diff(found[2]) >= -1e-6).all()
    assert sigma_share(disparity, points, model.min_depth_m, model.max_depth_m).shape == (32, 64)
