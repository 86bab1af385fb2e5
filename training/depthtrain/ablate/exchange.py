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
JUDGED = ["kitti2015_val"]
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
            "{with_scaled_abs_rel:.3f}; log of the scale off by {without_scale:.3f} and {with_scale:.3f}: what the bank brings is the "
            "new place's range of depths, not shape. Where both have learned, on another simulated street and with the simulator's "
            "bank, log error is {street_without_log:.3f} and {street_with_log:.3f}: within one domain fusion is worth nothing, nor was "
            "[the row that asked for that](methods-history.md#beside-the-present-table). The plain network that learns the new "
            "place's truth itself for 400 steps has {taught_log:.3f}",
            pairs=5, first_seed=21)
def priors(bench: Bench) -> Outcome:
    """Fusion learns to believe a bank on simulator drives; then the bank alone is exchanged for one of real drives."""
    runs = finished(bench)
    banks = {"home": runs.bank("home", KEPT), "with": runs.bank("away", KEPT), "all": runs.away}
    found = {name: bench.errors(runs.fused, JUDGED, references=bank) for name, bank in banks.items()}
    found["without"] = bench.errors(runs.control, JUDGED)
    found["street_without"] = bench.errors(runs.control, [drive("street_val")])
    found["street_with"] = bench.errors(runs.fused, [drive("street_val")], references=banks["home"])
    found["taught"] = bench.errors(taught(bench), JUDGED)
    return Outcome(found["without"].log, found["with"].log, named(found))


@dataclasses.dataclass(frozen=True)
class Runs:
    """The two finished runs of a seed, and the reference sets of the place they learned in and of the one they did not."""

    bench: Bench
    control: Path
    fused: Path
    home: Path
    away: Path

    def bank(self, name: str, count: int) -> Path:
        """The `count` references of a place, "home" or "away", that the fused network attends to most on other frames there,
        stratified."""
        path = self.bench.folder / "runs" / f"selected-{name}-{count}-{self.bench.seed}.safetensors"
        looks = NEW_PLACE_LOOKS if name == "away" else None
        select_references(self.fused, getattr(self, name), path, count, is_stratified=True, drives=looks)
        return path


def finished(bench: Bench) -> Runs:
    """Trains both runs of a seed, as far as they are not yet."""
    eye, start = rich_teacher(bench), bench.simulated_base()
    plain = bench.recipe("priors-without", SIMULATED, SUPERVISED, STEPS, augmentation=HARSH)
    home = references_of(bench, eye, "simulated", list(BASE_DRIVES), plain, every=2)
    away = references_of(bench, eye, "stills", [STILLS], plain)
    settings = Priors(str(home), 1024, rate=10.0, episodes=True)
    held = dataclasses.replace(plain, priors=dataclasses.replace(settings, rate=0.0, unit_log_range=0.0))
    recipe = bench.recipe("priors-with", SIMULATED, dataclasses.replace(SUPERVISED, prior=1.0), STEPS, augmentation=HARSH,
                          priors=settings)
    control, fused = (bench.trained(each, init=start, made_with=[home]) for each in (held, recipe))
    return Runs(bench, control, fused, home, away)


def taught(bench: Bench) -> Path:
    """The plain network after the new place's own truth: what exchanging a bank stands in for. Common to all seeds."""
    common = bench.common()
    recipe = common.recipe("priors-taught", [Source(STILLS, 1.0)], SUPERVISED, STEPS, augmentation=HARSH)
    return common.trained(recipe, init=bench.simulated_base())
