"""Experiments on what a network learns from: odometer, stereo proposals, few range points, its own earlier self."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np

from depthtrain.ablate.bench import SELF_SUPERVISED, STILLS, SUPERVISED, Bench, Outcome, experiment, simulated
from depthtrain.config import Distillation, Source, drive_path
from depthtrain.data.drive import open_drive
from depthtrain.data.hints import hint_path, make_hints

LEARNED = dict(supervision="photometric", pose="learned", empty_depth_m=0.0)


@experiment("velocity", "velocity supervision", "abs(mean log scale error), simulated street and yard")
def velocity(bench: Bench) -> Outcome:
    """Learned poses have no scale of their own; the odometer gives it. Errors are told beside: a run in which everything is too
    near has an unscaled AbsRel below 1, so that a right scale can cost error while the shape is still wrong."""
    sources = [Source("kitti_odom00", 1.0, "photometric", "learned"),
               dataclasses.replace(simulated("street"), camera_forward_m=0.8, **LEARNED),
               dataclasses.replace(simulated("yard"), camera_forward_m=0.8, **LEARNED)]
    scores = [scale_and_errors(bench, bench.base())]
    for name, weight in (("velocity-without", 0.0), ("velocity-with", 0.05)):
        losses = dataclasses.replace(SELF_SUPERVISED, velocity=weight)
        run = bench.trained(bench.recipe(name, sources, losses), init=bench.base())
        scores.append(scale_and_errors(bench, run))
    (start, without, with_method), *errors = zip(*scores)
    parts = []
    for kind, values in zip(("unscaled", "median-scaled"), errors):
        parts.append(f"{kind} AbsRel {values[1]:.3f} without, {values[2]:.3f} with, {values[0]:.3f} at the start")
    return Outcome(without, with_method, f"{'; '.join(parts)}; the scale's error is {start:.3f} at the start")


def scale_and_errors(bench: Bench, run: Path) -> tuple[float, float, float]:
    """abs(mean log scale error), unscaled and median-scaled AbsRel, each the mean over the simulated validation drives."""
    drives = [bench.score(run, f"./.sim-drives/ablation_{place}_val") for place in ("street", "yard")]
    return (float(np.mean([abs(score["scale_log_mean"]) for score in drives])),
            *(float(np.mean([score[kind]["abs_rel"] for score in drives])) for kind in ("unscaled", "median_scaled")))


@experiment("hints", "Depth Hints (12 fused matchers, gated)", "AbsRel near thin objects, kitti2015_val")
def hints(bench: Bench) -> Outcome:
    """Reprojection alone has many minima at thin things; proposals help it into the right one."""
    bench.prepare_drives()
    drive = open_drive(drive_path(STILLS))
    if not hint_path("fused", drive, len(drive) - 1).exists():
        make_hints("fused", drive)
    source = Source(STILLS, 1.0, "depth", hints="fused", truth=(), stereo=True)
    errors = []
    for name, weight in (("hints-without", 0.0), ("hints-with", 1.0)):
        losses = dataclasses.replace(SELF_SUPERVISED, hints=weight, smoothness=1e-3)
        run = bench.trained(bench.recipe(name, [source], losses), init=None)
        thin, whole = [], []
        for opened, index, depth, _ in bench.predictions(run, "kitti2015_val"):
            truth = opened.depth(index)
            known = (truth > 0) & (truth < 80)
            error = np.abs(depth - truth) / truth
            near = near_thin(truth) & known
            thin.append(float(error[near].mean()) if near.any() else np.nan)
            whole.append(float(error[known].mean()))
        errors.append((float(np.nanmean(thin)), float(np.mean(whole))))
    return Outcome(errors[0][0], errors[1][0],
                   f"stereo pairs alone, from random weights; whole picture {errors[0][1]:.3f} without, {errors[1][1]:.3f} with")


def near_thin(truth: np.ndarray, width_px: int = 41) -> np.ndarray:
    """Pixels (H, W) within 6 px of things narrower than `width_px` that stand at least 20 % nearer than what is beside them.

    Gaps of the truth up to 7 px are closed first; the rest counts as far.
    """
    inverse = np.where(truth > 0, 1.0 / truth, 0).astype(np.float32)
    inverse = cv2.dilate(inverse, np.ones((7, 7), np.uint8))
    beside = cv2.morphologyEx(inverse, cv2.MORPH_OPEN, np.ones((1, width_px), np.uint8))
    thin = (inverse > 1.2 * beside) & (beside > 0)
    return cv2.dilate(thin.astype(np.uint8), np.ones((13, 13), np.uint8)) > 0


@experiment("semi-supervised", "reprojected distance, 4 range beams", "unscaled AbsRel, simulated street and yard")
def semi_supervised(bench: Bench) -> Outcome:
    """A handful of range points per image beside reprojection with learned poses."""
    scores = []
    for name, weight, supervision in (("beams-without", 0.0, "photometric"), ("beams-with", 0.05, "both")):
        settings = dict(LEARNED, supervision=supervision, truth=("sparse",), camera_forward_m=0.8)
        sources = [dataclasses.replace(simulated(place), **settings) for place in ("street", "yard")]
        losses = dataclasses.replace(SELF_SUPERVISED, velocity=0.05, reprojected=weight)
        run = bench.trained(bench.recipe(name, sources, losses), init=bench.base())
        scores.append(float(np.mean([bench.score(run, f"./.sim-drives/ablation_{place}_val")["unscaled"]["abs_rel"]
                                     for place in ("street", "yard")])))
    start = scale_and_errors(bench, bench.base())[1]
    return Outcome(*scores, f"both runs with velocity supervision; range points enter through the reprojected distance alone; the "
                            f"start has {start:.3f}")


@experiment("self-distillation", "SUB-Depth", "unscaled AbsRel, kitti2015_val and simulated street")
def self_distillation(bench: Bench) -> Outcome:
    """A student of the same architecture and schedule, with a finished run of the same kind as its teacher."""
    scores, teacher = [], bench.base()
    sources = [Source(STILLS, 1.0), simulated("street")]
    for name, weight in (("distillation-without", 0.0), ("distillation-with", 1.0)):
        losses = dataclasses.replace(SUPERVISED, distillation=weight)
        recipe = bench.recipe(name, sources, losses, distillation=Distillation(teacher=str(teacher)))
        run = bench.trained(recipe, init=None)
        scores.append(float(np.mean([bench.score(run, drive)["unscaled"]["abs_rel"]
                                     for drive in ("kitti2015_val", "./.sim-drives/ablation_street_val")])))
    return Outcome(*scores, "students from random weights, 240 steps; the teacher is the 500-step base. Without reprojection, so "
                            "that the second sigma has no part in it")
