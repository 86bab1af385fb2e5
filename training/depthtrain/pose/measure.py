"""How well a pose network observes motion on drives that it was not trained on."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from depthtrain.bundle import Bundle
from depthtrain.config import drive_path
from depthtrain.data.drive import Drive, open_drive
from depthtrain.data.views import whole_view
from depthtrain.pose.motion import Motion, motion_of
from depthtrain.pose.pairs import pair_candidates, plain_pair
from depthtrain.pose.recipe import Pairs, PoseRecipe, PoseTrial
from depthtrain.prediction import Predictor, nearest_size, predict_depth

PosePredictor = Callable[[np.ndarray], Motion]
"""(1, 6, h, w) -> the canonical camera's motion."""
FRAMES_PER_DRIVE, PAIRS_PER_FRAME = 60, 3
TRUTH_SHARE = 0.05  # of a frame's pixels must have truth for its depth scale to be known


@dataclasses.dataclass
class PairErrors:
    """One row per pair, shape (N,). `depth_log` is NaN where the frame has no truth."""

    log_ratio: np.ndarray      # ln(predicted / true distance)
    direction_deg: np.ndarray  # angle between predicted and true translation
    rotation_deg: np.ndarray   # angle between predicted and true rotation
    turned_deg: np.ndarray     # true rotation angle
    depth_log: np.ndarray      # ln(median predicted / true depth) of the earlier frame, by the bundle's depth network


def measure_drive(predict: PosePredictor, trial: PoseTrial, recipe: PoseRecipe, bundle: Bundle) -> tuple[PairErrors, list[int]]:
    """Errors of up to three pairs for each of at most 60 frames, and the depth network's [width, height] that goes with them.

    Frames lie evenly over the drive; pairs have the shortest, the longest and the middle distance of the recipe's range.
    """
    drive = open_drive(drive_path(trial.drive))
    size = nearest_size(drive.width, drive.height, bundle.sizes)
    camera = whole_view((drive.width, drive.height), size).intrinsics(drive.intrinsics)
    depth_network, rows, f = bundle.predictor(), [], bundle.model.canonical_fx_px
    candidates = {first: pair_candidates(drive, first, len(drive), recipe.pairs)
                  for first in range(round(trial.after * len(drive)), len(drive))}
    fit = [first for first, found in candidates.items() if found]
    for first in sorted({fit[round(place)] for place in np.linspace(0, len(fit) - 1, min(len(fit), FRAMES_PER_DRIVE))}):
        found = candidates[first]
        depth_log = _depth_log_scale(depth_network, drive, first, size, bundle)
        for later, true in spread(found, recipe.pairs):
            seen = predict(plain_pair(drive, first, later, size, recipe.input_divisor, bundle)).seen(camera.fx, camera.fy, f)
            rows.append((np.log(seen.distance / true.distance), _angle_deg(seen.translation, true.translation),
                         motion_of(seen.matrix() @ np.linalg.inv(true.matrix())).angle_deg, true.angle_deg, depth_log))
    return PairErrors(*np.array(rows).reshape(-1, 5).T), list(size)


def spread(found: list[tuple[int, Motion]], pairs: Pairs) -> list[tuple[int, Motion]]:
    """At most three of the candidates: nearest in distance to the range's lower and upper end and to its middle."""
    wanted = np.linspace(np.log(pairs.min_distance_m), np.log(pairs.max_distance_m), PAIRS_PER_FRAME)
    chosen = {min(range(len(found)), key=lambda k: abs(np.log(found[k][1].distance) - target)) for target in wanted if found}
    return [found[index] for index in sorted(chosen)]


def summary(errors: PairErrors, size: list[int]) -> dict:
    """What bundle.json keeps of a drive. Ratios are of predicted to true distance; `against_depth` compares with the depth
    network's own error of scale on the same frames, because that is what the filter corrects (null without truth)."""
    known = np.isfinite(errors.depth_log)
    difference = (errors.log_ratio - errors.depth_log)[known]
    low, high = np.percentile(errors.log_ratio, (16, 84))
    return {"pairs": len(errors.log_ratio), "size": size, "ratio_median": float(np.exp(np.median(errors.log_ratio))),
            "log_ratio_sigma": float(high - low) / 2, "log_ratio_std": float(errors.log_ratio.std()),
            "direction_deg": float(np.median(errors.direction_deg)), "rotation_deg": float(np.median(errors.rotation_deg)),
            "turned_deg": float(np.median(errors.turned_deg)),
            "against_depth": {"log_median": float(np.median(difference)),
                              "log_std": float(difference.std())} if known.any() else None}


def calibrated_sigmas(errors: list[PairErrors]) -> tuple[float, float]:
    """(sigma from pair to pair, sigma of the places' medians), each drive counting the same; from standard deviations, so that
    outliers count."""
    spread = np.sqrt(np.mean([error.log_ratio.var() for error in errors]))
    return float(spread), float(np.sqrt(np.mean([np.median(error.log_ratio) ** 2 for error in errors])))


def _angle_deg(a: np.ndarray, b: np.ndarray) -> float:
    cosine = a @ b / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-12)
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _depth_log_scale(predict: Predictor, drive: Drive, index: int, size: tuple[int, int], bundle: Bundle) -> float:
    if not drive.has("depth"):
        return float("nan")
    truth = drive.depth(index)
    known = truth > 0
    if known.mean() < TRUTH_SHARE:
        return float("nan")
    predicted = predict_depth(predict, drive, index, bundle.model, size)[0]
    return float(np.log(np.median(predicted[known]) / np.median(truth[known])))
