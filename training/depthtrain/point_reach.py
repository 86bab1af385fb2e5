"""How much of the prediction's sigma is left around range points; docs/bundle.md has the rule, written here for reading."""

from __future__ import annotations

import numpy as np

from depthtrain.geometry import disparity_to_depth

CELL_PX = 4
STEP_PX, REACH_PX, LEAST_SHARE = 150.0, 50.0, 0.12
"""Pixels of way for a step of one in ln(depth); the way over which all but 1/e of a point's word is lost; share at a point."""


def ways(depth: np.ndarray, has_point: np.ndarray, step_px: float = STEP_PX) -> np.ndarray:
    """Shortest way of each cell of 4x4 pixels from a point, (H / 4, W / 4), over completed `depth` (H, W); inf without points."""
    log_depth = -np.log(_blocks(1 / depth.astype(np.float64)).mean(axis=(2, 3)))
    height, width = log_depth.shape
    way = np.pad(np.where(_blocks(has_point).any(axis=(2, 3)), 0.0, np.inf), 1, constant_values=np.inf)
    around = np.pad(log_depth, 1, mode="edge")
    neighbours = [(slice(1 + dv, 1 + dv + height), slice(1 + du, 1 + du + width), CELL_PX * np.hypot(dv, du))
                  for dv in (-1, 0, 1) for du in (-1, 0, 1) if dv or du]
    lengths = [px + step_px * np.abs(log_depth - around[rows, columns]) for rows, columns, px in neighbours]
    inner = way[1:-1, 1:-1]
    while True:
        before = inner.copy()
        for (rows, columns, _), length in zip(neighbours, lengths):
            np.minimum(inner, way[rows, columns] + length, out=inner)
        if np.array_equal(inner, before):
            return inner


def share(way: np.ndarray, reach_px: float = REACH_PX, least: float = LEAST_SHARE) -> np.ndarray:
    """Share of sigma that is left."""
    return 1 - (1 - least) * np.exp(-way / reach_px)


def sigma_share(disparity: np.ndarray, points: np.ndarray, min_depth: float, max_depth: float) -> np.ndarray:
    """Share for each pixel (H, W) of a completed disparity map; `points` (H, W) are the thinned points, 0 = none."""
    way = ways(disparity_to_depth(disparity, min_depth, max_depth), points > 0)
    return share(way).repeat(CELL_PX, 0).repeat(CELL_PX, 1).astype(np.float32)


def _blocks(x: np.ndarray) -> np.ndarray:
    """(H, W) -> (H / 4, W / 4, 4, 4)."""
    height, width = x.shape
    return x.reshape(height // CELL_PX, CELL_PX, width // CELL_PX, CELL_PX).swapaxes(1, 2)
