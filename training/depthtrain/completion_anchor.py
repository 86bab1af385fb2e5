"""Anchoring in NumPy, pixel by pixel as docs/bundle.md puts it: what the daemon does, written for reading."""

from __future__ import annotations

import numpy as np

from depthtrain.data.sparsity import nearest_known
from depthtrain.networks.anchoring import EDGES, INERTIA, SLOPE_CELLS, SLOPE_NOISE, STRIDES


def anchored(disparity: np.ndarray, points: np.ndarray, min_depth: float, max_depth: float) -> np.ndarray:
    """Disparity (H, W) held to sparse depth (H, W) in the network's unit, 0 = none; at least one point is needed."""
    nearest, farthest = 1 / min_depth, 1 / max_depth
    inverse = farthest + (nearest - farthest) * disparity.astype(np.float64)
    rows, columns = np.nonzero(points > 0)
    said = 1 / points[rows, columns].astype(np.float64).clip(min_depth, max_depth)
    place, squared = nearest_known(points > 0)
    shape = inverse ** _slope(rows, columns, np.log(said), np.log(inverse[rows, columns]), squared)
    ratio = np.zeros_like(shape)
    ratio[rows, columns] = said / shape[rows, columns]
    ratio = ratio.ravel()[place]
    for stride, edge in zip(STRIDES, EDGES):
        trust = (2 * squared / stride ** 2 - 0.5).clip(0, 1)
        ratio = ratio + trust * (_smoothed(ratio, ratio * shape, stride, edge) - ratio)
    return (((ratio * shape).clip(farthest, nearest) - farthest) / (nearest - farthest)).astype(np.float32)


def _slope(rows: np.ndarray, columns: np.ndarray, said: np.ndarray, predicted: np.ndarray, squared: np.ndarray) -> float:
    cell = next((size for size in SLOPE_CELLS if (4 * squared <= size * size).mean() >= 0.5), SLOPE_CELLS[-1])
    cells: dict[tuple[int, int], list[int]] = {}
    for point, at in enumerate(zip((rows // cell).tolist(), (columns // cell).tolist())):
        cells.setdefault(at, []).append(point)
    if len(cells) == len(rows):
        return 1.0
    product = square = 0.0
    for members in cells.values():
        step = predicted[members] - predicted[members].mean()
        product += float(step @ (said[members] - said[members].mean()))
        square += float(step @ step)
    return min(1.0, max(0.0, product / (square + SLOPE_NOISE * (len(rows) - len(cells)))))


def _smoothed(ratio: np.ndarray, inverse: np.ndarray, stride: int, edge: float) -> np.ndarray:
    height, width = ratio.shape
    total, weight = INERTIA * ratio, np.full(ratio.shape, INERTIA)
    for dv, du in ((0, -stride), (0, stride), (-stride, 0), (stride, 0)):
        here = slice(max(0, -dv), height - max(0, dv)), slice(max(0, -du), width - max(0, du))
        there = slice(max(0, dv), height - max(0, -dv)), slice(max(0, du), width - max(0, -du))
        a, b = inverse[here], inverse[there]
        share = b * b / (a * b + ((b - a) / edge) ** 2)
        total[here] += share * ratio[there]
        weight[here] += share
    return total / weight
