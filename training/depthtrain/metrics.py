"""Depth error metrics of one image and their mean over a drive (KITTI protocol).

Source: Eigen et al. 2014 as implemented by monodepth2's evaluation; every formula is checked in tests/test_metrics.py.
"""

from __future__ import annotations

import dataclasses

import numpy as np

MIN_DEPTH_M = 1e-3
RANGES_M = ((0.0, 5.0), (5.0, 10.0), (10.0, 20.0), (20.0, 40.0), (40.0, 80.0))
NAMES = ("abs_rel", "sq_rel", "rmse", "rmse_log", "d1", "d2", "d3")


@dataclasses.dataclass(frozen=True)
class FrameScore:
    """Scores of one image: unscaled, median-scaled, and the log of the median ratio truth / prediction."""

    unscaled: dict[str, float]
    median_scaled: dict[str, float]
    log_scale: float


def errors(predicted_m: np.ndarray, truth_m: np.ndarray) -> dict[str, float]:
    """The seven numbers over 1-D arrays of valid pixels, both in metres."""
    ratio = np.maximum(truth_m / predicted_m, predicted_m / truth_m)
    difference = predicted_m - truth_m
    return {"abs_rel": float(np.mean(np.abs(difference) / truth_m)), "sq_rel": float(np.mean(difference ** 2 / truth_m)),
            "rmse": float(np.sqrt(np.mean(difference ** 2))),
            "rmse_log": float(np.sqrt(np.mean((np.log(predicted_m) - np.log(truth_m)) ** 2))),
            "d1": float(np.mean(ratio < 1.25)), "d2": float(np.mean(ratio < 1.25 ** 2)),
            "d3": float(np.mean(ratio < 1.25 ** 3))}


def valid_mask(truth_m: np.ndarray, cap_m: float, crop: str) -> np.ndarray:
    """Pixels (H, W) with 1e-3 < truth < cap, inside the Garg crop when `crop` is "garg"."""
    mask = np.isfinite(truth_m) & (truth_m > MIN_DEPTH_M) & (truth_m < cap_m)
    if crop == "garg":
        height, width = truth_m.shape
        inside = np.zeros_like(mask)
        inside[int(0.40810811 * height):int(0.99189189 * height), int(0.03594771 * width):int(0.96405229 * width)] = True
        mask &= inside
    elif crop != "none":
        raise ValueError(f"unknown crop {crop!r}: expected none or garg")
    return mask


def score_frame(predicted_m: np.ndarray, truth_m: np.ndarray, cap_m: float = 80.0, crop: str = "none") -> FrameScore | None:
    """Scores one map (H, W) against truth of the same size; None when no pixel is valid.

    Scaling comes first, clamping to [1e-3, cap] after, as the published protocol does.
    """
    mask = valid_mask(truth_m, cap_m, crop)
    if not mask.any():
        return None
    predicted, truth = predicted_m[mask].astype(np.float64), truth_m[mask].astype(np.float64)
    ratio = float(np.median(truth) / np.median(predicted))
    return FrameScore(errors(predicted.clip(MIN_DEPTH_M, cap_m), truth),
                      errors((predicted * ratio).clip(MIN_DEPTH_M, cap_m), truth), float(np.log(ratio)))


def summarise(scores: list[FrameScore]) -> dict:
    """Mean over images, in the layout that `depthctl eval --json` prints."""
    if not scores:
        raise ValueError("no frame has valid truth")
    mean = lambda part: {name: float(np.mean([getattr(score, part)[name] for score in scores])) for name in NAMES}
    logs = [score.log_scale for score in scores]
    return {"frames": len(scores), "median_scaled": mean("median_scaled"), "unscaled": mean("unscaled"),
            "scale_log_mean": float(np.mean(logs)), "scale_log_std": float(np.std(logs))}


def range_table(pairs: list[tuple[np.ndarray, np.ndarray]]) -> dict[str, dict[str, float]]:
    """Unscaled AbsRel and d1 per range of truth over all pixels of all images; pairs are (predicted, truth) 1-D, metres."""
    predicted, truth = (np.concatenate([pair[side] for pair in pairs]) for side in range(2))
    table = {}
    for low, high in RANGES_M:
        inside = (truth >= low) & (truth < high)
        if inside.any():
            scores = errors(predicted[inside].clip(MIN_DEPTH_M, RANGES_M[-1][1]), truth[inside])
            table[f"{low:g}-{high:g} m"] = {"share": float(inside.mean()), "abs_rel": scores["abs_rel"], "d1": scores["d1"]}
    return table
