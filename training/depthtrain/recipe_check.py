"""What makes a recipe refused beyond wrong keys and types: values that no dataclass type can rule out."""

from __future__ import annotations

from pathlib import Path

from depthtrain.config import Recipe, Source, learns_poses
from depthtrain.strict_toml import RecipeError


def check(recipe: Recipe, path: str | Path) -> None:
    """Refuses values that no dataclass type can: sizes, names, validation drives. `path` starts the messages."""
    choices = (("model.pose", recipe.model.pose, ("light", "small", "resnet18")),
               ("optimisation.precision", recipe.optimisation.precision, ("auto", "float32", "bfloat16", "float16")),
               ("distillation.target", recipe.distillation.target, ("log_depth", "disparity")))
    for key, value, allowed in choices:
        if value not in allowed:
            raise RecipeError(f"{path}: {key} is {value!r}, expected one of {', '.join(allowed)}")
    if recipe.losses.prior > 0 and not recipe.priors.references:
        raise RecipeError(f"{path}: losses.prior is on, but priors.references names no reference set")
    _check_priors(recipe, path)
    if recipe.completion.frozen_network and recipe.losses.completion <= 0:
        raise RecipeError(f"{path}: completion.frozen_network is on, but losses.completion is 0: nothing would learn")
    if recipe.losses.multi_frame > 0 and not recipe.model.architecture.startswith("teacher-"):
        raise RecipeError(f"{path}: losses.multi_frame is on, but {recipe.model.architecture} takes one frame; use a teacher")
    if recipe.guidance.classes > 0 and recipe.model.architecture != "teacher-lite":
        raise RecipeError(f"{path}: guidance.classes is above 0, but only teacher-lite takes guidance")
    if not 0 <= recipe.photometric.pose_warmup_steps < max(1, recipe.optimisation.steps):
        raise RecipeError(f"{path}: photometric.pose_warmup_steps is {recipe.photometric.pose_warmup_steps}, expected 0 to "
                          f"{recipe.optimisation.steps - 1}: fewer than optimisation.steps")
    if recipe.photometric.pose_warmup_steps > 0 and not learns_poses(recipe):
        raise RecipeError(f"{path}: photometric.pose_warmup_steps is above 0, but no source learns poses: set pose = \"learned\" "
                          "on one, or take the warm-up out")
    if not 1.0 <= recipe.view.scale <= 4.0:
        raise RecipeError(f"{path}: view.scale is {recipe.view.scale}, expected 1 to 4")
    if recipe.optimisation.steps < 1:
        raise RecipeError(f"{path}: optimisation.steps is {recipe.optimisation.steps}, expected at least 1")
    if not 0 < recipe.optimisation.pose_rate <= 100:
        raise RecipeError(f"{path}: optimisation.pose_rate is {recipe.optimisation.pose_rate}, expected above 0, at most 100")
    if recipe.losses.distillation > 0 and not recipe.distillation.teacher:
        raise RecipeError(f"{path}: losses.distillation is on, but distillation.teacher names no checkpoint")
    if not recipe.hints.unit_m > 0:
        raise RecipeError(f"{path}: hints.unit_m is {recipe.hints.unit_m}, expected above 0")
    if not recipe.groups:
        raise RecipeError(f"{path}: no [[groups]]: there is nothing to train on")
    for group in recipe.groups:
        if group.width % 32 or group.height % 32 or group.width <= 0 or group.height <= 0:
            raise RecipeError(f"{path}: group {group.name}: size {group.width}x{group.height} is not a multiple of 32")
        if group.batch < 1 or group.weight <= 0:
            raise RecipeError(f"{path}: group {group.name}: batch and weight must be positive")
        if not group.sources:
            raise RecipeError(f"{path}: group {group.name} has no sources")
        for source in group.sources:
            _check_source(source, path)


def _check_priors(recipe: Recipe, path: str | Path) -> None:
    priors = recipe.priors
    if not 0 <= priors.rate <= 100:
        raise RecipeError(f"{path}: priors.rate is {priors.rate}, expected 0 to 100")
    if not 0 <= priors.unit_log_range <= 2:
        raise RecipeError(f"{path}: priors.unit_log_range is {priors.unit_log_range}, expected 0 to 2")
    if not 0 <= priors.mixed <= 1:
        raise RecipeError(f"{path}: priors.mixed is {priors.mixed}, expected 0 to 1: a share of the episodes")
    if priors.apart < 1:
        raise RecipeError(f"{path}: priors.apart is {priors.apart}, expected at least 1: a frame must not look itself up")
    if priors.frozen_network and (not priors.references or priors.rate == 0 or recipe.completion.frozen_network):
        raise RecipeError(f"{path}: priors.frozen_network is on, but nothing would learn: it needs priors.references, priors.rate "
                          "above 0, and completion.frozen_network off")
    if not priors.episodes:
        return
    if not priors.references:
        raise RecipeError(f"{path}: priors.episodes is on, but priors.references names no reference set")
    if recipe.optimisation.freeze_statistics_step > 0:
        raise RecipeError(f"{path}: optimisation.freeze_statistics_step is {recipe.optimisation.freeze_statistics_step}, expected 0 "
                          "with priors.episodes: batch norm over samples of one unit would take out the unit; start from a "
                          "trained network (--init)")
    if recipe.losses.completion > 0 or recipe.losses.distillation > 0:
        raise RecipeError(f"{path}: priors.episodes changes the unit of depth from batch to batch, which completion and "
                          "distillation cannot follow; train them without episodes")


def _check_source(source: Source, path: str | Path) -> None:
    where = f"{path}: drive {source.drive}"
    choices = (("supervision", source.supervision, ("depth", "photometric", "both")), ("pose", source.pose, ("known", "learned")),
               ("hints", source.hints, ("", "stereo", "fused")), *(("truth", kind, ("sparse", "depth")) for kind in source.truth))
    for key, value, allowed in choices:
        if value not in allowed:
            raise RecipeError(f"{where}: unknown {key} {value!r}, expected one of {', '.join(map(repr, allowed))}")
    if source.hints == "fused" and not source.stereo:
        raise RecipeError(f"{where}: fused hints are judged against the right image: set stereo = true")
    if source.weight <= 0:
        raise RecipeError(f"{where}: weight is {source.weight}, expected above 0")
    if "_val" in Path(source.drive).name:
        raise RecipeError(f"{where} is a validation drive and must not be trained on")
