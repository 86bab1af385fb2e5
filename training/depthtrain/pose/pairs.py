"""Draws pairs of frames with their motion: real ones with known poses, and stills with a rendered second frame."""

from __future__ import annotations

import dataclasses
from typing import Protocol

import cv2
import numpy as np
import torch

from depthtrain.bundle import Bundle
from depthtrain.config import Augmentation, matching_drives
from depthtrain.data.appearance import Appearance, random_appearance
from depthtrain.data.batches import normalise
from depthtrain.data.drive import Drive, DriveError, open_drive
from depthtrain.data.views import View, random_view, whole_view
from depthtrain.geometry import Intrinsics
from depthtrain.networks.posenet_small import DENSE_STRIDE
from depthtrain.pose.dense import dense_target, drive_depths
from depthtrain.pose.looks import changed, view_bytes
from depthtrain.pose.motion import Motion, motion_between, motion_of
from depthtrain.pose.recipe import PoseGroup, PoseRecipe, PoseSource, Pairs
from depthtrain.pose.rendered import random_motion, render


@dataclasses.dataclass
class PairBatch:
    """B pairs of one size, in temporal order."""

    pair: torch.Tensor          # (B, 6, h, w) normalised
    axis_angle: torch.Tensor    # (B, 3) of later-from-earlier, canonical camera
    translation: torch.Tensor   # (B, 3)
    dense: torch.Tensor         # (B, 3, h / 8, w / 8) image motion in cells and ln depth, NaN = unknown


@dataclasses.dataclass(frozen=True)
class FramePair:
    """Two frames (H, W, 3) uint8 of one camera, later-from-earlier, and each frame's depth, where it is known: a map of any
    size over the whole frame, in the unit of the translation."""

    images: tuple[np.ndarray, np.ndarray]
    depths: tuple[np.ndarray | None, np.ndarray | None]
    T_later_earlier: np.ndarray
    intrinsics: Intrinsics

    def reversed(self) -> "FramePair":
        """The same two frames in the other order."""
        return FramePair(self.images[::-1], self.depths[::-1], np.linalg.inv(self.T_later_earlier), self.intrinsics)


class PairFrames(Protocol):
    """What a source of pairs offers."""

    zoom_max: float

    def draw(self, rng: np.random.Generator) -> FramePair:
        """A random pair."""


def pair_candidates(drive: Drive, first: int, before: int, pairs: Pairs) -> list[tuple[int, Motion]]:
    """The later frames below `before` that make a fit pair with frame `first`, with their motions."""
    if drive.poses is None or drive.intrinsics is None:
        raise DriveError(f"{drive.path}: pairs of known motion need poses.csv and camera.yaml")
    found = []
    for later in range(first + 1, min(before, first + pairs.max_gap + 1)):
        motion = motion_between(drive.poses[first], drive.poses[later])
        if (pairs.min_distance_m <= motion.distance <= pairs.max_distance_m
                and motion.angle_deg <= pairs.max_rotation_deg):
            found.append((later, motion))
    return found


class KnownPairs:
    """Pairs of a drive with poses: distances even in their logarithm as far as the drive has them."""

    def __init__(self, drive: Drive, source: PoseSource, group: PoseGroup, recipe: PoseRecipe, bundle: Bundle) -> None:
        self.drive, self.pairs, self.zoom_max = drive, recipe.pairs, source.zoom_max
        pairs, end = recipe.pairs, round(len(drive) * source.share)
        self.candidates = {first: found for first in range(end) if (found := pair_candidates(drive, first, end, pairs))}
        if not self.candidates:
            raise DriveError(f"{drive.path}: no two of its frames are {pairs.min_distance_m} to {pairs.max_distance_m} m apart "
                             f"within {pairs.max_gap} frames")
        self._firsts = sorted(self.candidates)
        self._images: dict[int, np.ndarray] = {}
        whole = whole_view((drive.width, drive.height), (group.width, group.height))
        metres_per_unit = whole.intrinsics(drive.intrinsics).fx / bundle.model.canonical_fx_px
        self._depths = drive_depths(drive, whole, bundle) * np.float16(metres_per_unit)

    def draw(self, rng: np.random.Generator) -> FramePair:
        first = int(rng.choice(self._firsts))
        wanted = rng.uniform(np.log(self.pairs.min_distance_m), np.log(self.pairs.max_distance_m))
        later, motion = min(self.candidates[first], key=lambda found: abs(np.log(found[1].distance) - wanted))
        images = self._image(first), self._image(later)
        return FramePair(images, (self._depths[first], self._depths[later]), motion.matrix(), self.drive.intrinsics)

    def _image(self, index: int) -> np.ndarray:
        """A frame, decoded once: doing it for every draw would cost a third of a step."""
        if index not in self._images:
            self._images[index] = self.drive.image(index)
        return self._images[index]


