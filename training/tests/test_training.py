"""Training works: one batch can be overfitted with each kind of supervision, and a run can be stopped and resumed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import write_drive
from depthtrain.checkpoint import read
from depthtrain.config import LossWeights, ModelRecipe, load_recipe
from depthtrain.data.batches import Sampler
from depthtrain.schedule import learning_rate, parameter_groups
from depthtrain.train import train
from one_batch import batch_of, fit, objective


@pytest.mark.parametrize("extra", [{}, {"silog": 0.1}, {"log_l1": 0.0, "berhu": 1.0}], ids=["log_l1", "silog", "berhu"])
def test_supervised_overfits_one_batch(extra: dict) -> None:
    batch, depth = batch_of(photometric=False)
    _, _, predicted = fit(batch, LossWeights(**extra), 80)
    assert float(((predicted - depth).abs() / depth).mean()) < 0.08


def test_photometric_overfits_one_batch() -> None:
    """Depth is learned from reprojection alone; the image borders, which leave the source, are not judged."""
    batch, depth = batch_of(photometric=True)
    _, history, predicted = fit(batch, LossWeights(), 150)
    inside = ((predicted - depth).abs() / depth)[..., 4:-4, 14:-14]
    assert float(inside.mean()) < 0.12 and min(history[-10:]) < 0.3 * history[0]


def test_learned_pose_gets_gradient_and_metric_scale() -> None:
    batch, _ = batch_of(photometric=True)
    batch.pose_known[:] = False
    batch.distance_m[:] = 0.25
    learner = objective(LossWeights())
    terms = learner(batch)
    assert "velocity" in terms
    sum(terms.values()).backward()
    assert learner.networks["pose"].head.weight.grad.abs().max() > 0


def test_diffnet_trains_with_the_same_losses() -> None:
    batch, _ = batch_of(photometric=False)
    learner = objective(LossWeights(), ModelRecipe("diffnet", mean=0.0, std=1.0))
    terms = learner.train()(batch)
    assert {"log_l1", "gradient", "disparity_4", "disparity_8", "sigma"} <= terms.keys()
    sum(terms.values()).backward()
    assert all(torch.isfinite(p.grad).all() for p in learner.parameters() if p.grad is not None)


RECIPE = """
name = "tiny"
calibration_share = 0.25
validation = ["{drive}"]
[model]
[optimisation]
steps = {steps}
threads = 1
warmup_steps = 1
freeze_statistics_step = 2
freeze_statistics_batches = 3
checkpoint_every_s = 0.0
[losses]
[augmentation]
[[groups]]
name = "only"
width = 96
height = 64
batch = 2
weight = 1.0
[[groups.sources]]
drive = "{drive}"
weight = 1.0
supervision = "both"
"""


def test_run_stops_and_resumes(tmp_path: Path) -> None:
    drive = write_drive(tmp_path / "tiny", frames=8)
    run = tmp_path / "run"
    for steps, resume in ((3, False), (5, True)):
        (tmp_path / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=steps))
        train(tmp_path / "recipe.toml", run, resume, accept_changes=resume)
        assert read(run / "checkpoint.pt")["step"] == steps
    assert len((run / "metrics.csv").read_text().splitlines()) == 3


def test_batches_carry_consistent_geometry(tmp_path: Path) -> None:
    """Truth in the network's unit times metres_per_unit is the stored depth, whatever the view."""
    drive = write_drive(tmp_path / "tiny", frames=8)
    recipe = RECIPE.format(drive=drive, steps=3).replace("[augmentation]", "[augmentation]\npaste = 0.0")
    (tmp_path / "recipe.toml").write_text(recipe)
    sampler = Sampler(load_recipe(tmp_path / "recipe.toml"), seed=3)
    for number in range(5):
        _, batch = sampler.draw(number)
        metres = (batch.depth * batch.metres_per_unit[:, None, None, None])[batch.weight > 0]
        assert 1.0 < metres.min() and metres.max() < 8.1
        assert batch.image.shape == (2, 3, 64, 96) and np.isfinite(batch.image.numpy()).all()
        assert (batch.depth[batch.weight == 0] == 0).all()


def test_learning_rate_warms_up_and_decays(tmp_path: Path) -> None:
    (tmp_path / "recipe.toml").write_text(RECIPE.format(drive="d", steps=100).replace("warmup_steps = 1", "warmup_steps = 4"))
    settings = load_recipe(tmp_path / "recipe.toml").optimisation
    rates = [learning_rate(settings, step, step / 100) for step in range(101)]
    assert rates[0] == pytest.approx(settings.learning_rate / 4) and max(rates) == pytest.approx(settings.learning_rate, rel=0.01)
    assert rates[100] == pytest.approx(settings.final_learning_rate) and rates[4:] == sorted(rates[4:], reverse=True)


def test_the_pose_networks_last_layer_learns_at_its_own_rate() -> None:
    learner = objective(LossWeights())
    plain = parameter_groups(learner.networks, 0.1)
    assert [group["rate"] for group in plain] == [1, 1] and sum(len(group["params"]) for group in plain) == len(list(learner.parameters()))
    groups = parameter_groups(learner.networks, 0.1, pose_rate=10)
    assert [(group["rate"], group["weight_decay"]) for group in groups] == [(1, 0.1), (1, 0), (10, 0.1), (10, 0)]
    fast = {parameter for group in groups if group["rate"] == 10 for parameter in group["params"]}
    assert fast == set(learner.networks["pose"].head.parameters())
    assert sum(len(group["params"]) for group in groups) == len(list(learner.parameters()))


def test_a_run_resumes_under_another_pose_rate(tmp_path: Path) -> None:
    recipe = RECIPE.format(drive=write_drive(tmp_path / "tiny", frames=8), steps=2)
    for text, resume in ((recipe, False), (recipe.replace("steps = 2", "steps = 3\npose_rate = 10.0"), True)):
        (tmp_path / "recipe.toml").write_text(text)
        train(tmp_path / "recipe.toml", tmp_path / "run", resume, accept_changes=resume)
    content = read(tmp_path / "run" / "checkpoint.pt")
    assert content["step"] == 3 and [group["rate"] for group in content["optimiser"]["param_groups"]] == [1, 1, 10, 10]


def test_minutes_end_the_run_early(tmp_path: Path) -> None:
    drive = write_drive(tmp_path / "tiny", frames=8)
    (tmp_path / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=100000))
    train(tmp_path / "recipe.toml", tmp_path / "run", False, minutes=0.02)
    assert 0 < read(tmp_path / "run" / "checkpoint.pt")["step"] < 1000
