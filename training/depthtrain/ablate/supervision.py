"""Experiments on what a network learns from: odometer, stereo proposals, few range points, its own earlier self."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np

from depthtrain.ablate.bench import SELF_SUPERVISED, Bench, Outcome, experiment, named
from depthtrain.ablate.places import MIXED_VALIDATION, STILLS, drive, prepare_drives, simulated
from depthtrain.config import Distillation, LossWeights, ModelRecipe, Photometric, Source, drive_path
from depthtrain.data.drive import open_drive
from depthtrain.data.hints import hint_path, make_hints

STREET = simulated("street", supervision="photometric", pose="learned", empty_depth_m=0.0)
POSES = "small"  # starts in the direction of travel: a network that sets out the other way takes long to turn round
HALVED = ModelRecipe(canonical_fx_px=2 * ModelRecipe().canonical_fx_px, pose=POSES)
"""The convention under which a network trained under the usual one says half the depth."""


@experiment("velocity", "velocity supervision", "unscaled log error, kitti2015_val and simulated street",
            "the start is the base with its depth halved, as the unit of a network trained from images alone is any: "
            "{start_log:.3f}; log of the scale off by {without_scale:.3f} without, {with_scale:.3f} with, "
            "{start_scale:.3f} at the start; median-scaled {without_shape:.3f} without, {with_shape:.3f} with, "
            "{start_shape:.3f} at the start; unscaled AbsRel {without_abs_rel:.3f} without, {with_abs_rel:.3f} with; "
            "in both runs the pose network learns alone first, for 100 steps that all seeds share")
def velocity(bench: Bench) -> Outcome:
    """Learned poses have no scale of their own; the odometer gives it."""
    sources = [Source("kitti_odom00", 1.0, "photometric", "learned"), STREET]
    runs = {"start": bench.base()}
    for name, weight in (("without", 0.0), ("with", 0.1)):
        losses = dataclasses.replace(SELF_SUPERVISED, velocity=weight)
        start = with_poses(bench, f"velocity-poses-{name}", sources, losses, HALVED)
        runs[name] = bench.trained(bench.recipe(f"velocity-{name}", sources, losses, 80, model=HALVED), init=start)
    found = {name: bench.errors(run, MIXED_VALIDATION, HALVED) for name, run in runs.items()}
    return Outcome(found["without"].log, found["with"].log, named(found))


def with_poses(bench: Bench, name: str, sources: list[Source], losses: LossWeights, model: ModelRecipe) -> Path:
    """The base with a pose network that has learned from `losses` beside it, depth held fixed: common to all seeds."""
    common, steps = bench.common(), 100
    recipe = common.recipe(name, sources, losses, steps, rate=1e-3, model=model,
                           photometric=Photometric(pose_warmup_steps=max(1, steps // bench.shrink - 1)))
    return common.trained(recipe, init=bench.base())


@experiment("semi-supervised", "reprojected distance, 4 range beams", "unscaled log error, simulated street",
            "both runs with poses learned first, and velocity supervision; range points enter through the reprojected "
            "distance alone; the start has {start_log:.3f}; median-scaled {without_shape:.3f} without, "
            "{with_shape:.3f} with, unscaled AbsRel {without_abs_rel:.3f} and {with_abs_rel:.3f}")
def semi_supervised(bench: Bench) -> Outcome:
    """A handful of range points per image beside reprojection with learned poses."""
    losses, model = dataclasses.replace(SELF_SUPERVISED, velocity=0.1), ModelRecipe(pose=POSES)
    start = with_poses(bench, "beams-poses", [STREET], losses, model)
    runs = {"start": start}
    for name, weight, supervision in (("without", 0.0, "photometric"), ("with", 0.05, "both")):
        source = dataclasses.replace(STREET, supervision=supervision, truth=("sparse",))
        recipe = bench.recipe(f"beams-{name}", [source], dataclasses.replace(losses, reprojected=weight), 60, model=model)
        runs[name] = bench.trained(recipe, init=start)
    found = {name: bench.errors(run, [drive("street_val")]) for name, run in runs.items()}
    return Outcome(found["without"].log, found["with"].log, named(found))


@experiment("hints", "Depth Hints (12 fused matchers, gated)", "unscaled AbsRel near thin objects, kitti2015_val",
            "stereo pairs of the real stills, without their truth, for 120 steps from random weights; log error near "
            "thin objects {without_log:.3f} without, {with_log:.3f} with, median-scaled {without_shape:.3f} and "
            "{with_shape:.3f}; whole picture: AbsRel {whole_without_abs_rel:.3f} and {whole_with_abs_rel:.3f}, log "
            "error {whole_without_log:.3f} and {whole_with_log:.3f}")
def hints(bench: Bench) -> Outcome:
    """Reprojection alone has many minima at thin things; proposals help it out of the wrong one."""
    _make_hints(bench)
    thin, whole = {}, {}
    for name, weight in (("without", 0.0), ("with", 1.0)):
        losses = dataclasses.replace(SELF_SUPERVISED, hints=weight)
        recipe = bench.recipe(f"hints-{name}", [STEREO], losses, 120, rate=1e-3, is_fresh=True)
        run = bench.trained(recipe)
        whole[f"whole_{name}"] = bench.errors(run, ["kitti2015_val"])
        thin[name] = bench.errors(run, ["kitti2015_val"], counts=near_thin)
    return Outcome(thin["without"].abs_rel, thin["with"].abs_rel, named({**thin, **whole}))


STEREO = Source(STILLS, 1.0, "depth", hints="fused", truth=(), stereo=True)


def _make_hints(bench: Bench) -> None:
    with bench.alone("drives"):
        prepare_drives()
    with bench.alone("hints"):
        stills = open_drive(drive_path(STILLS))
        if not hint_path("fused", stills, len(stills) - 1).exists():
            make_hints("fused", stills)


def near_thin(truth: np.ndarray, width_px: int = 41) -> np.ndarray:
    """Pixels (H, W) within 6 px of things narrower than `width_px` that stand at least 20 % nearer than what is beside them.

    Gaps of the truth up to 7 px are closed first; the rest counts as far.
    """
    inverse = np.where(truth > 0, 1.0 / truth, 0).astype(np.float32)
    inverse = cv2.dilate(inverse, np.ones((7, 7), np.uint8))
    beside = cv2.morphologyEx(inverse, cv2.MORPH_OPEN, np.ones((1, width_px), np.uint8))
    thin = (inverse > 1.2 * beside) & (beside > 0)
    return cv2.dilate(thin.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0


@experiment("self-distillation", "SUB-Depth", "median-scaled AbsRel, kitti2015_val",
            "the measure is the paper's, whose networks know no scale; students learn for 160 steps from reprojection of "
            "stereo pairs and of kitti_odom00 with known poses, from the simulated base; the teacher is a finished run without"
            " the method, of another seed and 480 steps (the paper's is trained as long as its students; here that [gave "
            "nothing](methods-history.md#beside-the-present-table)), and has {teacher_scaled_abs_rel:.3f}; both sigmas of the "
            "method; median-scaled log error {without_shape:.3f} without, {with_shape:.3f} with, {teacher_shape:.3f} of the "
            "teacher; unscaled AbsRel {without_abs_rel:.3f}, {with_abs_rel:.3f} and {teacher_abs_rel:.3f}, log error "
            "{without_log:.3f}, {with_log:.3f} and {teacher_log:.3f}",
            pairs=5, first_seed=11)
def self_distillation(bench: Bench) -> Outcome:
    """A student of the same architecture and start as its finished teacher."""
    start = bench.simulated_base()
    _make_hints(bench)
    sources = [STEREO, Source("kitti_odom00", 1.0, "photometric")]
    teacher = bench.common()
    recipe = teacher.recipe("distillation-teacher", sources, SELF_SUPERVISED, 480, rate=5e-4)
    runs = {"teacher": teacher.trained(recipe, init=start)}
    for name, weight in (("without", 0.0), ("with", 1.0)):
        losses = dataclasses.replace(SELF_SUPERVISED, distillation=weight)
        recipe = bench.recipe(f"distillation-{name}", sources, losses, 160, rate=5e-4,
                              distillation=Distillation(teacher=str(runs["teacher"])))
        runs[name] = bench.trained(recipe, init=start, made_with=[runs["teacher"]])
    found = {name: bench.errors(run, ["kitti2015_val"]) for name, run in runs.items()}
    return Outcome(found["without"].scaled_abs_rel, found["with"].scaled_abs_rel, named(found))
