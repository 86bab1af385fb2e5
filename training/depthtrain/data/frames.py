"""A drive held in memory for training: decoded images, merged truth, poses.

Truth is stored as inverse depth with a weight per pixel: 1 where a sensor measured it, less where a hint (stereo or
multi-view matching) proposed it, 0 where nothing is known.
"""

from __future__ import annotations

import collections
import dataclasses
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from depthtrain.config import Source
from depthtrain.data.drive import Drive, DriveError, open_drive
from depthtrain.data.hints import HINT_WEIGHT, read_hint
from depthtrain.data.labels import read_label

EMPTY_WEIGHT = 0.3
PSEUDO_WEIGHT = 0.5
CLOCK_JUMP = 5.0  # an interval this many times the usual one is a gap


@dataclasses.dataclass(frozen=True)
class Truth:
    """Inverse depth (H, W) 1/m and trust (H, W) in [0, 1], float16 so that many fit into memory."""

    inverse: np.ndarray
    weight: np.ndarray

    @property
    def bytes(self) -> int:
        return self.inverse.nbytes + self.weight.nbytes


class RecentTruths:
    """Merged truths by drive and frame, the least recently used forgotten when they take more than `limit_bytes` together.

    Two threads may ask: one draws batches ahead while the trainer draws those of its statistics."""

    def __init__(self, limit_bytes: int = 1 << 30) -> None:
        self.limit_bytes, self.bytes = limit_bytes, 0
        self._lock = threading.Lock()
        self._kept: collections.OrderedDict[tuple, Truth] = collections.OrderedDict()

    def of(self, key: tuple, make: Callable[[], Truth]) -> Truth:
        """The truth of `key`, made when it is not there."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        truth = make()
        with self._lock:
            if key not in self._kept:
                self._kept[key] = truth
                self.bytes += truth.bytes
            while self.bytes > self.limit_bytes and len(self._kept) > 1:
                self.bytes -= self._kept.popitem(last=False)[1].bytes
        return truth


class DriveFrames:
    """One drive of a recipe source, its pictures kept in memory as they are stored, its truth as long as `truths` keeps it.
    `indices` are the frames that may be trained on."""

    def __init__(self, source: Source, folder: Path, calibration_share: float, excluded: frozenset[int] = frozenset(),
                 truths: RecentTruths | None = None) -> None:
        self.source = source
        self.drive: Drive = open_drive(folder)
        _check_fitness(source, self.drive)
        count = len(self.drive)
        held_out = self.drive.held_out(calibration_share)
        self.indices = [index for index in range(held_out.start) if index not in excluded]
        if not self.indices:
            raise DriveError(f"{folder}: no frame left to train on ({count} frames, {len(held_out)} held out for calibration, "
                             f"{len(excluded)} excluded)")
        self.size = (self.drive.width, self.drive.height)
        self._jpegs = [self.drive.encoded(index) for index in range(count)]
        self._right_jpegs = [self.drive.encoded(index, "right") for index in range(count)] if source.stereo else []
        self._truths = truths or RecentTruths()
        self._as_merged = folder, source.hints, source.pseudo, source.truth, source.empty_depth_m

    def image(self, index: int) -> np.ndarray:
        """RGB (H, W, 3) uint8, decoded from the compressed bytes kept in memory."""
        return self.drive.decoded(self._jpegs[index], index)

    def right_image(self, index: int) -> np.ndarray:
        """The right camera's RGB (H, W, 3) uint8; only for sources with `stereo`."""
        return self.drive.decoded(self._right_jpegs[index], index, "right")

    def hint(self, index: int) -> np.ndarray | None:
        """Fused stereo hint (H, W) metres, 0 = none, for sources with `hints = "fused"`."""
        return read_hint("fused", self.drive, index) if self.source.hints == "fused" else None

    def label(self, index: int) -> Truth | None:
        """The teacher's depth of a frame with its trust; None for sources without `pseudo`."""
        return Truth(*read_label(self.source.pseudo, self.drive, index)) if self.source.pseudo else None

    def classes(self, index: int, folder: str) -> np.ndarray:
        """Class numbers (H, W) uint8 from the drive's segmentation folder; 255 everywhere when the drive has none."""
        return self.drive.classes(index, folder)

    def truth(self, index: int) -> Truth | None:
        """Merged truth of a frame, or None for a drive without any."""
        if self.source.supervision == "photometric":
            return None
        return self._truths.of((*self._as_merged, index), lambda: self._merge(index))

    def _merge(self, index: int) -> Truth:
        inverse = np.zeros((self.size[1], self.size[0]), np.float32)
        weight = np.zeros_like(inverse)
        if self.source.hints == "stereo":
            hint = read_hint("stereo", self.drive, index)
            known = hint > 0
            inverse[known], weight[known] = 1.0 / hint[known], HINT_WEIGHT
        label = self.label(index)
        if label is not None:
            unknown = weight == 0
            inverse[unknown], weight[unknown] = label.inverse[unknown], PSEUDO_WEIGHT * label.weight[unknown]
        for kind in ("sparse", "depth"):
            if kind in self.source.truth and self.drive.has(kind):
                depth = self.drive.depth(index, kind)
                known = depth > 0  # NaN, unknown, is not
                inverse[known], weight[known] = 1.0 / depth[known], 1.0
        if self.source.empty_depth_m > 0:
            empty = weight == 0
            inverse[empty], weight[empty] = 1.0 / self.source.empty_depth_m, EMPTY_WEIGHT
        return Truth(inverse.astype(np.float16), weight.astype(np.float16))

    def neighbours(self, index: int, rng: np.random.Generator) -> tuple[int, int] | None:
        """Two source frames, one before and one after, 1 or 2 frames away; None where `neighbouring_pair` has none."""
        return neighbouring_pair(self.drive, index, int(rng.integers(1, 3)))

    def distance_m(self, index: int, other: int) -> float:
        """How far the odometer says the camera moved between two frames; NaN when it does not say."""
        if self.drive.odometry is None:
            return float("nan")
        times, source = self.drive.times_s, self.source
        return self.drive.odometry.distance_m(times[index], times[other], source.camera_forward_m, source.camera_left_m)