class RenderedPairs:
    """Stills with the bundle's depth; the camera is the canonical one, because that is what its depth is expressed for."""

    def __init__(self, drive: Drive, source: PoseSource, group: PoseGroup, recipe: PoseRecipe, bundle: Bundle) -> None:
        self.recipe, self.zoom_max = recipe, source.zoom_max
        self.f = bundle.model.canonical_fx_px
        self.intrinsics = Intrinsics(self.f, self.f, (group.width - 1) / 2, (group.height - 1) / 2)
        view = _widest_view(drive, group)
        depths = drive_depths(drive, view, bundle)
        self._drive, self._view, self._depths = drive, view, depths[:round(len(drive) * source.share)]
        self._pictures: dict[int, np.ndarray] = {}

    def draw(self, rng: np.random.Generator) -> FramePair:
        index = int(rng.integers(len(self._depths)))
        if index not in self._pictures:
            self._pictures[index] = view_bytes(self._view, self._drive.image(index))
        picture = self._pictures[index]
        depth = cv2.resize(self._depths[index].astype(np.float32), picture.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        motion = random_motion(float(np.percentile(depth, 5)), self.recipe.pairs, self.recipe.rendered, rng)
        later = render(picture, depth, motion, self.f)
        return FramePair((picture, later), (depth, None), motion.matrix(), self.intrinsics)


def _widest_view(drive: Drive, group: PoseGroup) -> View:
    """The middle of the frame with the group's aspect ratio, at the depth network's size."""
    width = min(drive.width, round(drive.height * group.width / group.height))
    height = min(drive.height, round(width * group.height / group.width))
    return View((drive.width - width) // 2, (drive.height - height) // 2, width, height, group.width, group.height, False)


class PairSampler:
    """Batch number k is a function of (seed, k) alone, so that a resumed run draws what the interrupted one would have."""

    def __init__(self, recipe: PoseRecipe, bundle: Bundle) -> None:
        self.recipe, self.bundle = recipe, bundle
        self.groups = []
        for group in recipe.groups:
            sources, shares = [], []
            for source in group.sources:
                drives = [open_drive(folder) for folder in matching_drives(source.drive)]
                kind = KnownPairs if source.motion == "known" else RenderedPairs
                sources += [kind(drive, source, group, recipe, bundle) for drive in drives]
                shares += [source.weight / len(drives)] * len(drives)
            self.groups.append((group, sources, np.array(shares) / sum(shares)))

    def draw(self, number: int) -> tuple[str, PairBatch]:
        """Batch `number`, of a group chosen by weight; returns the group's name too."""
        rng = np.random.default_rng([self.recipe.optimisation.seed, number])
        weights = np.array([group.weight for group, _, _ in self.groups])
        group, sources, shares = self.groups[rng.choice(len(self.groups), p=weights / weights.sum())]
        samples = [self._sample(sources[pick], group, rng) for pick in rng.choice(len(sources), size=group.batch, p=shares)]
        return group.name, PairBatch(*(torch.from_numpy(np.stack(part).astype(np.float32)) for part in zip(*samples)))

    def _sample(self, frames: PairFrames, group: PoseGroup, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        recipe, f = self.recipe, self.bundle.model.canonical_fx_px
        drawn = frames.draw(rng)
        if rng.random() < recipe.pairs.reversed:
            drawn = drawn.reversed()
        size = (drawn.images[0].shape[1], drawn.images[0].shape[0])
        view = random_view(size, (group.width, group.height), frames.zoom_max, recipe.augmentation, rng)
        camera, T = view.intrinsics(drawn.intrinsics), view.moved(drawn.T_later_earlier)
        seen = motion_of(T).canonical(camera.fx, camera.fy, f)
        dense = dense_target(drawn.depths[0], size, view, camera, T, f, DENSE_STRIDE * recipe.input_divisor)
        appearance = random_appearance(recipe.augmentation, rng)
        reduced = dataclasses.replace(view, width=view.width // recipe.input_divisor, height=view.height // recipe.input_divisor)
        pair = self._normalised(drawn.images, reduced, appearance, recipe.augmentation, rng)
        return pair, seen.axis_angle, seen.translation, dense

    def _normalised(self, images: tuple[np.ndarray, ...], view: View, appearance: Appearance, augmentation: Augmentation,
                    rng: np.random.Generator) -> np.ndarray:
        """(6, h, w): both frames look alike but for exposure and noise, which change from frame to frame."""
        gain = float(np.exp(rng.normal(0, 0.05))) if rng.random() < augmentation.colour else 1.0
        looks = [appearance, dataclasses.replace(appearance, brightness=appearance.brightness * gain,
                                                 noise_seed=appearance.noise_seed + 1)]
        return np.concatenate([normalise(changed(view_bytes(view, image), look), self.bundle.model)
                               for look, image in zip(looks, images)])


def plain_pair(drive: Drive, first: int, later: int, size: tuple[int, int], divisor: int, bundle: Bundle) -> np.ndarray:
    """(1, 6, h, w) of two whole frames as the daemon makes them: the depth network's input at `size`, averaged in blocks."""
    frames = []
    for index in (first, later):
        planes = normalise(whole_view((drive.width, drive.height), size).image(drive.image(index)), bundle.model)
        blocks = planes.reshape(3, size[1] // divisor, divisor, size[0] // divisor, divisor)
        frames.append(blocks.mean(axis=(2, 4), dtype=np.float32))
    return np.concatenate(frames)[None]
