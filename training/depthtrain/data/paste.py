"""Cut-and-paste of near things with known depth.

A patch of one sample's near surface is enlarged and put in front of another sample. Enlarging a patch by s about the
image centre line and dividing its depth by s is what moving closer does to a thin object, so the pasted depth is
consistent with the pasted size. Only pixels in front of what is known there survive (z-test).
"""

from __future__ import annotations

import cv2
import numpy as np

Layers = tuple[np.ndarray, np.ndarray, np.ndarray]


def paste_near(onto: Layers, donor: Layers, rng: np.random.Generator) -> Layers:
    """Pastes a near patch of `donor` onto `onto`; both are (image (H, W, 3), depth (H, W), weight (H, W)).

    Returns new layers, or `onto` itself when the donor has no dense near patch where the dice fell.
    """
    image, depth, weight = onto
    height, width = depth.shape
    box_height, box_width = int(height * rng.uniform(0.25, 0.6)), int(height * rng.uniform(0.25, 1.0))
    top, left = int(rng.integers(0, height - box_height + 1)), int(rng.integers(0, width - box_width + 1))
    patch_depth = donor[1][top:top + box_height, left:left + box_width]
    patch_weight = donor[2][top:top + box_height, left:left + box_width]
    known = patch_weight > 0
    if known.mean() < 0.5:
        return onto
    near = np.percentile(patch_depth[known], 20)
    mask = (known & (patch_depth < near * 1.25)).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    if mask.mean() < 0.15:
        return onto
    scale = float(np.exp(rng.uniform(0.0, np.log(2.5))))
    size = (min(width, round(box_width * scale)), min(height, round(box_height * scale)))
    new_mask = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST) > 0
    new_depth = cv2.resize(patch_depth, size, interpolation=cv2.INTER_NEAREST) / scale
    new_weight = cv2.resize(patch_weight, size, interpolation=cv2.INTER_NEAREST)
    new_image = cv2.resize(donor[0][top:top + box_height, left:left + box_width], size, interpolation=cv2.INTER_LINEAR)
    row, column = int(rng.integers(0, height - size[1] + 1)), int(rng.integers(0, width - size[0] + 1))
    window = (slice(row, row + size[1]), slice(column, column + size[0]))
    behind = (weight[window] == 0) | (depth[window] > near / scale)
    visible = new_mask & behind
    image, depth, weight = image.copy(), depth.copy(), weight.copy()
    image[window][visible] = new_image[visible]
    depth[window][visible] = new_depth[visible]
    weight[window][visible] = np.where(new_depth[visible] > 0, new_weight[visible], 0)
    return image, depth, weight
