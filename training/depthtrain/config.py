"""Training recipes: frozen dataclasses read strictly from TOML.

A recipe is data, never code, and nothing outside this file gives a recipe value a default. A method is on when its weight
in `[losses]` is above 0; its other settings stand in a table of the method's name.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

from depthtrain import strict_toml
from depthtrain.strict_toml import RecipeError


@dataclasses.dataclass(frozen=True)
class ModelRecipe:
    """The network and its depth convention (inverse depth between 1/max and 1/min, canonical focal length).

    `pose` is the pose network: "light" (0.43 M parameters, starts at no motion), "small" (0.28 M, the daemon's, starts at half a metre
    straight ahead: an odometer says how far, not whether forth or back) or "resnet18" (the published PoseNet, starts at none).
    """

    architecture: str = "rpr-lite"
    min_depth_m: float = 0.1
    max_depth_m: float = 100.0
    canonical_fx_px: float = 241.7
    mean: float = 0.45
    std: float = 0.225
    pose: str = "light"


@dataclasses.dataclass(frozen=True)
class Optimisation:
    """AdamW with linear warm-up and cosine decay; an exponential average of the weights is what gets exported.

    At `freeze_statistics_step` batch norm takes the statistics of many batches of all groups and keeps them, as it will
    after export: the batches of one group are too alike for their own statistics to stand for all data. At -1 it keeps those that
    the run starts from: for a start (`--init`) whose weights have been trained with them. `pose_rate` is the
    learning rate of the pose network's last layer over the others': its output is scaled by 0.01, so that metres ask for large
    weights. `precision` is
    "float32", "bfloat16", "float16" (GPU only) or "auto": float32 on a CPU, the best 16-bit type on a GPU. With `compiled`
    PyTorch compiles the depth network for the machine (a C++ compiler is needed on a CPU): a minute per input size at the start,
    then faster steps, whose last bits differ from those of a run without it.
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
    pose_rate: float = 1.0
    precision: str = "auto"
    compiled: bool = False


@dataclasses.dataclass(frozen=True)
class LossWeights:
    """Weights of the methods, by the names in `depthtrain.methods.METHODS`; 0 switches one off."""

    log_l1: float = 1.0
    silog: float = 0.0
    berhu: float = 0.0
    gradient: float = 0.3
    photometric: float = 1.0
    smoothness: float = 1e-3
    velocity: float = 0.05
    sigma: float = 0.1
    hints: float = 0.0
    distillation: float = 0.0
    reprojected: float = 0.0
    multi_frame: float = 0.0
    view: float = 0.0
    consistency: float = 0.0
    prior: float = 0.0
    completion: float = 0.0
    side_heads: tuple[float, ...] = (0.4, 0.2)


@dataclasses.dataclass(frozen=True)
class Photometric:
    """Reprojection of neighbouring frames. Without `minimum` the errors of the sources are averaged; `automask` drops pixels
    that the unmoved source explains better (monodepth2, eqs. 4 and 5). For the first `pose_warmup_steps` only the pose network
    learns from images and odometer: poses that are still noise would wreck a depth network that is good already."""

    automask: bool = True
    minimum: bool = True
    pose_warmup_steps: int = 0


@dataclasses.dataclass(frozen=True)
class Velocity:
    """Velocity supervision: its weight rises linearly from 0 over `ramp_steps`; pairs nearer than `min_distance_m` are left
    out, because odometers and pose networks alike are mostly noise there."""

    ramp_steps: int = 0
    min_distance_m: float = 0.05


@dataclasses.dataclass(frozen=True)
class Distillation:
    """SUB-Depth: `teacher` is a checkpoint of the same architecture; `target` is what is compared, "log_depth" or
    "disparity" (as published); with `uncertainty` off the error enters unweighted, with `photometric_sigma` off that of
    the method `photometric`, which otherwise has a second, train-only sigma."""

    teacher: str = ""
    target: str = "log_depth"
    uncertainty: bool = True
    photometric_sigma: bool = True


@dataclasses.dataclass(frozen=True)
class Hints:
    """Depth Hints: metres of the unit in which the distance to a hint is measured. In metres the logarithm would be several times
    as heavy, and far off flat; 5.4 is the published code's, whose stereo baseline of 0.54 m counts as 0.1."""

    unit_m: float = 5.4


@dataclasses.dataclass(frozen=True)
class Reprojected:
    """Semi-supervised reprojected distance: Huber threshold and the motion below which a pair says nothing about depth."""

    huber_px: float = 1.0
    min_distance_m: float = 0.2


@dataclasses.dataclass(frozen=True)
class MultiFrame:
    """The teacher's multi-frame mode: shares of its own terms (ManyDepth, CVPR 2021)."""

    supervised: float = 1.0
    reprojection: float = 1.0
    consistency: float = 1.0
    smoothness: float = 1e-3


@dataclasses.dataclass(frozen=True)
class View:
    """View reconstruction: how much larger than the network's input the images are that the depth has to explain."""

    scale: float = 2.0


@dataclasses.dataclass(frozen=True)
class Priors:
    """Prior fusion, on when `references` names a reference set (`./` is the repository root). Every step draws `draw` of them
    at random; 0 means all, as for a selected set. `rate` is the learning rate of fusion over that of the network, which has
    learned already; at 0 a new fusion stays nothing, and the network learns as without a bank.

    With `episodes` every batch is of one drive, and looks up references of that drive alone, made of frames at least
    `apart` away from those of the batch: the bank holds the place, as one made for a robot's own place will, and it pays to
    believe it. In each episode depths, those of the bank and those to be learned, are multiplied by one random factor, at most
    exp(`unit_log_range`) either way: what pictures cannot tell, and banks do. Decision 0024. In a share `mixed` of the episodes
    half of what is looked up is of the set's other drives: what a bank of several places asks for, to know which one it is in.

    With `frozen_network` fusion alone learns: weights and statistics of the network stay as `--init` gave them, so that without
    its bank the network is the one it was, to the bit.
    """

    references: str = ""
    draw: int = 4096
    rate: float = 1.0
    episodes: bool = False
    apart: int = 1
    unit_log_range: float = 0.7
    mixed: float = 0.0
    frozen_network: bool = False


