"""Random range points out of known depth: what a robot's range sensor might have seen of a frame.

Every draw is one of several sensors (random points, beams, corners), possibly half blind, with range noise, a shift and
outliers; a share of the draws has no points at all. Depth is (H, W) float32 in any unit, 0 = none. Source: PackNet-SAN
trains on one fixed lidar; the spread of densities is what makes completion dialable.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

CELL_PX = 4
MAX_BEAMS = 64
KEPT_BACK = 0.2
"""Share of the known pixels that is never shown, so that a loss over all of them cannot be met by copying."""


HIDING_SHARE = 0.85
"""Nearer than this share of a point's depth hides it from a camera beside the sensor."""


@dataclasses.dataclass(frozen=True)
class Points:
    """Sparse depth (H, W), 0 = none, and how many points it holds."""

    depth: np.ndarray
    count: int


def thin(depth: np.ndarray, cell: int = CELL_PX) -> np.ndarray:
    """Keeps the nearest point of each cell x cell block, of equals the first in raster order; 0 = none. (H, W) -> (H, W).

    Raises ValueError when H or W is not a multiple of `cell`.
    """
    height, width = depth.shape
    if height % cell or width % cell:
        raise ValueError(f"depth of {width}x{height} does not divide into cells of {cell} pixels")
    near = np.where(depth > 0, 1.0 / np.where(depth > 0, depth, 1), 0)
    blocks = near.reshape(height // cell, cell, width // cell, cell).transpose(0, 2, 1, 3).reshape(-1, cell * cell)
    first = np.zeros_like(blocks, dtype=bool)
    rows = np.arange(len(blocks))
    best = blocks.argmax(axis=1)
    first[rows, best] = blocks[rows, best] > 0
    keep = first.reshape(height // cell, width // cell, cell, cell).transpose(0, 2, 1, 3).reshape(height, width)
    return np.where(keep, depth, 0).astype(np.float32)


def project(points: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Sparse depth at another size: each point goes to floor((v + 1/2) h / H), same for u; the nearest of a pixel wins.

    `points` is (H, W), NaN or 0 = none; the result has `shape` = (height, width). Nothing is interpolated.
    """
    v, u = np.nonzero(np.nan_to_num(points) > 0)
    depth = points[v, u]
    rows = ((v + 0.5) * shape[0] / points.shape[0]).astype(int)
    columns = ((u + 0.5) * shape[1] / points.shape[1]).astype(int)
    out = np.zeros(shape, np.float32)
    order = np.argsort(-depth, kind="stable")
    out[rows[order], columns[order]] = depth[order]
    return out


def nearest_known(is_known: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each pixel the nearest known one, row by row, of equals the leftmost, of these the upper, and the squared distance.

    (H, W) bool with at least one known pixel -> two (H, W) int64. Exact: columns first, then what the columns hold row by row.
    """
    height, width = is_known.shape
    rows, columns, far = np.arange(height)[:, None], np.arange(width)[None], 4 * (height + width)
    above = np.maximum.accumulate(np.where(is_known, rows, -far), axis=0)
    below = np.minimum.accumulate(np.where(is_known, rows, 2 * far)[::-1], axis=0)[::-1]
    in_column = np.where(rows - above <= below - rows, above, below)
    # Distance first and column second, in one number, so that the least is the answer.
    key = (in_column - rows) ** 2 * width + columns
    best = key.copy()
    for shift in range(1, width):
        if shift * shift * width > best.max():
            break
        shifted = key + shift * shift * width
        best[:, shift:] = np.minimum(best[:, shift:], shifted[:, :-shift])
        best[:, :-shift] = np.minimum(best[:, :-shift], shifted[:, shift:])
    squared, column = np.divmod(best, width)
    return in_column[rows, column] * width + column, squared


def seen_by_camera(depth: np.ndarray) -> np.ndarray:
    """Sparse depth (H, W), 0 = none, without what a sensor beside the camera saw past something nearer.

    Out go points between clearly nearer ones, left and right or above and below, within three cells of 4 x 4 pixels, and then
    points with a clearly nearer one within three pixels. H and W are multiples of 4. The daemon's `OcclusionFilter`.
    """
    height, width = depth.shape
    far = np.where(depth > 0, depth, np.inf).astype(np.float32)
    cells = np.pad(far.reshape(height // CELL_PX, CELL_PX, width // CELL_PX, CELL_PX).min(axis=(1, 3)), 3, constant_values=np.inf)
    rows, columns = height // CELL_PX, width // CELL_PX
    sides = [np.minimum.reduce([cells[3 + dv * step:3 + dv * step + rows, 3 + du * step:3 + du * step + columns]
                                for step in (1, 2, 3)]) for dv, du in ((0, -1), (0, 1), (-1, 0), (1, 0))]
    between = np.minimum(np.maximum(sides[0], sides[1]), np.maximum(sides[2], sides[3]))
    limit = far * np.float32(HIDING_SHARE)
    far = np.where(between.repeat(CELL_PX, 0).repeat(CELL_PX, 1) < limit, np.inf, far)
    beside = cv2.erode(far, np.ones((7, 7), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=np.inf)
    return np.where(np.isfinite(far) & ~(beside < limit), depth, 0).astype(np.float32)


def random_points(depth: np.ndarray, known: np.ndarray, grey: np.ndarray, rng: np.random.Generator,
                  empty: float = 0.25) -> Points:
    """One draw from depth (H, W) where `known` (bool); `grey` (H, W) in [0, 1] is where corners are looked for.

    With probability `empty` there is no point, else 50 to 20,000 (log-uniform) as far as there are that many.
    """
    nothing = Points(np.zeros_like(depth, dtype=np.float32), 0)
    if rng.random() < empty:
        return nothing
    shown = known & (depth > 0) & (rng.random(depth.shape) >= KEPT_BACK)
    wanted = int(np.exp(rng.uniform(np.log(50), np.log(20_000))))
    chosen = _SENSORS[int(rng.choice(len(_SENSORS), p=(0.5, 0.3, 0.2)))](shown, grey, wanted, rng)
    if rng.random() < 0.15:
        half = depth.shape[1] // 2
        chosen[:, slice(None, half) if rng.random() < 0.5 else slice(half, None)] = False
    sparse = np.where(chosen, depth, 0).astype(np.float32)
    if rng.random() < 0.7:
        sparse = _disturbed(sparse, rng)
    return Points(sparse, int((sparse > 0).sum()))


def _uniform(shown: np.ndarray, grey: np.ndarray, wanted: int, rng: np.random.Generator) -> np.ndarray:
    places = np.flatnonzero(shown)
    picks = rng.choice(places, size=min(wanted, len(places)), replace=False)
    chosen = np.zeros(shown.size, bool)
    chosen[picks] = True
    return chosen.reshape(shown.shape)


def _beams(shown: np.ndarray, grey: np.ndarray, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """Evenly spaced, slightly tilted lines over the image, 1 to 64 of them."""
    height, width = shown.shape
    beams = int(np.exp(rng.uniform(0, np.log(MAX_BEAMS + 1))))
    pitch = height / beams
    tilt = rng.uniform(-0.02, 0.02) * (np.arange(width) - width / 2)
    rows = np.clip((np.arange(beams)[:, None] + rng.random()) * pitch + tilt[None], 0, height - 1).astype(int)
    lines = np.zeros(shown.shape, bool)
    lines[rows, np.arange(width)[None]] = True
    return _uniform(shown & lines, grey, wanted, rng)


def _corners(shown: np.ndarray, grey: np.ndarray, wanted: int, rng: np.random.Generator) -> np.ndarray:
    """The points that a feature tracker would follow: the strongest corners, at most 2,000."""
    strength = cv2.cornerMinEigenVal(np.ascontiguousarray(grey, np.float32), 3)
    strength = np.where(shown, strength, -1)
    count = min(wanted, 2000, int(shown.sum()))
    chosen = np.zeros(shown.size, bool)
    if count:
        chosen[np.argpartition(-strength.ravel(), count - 1)[:count]] = True
    return chosen.reshape(shown.shape)


_SENSORS = (_uniform, _beams, _corners)


def _disturbed(sparse: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Range noise of 0.5 to 1 %, a common shift of up to 1 pixel, 1 to 2 % outliers 1.2 to 3 times as far."""
    noisy = sparse * np.exp(rng.normal(0, rng.uniform(0.005, 0.01), sparse.shape))
    outliers = rng.random(sparse.shape) < rng.uniform(0.01, 0.02)
    noisy = np.where(outliers, noisy * np.exp(rng.uniform(np.log(1.2), np.log(3.0), sparse.shape)), noisy)
    dv, du = rng.integers(-1, 2, 2) if rng.random() < 0.3 else (0, 0)
    shifted = np.zeros_like(noisy)
    height, width = noisy.shape
    shifted[max(dv, 0):height + min(dv, 0), max(du, 0):width + min(du, 0)] = \
        noisy[max(-dv, 0):height + min(-dv, 0), max(-du, 0):width + min(-du, 0)]
    return shifted.astype(np.float32)
