"""Draws samples from the recipe's sources and assembles batches, in a background thread.

A batch mixes samples with truth and samples with neighbouring frames; each loss reads the part it can use.
"""

from __future__ import annotations

import dataclasses
import itertools
import queue
import threading
from collections.abc import Callable, Iterator

import cv2
import numpy as np
import torch

from depthtrain.config import Group, ModelRecipe, Recipe, drive_path, matching_drives, source_drives
from depthtrain.data.appearance import random_appearance
from depthtrain.data.exclusions import check_exclusions, read_exclusions
from depthtrain.data.frames import DriveFrames, RecentTruths
from depthtrain.data.paste import paste_near
from depthtrain.data.views import View, random_view
from depthtrain.geometry import Intrinsics
from depthtrain.priors.episodes import Episode, Episodes
from depthtrain.priors.references import drive_names, open_references

RIGHT = 2  # source slot of the right camera; 0 and 1 are the frames before and after


def _nothing() -> torch.Tensor:
    return torch.zeros(0)


@dataclasses.dataclass
class Batch:
    """N samples of one size. Depth is in the network's unit (canonical camera), 0 = unknown."""

    image: torch.Tensor              # (N, 3, H, W) augmented, normalised
    clean: torch.Tensor              # (N, 3, H, W) in [0, 1], same view without appearance changes
    depth: torch.Tensor              # (N, 1, H, W) network unit
    weight: torch.Tensor             # (N, 1, H, W) trust, 0 = unknown
    metres_per_unit: torch.Tensor    # (N,) fx / canonical fx
    hint: torch.Tensor               # (N, 1, H, W) fused stereo hints, network unit, 0 = none
    photo_index: torch.Tensor        # (P,) samples that have source frames
    sources: torch.Tensor            # (P, S, 3, H, W) clean frames: before, after, and the right camera's where any has one
    present: torch.Tensor            # (P, S) bool: the slot holds a frame
    intrinsics: torch.Tensor         # (P, 4) fx fy cx cy of the view, pixels
    T_source_target: torch.Tensor    # (P, S, 4, 4) metres; identity where the pose is to be learned
    pose_known: torch.Tensor         # (P, S) bool
    distance_m: torch.Tensor         # (P, S) by the odometer, NaN = unknown
    # Empty unless the recipe asks for them:
    teacher_depth: torch.Tensor = dataclasses.field(default_factory=_nothing)   # (N, 1, H, W) network unit, 0 = unknown
    teacher_weight: torch.Tensor = dataclasses.field(default_factory=_nothing)  # (N, 1, H, W) the teacher's trust in it
    rich_target: torch.Tensor = dataclasses.field(default_factory=_nothing)     # (P, 3, h, w) clean, high resolution
    rich_sources: torch.Tensor = dataclasses.field(default_factory=_nothing)    # (P, S, 3, h, w)
    labels: torch.Tensor = dataclasses.field(default_factory=_nothing)          # (N, H, W) class numbers, 255 = unknown
    episode: Episode | None = None  # when the recipe's batches are of one drive and in a unit of their own

    def to(self, device: torch.device) -> "Batch":
        """The same batch on a device."""
        values = {field.name: getattr(self, field.name) for field in dataclasses.fields(self)}
        return Batch(**{name: value if value is None else value.to(device, non_blocking=True) for name, value in values.items()})


@dataclasses.dataclass
class _SourceFrame:
    """One filled source slot of a sample."""

    image: np.ndarray
    T_source_target: np.ndarray
    is_pose_known: bool
    distance_m: float
    rich_image: np.ndarray | None = None


@dataclasses.dataclass
class _Sample:
    frame: int
    image: np.ndarray
    clean: np.ndarray
    depth: np.ndarray
    weight: np.ndarray
    hint: np.ndarray
    metres_per_unit: float
    intrinsics: Intrinsics | None = None
    sources: dict[int, _SourceFrame] = dataclasses.field(default_factory=dict)  # by slot
    teacher: tuple[np.ndarray, np.ndarray] | None = None  # depth in the network's unit and trust
    rich_image: np.ndarray | None = None
    labels: np.ndarray | None = None


