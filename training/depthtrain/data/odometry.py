"""Wheel odometry between frames: how far the camera itself moved, lever arm included.

Robot axes: x forward, y left; yaw rate positive to the left. The odometer moves the turning centre; a camera ahead of it
swings when the robot turns.
"""

from __future__ import annotations

import dataclasses
import math
from functools import cached_property

import numpy as np


GAP = 2.5
"""Samples further apart than this many times their usual distance have something missing between them."""


@dataclasses.dataclass(frozen=True)
class Odometry:
    """Samples of speed (m/s, forward) and yaw rate (rad/s) over time (s, increasing)."""

    times_s: np.ndarray
    speed_mps: np.ndarray
    yaw_rate_radps: np.ndarray

    def distance_m(self, start_s: float, end_s: float, forward_m: float = 0.0, left_m: float = 0.0) -> float:
        """Straight-line distance that a camera at (`forward_m`, `left_m`) from the turning centre moved in the interval.

        NaN where the samples do not cover the interval (a tenth of a second is forgiven at the ends), or leave a gap in it:
        nothing is known of the motion there. The planar motion is integrated by the midpoint rule: t = integral of
        v (cos, sin)(theta), then |t + (R(theta) - I) p|; the chord, because that is what a pose network sees.
        """
        start_s, end_s = sorted((start_s, end_s))
        is_covered = self.times_s[0] - 0.1 <= start_s and end_s <= self.times_s[-1] + 0.1
        if math.isnan(start_s + end_s) or not is_covered:
            return math.nan
        if self._has_gap(start_s, end_s):
            return math.nan
        inside = self.times_s[(self.times_s > start_s) & (self.times_s < end_s)]
        times = np.concatenate([[start_s], inside, [end_s]])
        steps = np.diff(times)
        speed, yaw_rate = (np.interp(times, self.times_s, values) for values in (self.speed_mps, self.yaw_rate_radps))
        speed, turned = (speed[1:] + speed[:-1]) / 2, (yaw_rate[1:] + yaw_rate[:-1]) / 2 * steps
        heading = np.cumsum(turned) - turned / 2
        x, y, theta = np.sum(speed * np.cos(heading) * steps), np.sum(speed * np.sin(heading) * steps), np.sum(turned)
        swing_x = (math.cos(theta) - 1) * forward_m - math.sin(theta) * left_m
        swing_y = math.sin(theta) * forward_m + (math.cos(theta) - 1) * left_m
        return math.hypot(x + swing_x, y + swing_y)

    def _has_gap(self, start_s: float, end_s: float) -> bool:
        """Whether two samples that follow each other, and between which part of the interval lies, are too far apart."""
        if len(self.times_s) < 3:
            return False
        intervals = np.diff(self.times_s)
        touched = (self.times_s[:-1] < end_s) & (self.times_s[1:] > start_s)
        return bool(np.any(intervals[touched] > GAP * self._usual_s))

    @cached_property
    def _usual_s(self) -> float:
        return float(np.median(np.diff(self.times_s)))


def motion_of(poses: np.ndarray, times_s: np.ndarray) -> np.ndarray:
    """(N, 3) time, forward speed, yaw rate (positive = left) of camera poses, from the frames on either side."""
    rows = []
    for index in range(len(poses)):
        before, after = max(0, index - 1), min(len(poses) - 1, index + 1)
        step = np.linalg.inv(poses[before]) @ poses[after]
        seconds = times_s[after] - times_s[before]
        rows.append((times_s[index], step[2, 3] / seconds, np.arctan2(-step[0, 2], step[2, 2]) / seconds))
    return np.array(rows)