@dataclasses.dataclass(frozen=True)
class Guidance:
    """Semantic guidance of a teacher, on when `classes` is above 0: class numbers from 8-bit images in `folder` of each drive,
    at the frame's size, 255 = unknown. `sharpness` is the distance between two classes that the kernel sees."""

    classes: int = 0
    folder: str = "segmentation"
    sharpness: float = 2.0


@dataclasses.dataclass(frozen=True)
class Completion:
    """Joint completion: share of samples without points, weight of the pull on the plain features, and the standard deviation
    of the log of the random scale that points and truth of a sample share.

    With `frozen_network` only the completion network learns: weights and statistics of the depth network stay as `--init` gave
    them, to the bit, and every other loss is left out. At `freeze_statistics_step` it is then the completion network that takes
    the statistics of many batches and keeps them.
    """

    empty: float = 0.25
    features: float = 0.1
    scale_log_sigma: float = 0.1
    frozen_network: bool = False


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """Random view and appearance changes. Appearance is shared by all frames of one sample."""

    zoom_max: float = 2.0
    stretch: float = 0.12
    flip: float = 0.5
    colour: float = 0.8
    blur: float = 0.15
    motion_blur: float = 0.0
    defocus: float = 0.0
    noise: float = 0.2
    grey: float = 0.1
    paste: float = 0.3


@dataclasses.dataclass(frozen=True)
class Source:
    """One drive in a group, or several by a pattern such as "./.sim-drives/street_*", which share the weight evenly.

    `supervision` is "depth", "photometric" or "both"; `pose` is "known" (poses.csv) or "learned" (the pose network);
    `truth` lists what counts as measured, of "depth" and "sparse". `hints` names cached hints (depthtrain.data.hints):
    "stereo" fills the truth where nothing was measured, "fused" is for the gated loss of the method `hints`. With `stereo`
    the right image is a source of reprojection too. `pseudo` names a teacher's labels (depthtrain.teacher.label), or is "motion",
    for what known poses show (depthtrain.data.motion_labels): they fill the truth where nothing else is known, and `consistency`
    and `prior` compare with them. `zoom_max` overrides the recipe's
    when above 0; `empty_depth_m` above 0 says what missing truth stands for (the simulator's sky), else it is unknown.
    `camera_forward_m` and `camera_left_m` are the camera's position ahead and to the left of the point about which the
    robot turns (the lever arm of its odometer).
    """

    drive: str
    weight: float
    supervision: str = "depth"
    pose: str = "known"
    zoom_max: float = 0.0
    hints: str = ""
    empty_depth_m: float = 0.0
    truth: tuple[str, ...] = ("sparse", "depth")
    stereo: bool = False
    pseudo: str = ""
    camera_forward_m: float = 0.0
    camera_left_m: float = 0.0


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
    """A whole training run. `exclude` is the report of depthtrain.infinite_filter whose dropped frames are not trained on."""

    name: str
    model: ModelRecipe
    optimisation: Optimisation
    losses: LossWeights
    augmentation: Augmentation
    groups: tuple[Group, ...]
    photometric: Photometric = Photometric()
    velocity: Velocity = Velocity()
    distillation: Distillation = Distillation()
    hints: Hints = Hints()
    reprojected: Reprojected = Reprojected()
    multi_frame: MultiFrame = MultiFrame()
    view: View = View()
    priors: Priors = Priors()
    guidance: Guidance = Guidance()
    completion: Completion = Completion()
    calibration_share: float = 0.1
    validation: tuple[str, ...] = ()
    exclude: str = ""


def data_root() -> Path:
    """Folder that holds the drives: $DEPTHD_DATA, else `../shared/data` beside the repository."""
    value = os.environ.get("DEPTHD_DATA")
    return Path(value) if value else Path(__file__).resolve().parents[3] / "shared" / "data"


def drive_path(name: str) -> Path:
    """Resolves a recipe's drive: absolute, `./` relative to the repository root, else under `data_root()`."""
    path = file_path(name)
    return path if path.is_absolute() else data_root() / name


def file_path(name: str) -> Path:
    """Resolves a recipe's file: `./` relative to the repository root, else as it stands."""
    return Path(__file__).resolve().parents[2] / name[2:] if name.startswith("./") else Path(name)


def source_drives(recipe: Recipe) -> list[Path]:
    """Folders of all training drives of a recipe, patterns expanded, without repeats."""
    folders = [folder for group in recipe.groups for source in group.sources for folder in matching_drives(source.drive)]
    return list(dict.fromkeys(folders))


def group_sizes(recipe: Recipe) -> tuple[tuple[int, int], ...]:
    """The (width, height) that a recipe trains, in the order of its groups, without repeats."""
    return tuple(dict.fromkeys((group.width, group.height) for group in recipe.groups))


def learns_poses(recipe: Recipe) -> bool:
    """Whether a run trains its pose network; without that its weights are noise."""
    return any(source.pose == "learned" and source.supervision != "depth" for group in recipe.groups for source in group.sources)


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
    from depthtrain.recipe_check import check  # which needs this file's classes

    recipe = strict_toml.load(Recipe, Path(path))
    check(recipe, path)
    return recipe
