"""Anchoring: what is left wrong at range points is taken out around them, as its NumPy twin has it cell by cell."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from depthtrain.completion_anchor import anchored
from depthtrain.data.sparsity import thin
from depthtrain.geometry import disparity_to_depth
from depthtrain.networks.anchoring import anchor

LIMITS = (0.1, 100.0)


def disparity_of(depth: np.ndarray) -> np.ndarray:
    return ((1 / depth - 0.01) / (10 - 0.01)).astype(np.float32)


def some_points(depth: np.ndarray, count: int, seed: int = 1) -> np.ndarray:
    chosen, points = np.random.default_rng(seed).choice(depth.size, count, replace=False), np.zeros(depth.shape, np.float32)
    points.ravel()[chosen] = depth.ravel()[chosen]
    return thin(points)


def run(predicted: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Depth predicted (H, W), held to the points, as depth."""
    disparity, sparse = (torch.from_numpy(np.ascontiguousarray(x, np.float32))[None, None] for x in
                         (disparity_of(predicted), points))
    return disparity_to_depth(anchor(disparity, sparse, *LIMITS)[0, 0].numpy(), *LIMITS)


def room() -> np.ndarray:
    """A wall 6 m away with a box at 3 m before it."""
    depth = np.full((64, 96), 6.0)
    depth[20:50, 30:60] = 3.0
    return depth


@pytest.mark.parametrize("count", [1, 60, 900, 6144])
def test_the_numpy_twin_agrees(count: int) -> None:
    rng = np.random.default_rng(count)
    disparity = rng.uniform(0.01, 0.9, (64, 96)).astype(np.float32)
    points = some_points(rng.uniform(0.05, 200.0, (64, 96)), count)
    found = anchor(torch.from_numpy(disparity)[None, None], torch.from_numpy(points)[None, None], *LIMITS)[0, 0].numpy()
    assert np.abs(found - anchored(disparity, points, *LIMITS)).max() < 2e-5


def test_a_wrong_scale_is_right_after_one_point() -> None:
    """Where the whole picture is off by one factor, one point is enough."""
    assert np.allclose(run(1.5 * room(), some_points(room(), 1)), room(), rtol=2e-4)


def test_an_error_stays_on_its_side_of_an_edge() -> None:
    """The box is predicted too far, the wall is right: points on both keep either from spoiling the other."""
    predicted = np.where(room() < 4, 3.9, room())
    wrong = np.abs(run(predicted, some_points(room(), 200)) / room() - 1)
    assert wrong.mean() < 0.01 and wrong[30:40, 40:50].max() < 0.02


def test_points_are_met_and_more_of_them_help() -> None:
    rng = np.random.default_rng(0)
    truth = 4 + np.sin(np.arange(96) / 15)[None] + np.cos(np.arange(64) / 10)[:, None]
    predicted = 5 * np.exp(0.1 * rng.standard_normal((16, 24)).repeat(4, 0).repeat(4, 1))
    errors = [np.abs(run(predicted, some_points(truth, count)) / truth - 1).mean() for count in (1, 20, 100, 400)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.25 * errors[0]


def test_a_picture_without_points_is_left_alone_beside_one_with_points() -> None:
    disparity = torch.rand(2, 1, 32, 64) * 0.5 + 0.1
    points = torch.zeros(2, 1, 32, 64)
    points[1, 0, 5, 7] = 4.0
    found = anchor(disparity, points, *LIMITS)
    assert torch.equal(found[0], disparity[0]) and not torch.equal(found[1], disparity[1])


def test_gradients_reach_what_lies_between_the_points() -> None:
    disparity = (torch.rand(1, 1, 64, 64) * 0.5 + 0.1).requires_grad_()
    points = torch.from_numpy(some_points(np.full((64, 64), 5.0), 100))[None, None]
    anchor(disparity, points, *LIMITS).log().sum().backward()
    assert torch.isfinite(disparity.grad).all() and float((disparity.grad != 0).float().mean()) > 0.9
