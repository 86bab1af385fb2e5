"""Reprojected distance: few range points, judged in the neighbouring image."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import torch

from depthtrain import losses
from one_batch import NOTHING, batch_of, fit, moved, objective, random_maps


def _projected(depth: float, u: float, v: float, K: tuple, T: np.ndarray) -> np.ndarray:
    point = T[:3, :3] @ (np.array([(u - K[2]) / K[0], (v - K[3]) / K[1], 1.0]) * depth) + T[:3, 3]
    return np.array([K[0] * point[0] / point[2] + K[2], K[1] * point[1] / point[2] + K[3]])


def test_reprojected_distance_matches_points_one_by_one() -> None:
    predicted, measured = 3 + 4 * random_maps(1, 1, 3, 4), 3 + 4 * random_maps(1, 1, 3, 4, seed=1)
    weight = (random_maps(1, 1, 3, 4, seed=2) > 0.4).float()
    K = (20.0, 22.0, 1.5, 1.0)
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = cv2.Rodrigues(np.array([0.02, -0.1, 0.05]))[0], (0.4, -0.1, 0.3)
    total = 0.0
    for row, column in zip(*np.nonzero(weight[0, 0].numpy())):
        away = np.linalg.norm(_projected(float(predicted[0, 0, row, column]), column, row, K, T)
                              - _projected(float(measured[0, 0, row, column]), column, row, K, T))
        total += away ** 2 / 2 if away <= 1 else away - 0.5
    found = losses.reprojected_distance(predicted, measured, weight, torch.from_numpy(T).float()[None], torch.tensor([K]), 1.0)
    assert found == pytest.approx(total / float(weight.sum()), rel=1e-3)


def test_reprojected_distance_is_silent_without_error_and_without_parallax() -> None:
    depth, K, T = 3 + 4 * random_maps(1, 1, 3, 4), torch.tensor([[20.0, 22.0, 1.5, 1.0]]), torch.eye(4)[None].clone()
    predicted = (depth * 1.2).requires_grad_()
    everywhere = torch.ones_like(depth)
    losses.reprojected_distance(predicted, depth, everywhere, T, K, 1.0).backward()
    assert predicted.grad.abs().max() < 1e-5  # no motion, nothing to see
    T[0, 0, 3] = 0.5
    assert losses.reprojected_distance(depth, depth, everywhere, T, K, 1.0) < 1e-6
    assert losses.reprojected_distance(predicted, depth, everywhere, T, K, 1.0) > 0.05


def test_reprojected_distance_overfits_one_batch() -> None:
    batch, depth = batch_of(photometric=True)
    batch = dataclasses.replace(batch, depth=depth, weight=torch.ones_like(depth))
    _, _, learned = fit(batch, dataclasses.replace(NOTHING, reprojected=1.0), 100)
    assert float(((learned - depth).abs() / depth).mean()) < 0.1


def test_reprojected_distance_works_with_learned_poses_and_leaves_parked_pairs_out() -> None:
    """A pose network starts at almost no motion; the odometer, not it, says whether the pair moved."""
    batch, depth = batch_of(photometric=True)
    batch = dataclasses.replace(batch, depth=depth, weight=torch.ones_like(depth), pose_known=torch.zeros(2, 2, dtype=torch.bool))
    learner = objective(dataclasses.replace(NOTHING, reprojected=1.0, photometric=1.0)).eval()
    batch.distance_m[:] = 0.5
    assert "reprojected" in learner(batch)
    batch.distance_m[:] = 0.1
    assert "reprojected" not in learner(batch)
