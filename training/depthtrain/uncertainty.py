"""How honest an uncertainty is: coverage, likelihood, and sparsification (AUSE, AURG).

Sources: Poggi et al., CVPR 2020 and its evaluation code (50 steps, trapezoids, error 0 at nothing left). Sparsification
looks at ranks alone; coverage and likelihood look at the values.
"""

from __future__ import annotations

import numpy as np

STEPS = 50


def _abs_rel(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return np.abs(predicted - truth) / truth


def _squared(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return (predicted - truth) ** 2


def _beyond_d1(predicted: np.ndarray, truth: np.ndarray) -> np.ndarray:
    return (np.maximum(predicted / truth, truth / predicted) >= 1.25).astype(np.float64)


METRICS = {"abs_rel": (_abs_rel, False), "rmse": (_squared, True), "d1": (_beyond_d1, False)}
"""Per-pixel error and whether the metric is the root of its mean; d1 stands for 1 - d1."""


def sparsification(error: np.ndarray, uncertainty: np.ndarray, is_root: bool) -> np.ndarray:
    """The metric on what is left after removing the share t / 50 most uncertain pixels, t = 0 ... 49, then 0; (51,)."""
    sure = -uncertainty
    curve = []
    for step in range(STEPS):
        left = error[sure >= np.percentile(sure, 100.0 * step / STEPS)]
        curve.append(np.sqrt(left.mean()) if is_root else left.mean())
    return np.array([*curve, 0.0])


def ause(predicted_m: np.ndarray, truth_m: np.ndarray, uncertainty: np.ndarray) -> dict[str, float]:
    """`ause_*` (area above the oracle, 0 is best) and `aurg_*` (gain over a random order) of one image, 1-D arrays."""
    predicted, truth = predicted_m.astype(np.float64), truth_m.astype(np.float64)
    result = {}
    for name, (error_of, is_root) in METRICS.items():
        error = error_of(predicted, truth)
        curve, oracle = (sparsification(error, order, is_root) for order in (uncertainty.astype(np.float64), error))
        area, best = (float(np.trapezoid(values, dx=1 / STEPS)) for values in (curve, oracle))
        result[f"ause_{name}"], result[f"aurg_{name}"] = area - best, float(curve[0]) - area
    return result


def coverage(log_error: np.ndarray, sigma: np.ndarray) -> dict[str, float]:
    """Shares of |log error| within 1 and 2 sigma (68 and 95 % if sigma is a normal's) and the mean Laplace likelihood."""
    error = np.abs(log_error)
    return {"coverage_1_sigma": float(np.mean(error < sigma)), "coverage_2_sigma": float(np.mean(error < 2 * sigma)),
            "nll": float(np.mean(np.sqrt(2) * error / sigma + np.log(np.sqrt(2) * sigma)))}

