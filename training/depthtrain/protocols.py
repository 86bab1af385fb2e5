"""The published evaluation protocols by name: which pixels count, how far, and how a prediction meets the truth's grid.

Sources: monodepth2 (Eigen split, improved truth, Make3D), BTS (Eigen's own crop, NYUv2), KITTI 2015 (D1-all), DDAD.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np


@dataclasses.dataclass(frozen=True)
class Protocol:
    """Truth in (floor_m, cap_m) inside the crop counts; predictions are scaled first, then clamped to [floor_m, cap_m].

    `truth_cap_m` replaces the cap for the truth alone. `resize` says what is brought to the truth's size: "disparity"
    (bilinear, then inverted) or "depth" (nearest). `flip` allows averaging with the mirrored image's prediction, where
    the published numbers exist with and without; `disparity` adds KITTI's D1-all.
    """

    name: str
    crop: str = "none"
    cap_m: float = 80.0
    floor_m: float = 1e-3
    truth_cap_m: float | None = None
    resize: str = "disparity"
    flip: bool = False
    disparity: bool = False
    summary: str = ""

    def window(self, height: int, width: int) -> tuple[slice, slice]:
        """Rows and columns that count in truth of this size. Raises ValueError for a crop that is not known."""
        if self.crop not in CROPS:
            raise ValueError(f"unknown crop {self.crop!r}: expected one of {', '.join(CROPS)}")
        return CROPS[self.crop](height, width)

    def mask(self, truth_m: np.ndarray) -> np.ndarray:
        """Pixels (H, W) of the truth that count; NaN, infinity and what lies outside the range do not."""
        limit = self.cap_m if self.truth_cap_m is None else self.truth_cap_m
        inside = np.zeros(truth_m.shape, bool)
        inside[self.window(*truth_m.shape)] = True
        with np.errstate(invalid="ignore"):
            return inside & np.isfinite(truth_m) & (truth_m > self.floor_m) & (truth_m < limit)


def _shares(top: float, bottom: float, left: float, right: float):
    return lambda height, width: (slice(int(top * height), int(bottom * height)), slice(int(left * width), int(right * width)))


CROPS = {
    "none": lambda height, width: (slice(0, height), slice(0, width)),
    "garg": _shares(0.40810811, 0.99189189, 0.03594771, 0.96405229),
    "eigen": _shares(0.3324324, 0.91351351, 0.0359477, 0.96405229),
    "nyu": lambda height, width: (slice(45 * height // 480, 471 * height // 480), slice(41 * width // 640, 601 * width // 640)),
}
"""Rows and columns by (height, width); `nyu` is rows 45 to 471 and columns 41 to 601 of 640x480, other sizes in proportion."""

PROTOCOLS = {protocol.name: protocol for protocol in (
    Protocol("plain", summary="every pixel with truth nearer than 80 m"),
    Protocol("kitti-eigen", "garg", flip=True, summary="697 images, velodyne as truth, Garg's crop, 80 m"),
    Protocol("kitti-eigen-50", "garg", 50.0, flip=True, summary="the same to 50 m"),
    Protocol("kitti-eigen-crop", "eigen", flip=True, summary="the same images in Eigen's own crop"),
    Protocol("kitti-improved", truth_cap_m=math.inf, flip=True, summary="652 images, accumulated truth, no crop"),
    Protocol("kitti-2015", disparity=True, summary="200 images of stereo 2015; also D1-all"),
    Protocol("nyuv2", "nyu", 10.0, summary="654 images, 10 m"),
    Protocol("make3d", cap_m=70.0, resize="depth", summary="134 images, 21x305 truth, C1: 70 m"),
    Protocol("ddad", cap_m=200.0, resize="depth", summary="validation scenes, 200 m, no crop"),
)}


def protocol_named(name: str) -> Protocol:
    """The protocol of that name. Raises ValueError that lists the names."""
    if name not in PROTOCOLS:
        raise ValueError(f"unknown protocol {name!r}: expected one of {', '.join(PROTOCOLS)}")
    return PROTOCOLS[name]
