"""Recipes of pose networks, read as strictly as those of depth networks."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from depthtrain import strict_toml
from depthtrain.config import Augmentation, Optimisation
from depthtrain.strict_toml import RecipeError


@dataclasses.dataclass(frozen=True)
class Pairs:
    """Which pairs of frames of a drive are used: distance between the cameras, rotation, frames apart. A share `reversed`
    goes in in the wrong order in time, as a robot that backs up sees it."""

    min_distance_m: float = 0.1
    max_distance_m: float = 1.5
    max_rotation_deg: float = 15.0
    max_gap: int = 15
    reversed: float = 0.25


@dataclasses.dataclass(frozen=True)
class Rendered:
    """Motions drawn for stills: standard deviations of the heading off straight ahead and of the rotation about x, y and z;
    the translation is at most `max_depth_share` of the nearest depths."""

    sideways: float = 0.15
    upwards: float = 0.08
    rotation_deg: tuple[float, ...] = (0.8, 2.5, 0.6)
    max_depth_share: float = 0.3


@dataclasses.dataclass(frozen=True)
class PoseLosses:
    """Weights of the logarithm of the norm, of the direction, of the rotation in units of `rotation_unit_rad`, and, for every
    coarse cell, of the image motion and the logarithm of depth (the bundle's own)."""

    norm: float = 1.0
    direction: float = 0.5
    rotation: float = 0.25
    rotation_unit_rad: float = 0.01
    flow: float = 3.0
    depth: float = 0.3


@dataclasses.dataclass(frozen=True)
class PoseSource:
    """One drive, or several by a pattern. `motion` is "known" (poses.csv, camera.yaml) or "rendered": the second frame is made
    from a still, the bundle's own depth and a random motion. Only the first `share` of the frames is trained on."""

    drive: str
    weight: float
    motion: str = "known"
    zoom_max: float = 1.4
    share: float = 1.0


@dataclasses.dataclass(frozen=True)
class PoseGroup:
    """Pairs that share a size: `width` and `height` are the depth network's, the pose network sees them divided."""

    name: str
    width: int
    height: int
    batch: int
    weight: float
    sources: tuple[PoseSource, ...]


@dataclasses.dataclass(frozen=True)
class PoseTrial:
    """A drive that judges: its frames from the share `after` on, of which nothing was trained on."""

    drive: str
    after: float = 0.0


@dataclasses.dataclass(frozen=True)
class PoseRecipe:
    """A whole run. `bundle` is the depth model (`./` is the repository root) whose canonical camera, normalisation and input
    sizes hold, and whose depth renders the second frames of stills."""

    name: str
    bundle: str
    optimisation: Optimisation
    augmentation: Augmentation
    groups: tuple[PoseGroup, ...]
    validation: tuple[PoseTrial, ...]
    input_divisor: int = 2
    pairs: Pairs = Pairs()
    rendered: Rendered = Rendered()
    losses: PoseLosses = PoseLosses()


def load_pose_recipe(path: str | Path) -> PoseRecipe:
    """Reads a recipe file. Raises RecipeError for anything that is not exactly right."""
    recipe = strict_toml.load(PoseRecipe, Path(path))
    check_pose_recipe(recipe, path)
    return recipe


def check_pose_recipe(recipe: PoseRecipe, path: str | Path) -> None:
    """Refuses what no type can: sizes that do not divide, validation frames among the trained ones."""
    if not 0 < recipe.pairs.min_distance_m < recipe.pairs.max_distance_m:
        raise RecipeError(f"{path}: pairs needs 0 < min_distance_m < max_distance_m")
    after = {trial.drive: trial.after for trial in recipe.validation}
    for group in recipe.groups:
        if group.width % recipe.input_divisor or group.height % recipe.input_divisor or group.batch < 1 or not group.sources:
            raise RecipeError(f"{path}: group {group.name}: needs sources, a batch, and sides that {recipe.input_divisor} divides")
        for source in group.sources:
            if source.motion not in ("known", "rendered"):
                raise RecipeError(f"{path}: drive {source.drive}: motion is {source.motion!r}, expected 'known' or 'rendered'")
            if "_val" in Path(source.drive).name or source.share > after.get(source.drive, 1.0):
                raise RecipeError(f"{path}: drive {source.drive}: trained on frames that judge the result; lower its share")
