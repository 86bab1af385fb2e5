"""Random range points: densities, sensors, thinning and projection."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from depthtrain.data.sparsity import nearest_known, project, random_points, seen_by_camera, thin
from depthtrain.networks.san import thinned


def test_thinning_keeps_the_nearest_point_of_each_cell() -> None:
    depth = np.zeros((8, 8), np.float32)
    depth[0, 0], depth[3, 3], depth[1, 5], depth[1, 6], depth[7, 0] = 5, 2, 4, 4, 9
    kept = thin(depth)
    assert {tuple(at): float(kept[tuple(at)]) for at in np.argwhere(kept > 0)} == {(3, 3): 2, (1, 5): 4, (7, 0): 9}
    with pytest.raises(ValueError, match="cells of 4"):
        thin(np.zeros((8, 9), np.float32))


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
def test_the_network_thins_alike(share: float) -> None:
    rng = np.random.default_rng(3)
    points = np.where(rng.random((2, 32, 64)) < share, rng.integers(1, 9, (2, 32, 64)), 0).astype(np.float32)  # many equals
    assert np.array_equal(thinned(torch.from_numpy(points)[:, None])[:, 0].numpy(), np.stack([thin(item) for item in points]))


@pytest.mark.parametrize("count", [1, 5, 200, 40 * 60])
def test_nearest_points_are_the_nearest(count: int) -> None:
    is_known = np.zeros((40, 60), bool)
    is_known.ravel()[np.random.default_rng(count).choice(is_known.size, count, replace=False)] = True
    rows, columns = np.nonzero(is_known)
    place, squared = nearest_known(is_known)
    for row in range(40):
        for column in range(60):
            distances = (rows - row) ** 2 + (columns - column) ** 2
            best = np.lexsort((rows, columns, distances))[0]
            assert (place[row, column], squared[row, column]) == (rows[best] * 60 + columns[best], distances[best])


def test_what_the_camera_cannot_see_is_left_out() -> None:
    """A fence 5 m away, a wall 20 m away behind it, beside it, and just below it."""
    points = np.zeros((32, 64), np.float32)
    points[14, 10:40:4] = 5
    points[13, 24] = points[21, 24] = points[14, 46] = points[17, 23] = 20
    seen = seen_by_camera(points)
    assert (seen[14, 10:40:4] == 5).all() and seen[21, 24] == seen[14, 46] == 20
    assert seen[13, 24] == 0 and seen[17, 23] == 0
    assert np.count_nonzero(seen) == 10 and np.array_equal(seen_by_camera(seen), seen)


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
        assert np.count_nonzero(draw.depth) == draw.count and np.isfinite(draw.depth).all()
        picked = draw.depth > 0
        error = np.abs(np.log(draw.depth[picked] / depth[picked]))
        assert draw.count < 40 or np.median(error) < 0.03  # noise, a shift and outliers, but no nonsense
    halves = [draw.depth[:, :208].any() != draw.depth[:, 208:].any() for draw in draws if draw.count > 30]
    assert 0 < np.mean(halves) < 0.4


def test_frames_without_truth_give_no_points() -> None:
    rng, depth = np.random.default_rng(1), np.zeros((64, 96), np.float32)
    for _ in range(20):
        assert random_points(depth, depth > 0, depth, rng).count == 0
