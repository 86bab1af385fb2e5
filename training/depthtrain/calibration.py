"""Turns the network's raw log_sigma into a calibrated standard deviation, on held-out frames of the training drives.

sigma = exp(a * log_sigma + b) is the standard deviation of ln(depth) after the frame's own median scale is removed,
because the daemon tracks scale, and its uncertainty, separately.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from depthtrain.config import Recipe, group_sizes, matching_drives
from depthtrain.data.drive import Drive, open_drive
from depthtrain.evaluate import Predictor, nearest_size, predict_depth

PIXELS_PER_FRAME = 2000
FRAMES_PER_SOURCE = 24
SCALE_LOG_SIGMA_FLOOR = 0.15
UNKNOWN_SCALE_LOG_SIGMA = 1.0


@dataclasses.dataclass(frozen=True)
class Calibration:
    """Confidence constants and the prior on metric scale, with the coverage they reach on the frames they were fitted on.

    The network is trained in metres, so the initial scale is 1; its sigma is the root mean square of ln(truth / prediction).
    """

    a: float
    b: float
    initial_scale: float
    initial_scale_log_sigma: float
    coverage_1_sigma: float
    coverage_2_sigma: float
    frames: int

    @classmethod
    def unknown(cls, initial_scale: float = 1.0) -> "Calibration":
        """What is said of a network that no frame with truth could be held against: nothing, on 0 frames."""
        return cls(1.0, 0.0, initial_scale, UNKNOWN_SCALE_LOG_SIGMA, float("nan"), float("nan"), 0)


def fit_sigma(log_sigma: np.ndarray, error: np.ndarray, iterations: int = 200) -> tuple[float, float]:
    """(a, b) minimising the Laplace negative log likelihood mean(sqrt(2) |error| / sigma + ln sigma) by Newton steps.

    Both arrays are 1-D; the problem is convex in (a, b). `a` is kept in [0.2, 3] so that confidence never inverts.
    """
    a, b = 1.0, float(np.log(np.sqrt(2) * np.mean(np.abs(error)) + 1e-6) - np.mean(log_sigma))
    for _ in range(iterations):
        ratio = np.sqrt(2) * np.abs(error) * np.exp(-(a * log_sigma + b))
        gradient = np.array([np.mean((1 - ratio) * log_sigma), np.mean(1 - ratio)])
        hessian = np.array([[np.mean(ratio * log_sigma ** 2), np.mean(ratio * log_sigma)],
                            [np.mean(ratio * log_sigma), np.mean(ratio)]]) + 1e-6 * np.eye(2)
        step = np.linalg.solve(hessian, gradient).clip(-0.5, 0.5)
        a, b = a - step[0], b - step[1]
        if np.abs(step).max() < 1e-8:
            break
    if not 0.2 <= a <= 3.0:
        a = float(np.clip(a, 0.2, 3.0))
        b = float(np.log(np.mean(np.sqrt(2) * np.abs(error) * np.exp(-a * log_sigma))))
    return float(a), float(b)


def held_out_frames(recipe: Recipe) -> Iterator[tuple[Drive, int]]:
    """Frames with depth that the recipe's training leaves out, at most FRAMES_PER_SOURCE of each source, evenly spread."""
    for name in dict.fromkeys(source.drive for group in recipe.groups for source in group.sources):
        drives = map(open_drive, matching_drives(name))
        frames = [(drive, index) for drive in drives for index in drive.held_out(recipe.calibration_share)]
        taken = np.linspace(0, len(frames) - 1, min(FRAMES_PER_SOURCE, len(frames))).round().astype(int)
        yield from (frames[place] for place in taken)


def calibrate(predict: Predictor, recipe: Recipe, seed: int = 0) -> Calibration:
    """Fits on the last `calibration_share` of every training drive with depth, which training never saw; of each source of the
    recipe the same number of frames at most, for a hundred simulated streets are one kind of place.

    Without such a frame the result is `Calibration.unknown()`. Raises ValueError for a network without log_sigma.
    """
    rng = np.random.default_rng(seed)
    sigmas, errors, log_scales = [], [], []
    for drive, index in held_out_frames(recipe):
        truth = drive.depth(index)
        size = nearest_size(drive.width, drive.height, group_sizes(recipe))
        depth, log_sigma = predict_depth(predict, drive, index, recipe.model, size)
        if log_sigma is None:
            raise ValueError("a network without log_sigma cannot be calibrated")
        known = np.flatnonzero((truth > 1e-3) & (truth < 80))
        if len(known) == 0:
            continue
        ratio = np.log(truth.ravel()[known]) - np.log(depth.ravel()[known])
        log_scales.append(float(np.median(ratio)))
        picks = rng.choice(len(known), size=min(PIXELS_PER_FRAME, len(known)), replace=False)
        errors.append(ratio[picks] - log_scales[-1])
        sigmas.append(log_sigma.ravel()[known][picks])
    if not errors:
        return Calibration.unknown()
    error, raw = np.concatenate(errors).astype(np.float64), np.concatenate(sigmas).astype(np.float64)
    a, b = fit_sigma(raw, error)
    sigma = np.exp(a * raw + b)
    spread = float(np.sqrt(np.mean(np.square(log_scales))))
    return Calibration(a, b, 1.0, max(spread, SCALE_LOG_SIGMA_FLOOR),
                       float(np.mean(np.abs(error) < sigma)), float(np.mean(np.abs(error) < 2 * sigma)), len(log_scales))
