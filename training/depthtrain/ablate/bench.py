"""What experiments share: the small mixed set, short training runs that are kept, and scores.

The set is two real drives (kitti2015_train, kitti_odom00) and two simulator drives (a street and a yard), with other
simulator drives and kitti2015_val to judge on. Networks are RPr-Lite at 192x64.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import torch

from depthtrain.checkpoint import load_network, read
from depthtrain.config import Augmentation, Group, LossWeights, ModelRecipe, Optimisation, Recipe, Source, check, drive_path
from depthtrain.data.drive import Drive, open_drive
from depthtrain.data.shrink import shrink_drive
from depthtrain.data.simulated import find_depthctl, generate
from depthtrain.evaluate import evaluate_drive, network_predictor, predict_depth
from depthtrain.train import train

ROOT = Path(__file__).resolve().parents[3]
RUNS = ROOT / "training" / "runs" / "ablation"
SIZE = (192, 64)
SUPERVISED = LossWeights(photometric=0.0, velocity=0.0)
SELF_SUPERVISED = LossWeights(log_l1=0.0, gradient=0.0, sigma=0.0, velocity=0.0, smoothness=1e-2)
STILLS = "./.sim-drives/ablation_kitti2015"  # kitti2015_train at 416x126: the same pictures, decoded ten times faster
SIMULATED = {  # folder: world, seed, frames, further options
    "ablation_street": ("street", 211, 90, ("--rate", "8", "--sparse-beams", "4")),
    "ablation_yard": ("yard", 212, 60, ("--rate", "8", "--sparse-beams", "4")),
    "ablation_street_val": ("street", 213, 24, ("--rate", "1", "--sparse-points", "2000")),
    "ablation_yard_val": ("yard", 214, 24, ("--rate", "1", "--sparse-points", "2000")),
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What an experiment measured: the value without the method and with it, and what else is worth saying."""

    without: float
    with_method: float
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A method, the measure that it is meant to improve, and how to get the two values."""

    name: str
    method: str
    measure: str
    lower_is_better: bool
    run: Callable[["Bench"], Outcome]


EXPERIMENTS: dict[str, Experiment] = {}


def experiment(name: str, method: str, measure: str, lower_is_better: bool = True):
    """Registers a function (Bench) -> Outcome as the experiment `name`; `measure` is the table's column of that name."""
    def register(run: Callable[[Bench], Outcome]) -> Callable[[Bench], Outcome]:
        EXPERIMENTS[name] = Experiment(name, method, measure, lower_is_better, run)
        return run
    return register


def simulated(name: str) -> Source:
    """A training source of one of the bench's simulator drives, by its last name ("street", "yard")."""
    return Source(f"./.sim-drives/ablation_{name}", 1.0, empty_depth_m=80.0)


class Bench:
    """Runs and scores for one experiment. Finished runs are found again; interrupted ones are resumed."""

    def __init__(self, folder: Path = RUNS, shrink: int = 1) -> None:
        self.folder = folder
        self.shrink = shrink  # divides the number of steps, for tests of the bench itself

    def recipe(self, name: str, sources: Iterable[Source], losses: LossWeights, steps: int = 240, batch: int = 4,
               **tables) -> Recipe:
        """A short recipe at 192x64; `tables` are further fields of Recipe (model, velocity, distillation, ...)."""
        steps = max(2, steps // self.shrink)
        settings = Optimisation(steps=steps, learning_rate=1e-3, warmup_steps=min(20, steps), ema_decay=0.98, threads=1,
                                freeze_statistics_step=max(1, steps * 2 // 3),
                                freeze_statistics_batches=max(2, 20 // self.shrink), checkpoint_every_s=30.0)
        recipe = Recipe(name, tables.pop("model", ModelRecipe()), settings, losses, Augmentation(zoom_max=1.2, paste=0.0),
                        (Group("small", *SIZE, batch, 1.0, tuple(sources)),), **tables)
        check(recipe, f"experiment {name}")
        return recipe

    def trained(self, recipe: Recipe, init: Path | None = None) -> Path:
        """The checkpoint of a finished run of the recipe, trained now as far as it is not yet."""
        self.prepare_drives()
        folder = self.folder / "runs" / recipe.name
        checkpoint = folder / "checkpoint.pt"
        has_begun = checkpoint.exists()
        if not has_begun or read(checkpoint)["step"] < recipe.optimisation.steps:
            train(recipe, folder, resume=has_begun, device="cpu", init=None if has_begun else init)
        return checkpoint

    def base(self) -> Path:
        """The common start of runs that would learn too little from random weights: supervised on a real and a simulated
        drive. It has seen truth of one simulated street, never of a validation drive."""
        return self.trained(self.recipe("base", [Source("kitti2015_train", 1.0), simulated("street")], SUPERVISED, 500, 6))

    def prepare_drives(self) -> None:
        """Makes the bench's drives that are missing: simulated ones, and a small copy of the stereo stills."""
        if not (ROOT / STILLS[2:] / "drive.toml").exists():
            shrink_drive(drive_path("kitti2015_train"), ROOT / STILLS[2:], 2 * SIZE[0] + 32)
        missing = [name for name in SIMULATED if not (ROOT / ".sim-drives" / name / "drive.toml").exists()]
        if missing:
            depthctl = find_depthctl(ROOT, missing[0])
            for name in missing:
                world, seed, frames, options = SIMULATED[name]
                folder = ROOT / ".sim-drives" / name
                generate([(folder, [depthctl, "simulate", "--world", world, "--seed", str(seed), "--frames", str(frames),
                                    "--size", "384x128", "--fx", "223", "--camera-height", "1.4", "--camera-forward", "0.8",
                                    *options, "--out", str(folder)])])

    def predictor(self, checkpoint: Path) -> tuple[Callable, ModelRecipe]:
        """The averaged network of a checkpoint as a predictor, and its depth convention."""
        torch.set_num_threads(1)
        network, recipe = load_network(checkpoint)
        return network_predictor(network), recipe.model

    def score(self, checkpoint: Path, drive: str) -> dict:
        """`evaluate_drive` of a checkpoint on a drive at the bench's size."""
        predict, model = self.predictor(checkpoint)
        return evaluate_drive(predict, open_drive(drive_path(drive)), model, SIZE)

    def predictions(self, checkpoint: Path, drive: str) -> Iterable[tuple[Drive, int, np.ndarray, np.ndarray | None]]:
        """(drive, index, depth (H, W) metres, log_sigma (H, W) or None) of every frame of a drive."""
        predict, model = self.predictor(checkpoint)
        opened = open_drive(drive_path(drive))
        for index in range(len(opened)):
            yield opened, index, *predict_depth(predict, opened, index, model, SIZE)


def result_path(name: str, folder: Path = RUNS) -> Path:
    """Where an experiment's result is kept."""
    return folder / f"{name}.json"


def store(entry: Experiment, outcome: Outcome, seconds: float, folder: Path = RUNS) -> None:
    """Writes an experiment's result."""
    folder.mkdir(parents=True, exist_ok=True)
    result_path(entry.name, folder).write_text(json.dumps({"without": outcome.without, "with": outcome.with_method,
                                                           "note": outcome.note, "seconds": round(seconds)}, indent=1) + "\n")
