"""Anchoring in NumPy, cell by cell as docs/bundle.md puts it: what the daemon does, written for reading."""

from __future__ import annotations

import numpy as np

from depthtrain.networks.anchoring import EDGE, INERTIA, STRIDES, SWEEPS


def anchored(disparity: np.ndarray, points: np.ndarray, min_depth: float, max_depth: float) -> np.ndarray:
    """Disparity (H, W) held to thinned sparse depth (H, W) in the network's unit, 0 = none; at least one point is needed."""
    nearest, farthest = 1 / min_depth, 1 / max_depth
    inverse = farthest + (nearest - farthest) * disparity.astype(np.float64)
    log_depth = -np.log(_summed(inverse) / 4)
    known = points > 0
    logs = np.log(np.where(known, points, 1).clip(min_depth, max_depth))
    count = _summed(known.astype(float))
    total = _summed(np.where(known, logs, 0)) - log_depth * count
    levels = [(total, count, log_depth)]
    for _ in STRIDES[1:]:
        levels.append((_summed(levels[-1][0]), _summed(levels[-1][1]), _summed(levels[-1][2]) / 4))
    error = np.full(levels[-1][0].shape, total.sum() / count.sum())
    for total, count, log_depth in reversed(levels):
        error = _enlarged(error) if error.shape != total.shape else error
        error = np.where(count > 0, total / np.maximum(count, 1), error)
        for _ in range(SWEEPS):
            error = _swept(error, count > 0, log_depth)
    inverse = (inverse * _enlarged(np.exp(-error))).clip(farthest, nearest)
    return ((inverse - farthest) / (nearest - farthest)).astype(np.float32)


def _swept(error: np.ndarray, is_known: np.ndarray, log_depth: np.ndarray) -> np.ndarray:
    height, width = error.shape
    drawn, weight = INERTIA * error, np.full(error.shape, INERTIA)
    for dv, du in ((0, -1), (0, 1), (-1, 0), (1, 0)):
        here = slice(max(0, -dv), height - max(0, dv)), slice(max(0, -du), width - max(0, du))
        there = slice(max(0, dv), height - max(0, -dv)), slice(max(0, du), width - max(0, -du))
        conductance = 1 / (1 + ((log_depth[there] - log_depth[here]) / EDGE) ** 2)
        drawn[here] += conductance * error[there]
        weight[here] += conductance
    return np.where(is_known, error, drawn / weight)


def _summed(x: np.ndarray) -> np.ndarray:
    """Sums of 2x2 blocks."""
    return x.reshape(x.shape[0] // 2, 2, x.shape[1] // 2, 2).sum(axis=(1, 3))


def _enlarged(x: np.ndarray) -> np.ndarray:
    """Twice the size: each value is 3/4 of its own cell's and 1/4 of the neighbour's that it is nearer to, along each axis."""
    for axis in (0, 1):
        x = np.moveaxis(x, axis, 0)
        before, after = np.concatenate([x[:1], x[:-1]]), np.concatenate([x[1:], x[-1:]])
        x = np.stack([0.75 * x + 0.25 * before, 0.75 * x + 0.25 * after], axis=1).reshape(-1, *x.shape[1:])
        x = np.moveaxis(x, 0, axis)
    return x