class Sampler:
    """Draws random batches. Batch number k is a function of (seed, stream, k) alone, so that a resumed run draws what the
    interrupted one would have drawn."""

    def __init__(self, recipe: Recipe, seed: int, stream: int = 0) -> None:
        self.recipe = recipe
        self.seed = seed
        self.stream = stream
        excluded = read_exclusions(recipe.exclude) if recipe.exclude else {}
        check_exclusions(recipe.exclude, excluded, [folder.name for folder in source_drives(recipe)])
        self.groups, truths = [], RecentTruths()
        for group in recipe.groups:
            frames, shares = [], []
            for source in group.sources:
                folders = matching_drives(source.drive)
                frames += [DriveFrames(source, folder, recipe.calibration_share, excluded.get(folder.name, frozenset()), truths)
                           for folder in folders]
                shares += [source.weight / len(folders)] * len(folders)
            self.groups.append((group, frames, np.array(shares) / sum(shares)))
        self.episodes = None
        if recipe.priors.episodes:
            known = drive_names(open_references(drive_path(recipe.priors.references)).metadata)
            self.episodes = Episodes(recipe, [folder.name for folder in source_drives(recipe)], known)

    def draw(self, number: int) -> tuple[str, Batch]:
        """Batch `number`, of a group chosen by weight, and in episodes of one of its drives; returns the group's name too."""
        rng = np.random.default_rng([self.seed, self.stream, number])
        weights = np.array([group.weight for group, _, _ in self.groups])
        group, frames, shares = self.groups[rng.choice(len(self.groups), p=weights / weights.sum())]
        if self.episodes is not None:
            return group.name, self._episode(frames[rng.choice(len(frames), p=shares)], group, rng)
        picks = rng.choice(len(frames), size=group.batch, p=shares)
        return group.name, self._batch([self._sample(frames[pick], group, rng) for pick in picks], rng)

    def _episode(self, frames: DriveFrames, group: Group, rng: np.random.Generator) -> Batch:
        """A batch of one drive, its depths in a random unit."""
        factor = self.episodes.random_factor(rng)
        samples = [self._sample(frames, group, rng, factor) for _ in range(group.batch)]
        episode = self.episodes.of(frames.drive.path.name, [sample.frame for sample in samples], factor, rng)
        return dataclasses.replace(self._batch(samples, rng), episode=episode)

    def _batch(self, samples: list[_Sample], rng: np.random.Generator) -> Batch:
        return _collate([self._with_paste(sample, samples, rng) for sample in samples], self.recipe.model)

    def _sample(self, frames: DriveFrames, group: Group, rng: np.random.Generator, factor: float = 1.0) -> _Sample:
        """A random view of a random frame, its depths multiplied by `factor`."""
        augmentation = self.recipe.augmentation
        index = int(rng.choice(frames.indices))
        zoom = frames.source.zoom_max or augmentation.zoom_max
        view = random_view(frames.size, (group.width, group.height), zoom, augmentation, rng)
        clean = view.image(frames.image(index))
        stored = frames.drive.intrinsics
        camera = view.intrinsics(stored) if stored else None
        unit = (camera.fx / self.recipe.model.canonical_fx_px if camera else 1.0) / factor
        depth, weight = _truth_of(frames, index, view, unit)
        hint = np.zeros_like(depth)
        proposed = frames.hint(index)
        if proposed is not None:
            known = (proposed > 0).astype(np.float32)
            hint, _ = _in_network_unit(view, 1.0 / np.where(known > 0, proposed, 1.0), known, unit)
        sample = _Sample(index, clean, clean, depth, weight, hint, unit, camera)
        rich = _enlarged(view, self.recipe.view.scale) if self.recipe.losses.view > 0 else None
        self._add_teacher(sample, frames, index, view)
        if frames.source.supervision in ("photometric", "both"):
            sample.sources.update(_neighbour_frames(frames, index, view, rng, rich))
            sample.rich_image = rich.image(frames.image(index)) if rich else None
        if frames.source.stereo:
            T_right_left = np.eye(4)
            T_right_left[0, 3] = -frames.drive.stereo_baseline_m
            sample.sources[RIGHT] = _SourceFrame(view.image(frames.right_image(index)), view.moved(T_right_left), True, np.nan)
        sample.image = random_appearance(augmentation, rng).apply(clean)
        return sample

    def _add_teacher(self, sample: _Sample, frames: DriveFrames, index: int, view: View) -> None:
        """The teacher's labels and class numbers, where recipe and drive have them."""
        if self.recipe.losses.consistency > 0 or self.recipe.losses.prior > 0:
            label = frames.label(index)
            if label is None:
                sample.teacher = np.zeros_like(sample.depth), np.zeros_like(sample.depth)
            else:
                sample.teacher = _in_network_unit(view, label.inverse, label.weight, sample.metres_per_unit)
        if self.recipe.guidance.classes > 0:
            sample.labels = view.labels(frames.classes(index, self.recipe.guidance.folder))

    def _with_paste(self, sample: _Sample, donors: list[_Sample], rng: np.random.Generator) -> _Sample:
        if sample.sources or rng.random() >= self.recipe.augmentation.paste:
            return sample
        donor = donors[int(rng.integers(len(donors)))]
        image, depth, weight = paste_near((sample.image, sample.depth, sample.weight),
                                          (donor.image, donor.depth, donor.weight), rng)
        teacher = sample.teacher
        if teacher is not None:  # the teacher has not seen what was pasted
            teacher = teacher[0], np.where((image != sample.image).any(-1), 0, teacher[1]).astype(np.float32)
        return dataclasses.replace(sample, image=image, clean=image, depth=depth, weight=weight, teacher=teacher)


def _truth_of(frames: DriveFrames, index: int, view: View, unit: float) -> tuple[np.ndarray, np.ndarray]:
    """Known depth (network unit) and its trust in the view, each (H, W); zeros without truth."""
    truth = frames.truth(index)
    if truth is None:
        return np.zeros((view.height, view.width), np.float32), np.zeros((view.height, view.width), np.float32)
    return _in_network_unit(view, truth.inverse, truth.weight, unit)