def neighbouring_pair(drive: Drive, index: int, step: int) -> tuple[int, int] | None:
    """The frames `step` before and after; None at the ends, when parked, or over a gap.

    Parked means that the poses moved less than 0.05 m: there is nothing to learn from such a triple. A gap is an interval far
    longer than the drive's usual one: the recording paused or the clock jumped.
    """
    before, after = index - step, index + step
    if before < 0 or after >= len(drive):
        return None
    intervals = np.diff(drive.times_s)
    if np.isfinite(intervals).any() and np.any(intervals[before:after] > CLOCK_JUMP * float(np.nanmedian(intervals))):
        return None
    if drive.poses is not None and np.linalg.norm(drive.poses[after, :3, 3] - drive.poses[before, :3, 3]) < 0.05:
        return None
    return before, after


def _check_fitness(source: Source, drive: Drive) -> None:
    """Refuses a drive that lacks what its recipe source asks of it; training on less would be silently worse."""
    where, reprojects = drive.path, source.supervision in ("photometric", "both")
    has_known_depth = source.hints or source.pseudo or any(drive.has(kind) for kind in source.truth)
    if source.supervision in ("depth", "both") and not has_known_depth:
        raise DriveError(f"{where}: supervision {source.supervision!r} needs one of {', '.join(source.truth)}/ or hints; found "
                         "neither (photometric supervision needs none)")
    if (reprojects or source.stereo) and drive.intrinsics is None:
        raise DriveError(f"{where}: has no camera.yaml; reprojection needs intrinsics: calibrate the camera or take the drive "
                         "out of the recipe")
    if reprojects and not source.stereo and len(drive) < 3:
        raise DriveError(f"{where}: {len(drive)} frames; reprojection needs at least 3 in a row")
    if reprojects and not source.stereo and source.pose == "known" and drive.poses is None:
        raise DriveError(f"{where}: has no poses.csv; set pose = \"learned\" for it in the recipe")
    if source.stereo and not (drive.has("right") and drive.stereo_baseline_m):
        raise DriveError(f"{where}: stereo = true needs right/ and stereo_baseline_m in drive.toml")
