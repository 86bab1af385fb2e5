"""The second frame of a still: the picture seen from where a random motion takes the camera, by the bundle's own depth."""

from __future__ import annotations

import cv2
import numpy as np

from depthtrain.pose.motion import Motion
from depthtrain.pose.recipe import Pairs, Rendered

ROUNDS = 4  # of the fixed-point search for where a later pixel was; motions are small against depths


def random_motion(nearest: float, pairs: Pairs, rendered: Rendered, rng: np.random.Generator) -> Motion:
    """Mostly ahead, distances even in their logarithm; `nearest` is the depth of the nearest things, the same unit."""
    longest = max(1.01 * pairs.min_distance_m, min(pairs.max_distance_m, rendered.max_depth_share * nearest))
    distance = np.exp(rng.uniform(np.log(pairs.min_distance_m), np.log(longest)))
    heading = np.array([rng.normal(0, rendered.sideways), rng.normal(0, rendered.upwards), 1.0])
    rotation = np.radians(rng.normal(0, 1, 3) * rendered.rotation_deg)
    later_from_earlier = cv2.Rodrigues(rotation)[0]
    return Motion(rotation, -later_from_earlier @ (heading / np.linalg.norm(heading) * distance))


def render(picture: np.ndarray, depth: np.ndarray, motion: Motion, f: float) -> np.ndarray:
    """What the camera (focal length `f`, centre of the picture) sees after `motion`; picture (H, W, 3) uint8, depth (H, W).

    Looks up, for every later pixel, where it was: q = p + flow(p) solved by iteration. What was hidden is stretched from its
    surroundings.
    """
    height, width = depth.shape
    shrink = 2  # motion is smooth; half the resolution finds it in a quarter of the time
    z = cv2.resize(depth, (width // shrink, height // shrink), interpolation=cv2.INTER_AREA)
    u, v = np.meshgrid(np.arange(z.shape[1], dtype=np.float32), np.arange(z.shape[0], dtype=np.float32))
    cx, cy, f = (z.shape[1] - 1) / 2, (z.shape[0] - 1) / 2, f / shrink
    T = motion.matrix().astype(np.float32)
    points = np.stack([(u - cx) / f * z, (v - cy) / f * z, z], axis=-1) @ T[:3, :3].T + T[:3, 3]
    ahead = np.maximum(points[..., 2], 0.05)
    flow = np.stack([f * points[..., 0] / ahead + cx - u, f * points[..., 1] / ahead + cy - v], axis=-1).astype(np.float32)
    was_u, was_v = u, v
    for _ in range(ROUNDS):
        moved = cv2.remap(flow, was_u, was_v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        was_u, was_v = u - moved[..., 0], v - moved[..., 1]
    back = cv2.resize(np.stack([was_u - u, was_v - v], axis=-1) * shrink, (width, height), interpolation=cv2.INTER_LINEAR)
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(picture, columns + back[..., 0], rows + back[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
