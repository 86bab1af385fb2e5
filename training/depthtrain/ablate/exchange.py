"""The experiment on prior banks: what a bank of a new place brings there to a network that has not seen it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from depthtrain.ablate.bench import SUPERVISED, Bench, Outcome, experiment, named
from depthtrain.ablate.guided import RICH
from depthtrain.ablate.places import BASE_DRIVES, STILLS, drive
from depthtrain.config import Augmentation, Group, ModelRecipe, Priors, Recipe, Source
from depthtrain.priors.build import build_references, select_references
from depthtrain.priors.references import open_references
from depthtrain.teacher.inference import TeacherEye

SIMULATED = tuple(Source(name, 1.0, empty_depth_m=80.0) for name in BASE_DRIVES)
STEPS, KEPT = 400, 4096
NEW_PLACE_LOOKS = ["kitti_odom06"]  # whose frames choose the new bank's references; they are not in it
HARSH = Augmentation(zoom_max=1.0, stretch=0.0, colour=1.0, grey=0.3, blur=0.4, motion_blur=0.2, defocus=0.2, noise=0.6, paste=0.0)
"""Whole views, for those are what a bank holds, in colours and sharpness that leave the picture alone less to rely on."""


def rich_teacher(bench: Bench) -> TeacherEye:
    """The common teacher of both places: twice the size, and the truth of the real stills and of the simulator drives."""
    common, sources = bench.common(), (Source(STILLS, 6.0), *SIMULATED)
    model = ModelRecipe(architecture="teacher-lite", canonical_fx_px=2 * ModelRecipe().canonical_fx_px)
    recipe = common.recipe("priors-teacher", sources, SUPERVISED, 240, rate=1e-3, model=model)
    recipe = dataclasses.replace(recipe, groups=(Group("rich", *RICH, 4, 1.0, sources),))
    return TeacherEye(common.trained(recipe, init=bench.base()))


def references_of(bench: Bench, eye: TeacherEye, name: str, drives: list[str], student: Recipe, every: int = 1) -> Path:
    """The reference set of a place, of every `every`-th frame of its drives, built now if this teacher has not built it yet."""
    path = bench.folder / "runs" / f"references-{name}.safetensors"
    with bench.alone("references"):
        known = open_references(path).metadata if path.exists() else {}
        if (known.get("teacher_sha256"), known.get("every")) != (eye.sha256, str(every)):
            build_references(eye, drives, student, path, every)
    return path


@experiment("priors", "prior fusion with selection, the bank of a new place", "unscaled log error, kitti2015_val",
            "start and lessons are simulated; the bank is of `kitti2015_train`, whose pictures and truth neither run has seen, "
            "but the bank's teacher has: 4,096 of its 17,664 references, chosen by looks of `kitti_odom06`. 400 steps in "
            "[episodes](../decisions/0024-fusion-learns-in-episodes.md), without: the same pictures in the same order, fusion "
            "held at nothing, depths in their own unit. With the simulator's bank left in: {home_log:.3f}; with all 17,664: "
            "{all_log:.3f}. Median-scaled log error {without_shape:.3f} without, {with_shape:.3f} with; unscaled AbsRel "
            "{without_abs_rel:.3f} and {with_abs_rel:.3f}, median-scaled {without_scaled_abs_rel:.3f} and "
            "{with_scaled_abs_rel:.3f}; log of the scale off by {without_scale:.3f} and {with_scale:.3f}. Where both have learned, "
            "on another simulated street and with the simulator's bank, log error is {street_without_log:.3f} and "
            "{street_with_log:.3f}: within one domain fusion was [worth nothing measurable]"
            "(methods-history.md#why-two-rows-do-not-move). The plain network that learns the new place's truth itself for 400 "
            "steps has {taught_log:.3f}",
            pairs=5, first_seed=21)
def priors(bench: Bench) -> Outcome:
    """Fusion learns to believe a bank on simulator drives; then the bank alone is exchanged for one of real drives."""
    eye, start = rich_teacher(bench), bench.simulated_base()
    plain = bench.recipe("priors-without", SIMULATED, SUPERVISED, STEPS, augmentation=HARSH)
    home = references_of(bench, eye, "simulated", list(BASE_DRIVES), plain, every=2)
    away = references_of(bench, eye, "stills", [STILLS], plain)
    settings = Priors(str(home), 1024, rate=10.0, episodes=True)
    held = dataclasses.replace(plain, priors=dataclasses.replace(settings, rate=0.0, unit_log_range=0.0))
    control = bench.trained(held, init=start, made_with=[home])
    recipe = bench.recipe("priors-with", SIMULATED, dataclasses.replace(SUPERVISED, prior=1.0), STEPS, augmentation=HARSH,
                          priors=settings)
    fused = bench.trained(recipe, init=start, made_with=[home])
    banks = {"home": home, "with": away}
    for name, references in list(banks.items()):
        banks[name] = bench.folder / "runs" / f"selected-{name}-{bench.seed}.safetensors"
        select_references(fused, references, banks[name], KEPT, True, NEW_PLACE_LOOKS if references == away else None)
    found = {name: bench.errors(fused, ["kitti2015_val"], references=bank) for name, bank in {**banks, "all": away}.items()}
    found["without"] = bench.errors(control, ["kitti2015_val"])
    found["street_without"] = bench.errors(control, [drive("street_val")])
    found["street_with"] = bench.errors(fused, [drive("street_val")], references=banks["home"])
    found["taught"] = bench.errors(taught(bench, start), ["kitti2015_val"])
    return Outcome(found["without"].log, found["with"].log, named(found))


def taught(bench: Bench, start: Path) -> Path:
    """The plain network after the new place's own truth: what exchanging a bank stands in for. Common to all seeds."""
    common = bench.common()
    return common.trained(common.recipe("priors-taught", [Source(STILLS, 1.0)], SUPERVISED, STEPS, augmentation=HARSH), init=start)
