"""Experiments on richer resources: the multi-frame teacher and the guided losses."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from depthtrain.ablate.bench import SELF_SUPERVISED, SUPERVISED, Bench, Errors, Outcome, experiment, frame_errors
from depthtrain.ablate.places import SIZE, STILLS, VALIDATION, drive, simulated
from depthtrain.config import Group, ModelRecipe, Source, drive_path
from depthtrain.data.drive import open_drive
from depthtrain.priors.losses import gradient_consistency
from depthtrain.teacher.inference import TeacherEye
from depthtrain.teacher.label import label_drive

RICH = (2 * SIZE[0], 2 * SIZE[1])
LABELS = "ablation"
REAL = Source("kitti_odom06", 1.0, "photometric", pseudo=LABELS)  # stored at more than twice the student's resolution
MOVING = tuple(simulated(place, supervision="photometric", empty_depth_m=0.0, pseudo=LABELS) for place in ("street", "yard"))


def teacher(bench: Bench) -> Path:
    """A teacher at twice the size, from the common start."""
    sources = [Source(STILLS, 1.0), Source("kitti_odom00", 0.5, "photometric"),
               *(simulated(place, supervision="both") for place in ("street", "yard"))]
    model = ModelRecipe(architecture="teacher-lite", canonical_fx_px=2 * ModelRecipe().canonical_fx_px)
    losses = dataclasses.replace(SUPERVISED, photometric=1.0, multi_frame=1.0)
    recipe = bench.recipe("teacher", sources, losses, 50, rate=5e-4, model=model)
    group = Group("rich", *RICH, 2, 1.0, tuple(sources))
    return bench.trained(dataclasses.replace(recipe, groups=(group,)), init=bench.base())


def labelled(bench: Bench) -> TeacherEye:
    """The students' common teacher, after it has labelled the drives that they learn from without truth."""
    eye = TeacherEye(teacher(bench.of(1)))
    torch.set_num_threads(1)
    with bench.alone("labels"):
        for source in (REAL, *MOVING):
            label_drive(eye, open_drive(drive_path(source.drive)), LABELS)
    return eye


@experiment("guided", "guided loss (view reconstruction, gradient consistency)",
            "error of the normalised depth gradient, simulated street and yard",
            "reprojection at the network's own size against reprojection at twice the size and the teacher's depth "
            "steps (weights 1 and 0.3), known poses; median-scaled log error {shape_without:.3f} without, "
            "{shape_with:.3f} with; the start has {start:.3f} and {shape_start:.3f}")
def guided(bench: Bench) -> Outcome:
    """Self-supervision at the network's own resolution, or with richer images and the teacher's depth steps."""
    labelled(bench)
    runs = {"start": bench.base()}
    for name, losses in (("without", SELF_SUPERVISED),
                         ("with", dataclasses.replace(SELF_SUPERVISED, photometric=0.0, view=1.0, consistency=0.3))):
        runs[name] = bench.trained(bench.recipe(f"guided-{name}", (REAL, *MOVING), losses, 60), init=bench.base())
    errors = {name: gradient_error(bench, run) for name, run in runs.items()}
    shapes = {f"shape_{name}": bench.errors(run, VALIDATION).shape for name, run in runs.items()}
    return Outcome(errors["without"], errors["with"], {"start": errors["start"], **shapes})


@experiment("teacher", "multi-frame teacher (plane sweep)", "unscaled log error, moving frames of simulated street and yard",
            "one network in its two modes, with and without its neighbours, known poses, 50 steps at 384x128; "
            "median-scaled {alone:.3f} alone, {together:.3f} together; [why it hardly moves]"
            "(methods-history.md#why-two-rows-do-not-move)")
def multi_frame(bench: Bench) -> Outcome:
    """The same network alone and with its neighbours, on drives that it was not trained on."""
    eye, errors = TeacherEye(teacher(bench)), []
    for place in ("street", "yard"):
        judged = open_drive(drive_path(drive(f"{place}_moving_val")))
        for index in range(2, len(judged) - 2, 2):
            looks = (eye.look(judged, index, alone=True), eye.look(judged, index))
            pair = [frame_errors(eye.depth_m(look, judged)[0], judged.depth(index)) for look in looks]
            errors.append([dataclasses.astuple(each) for each in pair])
    alone, together = (Errors(*map(float, values)) for values in np.mean(errors, axis=0))
    return Outcome(alone.log, together.log, {"alone": alone.shape, "together": together.shape})


def gradient_error(bench: Bench, run: Path) -> float:
    """Mean |G~(predicted) - G~(true)| of inverse depth at the network's size, sky included as far."""
    errors = []
    for name in VALIDATION:
        for judged, index, depth, _ in bench.predictions(run, name):
            truth = judged.depth(index)
            inverse = [np.where(np.isfinite(plane) & (plane > 0), 1 / np.maximum(plane, 0.1), 1 / 80.0)
                       for plane in (depth, truth)]
            pair = [torch.from_numpy(plane).float() for plane in inverse]
            small = [F.interpolate(plane[None, None], (SIZE[1], SIZE[0]), mode="area") for plane in pair]
            errors.append(float(gradient_consistency(*small, torch.ones_like(small[0]))))
    return float(np.mean(errors))
