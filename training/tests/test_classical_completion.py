"""Completion without learning: what it must do on pictures whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from depthtrain.classical_completion import morphological_fill, nearest_point

METHODS = (morphological_fill, nearest_point)


def sparse(depth: np.ndarray, share: float) -> np.ndarray:
    return np.where(np.random.default_rng(2).random(depth.shape) < share, depth, np.nan).astype(np.float32)


@pytest.mark.parametrize("fill", METHODS)
@pytest.mark.parametrize("share", [0.001, 0.05])
def test_a_wall_is_a_wall(fill, share: float) -> None:
    assert np.allclose(fill(sparse(np.full((120, 160), 7.0), share)), 7.0, atol=1e-4)


@pytest.mark.parametrize("fill", METHODS)
def test_more_points_help(fill) -> None:
    truth = 5 + 3 * np.sin(np.arange(160) / 30)[None] + np.arange(120)[:, None] / 60
    errors = [np.abs(fill(sparse(truth, share)) - truth).mean() for share in (0.002, 0.02, 0.2)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.1


@pytest.mark.parametrize("fill", METHODS)
def test_nothing_comes_of_nothing(fill) -> None:
    assert np.isnan(fill(np.full((40, 60), np.nan, np.float32))).all()


def test_the_nearest_of_two_wins_where_dilation_lets_them_meet() -> None:
    points = np.full((40, 60), np.nan, np.float32)
    points[20, 29], points[20, 31] = 3.0, 9.0
    assert morphological_fill(points)[20, 30] == pytest.approx(3.0, abs=0.5)
    assert nearest_point(points)[20, 45] == 9.0
