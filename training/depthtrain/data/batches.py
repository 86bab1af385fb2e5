"""Draws samples from the recipe's sources and assembles batches, in a background thread.

A batch mixes samples with truth and samples with neighbouring frames; each loss reads the part it can use.
"""

from __future__ import annotations

import dataclasses
import queue
import threading
from collections.abc import Iterator

import cv2
import numpy as np
import torch

from depthtrain.config import Group, ModelRecipe, Recipe, matching_drives
from depthtrain.data.appearance import random_appearance
from depthtrain.data.frames import DriveFrames
from depthtrain.data.paste import paste_near
from depthtrain.data.views import random_view
from depthtrain.geometry import Intrinsics


@dataclasses.dataclass
class Batch:
    """N samples of one size. Depth is in the network's unit (canonical camera), 0 = unknown."""

    image: torch.Tensor              # (N, 3, H, W) augmented, normalised
    clean: torch.Tensor              # (N, 3, H, W) in [0, 1], same view without appearance changes
    depth: torch.Tensor              # (N, 1, H, W) network unit
    weight: torch.Tensor             # (N, 1, H, W) trust, 0 = unknown
    metres_per_unit: torch.Tensor    # (N,) fx / canonical fx
    photo_index: torch.Tensor        # (P,) samples that have source frames
    sources: torch.Tensor            # (P, 2, 3, H, W) clean frames before and after
    intrinsics: torch.Tensor         # (P, 4) fx fy cx cy of the view, pixels
    T_source_target: torch.Tensor    # (P, 2, 4, 4) metres; identity where the pose is to be learned
    pose_known: torch.Tensor         # (P,) bool
    distance_m: torch.Tensor         # (P, 2) travelled distance, NaN = unknown


@dataclasses.dataclass
class _Sample:
    image: np.ndarray
    clean: np.ndarray
    depth: np.ndarray
    weight: np.ndarray
    metres_per_unit: float
    sources: list[np.ndarray] | None = None
    intrinsics: Intrinsics | None = None
    poses: np.ndarray | None = None
    pose_known: bool = True
    distance_m: tuple[float, float] = (float("nan"), float("nan"))


class Sampler:
    """Draws random batches. Deterministic for a seed, apart from which thread asks first."""

    def __init__(self, recipe: Recipe, seed: int) -> None:
        self.recipe = recipe
        self.rng = np.random.default_rng(seed)
        self.groups = []
        for group in recipe.groups:
            frames, shares = [], []
            for source in group.sources:
                folders = matching_drives(source.drive)
                frames += [DriveFrames(source, folder, recipe.calibration_share) for folder in folders]
                shares += [source.weight / len(folders)] * len(folders)
            self.groups.append((group, frames, np.array(shares) / sum(shares)))

    def draw(self) -> tuple[str, Batch]:
        """One batch of a group chosen by weight; returns the group's name too."""
        weights = np.array([group.weight for group, _, _ in self.groups])
        group, frames, shares = self.groups[self.rng.choice(len(self.groups), p=weights / weights.sum())]
        picks = self.rng.choice(len(frames), size=group.batch, p=shares)
        samples = [self._sample(frames[pick], group) for pick in picks]
        samples = [self._with_paste(sample, samples) for sample in samples]
        return group.name, _collate(samples, self.recipe.model)

    def _sample(self, frames: DriveFrames, group: Group) -> _Sample:
        rng, augmentation = self.rng, self.recipe.augmentation
        index = int(rng.choice(frames.indices))
        zoom = frames.source.zoom_max or augmentation.zoom_max
        view = random_view(frames.size, (group.width, group.height), zoom, augmentation, rng)
        clean = view.image(frames.image(index))
        stored = frames.drive.intrinsics
        camera = view.intrinsics(stored) if stored else None
        unit = camera.fx / self.recipe.model.canonical_fx_px if camera else 1.0
        depth, weight = np.zeros(clean.shape[:2], np.float32), np.zeros(clean.shape[:2], np.float32)
        truth = frames.truth(index)
        if truth is not None:
            inverse, weight = view.inverse_depth(truth.inverse, truth.weight)
            weight = np.where(inverse > 1e-4, weight, 0).astype(np.float32)
            depth = np.where(weight > 0, 1.0 / np.maximum(inverse, 1e-4) / unit, 0).astype(np.float32)
        sample = _Sample(clean, clean, depth, weight, unit)
        if frames.source.supervision in ("photometric", "both") and camera is not None:
            self._add_sources(sample, frames, index, view, camera)
        sample.image = random_appearance(augmentation, rng).apply(clean)
        return sample

    def _add_sources(self, sample: _Sample, frames: DriveFrames, index: int, view, camera: Intrinsics) -> None:
        pair = frames.neighbours(index, self.rng)
        if pair is None:
            return
        drive = frames.drive
        sample.sources = [view.image(frames.image(other)) for other in pair]
        sample.intrinsics = camera
        sample.pose_known = frames.source.pose == "known" and drive.poses is not None
        sample.poses = np.tile(np.eye(4), (2, 1, 1))
        if sample.pose_known:
            sample.poses = np.stack([np.linalg.inv(drive.poses[other]) @ drive.poses[index] for other in pair])
            if view.mirrored:
                mirror = np.diag([-1.0, 1.0, 1.0, 1.0])
                sample.poses = mirror @ sample.poses @ mirror
        if drive.speed_mps is not None:
            seconds = np.abs(drive.times_s[list(pair)] - drive.times_s[index])
            sample.distance_m = tuple(float(drive.speed_mps[index] * second) for second in seconds)

    def _with_paste(self, sample: _Sample, donors: list[_Sample]) -> _Sample:
        if sample.sources is not None or self.rng.random() >= self.recipe.augmentation.paste:
            return sample
        donor = donors[int(self.rng.integers(len(donors)))]
        image, depth, weight = paste_near((sample.image, sample.depth, sample.weight),
                                          (donor.image, donor.depth, donor.weight), self.rng)
        return dataclasses.replace(sample, image=image, clean=image, depth=depth, weight=weight)


