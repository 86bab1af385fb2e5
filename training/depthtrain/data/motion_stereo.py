"""Depth of a frame from its neighbours and their known poses: a plane sweep with semi-global matching.

Every plane of constant depth carries a neighbour onto the frame by a homography; where the picture agrees, the plane's depth is
the pixel's. Sources: Collins, CVPR 1996 (plane sweep); Hirschmueller, PAMI 2008 (semi-global aggregation, eq. 13).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np

WINDOW_PX = 5
PLANES = 128
NEAREST_M = 2.5
FARTHEST_M = 60.0
SMALL_CHANGE, LARGE_CHANGE = 0.06, 0.6
"""Semi-global penalties P1 and P2, in units of the matching cost (0 to 2)."""
EDGE = 0.05
"""The step in grey (0 to 1) from one pixel to the next that halves P2: depth steps where the picture does."""
MATCH_SIGMA_PX = 0.4
"""Standard deviation of a match."""
TRUSTED_ERROR = 0.15
"""Standard deviation of ln(depth) from the match alone at which trust has fallen to nothing."""
AMBIGUOUS, APART_PLANES = 0.05, 3
"""A cost within this of the best one, more than so many planes away from it, makes a pixel ambiguous."""
GOOD_COST, BAD_COST = 0.2, 0.6
"""Matching cost up to which a match earns full trust, and from which it earns none."""


@dataclasses.dataclass(frozen=True)
class Neighbour:
    """Another frame of the same camera: grey (H, W) uint8, and the motion (4, 4) that maps the frame's coordinates to its own,
    metres."""

    grey: np.ndarray
    T_source_target: np.ndarray


def depth_from_motion(grey: np.ndarray, camera: np.ndarray, neighbours: Sequence[Neighbour]) -> tuple[np.ndarray, np.ndarray]:
    """Inverse depth (H, W) 1/m and trust (H, W) in [0, 1], float32, of a frame (H, W) uint8 with camera matrix (3, 3).

    Trust is 0 where nothing agrees, where several depths agree alike, farther than FARTHEST_M, and where the motion moves the
    pixel too little to tell depth. What moves by itself is not known here: compare with other frames' depth (`agreement`).
    """
    inverse_depths = np.linspace(1.0 / NEAREST_M, 0.0, PLANES, dtype=np.float32)
    cost = matching_cost(grey, camera, neighbours, inverse_depths)
    total = aggregated(cost, grey)
    best = total.argmin(axis=2)
    inverse = _refined(total, best, inverse_depths)
    lowest = np.take_along_axis(total, best[..., None], axis=2)[..., 0]
    elsewhere = np.abs(np.arange(PLANES)[None, None, :] - best[..., None]) > APART_PLANES
    second = np.where(elsewhere, total, np.inf).min(axis=2)
    matched = np.take_along_axis(cost, best[..., None], axis=2)[..., 0]
    parallax = parallax_px(inverse, camera, neighbours)
    error = MATCH_SIGMA_PX / np.maximum(parallax, 1e-3)
    trust = np.clip(1.0 - error / TRUSTED_ERROR, 0, 1) * np.clip((BAD_COST - matched) / (BAD_COST - GOOD_COST), 0, 1)
    is_known = (inverse > 1.0 / FARTHEST_M) & (best > 0) & (best < PLANES - 1) & (second - lowest > AMBIGUOUS)
    return inverse.astype(np.float32), np.where(is_known, trust, 0).astype(np.float32)


def matching_cost(grey: np.ndarray, camera: np.ndarray, neighbours: Sequence[Neighbour],
                  inverse_depths: np.ndarray) -> np.ndarray:
    """1 - zero-mean normalised correlation (H, W, planes): the mean over the better half of the neighbours that see the pixel, for
    what one of them does not see, because something hides it, others mostly do. 1 where none sees it."""
    height, width = grey.shape
    costs = np.empty((len(neighbours), height, width), np.float32)
    result = np.empty((height, width, len(inverse_depths)), np.float32)
    target = _Window(grey)
    for plane, inverse in enumerate(inverse_depths):
        for slot, neighbour in enumerate(neighbours):
            homography = plane_homography(camera, neighbour.T_source_target, float(inverse))
            costs[slot] = target.cost(neighbour.grey, homography)
        result[..., plane] = _better_half(costs)
    return result


def plane_homography(camera: np.ndarray, T_source_target: np.ndarray, inverse_depth: float) -> np.ndarray:
    """The homography (3, 3) from the target's pixels to the source's for the plane of that inverse depth in the target."""
    motion = T_source_target[:3, :3].copy()
    motion[:, 2] += T_source_target[:3, 3] * inverse_depth
    return camera @ motion @ np.linalg.inv(camera)


def parallax_px(inverse: np.ndarray, camera: np.ndarray, neighbours: Sequence[Neighbour]) -> np.ndarray:
    """How far (H, W) the neighbour that moves a pixel most shows it from where it would be at infinity: depth is known to about
    the error of a match over this."""
    height, width = inverse.shape
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    rays = np.linalg.inv(camera) @ np.stack([u.ravel(), v.ravel(), np.ones(u.size, np.float32)])
    farthest = np.zeros(inverse.size, np.float32)
    for neighbour in neighbours:
        far = neighbour.T_source_target[:3, :3] @ rays
        near = far + neighbour.T_source_target[:3, 3:] * inverse.ravel()
        moved = camera[:2, :2] @ (near[:2] / np.maximum(near[2], 1e-3) - far[:2] / np.maximum(far[2], 1e-3))
        farthest = np.maximum(farthest, np.hypot(*moved))
    return farthest.reshape(inverse.shape)


def aggregated(cost: np.ndarray, grey: np.ndarray) -> np.ndarray:
    """Matching cost (H, W, planes) made smooth along the frame `grey` (H, W) uint8: the mean of the path costs from left, right, above
    and below, in the same shape and unit."""
    step = np.abs(np.diff(grey.astype(np.float32), axis=1, prepend=grey[:, :1])) / 255
    fall = np.abs(np.diff(grey.astype(np.float32), axis=0, prepend=grey[:1])) / 255
    back = np.roll(step, -1, axis=1), np.roll(fall, -1, axis=0)
    columns = cost.transpose(1, 0, 2)
    total = _path(columns, step.T).transpose(1, 0, 2).copy()
    total += _path(columns[::-1], back[0].T[::-1])[::-1].transpose(1, 0, 2)
    total += _path(cost, fall)
    total += _path(cost[::-1], back[1][::-1])[::-1]
    return total / 4


def agreement(inverse: np.ndarray, camera: np.ndarray, other: np.ndarray, T_other_target: np.ndarray,
              tolerance: float = 0.08) -> np.ndarray:
    """Where (H, W) bool two frames' inverse depths, both (H, W) 1/m, say the same of a pixel's point, to `tolerance` in ln(depth).

    `camera` (3, 3) is of both; `T_other_target` (4, 4), metres, maps the frame's coordinates to the other's. `other` is 0 where it knows
    nothing. What moves by itself is at different places of the world in different frames, and mostly fails.
    """
    height, width = inverse.shape
    u, v = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    depth = 1.0 / np.maximum(inverse, 1e-4)
    points = np.linalg.inv(camera) @ np.stack([u.ravel(), v.ravel(), np.ones(u.size, np.float32)]) * depth.ravel()
    seen = T_other_target[:3, :3] @ points + T_other_target[:3, 3:]
    ahead = seen[2] > 0.1
    pixels = camera @ np.where(ahead, seen, 1.0)
    column, row = (np.where(ahead, pixels[axis] / pixels[2], -9).reshape(height, width).astype(np.float32) for axis in (0, 1))
    found = cv2.remap(other.astype(np.float32), column, row, cv2.INTER_NEAREST, borderValue=0.0)
    return (found > 0) & (np.abs(np.log(np.maximum(found, 1e-6) * np.maximum(seen[2].reshape(height, width), 1e-3))) < tolerance)


class _Window:
    """The frame's local means, ready to be correlated with pictures carried onto it."""

    def __init__(self, grey: np.ndarray) -> None:
        self.image = grey.astype(np.float32)
        self.mean, self.deviation = _statistics(self.image)

    def cost(self, source: np.ndarray, homography: np.ndarray) -> np.ndarray:
        """1 - correlation (H, W) with a source carried onto the frame; NaN where the source does not reach."""
        size, flags = self.image.shape[::-1], cv2.WARP_INVERSE_MAP
        carried = cv2.warpPerspective(source, homography, size, flags=flags | cv2.INTER_LINEAR).astype(np.float32)
        inside = cv2.warpPerspective(np.full(source.shape, 255, np.uint8), homography, size, flags=flags | cv2.INTER_NEAREST)
        mean, deviation = _statistics(carried)
        product = cv2.boxFilter(carried * self.image, -1, (WINDOW_PX, WINDOW_PX)) - mean * self.mean
        cost = 1.0 - product / (deviation * self.deviation)
        cost[inside == 0] = np.nan
        return cost


