"""What experiments share: the small mixed set, short training runs that are kept, and scores.

The set is two real drives (kitti2015_train, kitti_odom00) and two simulator drives (a street and a yard). A common base
comes from other simulator drives with truth; what is judged are kitti2015_val and simulator drives of seeds that nothing
trained on.
Networks are RPr-Lite at 192x64.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import hashlib
import json
import shutil
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from depthtrain import strict_toml
from depthtrain.ablate.places import BASE_DRIVES, SIZE, STILLS, prepare_drives
from depthtrain.checkpoint import load_network, read
from depthtrain.config import Augmentation, Group, LossWeights, ModelRecipe, Optimisation, Recipe, Source, drive_path
from depthtrain.data.drive import Drive, open_drive
from depthtrain.evaluate import network_predictor, predict_depth
from depthtrain.priors.references import open_references
from depthtrain.recipe_check import check
from depthtrain.train import train

ROOT = Path(__file__).resolve().parents[3]
RUNS = ROOT / "training" / "runs" / "ablation"
SUPERVISED = LossWeights(photometric=0.0, velocity=0.0)
SELF_SUPERVISED = LossWeights(log_l1=0.0, gradient=0.0, sigma=0.0, velocity=0.0)
CAP_M = 80.0


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What one seed of an experiment measured: the value without the method and with it, and further numbers by name."""

    without: float
    with_method: float
    further: dict[str, float] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Experiment:
    """A method, the measure that it is meant to improve, and how one seed gets the two values. `note` is the text beside the
    table, in which {name} and {name:format} stand for the mean over the seeds of an outcome's further numbers. `pairs` is how
    many pairs of runs its effect needs to stand out from the noise between runs, `first_seed` the seed of the first."""

    name: str
    method: str
    measure: str
    note: str
    run: Callable[["Bench"], Outcome]
    pairs: int = 3
    first_seed: int = 1

    def seeds(self, pairs: int | None = None) -> range:
        """The seeds of its pairs, or of the first `pairs` that it would have."""
        return range(self.first_seed, self.first_seed + (pairs or self.pairs))


EXPERIMENTS: dict[str, Experiment] = {}


def experiment(name: str, method: str, measure: str, note: str, pairs: int = 3, first_seed: int = 1):
    """Registers a function (Bench) -> Outcome as the experiment `name`; `measure`, a column, is better when lower."""
    def register(run: Callable[[Bench], Outcome]) -> Callable[[Bench], Outcome]:
        EXPERIMENTS[name] = Experiment(name, method, measure, note, run, pairs, first_seed)
        return run
    return register


@dataclasses.dataclass(frozen=True)
class Errors:
    """Means over the pixels of a frame, the frames of a drive, and drives. `log` is |ln predicted - ln true|, `shape` the
    same after median scaling, `scale` the absolute log of that scaling, `abs_rel` as published, unscaled, `scaled_abs_rel`
    after median scaling, as published for networks that learn from images alone."""

    log: float
    shape: float
    scale: float
    abs_rel: float
    scaled_abs_rel: float


def frame_errors(predicted_m: np.ndarray, true_m: np.ndarray,
                 counts: Callable[[np.ndarray], np.ndarray] | None = None) -> Errors | None:
    """Errors of one depth map (H, W) where the truth is known and nearer than CAP_M, and `counts`, if given, picks it; None
    where nothing is left. The median scaling is always the whole picture's."""
    known = (true_m > 1e-3) & (true_m < CAP_M)
    scale = float(np.log(np.median(true_m[known]) / np.median(predicted_m[known].clip(1e-3, CAP_M))))
    chosen = known if counts is None else known & counts(true_m)
    if not chosen.any():
        return None
    found, right = predicted_m[chosen].clip(1e-3, CAP_M), true_m[chosen]
    off = np.log(found) - np.log(right)
    relative = [float((np.abs(depth - right) / right).mean()) for depth in (found, (found * np.exp(scale)).clip(1e-3, CAP_M))]
    return Errors(float(np.abs(off).mean()), float(np.abs(off + scale).mean()), abs(scale), *relative)


def named(found: dict[str, Errors]) -> dict[str, float]:
    """All errors under names such as "without_shape"."""
    return {f"{name}_{kind}": value for name, errors in found.items() for kind, value in dataclasses.asdict(errors).items()}


