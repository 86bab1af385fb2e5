"""Depth error metrics of one image and their mean over a drive.

Sources: Eigen et al. 2014 as implemented by monodepth2's evaluation; KITTI 2015 for D1-all. Every formula is checked in
tests/test_metrics.py, and against `depthctl eval` in tests/test_same_numbers.py.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from depthtrain.protocols import PROTOCOLS, Protocol

RANGES_M = (0.0, 5.0, 10.0, 20.0, 40.0, 80.0, 200.0)
NAMES = ("abs_rel", "sq_rel", "rmse", "rmse_log", "d1", "d2", "d3")
EXTRA_NAMES = ("log10", "silog")
"""Reported by the training side beyond what `depthctl eval` prints."""


@dataclasses.dataclass(frozen=True)
class FrameScore:
    """Scores of one image: unscaled, median-scaled, the log of the median ratio truth / prediction, the pixels that count."""

    unscaled: dict[str, float]
    median_scaled: dict[str, float]
    log_scale: float
    pixels: int


def errors(predicted_m: np.ndarray, truth_m: np.ndarray) -> dict[str, float]:
    """The numbers over 1-D arrays of valid pixels, both in metres; silog is 100 times the deviation of the log error."""
    ratio = np.maximum(truth_m / predicted_m, predicted_m / truth_m)
    difference = predicted_m - truth_m
    log_error = np.log(predicted_m) - np.log(truth_m)
    return {"abs_rel": float(np.mean(np.abs(difference) / truth_m)), "sq_rel": float(np.mean(difference ** 2 / truth_m)),
            "rmse": float(np.sqrt(np.mean(difference ** 2))), "rmse_log": float(np.sqrt(np.mean(log_error ** 2))),
            "d1": float(np.mean(ratio < 1.25)), "d2": float(np.mean(ratio < 1.25 ** 2)),
            "d3": float(np.mean(ratio < 1.25 ** 3)), "log10": float(np.mean(np.abs(log_error)) / np.log(10)),
            "silog": 100 * float(np.sqrt(max(0.0, np.mean(log_error ** 2) - np.mean(log_error) ** 2)))}


def d1_all(predicted_disparity_px: np.ndarray, truth_disparity_px: np.ndarray) -> float:
    """Share of pixels off by more than 3 px and more than 5 % of the true disparity. Source: KITTI stereo 2015."""
    difference = np.abs(predicted_disparity_px - truth_disparity_px)
    return float(np.mean((difference > 3.0) & (difference > 0.05 * truth_disparity_px)))


def score_frame(predicted_m: np.ndarray, truth_m: np.ndarray, protocol: Protocol = PROTOCOLS["plain"],
                excluded: np.ndarray | None = None, disparity_factor: float | None = None) -> FrameScore | None:
    """Scores one map (H, W) against truth of the same size; None when no pixel counts.

    Scaling comes first, clamping after, as the published protocols do. `excluded` (H, W) are pixels not to score;
    `disparity_factor` is fx times baseline (pixel metres), without which there is no `d1_all`. Raises ValueError for a
    prediction that is not finite where it counts.
    """
    mask = protocol.mask(truth_m)
    if excluded is not None:
        mask &= ~excluded
    if not mask.any():
        return None
    predicted, truth = predicted_m[mask].astype(np.float64), truth_m[mask].astype(np.float64)
    if not np.isfinite(predicted).all() or (predicted <= 0).any():
        raise ValueError(f"{int((~(predicted > 0) | ~np.isfinite(predicted)).sum())} of {len(predicted)} scored pixels "
                         "have no positive finite prediction")
    ratio = float(np.median(truth) / np.median(predicted))
    scores = []
    for scale in (1.0, ratio):
        clamped = (predicted * scale).clip(protocol.floor_m, protocol.cap_m)
        score = errors(clamped, truth)
        if protocol.disparity and disparity_factor is not None:
            score["d1_all"] = d1_all(disparity_factor / clamped, disparity_factor / truth)
        scores.append(score)
    return FrameScore(*scores, float(np.log(ratio)), len(truth))


def summarise(scores: list[FrameScore]) -> dict:
    """Mean over images, in the layout that `depthctl eval --json` prints."""
    if not scores:
        raise ValueError("no frame has valid truth")
    logs = [score.log_scale for score in scores]
    return {"frames": len(scores), "median_scaled": _mean([score.median_scaled for score in scores]),
            "unscaled": _mean([score.unscaled for score in scores]),
            "scale_log_mean": float(np.mean(logs)), "scale_log_std": float(np.std(logs))}


def _mean(parts: list[dict[str, float]]) -> dict[str, float]:
    return {name: float(np.mean([part[name] for part in parts if name in part])) for name in parts[0]}


class RangeTable:
    """AbsRel, bias and d1 by range of truth, over all pixels of all images; every pixel weighs the same."""

    def __init__(self, edges_m: tuple[float, ...] = RANGES_M) -> None:
        self.edges_m = edges_m
        self._sums = np.zeros((len(edges_m) - 1, 4))

    def add(self, predicted_m: np.ndarray, truth_m: np.ndarray) -> None:
        """Adds the valid pixels of one image, 1-D arrays in metres; predictions clamped by the caller."""
        predicted, truth = predicted_m.astype(np.float64), truth_m.astype(np.float64)
        bins = np.digitize(truth, self.edges_m) - 1
        ratio = np.maximum(truth / predicted, predicted / truth)
        values = np.stack([np.ones_like(truth), np.abs(predicted - truth) / truth, (predicted - truth) / truth, ratio < 1.25])
        known = (bins >= 0) & (bins < len(self._sums))
        for place, row in enumerate(values):
            self._sums[:, place] += np.bincount(bins[known], row[known], len(self._sums))

    def rows(self) -> dict[str, dict[str, float]]:
        """Per range with pixels: share of all pixels, abs_rel, bias (positive = too far), d1."""
        total, table = self._sums[:, 0].sum(), {}
        for low, high, (count, relative, bias, close) in zip(self.edges_m, self.edges_m[1:], self._sums):
            if count:
                table[f"{low:g}-{high:g} m"] = {"share": count / total, "abs_rel": relative / count, "bias": bias / count,
                                               "d1": close / count}
        return table
