"""Random views of a frame: crop, zoom, stretch and flip, with the intrinsics that belong to the result.

Images are resized by exact area averaging (as the daemon does) when they shrink, bilinearly when they grow. Truth is
resized as inverse depth: the mean over the valid pixels under each target pixel, so sparse points survive.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np

from depthtrain.config import Augmentation
from depthtrain.geometry import Intrinsics


@dataclasses.dataclass(frozen=True)
class View:
    """A rectangle of the stored frame (pixels) shown at width x height, mirrored or not."""

    left: int
    top: int
    crop_width: int
    crop_height: int
    width: int
    height: int
    mirrored: bool

    def intrinsics(self, stored: Intrinsics) -> Intrinsics:
        """Intrinsics of the view from those of the stored frame."""
        view = stored.cropped(self.left, self.top).resized(self.width / self.crop_width, self.height / self.crop_height)
        return view.flipped(self.width) if self.mirrored else view

    def moved(self, T_source_target: np.ndarray) -> np.ndarray:
        """The motion (4, 4) as this view sees it: mirrored about the camera's x axis when the view is."""
        mirror = np.diag([-1.0, 1.0, 1.0, 1.0])
        return mirror @ T_source_target @ mirror if self.mirrored else T_source_target

    def image(self, frame: np.ndarray) -> np.ndarray:
        """The view of an image (H, W, 3) uint8 -> (height, width, 3) float32 in [0, 1]."""
        crop = self._crop(frame)
        shrinks = self.crop_width >= self.width and self.crop_height >= self.height
        resized = cv2.resize(crop.astype(np.float32), (self.width, self.height),
                             interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
        return self._mirror(resized) / np.float32(255.0)

    def inverse_depth(self, inverse: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The view of inverse depth (H, W) 1/m and its weight (0 = unknown), any float type; both (height, width) float32."""
        crop, trust = self._crop(inverse).astype(np.float32), self._crop(weight).astype(np.float32)
        size = (self.width, self.height)
        if self.crop_width < self.width or self.crop_height < self.height:
            resized = cv2.resize(crop, size, interpolation=cv2.INTER_NEAREST)
            mass = cv2.resize(trust, size, interpolation=cv2.INTER_NEAREST)
            return self._mirror(resized), self._mirror(mass)
        mass = cv2.resize(trust, size, interpolation=cv2.INTER_AREA)
        share = cv2.resize((trust > 0).astype(np.float32), size, interpolation=cv2.INTER_AREA)
        total = cv2.resize(crop * trust, size, interpolation=cv2.INTER_AREA)
        known = mass > 1e-6
        resized = np.divide(total, mass, out=np.zeros_like(total), where=known)
        trusted = np.divide(mass, share, out=np.zeros_like(mass), where=known)
        return self._mirror(resized), self._mirror(trusted)

    def labels(self, classes: np.ndarray) -> np.ndarray:
        """The view of class numbers (H, W): the nearest pixel's, (height, width)."""
        return self._mirror(cv2.resize(self._crop(classes), (self.width, self.height), interpolation=cv2.INTER_NEAREST))

    def _crop(self, array: np.ndarray) -> np.ndarray:
        return array[self.top:self.top + self.crop_height, self.left:self.left + self.crop_width]

    def _mirror(self, array: np.ndarray) -> np.ndarray:
        return np.ascontiguousarray(array[:, ::-1]) if self.mirrored else array


def whole_view(frame_size: tuple[int, int], size: tuple[int, int]) -> View:
    """The whole stored frame (width, height) at the network's size (width, height): what evaluation uses."""
    return View(0, 0, frame_size[0], frame_size[1], size[0], size[1], False)


def random_view(frame_size: tuple[int, int], size: tuple[int, int], zoom_max: float, augmentation: Augmentation,
                rng: np.random.Generator) -> View:
    """A random rectangle with the network's aspect ratio (times a stretch), 1 to `zoom_max` times smaller than fits.

    Zoom is log-uniform; a third of the views are not zoomed at all, so the plain view stays the most common one.
    """
    frame_width, frame_height = frame_size
    stretch = float(np.exp(rng.uniform(-augmentation.stretch, augmentation.stretch)))
    aspect = size[0] / size[1] * stretch
    fit_width = min(frame_width, frame_height * aspect)
    zoom = 1.0 if rng.random() < 0.33 else float(np.exp(rng.uniform(0.0, np.log(max(zoom_max, 1.0)))))
    crop_width = max(32, min(frame_width, round(fit_width / zoom)))
    crop_height = max(32, min(frame_height, round(fit_width / aspect / zoom)))
    left = int(rng.integers(0, frame_width - crop_width + 1))
    top = int(rng.integers(0, frame_height - crop_height + 1))
    return View(left, top, crop_width, crop_height, size[0], size[1], bool(rng.random() < augmentation.flip))
