"""Pose networks: what a motion means to another camera, what pairs and rendered stills teach, runs, and export into a bundle."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from conftest import write_drive
from depthtrain.bundle import BundleError, open_bundle, pose_predictor, sha256
from depthtrain.checkpoint import CheckpointError, read
from depthtrain.config import Augmentation
from depthtrain.data.appearance import Appearance
from depthtrain.data.drive import open_drive
from depthtrain.data.simulated import FAMILIES
from depthtrain.data.views import View, whole_view
from depthtrain.export import export
from depthtrain.geometry import Intrinsics
from depthtrain.networks.posenet_small import PoseNetSmall
from depthtrain.card import with_section
from depthtrain.pose.card import pose_section
from depthtrain.pose.dense import dense_target
from depthtrain.pose.export import export_to_bundle
from depthtrain.pose.looks import changed, view_bytes
from depthtrain.pose.losses import dense_terms, pose_terms
from depthtrain.pose.measure import PairErrors, calibrated_sigmas, spread, summary
from depthtrain.pose.motion import Motion, motion_between, motion_of
from depthtrain.pose.pairs import PairSampler, pair_candidates, plain_pair
from depthtrain.pose.recipe import PoseLosses, PoseRecipe, Pairs, load_pose_recipe
from depthtrain.pose.rendered import render
from depthtrain.pose.train import train_pose
from depthtrain.strict_toml import RecipeError
from depthtrain.train import train
from depthtrain.vectors import picture, randomise
from depthtrain.pose.vectors import write_pose_vectors
from test_training import RECIPE

SHIPPED = Path(__file__).parents[1] / "recipes" / "pose" / "lite.toml"
POSE_RECIPE = """
name = "pose-tiny"
bundle = "{bundle}"

[optimisation]
steps = {steps}
threads = 1
warmup_steps = 1
freeze_statistics_step = {freeze}
freeze_statistics_batches = 2

[augmentation]
flip = 0.5

[[groups]]
name = "tiny"
width = 96
height = 64
batch = 4
weight = 1.0

[[groups.sources]]
drive = "{drive}"
weight = 1.0

[[groups.sources]]
drive = "{drive}"
motion = "rendered"
weight = 1.0

