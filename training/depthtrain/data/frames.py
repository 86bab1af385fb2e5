"""A drive held in memory for training: decoded images, merged truth, poses.

Truth is stored as inverse depth with a weight per pixel: 1 where a sensor measured it, less where a hint (stereo or
multi-view matching) proposed it, 0 where nothing is known.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import numpy as np

from depthtrain.config import Source
from depthtrain.data.drive import Drive, open_drive
from depthtrain.data.hints import HINT_WEIGHT, read_hint

EMPTY_WEIGHT = 0.3


@dataclasses.dataclass(frozen=True)
class Truth:
    """Inverse depth (H, W) 1/m and trust (H, W) in [0, 1], float16 to keep whole drives in memory."""

    inverse: np.ndarray
    weight: np.ndarray


class DriveFrames:
    """One drive of a recipe source, its files kept in memory. `indices` are the frames that may be trained on."""

    def __init__(self, source: Source, folder: Path, calibration_share: float) -> None:
        self.source = source
        self.drive: Drive = open_drive(folder)
        count = len(self.drive)
        has_truth = self.drive.has("depth")
        held_out = round(count * calibration_share) if has_truth else 0
        self.indices = range(count - held_out)
        self.size = (self.drive.width, self.drive.height)
        self._jpegs: list[np.ndarray] = [self._encoded(index) for index in range(count)]
        self._truth: dict[int, Truth] = {}

    def _encoded(self, index: int) -> np.ndarray:
        path = self.drive.path / "frames" / self.drive.files[index]
        return np.fromfile(path, dtype=np.uint8)

    def image(self, index: int) -> np.ndarray:
        """RGB (H, W, 3) uint8, decoded from the compressed bytes kept in memory."""
        return cv2.cvtColor(cv2.imdecode(self._jpegs[index], cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)

    def truth(self, index: int) -> Truth | None:
        """Merged truth of a frame, or None for a drive without any."""
        if self.source.supervision == "photometric":
            return None
        if index not in self._truth:
            self._truth[index] = self._merge(index)
        return self._truth[index]

    def _merge(self, index: int) -> Truth:
        inverse = np.zeros((self.size[1], self.size[0]), np.float32)
        weight = np.zeros_like(inverse)
        if self.source.hints:
            hint = read_hint(self.source.hints, self.drive, index)
            known = hint > 0
            inverse[known], weight[known] = 1.0 / hint[known], HINT_WEIGHT
        for kind in ("sparse", "depth"):
            if self.drive.has(kind):
                depth = self.drive.depth(index, kind)
                known = depth > 0  # NaN, unknown, is not
                inverse[known], weight[known] = 1.0 / depth[known], 1.0
        if self.source.empty_depth_m > 0:
            empty = weight == 0
            inverse[empty], weight[empty] = 1.0 / self.source.empty_depth_m, EMPTY_WEIGHT
        return Truth(inverse.astype(np.float16), weight.astype(np.float16))

    def neighbours(self, index: int, rng: np.random.Generator) -> tuple[int, int] | None:
        """Two source frames, one before and one after, 1 or 2 frames away; None at the ends or when parked.

        Parked means that the poses moved less than 0.05 m: there is nothing to learn from such a triple.
        """
        step = int(rng.integers(1, 3))
        before, after = index - step, index + step
        if before < 0 or after >= len(self.drive):
            return None
        if self.drive.poses is not None:
            moved = np.linalg.norm(self.drive.poses[after, :3, 3] - self.drive.poses[before, :3, 3])
            if moved < 0.05:
                return None
        return before, after