def normalise(image: np.ndarray, model: ModelRecipe) -> np.ndarray:
    """(H, W, 3) in [0, 1] -> (3, H, W) normalised, float32."""
    return (_planes(image) - np.float32(model.mean)) / np.float32(model.std)


def _planes(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def _collate(samples: list[_Sample], model: ModelRecipe) -> Batch:
    """Stacks with NumPy: PyTorch would wake its worker threads, which belong to the trainer."""
    photo = [index for index, sample in enumerate(samples) if sample.sources is not None]
    height, width = samples[0].depth.shape

    def stack(items: list, *empty: int) -> torch.Tensor:
        return torch.from_numpy(np.stack(items).astype(np.float32) if items else np.zeros((0, *empty), np.float32))

    return Batch(
        image=stack([normalise(sample.image, model) for sample in samples]),
        clean=stack([_planes(sample.clean) for sample in samples]),
        depth=stack([sample.depth[None] for sample in samples]),
        weight=stack([sample.weight[None] for sample in samples]),
        metres_per_unit=stack([sample.metres_per_unit for sample in samples]),
        photo_index=torch.tensor(photo, dtype=torch.long),
        sources=stack([np.stack([_planes(image) for image in samples[i].sources]) for i in photo], 2, 3, height, width),
        intrinsics=stack([samples[i].intrinsics.as_list() for i in photo], 4),
        T_source_target=stack([samples[i].poses for i in photo], 2, 4, 4),
        pose_known=torch.tensor([samples[i].pose_known for i in photo], dtype=torch.bool),
        distance_m=stack([samples[i].distance_m for i in photo], 2))


def prefetched(sampler: Sampler, depth: int = 3) -> Iterator[tuple[str, Batch]]:
    """Endless batches, drawn ahead by one daemon thread. An error in the thread is raised in the consumer."""
    cv2.setNumThreads(1)
    ready: queue.Queue = queue.Queue(maxsize=depth)

    def fill() -> None:
        try:
            while True:
                ready.put(sampler.draw())
        except BaseException as error:  # handed over, so that the trainer stops instead of waiting forever
            ready.put(error)

    threading.Thread(target=fill, daemon=True, name="batches").start()
    while True:
        item = ready.get()
        if isinstance(item, BaseException):
            raise item
        yield item