class Bench:
    """Runs and scores for one seed of an experiment. Finished runs are found again; interrupted ones are resumed."""

    def __init__(self, seed: int = 1, folder: Path = RUNS, shrink: int = 1) -> None:
        self.seed = seed
        self.folder = folder
        self.shrink = shrink  # divides the number of steps, for tests of the bench itself
        torch.set_num_threads(1)  # more would wait for each other: experiments run side by side
        cv2.setNumThreads(1)

    def of(self, seed: int) -> "Bench":
        """The same bench for another seed."""
        return Bench(seed, self.folder, self.shrink)

    def common(self) -> "Bench":
        """The bench of what all seeds share."""
        return self.of(0)

    def recipe(self, name: str, sources: Iterable[Source], losses: LossWeights, steps: int = 100, batch: int = 4,
               rate: float = 3e-4, is_fresh: bool = False, **tables) -> Recipe:
        """A short recipe at 192x64; `tables` are further fields of Recipe (model, velocity, distillation, ...).

        Batch norm keeps the statistics of many batches from the first step on; in a fresh run, one from random weights, from
        half-way on."""
        steps = max(2, steps // self.shrink)
        settings = Optimisation(steps=steps, learning_rate=rate, warmup_steps=min(20, steps), ema_decay=0.98, threads=1,
                                freeze_statistics_step=steps // 2 if is_fresh else 0, seed=self.seed,
                                freeze_statistics_batches=max(2, 20 // self.shrink), checkpoint_every_s=60.0)
        tables = {"model": ModelRecipe(), "augmentation": Augmentation(zoom_max=1.2, paste=0.0), **tables}
        recipe = Recipe(f"{name}-{self.seed}" if self.seed else name, optimisation=settings, losses=losses,
                        groups=(Group("small", *SIZE, batch, 1.0, tuple(sources)),), **tables)
        check(recipe, f"experiment {name}")
        return recipe

    def trained(self, recipe: Recipe, init: Path | None = None, made_with: Iterable[Path] = ()) -> Path:
        """The checkpoint of a finished run of the recipe, trained now as far as it is not yet. `init` is where it starts;
        `made_with` are further files that it learns from. What another recipe, or other files, left under its name is
        trained anew."""
        folder = self.folder / "runs" / recipe.name
        checkpoint, origin = folder / "checkpoint.pt", folder / "made-with.sha256"
        digests = "".join(f"{_sha256(path)}\n" for path in (*([] if init is None else [init]), *made_with))
        with self.alone(recipe.name):
            content = read(checkpoint) if checkpoint.exists() else None
            if content is not None and not (_is_of(content, recipe) and origin.exists() and origin.read_text() == digests):
                shutil.rmtree(folder)
                content = None
            if content is None:
                folder.mkdir(parents=True, exist_ok=True)
                origin.write_text(digests)
                train(recipe, folder, device="cpu", init=init)
            elif content["step"] < recipe.optimisation.steps:
                train(recipe, folder, resume=True, device="cpu")
            if read(checkpoint)["step"] < recipe.optimisation.steps:
                raise SystemExit(f"{folder}: stopped half-way; the same command continues it")
        return checkpoint

    @contextlib.contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Keeps other processes out of what two experiments may want to make at once."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / f".{name}.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    def simulated_base(self) -> Path:
        """The start of what learns real places: supervised on simulator drives, it has not seen one real picture."""
        with self.alone("drives"):
            prepare_drives()
        sources = [Source(drive, 1.0, empty_depth_m=80.0) for drive in BASE_DRIVES]
        bench = self.common()
        return bench.trained(bench.recipe("base-simulated", sources, SUPERVISED, 450, 6, 1e-3, is_fresh=True))

    def base(self) -> Path:
        """The start of the others: the same, then with truth of the real stills as well."""
        simulated = [Source(drive, 1.0, empty_depth_m=80.0) for drive in BASE_DRIVES]
        sources, bench = [Source(STILLS, float(len(simulated))), *simulated], self.common()
        recipe = bench.recipe("base", sources, SUPERVISED, 250, 6, 1e-3, is_fresh=True)
        return bench.trained(recipe, init=self.simulated_base())

    def predictor(self, checkpoint: Path, model: ModelRecipe | None = None,
                  references: Path | None = None) -> tuple[Callable, ModelRecipe]:
        """The averaged network of a checkpoint as a predictor, and its depth convention (or `model`, another one); with other
        `references` than it was trained with, if given."""
        torch.set_num_threads(1)
        network, recipe = load_network(checkpoint)
        if references is not None:
            network.exchange(open_references(references).load())
        return network_predictor(network), model or recipe.model

    def errors(self, checkpoint: Path, drives: Iterable[str], model: ModelRecipe | None = None,
               counts: Callable[[np.ndarray], np.ndarray] | None = None, references: Path | None = None) -> Errors:
        """Errors of a checkpoint on drives, read under another depth convention if `model` says so or with other `references`,
        of all pixels or of those that `counts` picks by the truth; frames without any are left out."""
        rows = []
        for name in drives:
            found = [frame_errors(depth, drive.depth(index), counts) for drive, index, depth, _ in
                     self.predictions(checkpoint, name, model, references)]
            rows.append(np.mean([dataclasses.astuple(errors) for errors in found if errors is not None], axis=0))
        return Errors(*(float(value) for value in np.mean(rows, axis=0)))

    def predictions(self, checkpoint: Path, drive: str, model: ModelRecipe | None = None,
                    references: Path | None = None) -> Iterator[tuple[Drive, int, np.ndarray, np.ndarray | None]]:
        """(drive, index, depth (H, W) metres, log_sigma (H, W) or None) of every frame of a drive."""
        predict, model = self.predictor(checkpoint, model, references)
        opened = open_drive(drive_path(drive))
        for index in range(len(opened)):
            yield opened, index, *predict_depth(predict, opened, index, model, SIZE)


def _is_of(content: dict, recipe: Recipe) -> bool:
    """Whether a checkpoint was made with the recipe; settings that it does not know had their defaults."""
    try:
        return strict_toml.build(Recipe, tomllib.loads(content["recipe"]), "checkpoint") == recipe
    except strict_toml.RecipeError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def result_path(name: str, seed: int, folder: Path = RUNS) -> Path:
    """Where the result of one seed of an experiment is kept."""
    return folder / "results" / f"{name}-{seed}.json"


def store(name: str, seed: int, outcome: Outcome, seconds: float, folder: Path = RUNS) -> None:
    """Writes the result of one seed of an experiment, which took this many seconds of a processor."""
    path = result_path(name, seed, folder)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"without": outcome.without, "with": outcome.with_method, "further": outcome.further,
                                "seconds": round(seconds)}, indent=1) + "\n")