def _in_network_unit(view: View, inverse: np.ndarray, weight: np.ndarray, unit: float) -> tuple[np.ndarray, np.ndarray]:
    inverse, weight = view.inverse_depth(inverse, weight)
    weight = np.where(inverse > 1e-4, weight, 0).astype(np.float32)
    return np.where(weight > 0, 1.0 / np.maximum(inverse, 1e-4) / unit, 0).astype(np.float32), weight


def _enlarged(view: View, scale: float) -> View:
    """The same rectangle of the frame, shown larger."""
    return dataclasses.replace(view, width=round(view.width * scale), height=round(view.height * scale))


def _neighbour_frames(frames: DriveFrames, index: int, view: View, rng: np.random.Generator,
                      rich: View | None) -> dict[int, _SourceFrame]:
    """The frames before and after in the same view, with known motion or with the odometer's distance."""
    pair = frames.neighbours(index, rng)
    if pair is None:
        return {}
    poses, filled = frames.drive.poses, {}
    is_known = frames.source.pose == "known" and poses is not None
    for slot, other in enumerate(pair):
        T = view.moved(np.linalg.inv(poses[other]) @ poses[index]) if is_known else np.eye(4)
        filled[slot] = _SourceFrame(view.image(frames.image(other)), T, is_known, frames.distance_m(index, other),
                                    rich.image(frames.image(other)) if rich else None)
    return filled


def normalise(image: np.ndarray, model: ModelRecipe) -> np.ndarray:
    """(H, W, 3) in [0, 1] -> (3, H, W) normalised, float32."""
    return (_planes(image) - np.float32(model.mean)) / np.float32(model.std)


def _planes(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def _collate(samples: list[_Sample], model: ModelRecipe) -> Batch:
    """Stacks with NumPy: PyTorch would wake its worker threads, which belong to the trainer."""
    photo = [index for index, sample in enumerate(samples) if sample.sources]
    height, width = samples[0].depth.shape
    slots = max([2, *(slot + 1 for sample in samples for slot in sample.sources)])
    missing = _SourceFrame(np.zeros((height, width, 3), np.float32), np.eye(4), True, float("nan"))

    def stack(items: list, *empty: int) -> torch.Tensor:
        return torch.from_numpy(np.stack(items).astype(np.float32) if items else np.zeros((0, *empty), np.float32))

    def stacked(read: Callable[[_SourceFrame], object], *empty: int) -> torch.Tensor:
        return stack([np.stack([read(samples[i].sources.get(slot, missing)) for slot in range(slots)]) for i in photo],
                     slots, *empty)

    extra = {}
    if any(sample.teacher is not None for sample in samples):
        extra = {name: stack([sample.teacher[part][None] for sample in samples])
                 for part, name in enumerate(("teacher_depth", "teacher_weight"))}
    if any(sample.labels is not None for sample in samples):
        extra["labels"] = torch.from_numpy(np.stack([sample.labels for sample in samples]).astype(np.int64))
    rich = [samples[i].rich_image for i in photo]
    blank = next((np.zeros_like(image) for image in rich if image is not None), None)
    if blank is not None:
        extra["rich_target"] = stack([_planes(blank if image is None else image) for image in rich])
        extra["rich_sources"] = stacked(lambda source: _planes(blank if source.rich_image is None else source.rich_image))
    return Batch(
        **extra,
        image=stack([normalise(sample.image, model) for sample in samples]),
        clean=stack([_planes(sample.clean) for sample in samples]),
        depth=stack([sample.depth[None] for sample in samples]),
        weight=stack([sample.weight[None] for sample in samples]),
        metres_per_unit=stack([sample.metres_per_unit for sample in samples]),
        hint=stack([sample.hint[None] for sample in samples]),
        photo_index=torch.tensor(photo, dtype=torch.long),
        sources=stacked(lambda source: _planes(source.image), 3, height, width),
        present=torch.tensor([[slot in samples[i].sources for slot in range(slots)] for i in photo],
                             dtype=torch.bool).reshape(len(photo), slots),
        intrinsics=stack([samples[i].intrinsics.as_list() for i in photo], 4),
        T_source_target=stacked(lambda source: source.T_source_target, 4, 4),
        pose_known=stacked(lambda source: source.is_pose_known) > 0,
        distance_m=stacked(lambda source: source.distance_m))


def prefetched(sampler: Sampler, first: int = 0, depth: int = 3) -> Iterator[tuple[str, Batch]]:
    """Endless batches from number `first`, drawn ahead by one daemon thread, whose errors are raised in the consumer."""
    cv2.setNumThreads(1)
    ready: queue.Queue = queue.Queue(maxsize=depth)

    def fill() -> None:
        try:
            for number in itertools.count(first):
                ready.put(sampler.draw(number))
        except BaseException as error:  # handed over, so that the trainer stops instead of waiting forever
            ready.put(error)

    threading.Thread(target=fill, daemon=True, name="batches").start()
    while True:
        item = ready.get()
        if isinstance(item, BaseException):
            raise item
        yield item