def _statistics(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation under the window; noise of 2 grey levels keeps empty windows from agreeing with anything."""
    mean = cv2.boxFilter(image, -1, (WINDOW_PX, WINDOW_PX))
    variance = cv2.boxFilter(image * image, -1, (WINDOW_PX, WINDOW_PX)) - mean * mean
    return mean, np.sqrt(np.maximum(variance, 0) + 4.0)


def _better_half(costs: np.ndarray) -> np.ndarray:
    """Mean over the smaller half (rounded up) of the neighbours' costs, NaN left out; 1 where all are."""
    ordered = np.sort(costs, axis=0)  # NaN last
    seen = np.isfinite(ordered).sum(axis=0)
    taken = np.arange(len(costs))[:, None, None] < (seen + 1) // 2
    total = np.where(taken, ordered, 0).sum(axis=0)
    return np.where(seen > 0, total / np.maximum((seen + 1) // 2, 1), 1.0)


def _path(cost: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Path costs (N, M, planes) of matching costs of that shape, along the first axis (Hirschmueller, eq. 13); `edges` (N, M) in
    [0, 1] is the picture's change from the pixel before."""
    result = np.empty(cost.shape, np.float32)
    result[0] = before = cost[0]
    for index in range(1, len(cost)):
        lowest = before.min(axis=1, keepdims=True)
        large = lowest + (LARGE_CHANGE / (1 + edges[index] / EDGE) + SMALL_CHANGE)[:, None]
        reach = np.minimum(before, large)
        np.minimum(reach[:, 1:], before[:, :-1] + SMALL_CHANGE, out=reach[:, 1:])
        np.minimum(reach[:, :-1], before[:, 1:] + SMALL_CHANGE, out=reach[:, :-1])
        result[index] = before = cost[index] + reach - lowest
    return result


def _refined(total: np.ndarray, best: np.ndarray, inverse_depths: np.ndarray) -> np.ndarray:
    """Inverse depth at the vertex of the parabola through the best cost and its two neighbours."""
    inner = best.clip(1, PLANES - 2)
    low, middle, high = (np.take_along_axis(total, (inner + step)[..., None], axis=2)[..., 0] for step in (-1, 0, 1))
    bend = np.maximum(low - 2 * middle + high, 1e-6)
    shift = np.where(best == inner, np.clip(0.5 * (low - high) / bend, -0.5, 0.5), 0)
    return inverse_depths[best] + shift * (inverse_depths[1] - inverse_depths[0])
