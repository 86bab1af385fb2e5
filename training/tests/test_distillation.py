"""SUB-Depth: the formulae of its two sigmas, what a student learns, and that the teacher stays as it was."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import write_drive
from depthtrain import losses
from depthtrain.checkpoint import CheckpointError, read
from depthtrain.config import Distillation, ModelRecipe, Photometric
from depthtrain.export import export
from depthtrain.geometry import disparity_to_depth
from depthtrain.methods import Step
from depthtrain.train import train
from one_batch import NOTHING, batch_of, fit, objective
from test_training import RECIPE


def test_sigma_of_self_distillation_settles_at_the_error() -> None:
    """d/ds (e exp(-s) + s) = 0 at s = ln e; the value there is 1 + ln e. Outside its bounds s is held."""
    student, teacher = torch.tensor([[2.0, 1.0]]), torch.tensor([[1.5, 1.0]])
    log_sigma = torch.tensor([[np.log(0.5), -9.0]], requires_grad=True)
    loss = losses.self_distillation(student, teacher, log_sigma)
    assert loss.detach() == pytest.approx(((1 + np.log(0.5)) + (0 * np.exp(6) - 6)) / 2, rel=1e-5)
    loss.backward()
    assert log_sigma.grad.abs().max() < 1e-6
    assert losses.self_distillation(student, teacher, None) == pytest.approx(0.25)


def test_sigma_of_two_sources_is_their_mean_and_weighs_the_error() -> None:
    """SUB-Depth's L_recon at two pixels by hand: pe / sigma + ln sigma, sigma the mean over the sources that are there."""
    log_sigmas = torch.tensor([[[[0.5, -2.0]], [[-0.5, -1.0]], [[9.0, 9.0]]]])
    present = torch.tensor([[True, True, False]])
    sigma = [(np.exp(0.5) + np.exp(-0.5)) / 2, (np.exp(-2.0) + np.exp(-1.0)) / 2]
    s = losses.mean_sigma(log_sigmas, present)
    assert s.flatten().tolist() == pytest.approx(np.log(sigma), rel=1e-5)
    assert losses.mean_sigma(log_sigmas, ~present[:, [0, 0, 0]]).flatten().tolist() == [0, 0]
    value = losses.error_under_sigma(torch.tensor([[[[0.3, 0.1]]]]), s)
    expected = [error / each + np.log(each) for error, each in zip((0.3, 0.1), sigma)]
    assert value.flatten().tolist() == pytest.approx(expected, rel=1e-5)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("teacher")
    drive = write_drive(root / "tiny", frames=8)
    (root / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=2))
    train(root / "recipe.toml", root / "run")
    return root / "run" / "checkpoint.pt"


def test_distillation_overfits_one_batch_and_leaves_the_teacher_alone(teacher: Path) -> None:
    batch, _ = batch_of(photometric=False)
    learner, history, learned = fit(batch, dataclasses.replace(NOTHING, distillation=1.0), 60,
                                     distillation=Distillation(teacher=str(teacher)))
    taught = learner.methods[0].teacher
    with torch.no_grad():
        expected = disparity_to_depth(taught(batch.image)["disparity"], 0.1, 100.0)
    assert float((learned.log() - expected.log()).abs().mean()) < 0.1 and history[-1] < history[0] - 1
    fresh = type(learner.methods[0])(learner.recipe).teacher.state_dict()
    assert all(torch.equal(value, fresh[name]) for name, value in taught.state_dict().items())
    assert not taught.training and not any(name.startswith("methods") for name in learner.state_dict())


def test_photometric_sigma_overfits_one_batch_and_finds_what_no_depth_explains(teacher: Path) -> None:
    """A square that neither source shows: there sigma grows, elsewhere it shrinks, and depth is learned as without it."""
    batch, depth = batch_of(photometric=True)
    square = (slice(None), slice(None), slice(24, 40), slice(40, 56))
    batch.clean[square] = 1 - batch.clean[square]
    batch.image[square] = (batch.clean[square] - 0.45) / 0.225
    weights = dataclasses.replace(NOTHING, photometric=1.0, distillation=1e-4)
    learner, history, learned = fit(batch, weights, 150, distillation=Distillation(str(teacher)),
                                     photometric=Photometric(automask=False))
    assert set(learner.networks) == {"depth", "pose", "photometric_sigma"} and history[-1] < history[0] - 1
    method, step = learner.methods[0], Step(learner.recipe, dict(learner.networks), batch, {"disparity": depth}, 0)
    with torch.no_grad():
        s = method.log_sigma(step)
    inside = torch.zeros_like(s, dtype=torch.bool)
    inside[..., 4:-4, 14:-14] = True
    inside[..., 22:42, 38:58] = False
    assert float(s[square].mean()) > float(s[inside].mean()) + 1
    assert float(((learned - depth).abs() / depth)[inside].mean()) < 0.12


def test_the_photometric_sigma_starts_as_the_plain_term_and_ships_nowhere(teacher: Path) -> None:
    batch, _ = batch_of(photometric=True)
    weights, values = dataclasses.replace(NOTHING, photometric=1.0, distillation=1.0), []
    for is_on in (False, True):
        learner = objective(weights, distillation=Distillation(str(teacher), photometric_sigma=is_on)).eval()
        assert ("photometric_sigma" in learner.networks) == is_on
        values.append(float(learner(batch)["photometric"].detach()))
    assert values[0] == pytest.approx(values[1], rel=1e-5)
    assert learner.networks["depth"].state_dict().keys() == learner.methods[1].teacher.state_dict().keys()
    assert objective(dataclasses.replace(weights, distillation=0.0)).networks.keys() == {"depth", "pose"}


def test_a_distilled_run_resumes_with_its_photometric_sigma_and_exports_without(teacher: Path, tmp_path: Path) -> None:
    drive = write_drive(tmp_path / "tiny", frames=8)
    for steps, resume in ((2, False), (3, True)):
        text = RECIPE.format(drive=drive, steps=steps).replace("[losses]", "[losses]\ndistillation = 1.0")
        (tmp_path / "recipe.toml").write_text(f'{text}\n[distillation]\nteacher = "{teacher}"\n')
        train(tmp_path / "recipe.toml", tmp_path / "run", resume, accept_changes=resume)
    content = read(tmp_path / "run" / "checkpoint.pt")
    assert content["step"] == 3 and "photometric_sigma" in content["averages"]
    export(tmp_path / "run" / "checkpoint.pt", tmp_path / "bundle")
    graphs = sorted(path.name for path in (tmp_path / "bundle").glob("*.onnx"))
    assert graphs == ["decoder.onnx", "encoder.onnx"]


def test_a_teacher_of_another_architecture_is_refused(teacher: Path) -> None:
    with pytest.raises(CheckpointError, match="same network"):
        objective(dataclasses.replace(NOTHING, distillation=1.0), ModelRecipe("diffnet", mean=0.0, std=1.0),
                  distillation=Distillation(teacher=str(teacher)))
