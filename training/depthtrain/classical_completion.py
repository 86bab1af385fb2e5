"""Completion without learning, to hold the network against: the same points, no image.

`morphological_fill` is the method of Ku et al., "In Defense of Classical Image Processing: Fast Depth Completion on the CPU"
(CRV 2018), written from its description: farther is smaller, so that dilation lets the nearest point win.
"""

from __future__ import annotations

import cv2
import numpy as np

FARTHEST_M = 100.0
DIAMOND = np.array([[0, 0, 1, 0, 0], [0, 1, 1, 1, 0], [1, 1, 1, 1, 1], [0, 1, 1, 1, 0], [0, 0, 1, 0, 0]], np.uint8)
EMPTY = 0.1


def morphological_fill(points_m: np.ndarray) -> np.ndarray:
    """Sparse depth (H, W) metres below 100, NaN = none -> depth at every pixel; NaN everywhere without points.

    Diamond dilation, closing, filling of small holes, extension to the top, filling of large holes, median and Gaussian
    blur. The paper fills large holes once, enough for its 64 beams; here it is repeated until none is left.
    """
    known = np.nan_to_num(points_m) > 0
    if not known.any():
        return np.full(points_m.shape, np.nan, np.float32)
    near = np.where(known, FARTHEST_M - np.where(known, points_m, 0), 0).astype(np.float32)
    near = cv2.dilate(near, DIAMOND)
    near = cv2.morphologyEx(near, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8))
    near = _filled(near, 7)
    rows, columns = (near > EMPTY).argmax(axis=0), np.arange(near.shape[1])
    above = np.arange(near.shape[0])[:, None] < rows[None]
    near = np.where(above, near[rows, columns][None], near)
    while (near < EMPTY).any():
        near = _filled(near, 31)
    near = cv2.GaussianBlur(cv2.medianBlur(near, 5), (5, 5), 0)
    return FARTHEST_M - near


def nearest_point(points_m: np.ndarray) -> np.ndarray:
    """Every pixel takes the depth of the point that is nearest in the picture. (H, W) -> (H, W); NaN without points."""
    known = np.nan_to_num(points_m) > 0
    if not known.any():
        return np.full(points_m.shape, np.nan, np.float32)
    _, labels = cv2.distanceTransformWithLabels((~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    depth_of = np.zeros(labels.max() + 1, np.float32)
    depth_of[labels[known]] = points_m[known]
    return depth_of[labels]


def _filled(near: np.ndarray, size: int) -> np.ndarray:
    """Empty pixels take the nearest depth within a square."""
    return np.where(near < EMPTY, cv2.dilate(near, np.ones((size, size), np.uint8)), near)
