"""Anchoring: each pixel with a point has its depth, the others what their points and the prediction's shape say."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from depthtrain.classical_completion import morphological_fill, nearest_point
from depthtrain.completion_anchor import anchored
from depthtrain.geometry import disparity_to_depth
from depthtrain.networks.anchoring import anchor

LIMITS = (0.1, 100.0)


def disparity_of(depth: np.ndarray) -> np.ndarray:
    return ((1 / depth - 0.01) / (10 - 0.01)).astype(np.float32)


def some_points(depth: np.ndarray, count: int, seed: int = 1) -> np.ndarray:
    chosen, points = np.random.default_rng(seed).choice(depth.size, count, replace=False), np.zeros(depth.shape, np.float32)
    points.ravel()[chosen] = depth.ravel()[chosen]
    return points


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


def hills() -> np.ndarray:
    return 4 + np.sin(np.arange(96) / 15)[None] + np.cos(np.arange(64) / 10)[:, None]


def furnished() -> np.ndarray:
    return np.where(room() < 4, 0.6, 1.0) * hills()


def error(depth: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(depth / truth - 1).mean())


@pytest.mark.parametrize("count", [1, 2, 60, 900, 6144])
def test_the_numpy_twin_agrees(count: int) -> None:
    rng = np.random.default_rng(count)
    disparity = rng.uniform(0.01, 0.9, (64, 96)).astype(np.float32)
    points = some_points(rng.uniform(0.05, 200.0, (64, 96)), count)
    found = anchor(torch.from_numpy(disparity)[None, None], torch.from_numpy(points)[None, None], *LIMITS)[0, 0].numpy()
    assert np.abs(found - anchored(disparity, points, *LIMITS)).max() < 2e-5


@pytest.mark.parametrize("count", [1, 300, 6144])
def test_every_point_is_met(count: int) -> None:
    points = some_points(hills(), count)
    held = run(1.4 * np.exp(0.2 * np.random.default_rng(0).standard_normal((64, 96))) * hills(), points)
    assert np.allclose(held[points > 0], points[points > 0], rtol=1e-4)


@pytest.mark.parametrize("count", [1, 60])
def test_a_wrong_scale_is_right_after_one_point(count: int) -> None:
    """Where the picture is right but for one factor, one point is enough; with sixty the shape is still believed."""
    assert error(run(1.5 * hills(), some_points(hills(), count)), hills()) < 0.004


def test_a_prediction_that_knows_nothing_does_no_harm() -> None:
    """Hills that are not there are predicted in a room, as many as there are points: what the points say alone is as good."""
    lies = 5 * np.exp(0.3 * np.random.default_rng(2).standard_normal((16, 24)).repeat(4, 0).repeat(4, 1))
    points = some_points(room(), 600)
    alone = run(np.full_like(room(), 5.0), points)
    assert error(run(lies, points), room()) < 1.3 * error(alone, room()) + 0.002


def test_an_error_stays_on_its_side_of_an_edge() -> None:
    """The box is predicted too far, the wall is right: points on both keep either from spoiling the other."""
    predicted = np.where(room() < 4, 3.9, room())
    wrong = np.abs(run(predicted, some_points(room(), 200)) / room() - 1)
    assert wrong.mean() < 0.02 and wrong[30:40, 40:50].max() < 0.02


@pytest.mark.parametrize("scene", [furnished, hills])
@pytest.mark.parametrize("count", [60, 300, 1500])
def test_it_beats_what_needs_no_prediction(scene, count: int) -> None:
    truth = scene()
    points = some_points(truth, count)
    given = np.where(points > 0, points, np.nan)
    bumps = cv2.resize(0.15 * np.random.default_rng(4).standard_normal((4, 6)), (96, 64), interpolation=cv2.INTER_CUBIC)
    predicted = 1.3 * np.exp(bumps) * cv2.GaussianBlur(truth, (0, 0), 1.5) ** 0.7
    best = min(error(fill(given), truth) for fill in (morphological_fill, nearest_point))
    assert error(run(predicted, points), truth) < best


def test_more_points_help() -> None:
    predicted = 5 * np.exp(0.1 * np.random.default_rng(0).standard_normal((16, 24)).repeat(4, 0).repeat(4, 1))
    errors = [error(run(predicted, some_points(hills(), count)), hills()) for count in (1, 20, 100, 400, 3000)]
    assert errors == sorted(errors, reverse=True) and errors[-1] < 0.02 * errors[0]


def test_a_picture_without_points_is_left_alone_beside_one_with_points() -> None:
    disparity = torch.rand(2, 1, 32, 64) * 0.5 + 0.1
    points = torch.zeros(2, 1, 32, 64)
    points[1, 0, 5, 7] = 4.0
    found = anchor(disparity, points, *LIMITS)
    assert torch.equal(found[0], disparity[0]) and not torch.equal(found[1], disparity[1])


def test_gradients_reach_what_lies_between_the_points() -> None:
    predicted = 1.2 * np.exp(0.05 * np.random.default_rng(0).standard_normal((64, 64))) * hills()[:, :64]
    disparity = torch.from_numpy(disparity_of(predicted))[None, None].requires_grad_()
    points = torch.from_numpy(some_points(hills()[:, :64], 100))[None, None]
    anchor(disparity, points, *LIMITS).log().sum().backward()
    assert torch.isfinite(disparity.grad).all() and float((disparity.grad != 0).float().mean()) > 0.9