[[validation]]
drive = "{judge}"
"""


@pytest.fixture(scope="module")
def bundle_folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("pose")
    drive = write_drive(root / "tiny", frames=8)
    (root / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=2))
    train(root / "recipe.toml", root / "run")
    export(root / "run" / "checkpoint.pt", root / "bundle")
    return root / "bundle"


@pytest.fixture
def recipe(bundle_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PoseRecipe:
    monkeypatch.setenv("DEPTHD_CACHE", str(tmp_path / "cache"))
    drive, judge = write_drive(tmp_path / "trained", frames=8), write_drive(tmp_path / "judge_val", frames=6)
    path = tmp_path / "pose.toml"
    path.write_text(POSE_RECIPE.format(bundle=bundle_folder, drive=drive, judge=judge, steps=4, freeze=2))
    return load_pose_recipe(path)


@pytest.mark.parametrize("fx, fy", [(480.0, 480.0), (120.0, 120.0), (300.0, 330.0)])
def test_both_cameras_see_the_same_pictures(fx: float, fy: float) -> None:
    f, shift, turn = 240.0, np.array([0.1, -0.05, -0.6]), np.array([0.002, -0.003, 0.001])
    back = Motion(turn, shift).canonical(fx, fy, f).seen(fx, fy, f)
    assert np.allclose(back.axis_angle, turn) and np.allclose(back.translation, shift)
    for motion, points, tolerance in ((Motion(np.zeros(3), shift), ((0.5, 0.3, 6.0), (-2.0, 1.0, 9.0), (0.0, -0.4, 3.0)), 1e-9),
                                      (Motion(turn, np.zeros(3)), ((0.0, 0.0, 5.0),), 0.01)):  # turns: in the middle
        for point in points:
            here = motion.matrix() @ (*point, 1.0)
            there = motion.canonical(fx, fy, f).matrix() @ (point[0], point[1] * fy / fx, point[2] * f / fx, 1.0)
            assert fx * here[0] / here[2] == pytest.approx(f * there[0] / there[2], abs=tolerance)
            assert fy * here[1] / here[2] == pytest.approx(f * there[1] / there[2], abs=tolerance)


def test_driving_ahead_has_a_negative_z(drive_folder: Path) -> None:
    drive = open_drive(drive_folder)
    found = pair_candidates(drive, 0, len(drive), Pairs(min_distance_m=0.15))
    assert [later for later, _ in found] == [2, 3]
    assert np.allclose(found[0][1].translation, (0, 0, -0.2)) and found[0][1].angle_deg == 0
    assert pair_candidates(drive, 2, 3, Pairs()) == []


def test_a_rendered_wall_grows_as_the_camera_nears_it() -> None:
    texture = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8), (0, 0), 4)
    motion = Motion(np.zeros(3), np.array([0.0, 0.0, -1.0]))
    found = render(texture, np.full((64, 96), 5.0, np.float32), motion, 80.0)
    grown = cv2.warpAffine(texture, np.array([[1.25, 0, -0.25 * 47.5], [0, 1.25, -0.25 * 31.5]]), (96, 64))
    inner = np.s_[8:-8, 8:-8]
    apart = np.abs(found[inner].astype(float) - texture[inner]).mean()
    assert np.abs(found[inner].astype(float) - grown[inner]).mean() < 0.3 * apart


@pytest.mark.parametrize("mirrored", [False, True])
def test_dense_targets_are_those_of_a_wall(mirrored: bool) -> None:
    stored = Intrinsics(80.0, 80.0, 47.5, 31.5)
    view = View(0, 0, 96, 64, 96, 64, mirrored)
    camera, T = view.intrinsics(stored), np.eye(4)
    T[:3, 3] = (-0.5, 0, 0)
    found = dense_target(np.full((16, 24), 4.0, np.float16), (96, 64), view, camera, view.moved(T), 160.0, 16)
    assert found.shape == (3, 4, 6)
    assert np.allclose(found[0], (1 if mirrored else -1) * 80 * 0.5 / 4 / 16) and np.allclose(found[1], 0, atol=1e-6)
    assert np.allclose(found[2], np.log(4.0 * 160 / 80))
    assert np.isnan(dense_target(None, (96, 64), view, camera, T, 160.0, 16)).all()


def test_dense_depth_is_taken_from_where_the_view_looks() -> None:
    depth = np.tile(np.arange(1.0, 25.0, dtype=np.float32), (16, 1))  # grows to the right; one cell is 4 frame pixels
    view = View(48, 0, 48, 32, 96, 64, False)
    camera = view.intrinsics(Intrinsics(80.0, 80.0, 47.5, 31.5))
    found = dense_target(depth, (96, 64), view, camera, np.eye(4), camera.fx, 16)
    assert np.allclose(np.exp(found[2, 0]), 13 + (np.arange(6) + 0.5) * 2 - 0.5, rtol=1e-5)


def test_changes_on_bytes_are_those_of_depth_training() -> None:
    image = np.random.default_rng(1).integers(0, 255, (32, 48, 3), dtype=np.uint8)
    look = Appearance(1.2, 0.9, 0.6, 1.2, (0.95, 1.0, 1.05), blur_sigma_px=0.8, noise_sigma=0.02, noise_seed=3)
    assert np.abs(changed(image, look) - look.apply(image / np.float32(255))).max() < 1e-5
    view = View(4, 2, 40, 28, 20, 14, True)
    assert np.abs(view_bytes(view, image) / 255 - view.image(image)).max() <= 0.5 / 255 + 1e-6


def test_a_batch_is_a_function_of_its_number_and_is_learned(recipe: PoseRecipe) -> None:
    still = dataclasses.replace(recipe, augmentation=Augmentation(zoom_max=1, stretch=0, flip=0, colour=0, blur=0, noise=0, grey=0))
    sampler = PairSampler(still, open_bundle(recipe.bundle))
    _, batch = sampler.draw(3)
    assert torch.equal(batch.pair, sampler.draw(3)[1].pair) and not torch.equal(batch.pair, sampler.draw(4)[1].pair)
    assert batch.pair.shape == (4, 6, 32, 48) and batch.dense.shape == (4, 3, 4, 6)
    torch.manual_seed(0)
    network, losses = PoseNetSmall(), PoseLosses()
    optimiser, values = torch.optim.Adam(network.parameters(), lr=3e-3), []
    for _ in range(80):
        axis_angle, translation, dense = network.with_dense(batch.pair)
        terms = {**pose_terms(axis_angle, translation, batch.axis_angle, batch.translation, losses),
                 **dense_terms(dense, batch.dense, losses)}
        optimiser.zero_grad()
        sum(terms.values()).backward()
        optimiser.step()
        values.append({name: float(value.detach()) for name, value in terms.items()})
    assert values[-1]["norm"] < 0.3 * values[0]["norm"] and values[-1]["flow"] < 0.5 * values[0]["flow"]


def test_dense_terms_leave_out_what_is_unknown() -> None:
    target = torch.full((1, 3, 2, 2), float("nan"))
    target[:, :, 0, 0] = 1.0
    predicted = torch.zeros(1, 3, 2, 2, requires_grad=True)
    terms = dense_terms(predicted, target, PoseLosses())
    sum(terms.values()).backward()
    assert torch.isfinite(predicted.grad).all() and predicted.grad[:, :, 1].abs().max() == 0
    unknown = dense_terms(predicted, torch.full_like(target, float("nan")), PoseLosses())
    assert all(float(value.detach()) == 0 for value in unknown.values())


def test_a_resumed_run_ends_with_the_same_weights(recipe: PoseRecipe, tmp_path: Path) -> None:
    train_pose(recipe, tmp_path / "whole")
    assert read(_interrupted(recipe, tmp_path / "parts"))["step"] == 2
    train_pose(recipe, tmp_path / "parts", resume=True)
    whole, parts = (read(tmp_path / name / "checkpoint.pt") for name in ("whole", "parts"))
    assert whole["step"] == parts["step"] == 4
    for kind in ("networks", "averages"):
        assert all(torch.equal(value, parts[kind]["pose"][name]) for name, value in whole[kind]["pose"].items())
    other = dataclasses.replace(recipe, losses=PoseLosses(norm=2.0))
    with pytest.raises(CheckpointError, match="losses.norm: 1.0 -> 2.0"):
        train_pose(other, tmp_path / "parts", resume=True)


def test_statistics_are_of_all_groups_also_when_a_run_ends_early(recipe: PoseRecipe, tmp_path: Path) -> None:
    early = dataclasses.replace(recipe, optimisation=dataclasses.replace(recipe.optimisation, steps=2, freeze_statistics_step=90))
    train_pose(early, tmp_path / "run")
    average = read(tmp_path / "run" / "checkpoint.pt")["averages"]["pose"]
    counts = {int(value) for name, value in average.items() if name.endswith("num_batches_tracked")}
    assert counts == {early.optimisation.freeze_statistics_batches}


def _interrupted(recipe: PoseRecipe, folder: Path) -> Path:
    """A run that is stopped, as by Ctrl-C, after two steps."""
    from depthtrain.pose import train as module

    class Stop(module.StopSignal):
        reads = 0

        @property
        def is_set(self) -> bool:
            self.reads += 1
            return self.reads > 3  # twice a step: by the loop's condition, and for is_last

        @is_set.setter
        def is_set(self, value: bool) -> None:
            pass

    before, module.StopSignal = module.StopSignal, Stop
    try:
        train_pose(recipe, folder)
    finally:
        module.StopSignal = before
    return folder / "checkpoint.pt"


def test_frames_that_judge_are_not_trained_on(recipe: PoseRecipe, tmp_path: Path) -> None:
    text = (tmp_path / "pose.toml").read_text()
    for old, new in (('motion = "rendered"', 'motion = "guessed"'), ("trained", "judge_val"), ("width = 96", "width = 97")):
        (tmp_path / "spoiled.toml").write_text(text.replace(old, new))
        with pytest.raises(RecipeError):
            load_pose_recipe(tmp_path / "spoiled.toml")
    for drive, judge in ((group, trial) for source in load_pose_recipe(SHIPPED).groups for group in source.sources
                         for trial in load_pose_recipe(SHIPPED).validation):
        assert drive.drive != judge.drive or drive.share <= judge.after


def test_the_shipped_recipe_names_simulator_drives_that_can_be_made() -> None:
    names = {Path(source.drive).name for group in load_pose_recipe(SHIPPED).groups for source in group.sources
             if source.drive.startswith("./")}
    assert names <= {f"{family.name}_*" for family in FAMILIES}


def test_export_adds_to_the_bundle_and_changes_nothing_else(recipe: PoseRecipe, tmp_path: Path, bundle_folder: Path) -> None:
    before = json.loads((bundle_folder / "bundle.json").read_text())
    train_pose(recipe, tmp_path / "run")
    for _ in range(2):
        export_to_bundle(tmp_path / "run" / "checkpoint.pt", bundle_folder)
    bundle = open_bundle(bundle_folder)
    after, pose = bundle.description, bundle.description["pose"]
    assert {name: after["files"][name] for name in ("encoder.onnx", "decoder.onnx")} == {
        name: before["files"][name] for name in ("encoder.onnx", "decoder.onnx")}
    assert {key: value for key, value in after.items() if key not in ("files", "pose")} == {
        key: value for key, value in before.items() if key not in ("files", "pose")}
    assert pose["measured"]["judge_val"]["pairs"] > 0 and pose["measured"]["judge_val"]["against_depth"] is not None
    assert 0.05 < pose["distance_m"][0] < pose["distance_m"][1] < 2
    card = (bundle_folder / "MODEL_CARD.md").read_text()
    assert card.count("## Motion between two frames") == 1 and card.index("## Motion") < card.index("## Known failures")
    drive = open_drive(tmp_path / "judge_val")
    network = PoseNetSmall().eval()
    network.load_state_dict(read(tmp_path / "run" / "checkpoint.pt")["averages"]["pose"])
    pair = plain_pair(drive, 0, 3, (96, 64), 2, bundle)
    with torch.no_grad():
        expected = network(torch.from_numpy(pair))
    for found, wanted in zip(pose_predictor(bundle_folder)(pair), expected):
        assert np.allclose(found, wanted[0].numpy(), atol=1e-5)


def test_a_broken_pose_network_is_named(bundle_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "pose.onnx").write_bytes((bundle_folder / "encoder.onnx").read_bytes()[:500])
    with pytest.raises(BundleError, match="pose.onnx: not an ONNX network"):
        pose_predictor(tmp_path)
    (tmp_path / "pose.onnx").write_bytes((bundle_folder / "encoder.onnx").read_bytes())
    with pytest.raises(BundleError, match="a pose network makes axis_angle"):
        pose_predictor(tmp_path)


def test_measures_are_those_of_their_definition() -> None:
    one = PairErrors(np.log([1.1, 1.1, 1.21]), *(np.array([1.0, 2.0, 9.0]),) * 3, np.array([0.0, np.nan, np.log(1.1)]))
    two = PairErrors(np.log([0.9, 0.9]), *(np.zeros(2),) * 3, np.full(2, np.nan))
    result = summary(one, [96, 64])
    assert result["ratio_median"] == pytest.approx(1.1) and result["direction_deg"] == 2
    assert result["against_depth"]["log_median"] == pytest.approx(np.log(1.1))
    assert summary(two, [96, 64])["against_depth"] is None
    sigma, bias = calibrated_sigmas([one, two])
    assert bias == pytest.approx(np.sqrt((np.log(1.1) ** 2 + np.log(0.9) ** 2) / 2))
    assert sigma == pytest.approx(np.sqrt(np.log([1.1, 1.1, 1.21]).var() / 2))
    motions = [(index, Motion(np.zeros(3), np.array([0, 0, -0.1 * index]))) for index in range(1, 15)]
    assert [later for later, _ in spread(motions, Pairs())] == [1, 4, 14]


def test_an_earlier_section_of_a_card_is_replaced() -> None:
    pose = {"distance_m": [0.1, 1.4], "rotation_deg": 5.0, "log_norm_sigma": 0.2, "log_norm_bias_sigma": 0.1, "measured": {},
            "provenance": {"recipe": "r", "git_commit": "c" * 40, "steps": 7, "date": "d"}}
    once = with_section("# Card\n\n## Licence\n\nfree\n\n## Known failures\n\n- many\n", pose_section(pose))
    assert with_section(once, pose_section(pose)) == once and once.endswith("## Known failures\n\n- many\n")


def test_golden_vectors_are_what_onnx_runtime_says(tmp_path: Path) -> None:
    import onnxruntime
    write_pose_vectors(tmp_path, randomise, picture)
    folders = sorted(tmp_path.iterdir())
    assert len(folders) == 2
    for folder in folders:
        meta = json.loads((folder / "meta.json").read_text())
        session = onnxruntime.InferenceSession(str(folder / "model.onnx"), providers=["CPUExecutionProvider"])
        outputs = session.run(None, {"pair": np.load(folder / "input.npy")})
        for output, name, tolerance in zip(outputs, ("output.npy", "output_1.npy"), meta["absolute_tolerance"]):
            assert np.abs(output - np.load(folder / name)).max() <= tolerance
