"""Experiments on richer resources: the multi-frame teacher, the guided losses, prior fusion with selection."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from depthtrain.ablate.bench import SELF_SUPERVISED, SIZE, STILLS, SUPERVISED, Bench, Outcome, experiment, simulated
from depthtrain.config import Group, ModelRecipe, Priors, Source, drive_path
from depthtrain.data.drive import open_drive
from depthtrain.priors.build import build_references, select_references
from depthtrain.priors.losses import gradient_consistency
from depthtrain.teacher.inference import TeacherEye
from depthtrain.teacher.label import label_drive

RICH = (2 * SIZE[0], 2 * SIZE[1])
LABELS = "ablation"
REAL = Source("kitti_odom06", 1.0, "photometric", pseudo=LABELS)  # stored at more than twice the student's resolution
MOVING = tuple(dataclasses.replace(simulated(place), supervision="photometric", empty_depth_m=0.0, pseudo=LABELS)
               for place in ("street", "yard"))


def teacher(bench: Bench) -> Path:
    """The teacher of all experiments here, at twice the size, from the common start."""
    sources = [Source(STILLS, 1.0), Source("kitti_odom00", 0.5, "photometric"),
               *(dataclasses.replace(simulated(place), supervision="both") for place in ("street", "yard"))]
    model = ModelRecipe(architecture="teacher-lite", canonical_fx_px=2 * ModelRecipe().canonical_fx_px)
    losses = dataclasses.replace(SUPERVISED, photometric=1.0, multi_frame=1.0)
    recipe = bench.recipe("teacher", sources, losses, 80, model=model)
    return bench.trained(dataclasses.replace(recipe, groups=(Group("rich", *RICH, 2, 1.0, tuple(sources)),)), init=bench.base())


def labelled(bench: Bench) -> TeacherEye:
    """The teacher, after it has labelled the drives that the students learn from without truth."""
    eye = TeacherEye(teacher(bench))
    torch.set_num_threads(1)
    for source in (REAL, *MOVING):
        label_drive(eye, open_drive(drive_path(source.drive)), LABELS)
    return eye


@experiment("teacher", "multi-frame teacher (plane sweep)", "unscaled AbsRel, frames of the simulated drives kept from training")
def multi_frame(bench: Bench) -> Outcome:
    """The same network alone and with its neighbours."""
    eye, errors = TeacherEye(teacher(bench)), []
    for place in ("street", "yard"):
        drive = open_drive(drive_path(f"./.sim-drives/ablation_{place}"))
        for index in range(len(drive) - round(0.1 * len(drive)), len(drive) - 1):
            truth = drive.depth(index)
            known = (truth > 1e-3) & (truth < 80)
            looks = (eye.look(drive, index, alone=True), eye.look(drive, index))
            errors.append([float(np.mean(np.abs(eye.depth_m(look, drive)[0] - truth)[known] / truth[known])) for look in looks])
    alone, together = np.mean(errors, axis=0)
    return Outcome(float(alone), float(together), f"{len(errors)} frames, the last of the drives it was trained on; one network "
                   "in its two modes, 80 steps at 384x128")


@experiment("guided", "guided loss (view reconstruction, gradient consistency)",
            "error of the normalised depth gradient, simulated street and yard")
def guided(bench: Bench) -> Outcome:
    """Self-supervision at the network's own resolution, and with richer images and the teacher's depth steps."""
    labelled(bench)
    scores = []
    for name, on in (("guided-without", 0.0), ("guided-with", 1.0)):
        losses = dataclasses.replace(SELF_SUPERVISED, view=on, consistency=0.1 * on)
        run = bench.trained(bench.recipe(name, (REAL, *MOVING), losses, 120), init=bench.base())
        scores.append((gradient_error(bench, run), abs_rel(bench, run)))
    return Outcome(scores[0][0], scores[1][0],
                   f"known poses; median-scaled AbsRel {scores[0][1]:.3f} without, {scores[1][1]:.3f} with. The labels must be of "
                   "the kind of place that is judged: with labels of the real drive alone this measure rose by 3 %")


@experiment("priors", "prior fusion with selection", "unscaled AbsRel, kitti2015_val and simulated street")
def priors(bench: Bench) -> Outcome:
    """The control learns from the same labels in the same two runs, without a bank: what is left is what looking up brings."""
    eye = labelled(bench)
    sources = [Source(STILLS, 1.0), simulated("street"), dataclasses.replace(REAL, supervision="depth")]
    begun = bench.trained(bench.recipe("priors-without-80", sources, SUPERVISED, 80), init=bench.base())
    control = bench.trained(bench.recipe("priors-without-40", sources, SUPERVISED, 40), init=begun)
    folder = bench.folder / "runs"
    references, selected = folder / "references.safetensors", folder / "selected.safetensors"
    plain = bench.recipe("priors-random", sources, dataclasses.replace(SUPERVISED, prior=1.0), 80,
                         priors=Priors(str(references), 2048))
    if not references.exists():
        build_references(eye, [STILLS, REAL.drive, "./.sim-drives/ablation_street"], plain, references, every=4)
    random_draws = bench.trained(plain, init=bench.base())
    if not selected.exists():
        select_references(random_draws, references, selected, 1024, is_stratified=True)
    tuned = bench.recipe("priors-selected", sources, dataclasses.replace(SUPERVISED, prior=1.0), 40,
                         priors=Priors(str(selected), 0))
    values = [unscaled(bench, run) for run in (control, random_draws, bench.trained(tuned, init=random_draws))]
    return Outcome(values[0], values[2],
                   f"80 and 40 steps without a bank; 80 with 2,048 random references a step ({values[1]:.3f}), then 40 with the "
                   "1,024 selected ones, stratified; the bank is of the training drives")


def unscaled(bench: Bench, run: Path) -> float:
    """Mean unscaled AbsRel on the real and a simulated validation drive."""
    return float(np.mean([bench.score(run, drive)["unscaled"]["abs_rel"]
                          for drive in ("kitti2015_val", "./.sim-drives/ablation_street_val")]))


def abs_rel(bench: Bench, run: Path) -> float:
    """Mean median-scaled AbsRel on the simulated validation drives."""
    return float(np.mean([bench.score(run, f"./.sim-drives/ablation_{place}_val")["median_scaled"]["abs_rel"]
                          for place in ("street", "yard")]))


def gradient_error(bench: Bench, run: Path) -> float:
    """Mean |G~(predicted) - G~(true)| of inverse depth at the network's size, sky included as far."""
    errors = []
    for place in ("street", "yard"):
        for drive, index, depth, _ in bench.predictions(run, f"./.sim-drives/ablation_{place}_val"):
            truth = drive.depth(index)
            pair = [torch.from_numpy(np.where(np.isfinite(plane) & (plane > 0), 1 / np.maximum(plane, 0.1), 1 / 80.0)).float()
                    for plane in (depth, truth)]
            small = [F.interpolate(plane[None, None], (SIZE[1], SIZE[0]), mode="area") for plane in pair]
            errors.append(float(gradient_consistency(*small, torch.ones_like(small[0]))))
    return float(np.mean(errors))
