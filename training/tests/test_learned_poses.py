"""Learned poses: the odometer that gives them a length, and the warm-up that spares depth."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from depthtrain.config import Photometric, Velocity
from depthtrain.data.odometry import Odometry
from depthtrain.geometry import disparity_to_depth
from depthtrain.methods.motion import source_views
from depthtrain.train import train
from one_batch import NOTHING, batch_of, fit, moved, objective


def test_odometer_distance_follows_the_camera_not_the_turning_centre() -> None:
    """On a circle of radius v / w a camera p ahead runs on radius sqrt((v / w)^2 + p^2); the chord is 2 r sin(angle / 2)."""
    times = np.arange(0, 2.001, 0.02)
    odometry = Odometry(times, np.full_like(times, 0.3), np.full_like(times, 0.5))
    radius = np.hypot(0.3 / 0.5, 0.3)
    assert odometry.distance_m(0.3, 1.3, forward_m=0.3) == pytest.approx(2 * radius * np.sin(0.25), rel=1e-4)
    assert odometry.distance_m(1.3, 0.3) == pytest.approx(2 * 0.6 * np.sin(0.25), rel=1e-4)
    left = 2 * (0.6 - 0.2) * np.sin(0.25)
    assert odometry.distance_m(0.3, 1.3, left_m=0.2) == pytest.approx(left, rel=1e-4)
    assert np.isnan(odometry.distance_m(1.5, 2.5)) and np.isnan(odometry.distance_m(0.5, float("nan")))


def test_velocity_overfits_one_batch() -> None:
    """The pose network's translations become as long as each pair's measured distance."""
    batch, _ = batch_of(photometric=True)
    batch.pose_known[:] = False
    batch.distance_m[:] = torch.tensor([[0.3, 0.2], [0.5, 0.4]])
    learner, history, depth = fit(batch, dataclasses.replace(NOTHING, velocity=1.0), 150)
    assert history[0] > 0.3
    with torch.no_grad():
        views = source_views(batch, depth, learner.train().networks["pose"], learner.recipe.model)
    assert torch.allclose(views.translation_m.norm(dim=2), batch.distance_m, atol=0.03)


def test_velocity_weight_rises_over_the_ramp_and_short_pairs_are_left_out() -> None:
    batch, _ = batch_of(photometric=True)
    batch.pose_known[:] = False
    batch.distance_m[:] = torch.tensor([[0.25, 0.01], [0.25, float("nan")]])
    learner = objective(dataclasses.replace(NOTHING, velocity=1.0), velocity=Velocity(ramp_steps=10))
    early, late = float(learner.eval()(batch, 0)["velocity"]), float(learner(batch, 9)["velocity"])
    assert early == pytest.approx(late / 10, rel=1e-4) and abs(late - 0.25) < 0.1
    batch.distance_m[:] = 0.01
    assert "velocity" not in learner(batch, 9)


def test_while_poses_warm_up_images_and_odometer_move_the_pose_network_alone() -> None:
    batch, depth = batch_of(photometric=True)
    batch.pose_known[:] = False
    batch.distance_m[:] = 0.25
    weights = dataclasses.replace(NOTHING, photometric=1.0, smoothness=0.1, velocity=0.05)
    learner = objective(weights, photometric=Photometric(pose_warmup_steps=5))
    assert moved(learner, batch, 4) == {"depth": False, "pose": True}
    assert moved(learner, batch, 5) == {"depth": True, "pose": True}
    known = dataclasses.replace(batch, depth=depth, weight=torch.ones_like(depth))
    learner = objective(dataclasses.replace(weights, log_l1=1.0), photometric=Photometric(pose_warmup_steps=5))
    assert moved(learner, known, 0) == {"depth": True, "pose": True}  # known depth teaches from the first step on


def test_a_pose_warm_up_spares_a_good_depth_network() -> None:
    """Depth that fits, poses that are noise: after as many steps of the depth network, the warmed-up run is nearer the truth."""
    batch, depth = batch_of(photometric=True)
    batch = dataclasses.replace(batch, depth=depth, weight=torch.ones_like(depth), pose_known=torch.zeros(2, 2, dtype=torch.bool),
                                distance_m=torch.full((2, 2), 0.25))
    taught = fit(dataclasses.replace(batch, photo_index=torch.zeros(0, dtype=torch.long)),
                  dataclasses.replace(NOTHING, log_l1=1.0), 80)[0].networks["depth"].state_dict()
    errors = []
    for warmup in (0, 60):
        learner = objective(dataclasses.replace(NOTHING, photometric=1.0, velocity=0.05),
                            photometric=Photometric(pose_warmup_steps=warmup, automask=False))
        learner.networks["depth"].load_state_dict(taught)
        optimiser = torch.optim.Adam(learner.parameters(), lr=1e-3)
        for number in range(warmup + 20):
            optimiser.zero_grad()
            sum(learner.train()(batch, number).values()).backward()
            optimiser.step()
        with torch.no_grad():
            learned = disparity_to_depth(learner.train().networks["depth"](batch.image)["disparity"], 0.1, 100.0)
        errors.append(float((learned.log() - depth.log()).abs().mean()))
    assert errors[1] < 0.7 * errors[0]
