"""Pairs as a camera might have seen them: the appearance changes of depth training, done on bytes.

A pose network is so small that drawing its data costs more than its steps; tables and one colour matrix make that five times
cheaper than `Appearance.apply`, which this follows in what it does and in which order.
"""

from __future__ import annotations

import cv2
import numpy as np

from depthtrain.data.appearance import Appearance
from depthtrain.data.views import View

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
LEVELS = np.arange(256, dtype=np.float32) / 255


def view_bytes(view: View, frame: np.ndarray) -> np.ndarray:
    """`View.image` of a frame (H, W, 3) uint8 without leaving bytes."""
    crop = frame[view.top:view.top + view.crop_height, view.left:view.left + view.crop_width]
    shrinks = view.crop_width >= view.width and view.crop_height >= view.height
    resized = cv2.resize(crop, (view.width, view.height), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.ascontiguousarray(resized[:, ::-1]) if view.mirrored else resized


def changed(image: np.ndarray, look: Appearance) -> np.ndarray:
    """The image (h, w, 3) uint8 as `look` has it, (h, w, 3) float32 in [0, 1]."""
    out = cv2.LUT(image, np.power(LEVELS, np.float32(look.gamma)))
    keep = np.float32(0.0 if look.grey else look.saturation)
    mix = keep * np.eye(3, dtype=np.float32) + (1 - keep) * LUMA[None]
    gains = np.array(look.channel_gains, np.float32) * np.float32(look.brightness)
    out = cv2.transform(out, gains[:, None] * mix)
    if look.contrast != 1.0:
        contrast = np.float32(look.contrast)
        out = out * contrast + np.float32(out.mean()) * (1 - contrast)
    return look.spoiled(out)
