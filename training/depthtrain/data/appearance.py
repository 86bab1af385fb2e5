"""Random appearance changes: one draw of parameters, applied to every frame of a sample.

Drawing and applying are separate so that a sample's frames cannot be changed differently. Images are (H, W, 3)
float32 in [0, 1].
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from depthtrain.config import Augmentation


@dataclasses.dataclass(frozen=True)
class Appearance:
    """One draw. Neutral values leave the image as it is."""

    brightness: float = 1.0
    contrast: float = 1.0
    saturation: float = 1.0
    gamma: float = 1.0
    channel_gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    grey: bool = False
    blur_sigma_px: float = 0.0
    motion_blur_px: float = 0.0
    motion_angle_rad: float = 0.0
    defocus_radius_px: float = 0.0
    noise_sigma: float = 0.0
    noise_seed: int = 0

    def apply(self, image: np.ndarray) -> np.ndarray:
        """The changed image, same shape, clamped to [0, 1]."""
        out = image
        if self.gamma != 1.0:
            out = np.power(np.maximum(out, 1e-6), np.float32(self.gamma))
        if self.grey or self.saturation != 1.0:
            luma = out @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
            keep = np.float32(0.0 if self.grey else self.saturation)
            out = luma[..., None] * (1 - keep) + out * keep
        gains = np.array(self.channel_gains, dtype=np.float32) * np.float32(self.brightness)
        out = out * gains
        if self.contrast != 1.0:
            mean = np.float32(out.mean())
            out = (out - mean) * np.float32(self.contrast) + mean
        return self.spoiled(out)

    def spoiled(self, out: np.ndarray) -> np.ndarray:
        """The image (H, W, 3) float32 after what lens, motion and sensor do to it, clamped to [0, 1]."""
        if self.blur_sigma_px > 0:
            out = cv2.GaussianBlur(out, (0, 0), self.blur_sigma_px)
        if self.motion_blur_px > 0:
            out = cv2.filter2D(out, -1, streak(self.motion_blur_px, self.motion_angle_rad), borderType=cv2.BORDER_REPLICATE)
        if self.defocus_radius_px > 0:
            out = cv2.filter2D(out, -1, disc(self.defocus_radius_px), borderType=cv2.BORDER_REPLICATE)
        if self.noise_sigma > 0:
            noise = np.random.default_rng(self.noise_seed).standard_normal(out.shape, dtype=np.float32)
            out = out + noise * np.float32(self.noise_sigma)
        return np.clip(out, 0.0, 1.0).astype(np.float32)


def streak(length_px: float, angle_rad: float) -> np.ndarray:
    """Motion blur: the camera turning during the exposure smears every point along a line. Kernel of sum 1, odd size."""
    radius = int(np.ceil(length_px / 2))
    kernel = np.zeros((2 * radius + 1, 2 * radius + 1), np.float32)
    for along in np.linspace(-length_px / 2, length_px / 2, 8 * radius + 1):
        column, row = radius + along * np.cos(angle_rad), radius + along * np.sin(angle_rad)
        left, top = int(np.floor(column)), int(np.floor(row))
        for r, c in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
            if 0 <= r <= 2 * radius and 0 <= c <= 2 * radius:
                kernel[r, c] += (1 - abs(row - r)) * (1 - abs(column - c))
    return kernel / kernel.sum()


def disc(radius_px: float) -> np.ndarray:
    """Defocus: a point becomes a disc of constant brightness, soft by a pixel at its rim. Kernel of sum 1, odd size."""
    radius = int(np.ceil(radius_px))
    y, x = np.mgrid[-radius:radius + 1, -radius:radius + 1]
    kernel = np.clip(radius_px + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)
    return kernel / kernel.sum()


def random_appearance(augmentation: Augmentation, rng: np.random.Generator) -> Appearance:
    """Draws one set of parameters; each family is switched on with its own probability."""
    changes: dict = {}
    if rng.random() < augmentation.colour:
        changes.update(brightness=float(rng.uniform(0.7, 1.3)), contrast=float(rng.uniform(0.7, 1.3)),
                       saturation=float(rng.uniform(0.5, 1.5)), gamma=float(np.exp(rng.uniform(-0.35, 0.35))),
                       channel_gains=tuple(float(gain) for gain in rng.uniform(0.9, 1.1, 3)))
    if rng.random() < augmentation.grey:
        changes["grey"] = True
    if rng.random() < augmentation.blur:
        changes["blur_sigma_px"] = float(rng.uniform(0.4, 1.6))
    if augmentation.motion_blur > 0 and rng.random() < augmentation.motion_blur:
        changes.update(motion_blur_px=float(rng.uniform(1.5, 8)), motion_angle_rad=float(rng.uniform(0, np.pi)))
    if augmentation.defocus > 0 and rng.random() < augmentation.defocus:
        changes["defocus_radius_px"] = float(rng.uniform(0.7, 2.5))
    if rng.random() < augmentation.noise:
        changes.update(noise_sigma=float(rng.uniform(0.005, 0.04)), noise_seed=int(rng.integers(1 << 31)))
    return Appearance(**changes)
