"""Random range points: densities, sensors, thinning and projection."""

from __future__ import annotations

import numpy as np
import pytest

from depthtrain.data.sparsity import project, random_points, thin


def test_thinning_keeps_the_nearest_point_of_each_cell() -> None:
    depth = np.zeros((8, 8), np.float32)
    depth[0, 0], depth[3, 3], depth[1, 5], depth[1, 6], depth[7, 0] = 5, 2, 4, 4, 9
    kept = thin(depth)
    assert {tuple(at): float(kept[tuple(at)]) for at in np.argwhere(kept > 0)} == {(3, 3): 2, (1, 5): 4, (7, 0): 9}
    with pytest.raises(ValueError, match="cells of 4"):
        thin(np.zeros((8, 9), np.float32))


def test_projection_moves_points_without_mixing_them() -> None:
    points = np.full((10, 20), np.nan, np.float32)
    points[9, 19], points[8, 18], points[0, 1] = 7, 3, 5
    out = project(points, (5, 10))
    assert out[4, 9] == 3 and out[0, 0] == 5 and np.count_nonzero(out) == 2
    assert np.count_nonzero(project(points, (40, 80))) == 3


def test_draws_cover_none_few_and_many_points() -> None:
    rng = np.random.default_rng(0)
    depth = np.tile(np.linspace(2, 40, 416, dtype=np.float32), (128, 1))
    known, grey = rng.random(depth.shape) < 0.9, rng.random(depth.shape).astype(np.float32)
    draws = [random_points(depth, known, grey, rng) for _ in range(120)]
    counts = np.array([draw.count for draw in draws])
    assert 0.12 < np.mean(counts == 0) < 0.4 and np.mean(counts > 3000) > 0.1
    assert np.mean((counts > 0) & (counts < 300)) > 0.1
    for draw in draws:
        assert np.count_nonzero(draw.depth) <= min(draw.count, 104 * 32) and np.isfinite(draw.depth).all()
        picked = draw.depth > 0
        error = np.abs(np.log(draw.depth[picked] / depth[picked]))
        assert draw.count < 40 or np.median(error) < 0.03  # noise, a shift and outliers, but no nonsense
    halves = [draw.depth[:, :208].any() != draw.depth[:, 208:].any() for draw in draws if draw.count > 30]
    assert 0 < np.mean(halves) < 0.4


def test_frames_without_truth_give_no_points() -> None:
    rng, depth = np.random.default_rng(1), np.zeros((64, 96), np.float32)
    for _ in range(20):
        assert random_points(depth, depth > 0, depth, rng).count == 0
