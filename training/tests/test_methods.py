"""Method formulae against independent computations, and what each method does with a batch."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from conftest import write_drive
from depthtrain import losses, strict_toml
from depthtrain.checkpoint import CheckpointError, read
from depthtrain.config import Distillation, LossWeights, ModelRecipe, Photometric, Velocity
from depthtrain.data.batches import Batch
from depthtrain.data.hints import FUSED_SETTINGS, fused_depth
from depthtrain.data.odometry import Odometry
from depthtrain.export import export
from depthtrain.geometry import disparity_to_depth
from depthtrain.methods import METHODS, Step
from depthtrain.methods.motion import source_views
from depthtrain.train import chosen_recipe, train
from test_config import GOOD
from test_training import RECIPE, batch_of, objective

NOTHING = LossWeights(log_l1=0, gradient=0, photometric=0, smoothness=0, velocity=0, sigma=0)


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def _fit(batch: Batch, weights: LossWeights, steps: int, **settings) -> tuple[torch.nn.Module, list[float], torch.Tensor]:
    learner = objective(weights, **settings)
    optimiser, history = torch.optim.Adam(learner.parameters(), lr=3e-3), []
    for number in range(steps):
        total = sum(learner.train()(batch, number).values())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        history.append(float(total.detach()))
    with torch.no_grad():
        depth = disparity_to_depth(learner.train().networks["depth"](batch.image)["disparity"], 0.1, 100.0)
    return learner, history, depth


def test_every_method_has_a_weight_a_usual_weight_and_a_summary() -> None:
    weights = {field.name for field in dataclasses.fields(LossWeights)} - {"side_heads"}
    assert weights == set(METHODS)
    assert all(method.usual_weight > 0 and method.summary for method in METHODS.values())


def test_a_hint_counts_only_where_it_explains_the_picture_best() -> None:
    predicted, hint = 1 + 9 * _random(1, 1, 4, 5), 1 + 9 * _random(1, 1, 4, 5, seed=1)
    hint[0, 0, 0] = 0
    errors = [_random(1, 1, 4, 5, seed=seed) for seed in (2, 3, 4)]
    loss, share = losses.gated_hint(predicted, hint, *errors)
    total, count, known = 0.0, 0, 0
    for row in range(4):
        for column in range(5):
            p, h, e, i, he = (float(x[0, 0, row, column]) for x in (predicted, hint, *errors))
            known += h > 0
            if h > 0 and he < e and he < i:
                total, count = total + np.log(1 + abs(h - p)), count + 1
    assert 0 < count < known and loss == pytest.approx(total / count, rel=1e-5) and share == pytest.approx(count / known)


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


def _projected(depth: float, u: float, v: float, K: tuple, T: np.ndarray) -> np.ndarray:
    point = T[:3, :3] @ (np.array([(u - K[2]) / K[0], (v - K[3]) / K[1], 1.0]) * depth) + T[:3, 3]
    return np.array([K[0] * point[0] / point[2] + K[2], K[1] * point[1] / point[2] + K[3]])


def test_reprojected_distance_matches_points_one_by_one() -> None:
    predicted, measured = 3 + 4 * _random(1, 1, 3, 4), 3 + 4 * _random(1, 1, 3, 4, seed=1)
    weight = (_random(1, 1, 3, 4, seed=2) > 0.4).float()
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
    depth, K, T = 3 + 4 * _random(1, 1, 3, 4), torch.tensor([[20.0, 22.0, 1.5, 1.0]]), torch.eye(4)[None].clone()
    predicted = (depth * 1.2).requires_grad_()
    everywhere = torch.ones_like(depth)
    losses.reprojected_distance(predicted, depth, everywhere, T, K, 1.0).backward()
    assert predicted.grad.abs().max() < 1e-5  # no motion, nothing to see
    T[0, 0, 3] = 0.5
    assert losses.reprojected_distance(depth, depth, everywhere, T, K, 1.0) < 1e-6
    assert losses.reprojected_distance(predicted, depth, everywhere, T, K, 1.0) > 0.05


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
    learner, history, depth = _fit(batch, dataclasses.replace(NOTHING, velocity=1.0), 150)
    assert history[0] > 0.3
    with torch.no_grad():
        views = source_views(batch, depth, learner.train().networks["pose"], learner.recipe.model)
    assert torch.allclose(views.translation_m.norm(dim=2), batch.distance_m, atol=0.03)


def test_smoothness_overfits_one_batch() -> None:
    """On an image without edges disparity varies less with the method than without, and known depth is met as well."""
    batch, depth = batch_of(photometric=False)
    known = torch.zeros_like(depth)
    known[..., ::8, ::8] = 1
    batch = dataclasses.replace(batch, clean=torch.full_like(batch.clean, 0.5), depth=4 * known, weight=known)
    variations, errors = [], []
    for weight in (0.0, 1.0):
        _, _, learned = _fit(batch, dataclasses.replace(NOTHING, log_l1=1.0, smoothness=weight), 80)
        normal = (1 / learned) / (1 / learned).mean(dim=(2, 3), keepdim=True)
        variations.append(float(normal.diff(dim=3).abs().mean() + normal.diff(dim=2).abs().mean()))
        errors.append(float((learned[known > 0] / 4).log().abs().mean()))
    assert variations[1] < 0.5 * variations[0] and max(errors) < 0.08


def test_velocity_weight_rises_over_the_ramp_and_short_pairs_are_left_out() -> None:
    batch, _ = batch_of(photometric=True)
    batch.pose_known[:] = False
    batch.distance_m[:] = torch.tensor([[0.25, 0.01], [0.25, float("nan")]])
    learner = objective(dataclasses.replace(NOTHING, velocity=1.0), velocity=Velocity(ramp_steps=10))
    early, late = float(learner.eval()(batch, 0)["velocity"]), float(learner(batch, 9)["velocity"])
    assert early == pytest.approx(late / 10, rel=1e-4) and abs(late - 0.25) < 0.1
    batch.distance_m[:] = 0.01
    assert "velocity" not in learner(batch, 9)


def _moved(learner: torch.nn.Module, batch: Batch, number: int) -> dict[str, bool]:
    """Which networks the terms of one step would move."""
    learner.zero_grad(set_to_none=True)
    sum(learner.train()(batch, number).values()).backward()
    return {name: any(p.grad is not None and bool((p.grad != 0).any()) for p in network.parameters())
            for name, network in learner.networks.items()}


def test_while_poses_warm_up_images_and_odometer_move_the_pose_network_alone() -> None:
    batch, depth = batch_of(photometric=True)
    batch.pose_known[:] = False
    batch.distance_m[:] = 0.25
    weights = dataclasses.replace(NOTHING, photometric=1.0, smoothness=0.1, velocity=0.05)
    learner = objective(weights, photometric=Photometric(pose_warmup_steps=5))
    assert _moved(learner, batch, 4) == {"depth": False, "pose": True}
    assert _moved(learner, batch, 5) == {"depth": True, "pose": True}
    known = dataclasses.replace(batch, depth=depth, weight=torch.ones_like(depth))
    learner = objective(dataclasses.replace(weights, log_l1=1.0), photometric=Photometric(pose_warmup_steps=5))
    assert _moved(learner, known, 0) == {"depth": True, "pose": True}  # known depth teaches from the first step on


def test_a_pose_warm_up_spares_a_good_depth_network() -> None:
    """Depth that fits, poses that are noise: after as many steps of the depth network, the warmed-up run is nearer the truth."""
    batch, depth = batch_of(photometric=True)
    batch = dataclasses.replace(batch, depth=depth, weight=torch.ones_like(depth), pose_known=torch.zeros(2, 2, dtype=torch.bool),
                                distance_m=torch.full((2, 2), 0.25))
    taught = _fit(dataclasses.replace(batch, photo_index=torch.zeros(0, dtype=torch.long)),
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


def test_a_batch_that_teaches_nothing_is_a_step_like_any_other() -> None:
    batch, _ = batch_of(photometric=False)
    learner = objective(dataclasses.replace(NOTHING, photometric=1.0))
    assert _moved(learner, batch, 0) == {"depth": False, "pose": False}


def _stereo_pair() -> tuple[np.ndarray, np.ndarray]:
    """A textured wall at disparity 12 with a textured box at disparity 30 in front."""
    rng = np.random.default_rng(3)
    far = cv2.GaussianBlur(rng.integers(0, 255, (96, 300, 3), dtype=np.uint8), (0, 0), 1.0)
    near = cv2.GaussianBlur(rng.integers(0, 255, (40, 60, 3), dtype=np.uint8), (0, 0), 1.0)
    left, right = far[:, 30:270].copy(), far[:, 42:282].copy()
    left[30:70, 120:180], right[30:70, 90:150] = near, near
    return left, right


def test_fused_hints_find_both_surfaces_and_beat_every_single_matcher() -> None:
    left, right = _stereo_pair()
    depth, errors = fused_depth(left, right, fx_px=100.0, baseline_m=0.6)
    assert len(errors) == len(FUSED_SETTINGS) + 1 == 13 and errors[-1] <= min(errors[:-1])
    assert np.median(depth[40:60, 130:170]) == pytest.approx(100 * 0.6 / 30, rel=0.03)
    assert np.median(depth[:20, 60:200]) == pytest.approx(100 * 0.6 / 12, rel=0.03)


def test_hints_alone_overfit_one_batch() -> None:
    """The right image is a source slot; a hint of the true depth explains it, so depth is learned from hints."""
    batch, depth = batch_of(photometric=True)
    batch = dataclasses.replace(
        batch, hint=depth.clone(), sources=torch.cat([batch.sources, batch.sources[:, :1]], 1),
        present=torch.tensor([[False, False, True]] * 2), pose_known=torch.ones(2, 3, dtype=torch.bool),
        T_source_target=torch.cat([batch.T_source_target, batch.T_source_target[:, :1]], 1),
        distance_m=torch.full((2, 3), float("nan")))
    _, history, learned = _fit(batch, dataclasses.replace(NOTHING, hints=1.0, photometric=1.0), 120)
    inside = ((learned - depth).abs() / depth)[..., 4:-4, 14:-14]
    assert float(inside.mean()) < 0.1 and history[-1] < 0.3 * history[0]


def test_reprojected_distance_overfits_one_batch() -> None:
    batch, depth = batch_of(photometric=True)
    batch = dataclasses.replace(batch, depth=depth, weight=torch.ones_like(depth))
    _, _, learned = _fit(batch, dataclasses.replace(NOTHING, reprojected=1.0), 100)
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


@pytest.fixture(scope="module")
def teacher(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("teacher")
    drive = write_drive(root / "tiny", frames=8)
    (root / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=2))
    train(root / "recipe.toml", root / "run")
    return root / "run" / "checkpoint.pt"


def test_distillation_overfits_one_batch_and_leaves_the_teacher_alone(teacher: Path) -> None:
    batch, _ = batch_of(photometric=False)
    learner, history, learned = _fit(batch, dataclasses.replace(NOTHING, distillation=1.0), 60,
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
    learner, history, learned = _fit(batch, weights, 150, distillation=Distillation(str(teacher)),
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


def test_without_the_automask_static_pixels_count() -> None:
    batch, _ = batch_of(photometric=True)
    batch.sources[:] = batch.clean[:, None]
    weights = dataclasses.replace(NOTHING, photometric=1.0)
    assert float(objective(weights).eval()(batch)["photometric"]) == 0
    assert float(objective(weights, photometric=Photometric(automask=False)).eval()(batch)["photometric"]) > 0


@pytest.mark.parametrize(("switches", "expected"), [
    ([("with", "berhu")], {"berhu": 0.5}), ([("without", "photometric"), ("set", "losses.silog=0.25")], {"photometric": 0, "silog": 0.25}),
    ([("with", "berhu"), ("without", "berhu")], {"berhu": 0}),
])
def test_command_line_switches(tmp_path: Path, switches: list, expected: dict) -> None:
    (tmp_path / "r.toml").write_text(GOOD)
    recipe = chosen_recipe(tmp_path / "r.toml", switches)
    assert {name: getattr(recipe.losses, name) for name in expected} == expected


@pytest.mark.parametrize(("switch", "words"), [
    (("with", "velocit"), "did you mean 'velocity'"), (("set", "losses.berh=1"), "did you mean 'berhu'"),
    (("set", "losses.berhu=much"), "expected float"), (("set", "losses.berhu"), "table.key=value"),
    (("set", "groups.name=3"), "not a table"), (("set", "optimisation.steps=0"), "steps"),
])
def test_bad_switches_are_refused(tmp_path: Path, switch: tuple[str, str], words: str) -> None:
    (tmp_path / "r.toml").write_text(GOOD)
    with pytest.raises(strict_toml.RecipeError, match=words):
        chosen_recipe(tmp_path / "r.toml", [switch])
