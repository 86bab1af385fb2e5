"""Training recipes: frozen dataclasses read strictly from TOML.

A recipe is data, never code. An unknown key, a missing key or a wrong type is an error that names the table, the key
and the nearest valid key. Nothing outside this file gives a recipe value a default.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import tomllib
import types
import typing
from pathlib import Path


class RecipeError(ValueError):
    """A recipe that cannot be used; the message names the file, the table and the key."""


@dataclasses.dataclass(frozen=True)
class ModelRecipe:
    """The network and its depth convention (inverse depth between 1/max and 1/min, canonical focal length)."""

    architecture: str = "rpr-lite"
    min_depth_m: float = 0.1
    max_depth_m: float = 100.0
    canonical_fx_px: float = 241.7
    mean: float = 0.45
    std: float = 0.225


@dataclasses.dataclass(frozen=True)
class Optimisation:
    """AdamW with linear warm-up and cosine decay; an exponential average of the weights is what gets exported.

    At `freeze_statistics_step` batch norm takes the statistics of many batches of all groups and keeps them, as it will
    after export: the batches of one group are too alike for their own statistics to stand for all data.
    """

    steps: int
    learning_rate: float = 1e-3
    final_learning_rate: float = 1e-5
    weight_decay: float = 1e-4
    warmup_steps: int = 100
    ema_decay: float = 0.998
    gradient_clip: float = 5.0
    seed: int = 1
    threads: int = 2
    checkpoint_every_s: float = 180.0
    validate_every_s: float = 400.0
    freeze_statistics_step: int = 1000
    freeze_statistics_batches: int = 60
    bfloat16: bool = False


@dataclasses.dataclass(frozen=True)
class LossWeights:
    """Weights of the loss terms (losses.py names the source of each)."""

    log_l1: float = 1.0
    silog: float = 0.0
    berhu: float = 0.0
    gradient: float = 0.3
    photometric: float = 1.0
    smoothness: float = 1e-3
    velocity: float = 0.05
    sigma: float = 0.1
    side_heads: tuple[float, ...] = (0.4, 0.2)


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Random view and appearance changes. Appearance is shared by all frames of one sample."""

    zoom_max: float = 2.0
    stretch: float = 0.12
    flip: float = 0.5
    colour: float = 0.8
    blur: float = 0.15
    noise: float = 0.2
    grey: float = 0.1
    paste: float = 0.3


@dataclasses.dataclass(frozen=True)
class Source:
    """One drive in a group, or several by a pattern such as "./.sim-drives/street_*", which share the weight evenly.

    `supervision` is "depth", "photometric" or "both"; `pose` is "known" (poses.csv) or "learned" (the pose network);
    `hints` names cached hints to fill the truth with; `zoom_max` overrides the recipe's when above 0;
    `empty_depth_m` above 0 says what missing truth stands for (the simulator's sky), else it is unknown.
    """

    drive: str
    weight: float
    supervision: str = "depth"
    pose: str = "known"
    zoom_max: float = 0.0
    hints: str = ""
    empty_depth_m: float = 0.0


@dataclasses.dataclass(frozen=True)
class Group:
    """Samples that share one network input size and so can share a batch."""

    name: str
    width: int
    height: int
    batch: int
    weight: float
    sources: tuple[Source, ...]


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A whole training run."""

    name: str
    model: ModelRecipe
    optimisation: Optimisation
    losses: LossWeights
    augmentation: Augmentation
    groups: tuple[Group, ...]
    calibration_share: float = 0.1
    validation: tuple[str, ...] = ()


def data_root() -> Path:
    """Folder that holds the drives: $DEPTHD_DATA, else `../shared/data` beside the repository."""
    value = os.environ.get("DEPTHD_DATA")
    return Path(value) if value else Path(__file__).resolve().parents[3] / "shared" / "data"


def drive_path(name: str) -> Path:
    """Resolves a recipe's drive: absolute, `./` relative to the repository root, else under `data_root()`."""
    if name.startswith("./"):
        return Path(__file__).resolve().parents[2] / name[2:]
    return Path(name) if Path(name).is_absolute() else data_root() / name


def source_drives(recipe: Recipe) -> list[Path]:
    """Folders of all training drives of a recipe, patterns expanded, without repeats."""
    folders = [folder for group in recipe.groups for source in group.sources for folder in matching_drives(source.drive)]
    return list(dict.fromkeys(folders))


def matching_drives(name: str) -> list[Path]:
    """Folders that a source names; `*` in the last part matches several. Raises RecipeError when nothing matches."""
    path = drive_path(name)
    if "*" not in path.name:
        return [path]
    folders = sorted(folder for folder in path.parent.glob(path.name) if folder.is_dir() and not folder.name.endswith("_val"))
    if not folders:
        raise RecipeError(f"{name}: no drive folder matches under {path.parent}")
    return folders


def load_recipe(path: str | Path) -> Recipe:
    """Reads a recipe file. Raises RecipeError for anything that is not exactly right."""
    path = Path(path)
    try:
        table = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: {error}") from error
    recipe = _build(Recipe, table, f"{path}: recipe")
    _check(recipe, path)
    return recipe


def _check(recipe: Recipe, path: Path) -> None:
    for group in recipe.groups:
        if group.width % 32 or group.height % 32 or group.width <= 0 or group.height <= 0:
            raise RecipeError(f"{path}: group {group.name}: size {group.width}x{group.height} is not a multiple of 32")
        if not group.sources:
            raise RecipeError(f"{path}: group {group.name} has no sources")
        for source in group.sources:
            if source.supervision not in ("depth", "photometric", "both"):
                raise RecipeError(f"{path}: drive {source.drive}: unknown supervision {source.supervision!r}")
            if source.pose not in ("known", "learned"):
                raise RecipeError(f"{path}: drive {source.drive}: unknown pose {source.pose!r}")
            if "_val" in Path(source.drive).name:
                raise RecipeError(f"{path}: drive {source.drive} is a validation drive and must not be trained on")


def _build(kind: type, table: dict, where: str):
    if not isinstance(table, dict):
        raise RecipeError(f"{where}: expected a table, found {type(table).__name__}")
    hints = typing.get_type_hints(kind)
    for key in table:
        if key not in hints:
            near = difflib.get_close_matches(key, hints, n=1)
            advice = f"; did you mean {near[0]!r}?" if near else ""
            raise RecipeError(f"{where}: unknown key {key!r}{advice}")
    values = {key: _convert(hints[key], value, f"{where}.{key}") for key, value in table.items()}
    for field in dataclasses.fields(kind):
        if field.name not in values and field.default is dataclasses.MISSING:
            raise RecipeError(f"{where}: missing key {field.name!r}")
    return kind(**values)


def _convert(hint, value, where: str):
    if typing.get_origin(hint) in (tuple, types.GenericAlias):
        if not isinstance(value, list):
            raise RecipeError(f"{where}: expected a list")
        element = typing.get_args(hint)[0]
        return tuple(_convert(element, item, f"{where}[{index}]") for index, item in enumerate(value))
    if dataclasses.is_dataclass(hint):
        return _build(hint, value, where)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise RecipeError(f"{where}: expected {hint.__name__}, found {type(value).__name__}")
    return value
