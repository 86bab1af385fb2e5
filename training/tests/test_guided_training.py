"""The rich-resource chain on a tiny drive, through its commands: teacher, labels, references, fusion, selection, bundle."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from conftest import write_drive
from depthtrain.bundle import BANK_NAME, BundleError, open_bundle
from depthtrain.bundle_start import bundle_network
from depthtrain.checkpoint import load_network
from depthtrain.config import Guidance, LossWeights, Priors, load_recipe
from depthtrain.data import labels
from depthtrain.data.batches import Sampler
from depthtrain.data.drive import DriveError, open_drive
from depthtrain.export import export
from depthtrain.methods import Step
from depthtrain.methods.guided import PriorAgreement
from depthtrain.priors.__main__ import main as priors_main
from depthtrain.priors.bank import open_bank
from depthtrain.priors.build import held_out_images
from depthtrain.priors.cells import rescaled, unit_ratio
from depthtrain.priors.references import PriorError, open_references
from depthtrain.strict_toml import RecipeError
from depthtrain.teacher.export import export_teacher
from depthtrain.teacher.inference import TeacherEye
from depthtrain.teacher.label import label_drive
from depthtrain.teacher.network import LiteTeacher
from depthtrain.train import train
from depthtrain.verification import verify
from test_training import RECIPE


def _recipe(path: Path, drive: Path, **changes):
    path.write_text(RECIPE.format(drive=drive, steps=2))
    return dataclasses.replace(load_recipe(path), **changes)


@dataclasses.dataclass
class Chain:
    root: Path
    drive: Path
    recipe: Path
    teacher: Path
    references: Path
    fused: Path
    selected: Path
    bundle: Path


@pytest.fixture(scope="module")
def chain(tmp_path_factory) -> Chain:
    """Everything from a drive to a bundle with a bank, two steps of training each."""
    root, patch = tmp_path_factory.mktemp("chain"), pytest.MonkeyPatch()
    patch.setenv("DEPTHD_CACHE", str(root / "cache"))
    made = Chain(root, write_drive(root / "tiny", frames=8), root / "recipe.toml", root / "teacher" / "checkpoint.pt",
                 root / "references.safetensors", root / "fused" / "checkpoint.pt", root / "selected.safetensors", root / "bundle")
    plain = _recipe(made.recipe, made.drive)
    source = dataclasses.replace(plain.groups[0].sources[0], supervision="both")
    both = dataclasses.replace(plain, groups=(dataclasses.replace(plain.groups[0], sources=(source,)),))
    teacher = dataclasses.replace(both, model=dataclasses.replace(both.model, architecture="teacher-lite"),
                                  losses=LossWeights(multi_frame=1.0))
    train(teacher, made.teacher.parent)
    label_drive(TeacherEye(made.teacher), open_drive(made.drive), "teacher")
    assert _priors("build", "--teacher", made.teacher, "--student", made.recipe, "--drive", made.drive, "--out", made.references) == 0
    labelled = dataclasses.replace(both.groups[0], sources=(dataclasses.replace(source, pseudo="teacher"),))
    fused = dataclasses.replace(both, groups=(labelled,), losses=LossWeights(view=1.0, consistency=0.1, prior=1.0),
                                priors=Priors(str(made.references), 64))
    train(fused, made.fused.parent)
    assert _priors("select", "--checkpoint", made.fused, "--references", made.references, "--count", 20, "--stratified",
                   "--out", made.selected) == 0
    tuned = dataclasses.replace(fused, priors=Priors(str(made.selected), 0))
    train(tuned, root / "tuned", init=made.fused)
    export(root / "tuned" / "checkpoint.pt", made.bundle)
    yield made
    patch.undo()


def _priors(*arguments) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["priors", *map(str, arguments)])
        return priors_main()


def test_the_chain_ends_in_a_bundle_with_its_bank(chain: Chain, capsys) -> None:
    bundle = open_bundle(chain.bundle)
    bank = open_bank(chain.bundle / BANK_NAME, bundle.description["files"]["encoder.onnx"])
    assert bank.count == 20 and bank.metadata["selection"] == "stratified 20 of 192" and bank.metadata["drives"] == '["tiny"]'
    assert _priors("verify", chain.bundle / BANK_NAME, "--bundle", chain.bundle) == 0
    assert _priors("info", chain.bundle / BANK_NAME) == 0 and "bank of 20 references" in capsys.readouterr().out
    disparity, _ = bundle.predictor()(np.zeros((1, 3, 64, 96), np.float32))
    assert disparity.shape == (64, 96)


def test_a_run_can_start_from_the_network_of_a_bundle_with_a_bank(chain: Chain) -> None:
    found = bundle_network(open_bundle(chain.bundle)).state_dict()
    trained = load_network(chain.bundle.parent / "tuned" / "checkpoint.pt")[0].network.state_dict()
    assert all(torch.equal(found[name], trained[name]) for name in found
               if not name.startswith(("decoder.head1.", "decoder.head2.")) and not name.endswith("num_batches_tracked"))


def test_a_bundle_with_a_bank_is_told_from_another_network(chain: Chain) -> None:
    other = bundle_network(open_bundle(chain.bundle))
    torch.nn.init.normal_(other.decoder.head0.conv.weight, generator=torch.Generator().manual_seed(1))
    with pytest.raises(BundleError, match="its graphs are not this network"):
        verify(other, chain.bundle, [(96, 64)])


def test_frames_that_training_saw_are_not_taken_for_unseen(chain: Chain, tmp_path: Path) -> None:
    recipe = load_recipe(chain.recipe)
    source = dataclasses.replace(recipe.groups[0].sources[0], drive=str(write_drive(tmp_path / "bare", with_depth=False)))
    bare = dataclasses.replace(recipe, groups=(dataclasses.replace(recipe.groups[0], sources=(source,)),))
    assert len(list(held_out_images(recipe))) == round(8 * recipe.calibration_share) > 0 and not list(held_out_images(bare))


def test_references_hold_the_teachers_cells(chain: Chain) -> None:
    """8 frames of 6 x 4 cells; a cell's feature and disparity are the teacher's for that frame."""
    opened, eye = open_references(chain.references), TeacherEye(chain.teacher)
    assert opened.count == 8 * 24 and opened.metadata["teacher_sha256"] == eye.sha256
    look = eye.look(open_drive(chain.drive), 3)
    rows = np.flatnonzero(np.array(opened.tensors["frame"]) == 3)
    row = rows[np.array(opened.tensors["cell"])[rows] == 13]  # second row of cells, third column... 13 = 2 * 6 + 1
    assert np.allclose(opened.tensors["features"][row][0], look.features[:, 2, 1].numpy(), atol=1e-2)
    assert np.allclose(opened.tensors["disparity"][row][0], float(look.disparity[32:48, 16:32].mean()), rtol=1e-4)
    assert look.used_neighbours and not eye.look(open_drive(chain.drive), 0).used_neighbours


def test_disparities_of_another_unit_are_converted(chain: Chain) -> None:
    """A teacher of twice the width with the same canonical focal length counts half the depth for the same scene."""
    student = load_recipe(chain.recipe)
    teacher = dataclasses.replace(student, model=dataclasses.replace(student.model, max_depth_m=50.0))
    ratio = unit_ratio(teacher, (192, 128), student, (96, 64))
    assert ratio == pytest.approx(2.0)
    disparity = (1 / torch.tensor([3.0, 20.0]) - 1 / 50) / (1 / 0.1 - 1 / 50)
    expected = (1 / torch.tensor([6.0, 40.0]) - 1 / 100) / (1 / 0.1 - 1 / 100)
    assert torch.allclose(rescaled(disparity, teacher, student, ratio), expected, rtol=1e-4)


def test_selection_is_the_same_to_the_byte(chain: Chain, tmp_path: Path) -> None:
    assert _priors("select", "--checkpoint", chain.fused, "--references", chain.references, "--count", 20, "--stratified",
                   "--out", tmp_path / "again") == 0
    assert (tmp_path / "again").read_bytes() == chain.selected.read_bytes()


def test_a_bank_can_be_exchanged_without_training(chain: Chain, tmp_path: Path) -> None:
    import shutil
    shutil.copytree(chain.bundle, tmp_path / "robot")
    assert _priors("project", "--bundle", tmp_path / "robot", "--references", chain.references) == 0
    bundle = open_bundle(tmp_path / "robot")
    assert open_bank(tmp_path / "robot" / BANK_NAME).count == 192
    image = np.random.default_rng(0).standard_normal((1, 3, 64, 96)).astype(np.float32)
    assert np.isfinite(bundle.predictor()(image)[0]).all()


def test_foreign_files_are_refused_by_the_commands(chain: Chain, tmp_path: Path, capsys) -> None:
    (tmp_path / "encoder.onnx").write_bytes(b"another")
    assert _priors("verify", chain.bundle / BANK_NAME, "--bundle", tmp_path) == 1 and "was built for encoder" in capsys.readouterr().err
    assert _priors("select", "--checkpoint", chain.teacher, "--references", chain.references, "--count", 3, "--out", tmp_path / "x") == 1
    assert "has no prior fusion" in capsys.readouterr().err
    assert _priors("select", "--checkpoint", chain.fused, "--references", chain.references, "--count", 0, "--out", tmp_path / "x") == 1
    assert _priors("build", "--teacher", chain.fused, "--student", chain.recipe, "--drive", chain.drive, "--out", tmp_path / "x") == 1
    assert "a teacher-* architecture is needed" in capsys.readouterr().err and not (tmp_path / "x").exists()


def test_labels_keep_depth_and_trust(chain: Chain) -> None:
    drive = open_drive(chain.drive)
    labels.write_label("t", drive, 0, np.full((64, 96), 12.5), np.full((64, 96), 0.75))
    inverse, trust = labels.read_label("t", drive, 0)
    assert np.allclose(1 / inverse.astype(float), 12.5, rtol=2e-3) and np.allclose(trust, 0.75, atol=3e-3)
    with pytest.raises(DriveError, match="no label 't'"):
        labels.read_label("t", drive, 1)


def test_labels_of_another_teacher_are_made_anew(chain: Chain) -> None:
    """Those of the same teacher are kept: an interrupted run goes on."""
    drive, eye = open_drive(chain.drive), TeacherEye(chain.teacher)
    for index in range(len(drive)):
        labels.write_label("whose", drive, index, np.full((64, 96), 12.5), np.full((64, 96), 0.75))
    assert label_drive(eye, drive, "whose")["written"] == len(drive)
    assert label_drive(eye, drive, "whose")["written"] == 0
    eye.sha256 = "another's"
    assert label_drive(eye, drive, "whose")["written"] == len(drive)


def test_batches_carry_labels_and_enlarged_frames(chain: Chain) -> None:
    """The teacher's depth is in the student's unit, and the enlarged images show the same rectangle."""
    recipe = load_recipe(chain.fused.with_name("recipe.toml"))
    for number in range(6):
        _, batch = Sampler(recipe, seed=1).draw(number)
        if len(batch.photo_index):
            break
    assert batch.rich_target.shape[2:] == (128, 192) and batch.rich_sources.shape[1:3] == (2, 3)
    small = torch.nn.functional.avg_pool2d(batch.rich_target, 2)
    assert float((small - batch.clean[batch.photo_index]).abs().mean()) < 0.03
    known = batch.teacher_weight > 0
    assert batch.teacher_depth[known].min() > 0.09 and (batch.teacher_weight <= 1).all() and known.float().mean() > 0.5


def test_prior_agreement_compares_with_what_is_trusted_most(chain: Chain) -> None:
    """Measured, labelled, guessed (the simulator's sky) and unknown pixels side by side."""
    recipe = load_recipe(chain.fused.with_name("recipe.toml"))
    _, batch = Sampler(recipe, seed=1).draw(0)
    batch = dataclasses.replace(batch, depth=batch.depth.clone().fill_(0), weight=batch.weight.clone().fill_(0))
    batch.teacher_depth.zero_()
    batch.teacher_weight.zero_()
    batch.depth[..., 0], batch.weight[..., 0] = 4.0, 1.0       # measured; the label says something else
    batch.teacher_depth[..., :2], batch.teacher_weight[..., :2] = 8.0, 0.5
    batch.depth[..., 2], batch.weight[..., 2] = 80.0, 0.3      # guessed, without a label
    proposed = torch.full((len(batch.depth), 1, 4, 6), (1 / 4.0 - 0.01) / 9.99)
    step = Step(recipe, {}, batch, {"prior_disparity": proposed}, 0)
    expected = (1.0 * 0 + 0.5 * np.log(2) + 0.3 * np.log(20)) / 1.8
    assert float(PriorAgreement(recipe).terms(step)["prior"]) == pytest.approx(expected, rel=1e-4)


def test_settings_that_cannot_work_are_refused(chain: Chain) -> None:
    recipe = load_recipe(chain.recipe)
    from depthtrain.recipe_check import check
    for changes, message in (({"losses": LossWeights(prior=1.0)}, "names no reference set"),
                             ({"losses": LossWeights(multi_frame=1.0)}, "takes one frame"),
                             ({"guidance": Guidance(classes=3)}, "only teacher-lite")):
        with pytest.raises(RecipeError, match=message):
            check(dataclasses.replace(recipe, **changes), "r")
    with pytest.raises((PriorError, RecipeError), match="cannot be read"):
        train(dataclasses.replace(recipe, priors=Priors(str(chain.root / "absent"))), chain.root / "none")


def test_the_exported_teacher_is_the_teacher(tmp_path: Path) -> None:
    import onnx
    teacher = LiteTeacher(hypotheses=4).eval()
    teacher.range_units[:] = torch.tensor([2.0, 8.0])
    assert export_teacher(teacher, tmp_path, (96, 64)) < 3e-4
    operators = [{node.op_type for node in onnx.load(tmp_path / name).graph.node} for name in ("teacher.onnx", "teacher_single.onnx")]
    assert "GridSample" in operators[0] and "GridSample" not in operators[1]


def test_a_guided_teacher_trains_from_a_segmentation_folder(tmp_path: Path) -> None:
    drive = write_drive(tmp_path / "tiny", frames=8)
    (drive / "segmentation").mkdir()
    for index in range(8):
        cv2.imwrite(str(drive / "segmentation" / f"{index:06d}.png"), np.tile(np.arange(96, dtype=np.uint8) // 48, (64, 1)))
    recipe = _recipe(tmp_path / "recipe.toml", drive, guidance=Guidance(classes=2), losses=LossWeights(multi_frame=1.0))
    recipe = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, architecture="teacher-lite"))
    train(recipe, tmp_path / "run")
    eye = TeacherEye(tmp_path / "run" / "checkpoint.pt")
    assert eye.teacher.guidance is not None and eye.teacher.guidance.refine["2"].weight.abs().max() > 0
    before = eye.look(open_drive(drive), 3).disparity
    cv2.imwrite(str(drive / "segmentation" / "000003.png"), np.zeros((64, 95), np.uint8))
    with pytest.raises(DriveError, match="expected one 8-bit class number per pixel"):
        eye.look(open_drive(drive), 3)
    assert torch.isfinite(before).all()
