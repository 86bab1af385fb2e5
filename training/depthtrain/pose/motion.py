"""Motions between two frames as the canonical camera would have made them.

All motions here are later-from-earlier: they map coordinates of the earlier frame's camera to the later one's (x right, y down,
z forward), so driving forward has a negative z.
"""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np


@dataclasses.dataclass(frozen=True)
class Motion:
    """Axis-angle (3,) radians and translation (3,), float64."""

    axis_angle: np.ndarray
    translation: np.ndarray

    @property
    def distance(self) -> float:
        """Length of the translation."""
        return float(np.linalg.norm(self.translation))

    @property
    def angle_deg(self) -> float:
        """Rotation angle."""
        return float(np.degrees(np.linalg.norm(self.axis_angle)))

    def matrix(self) -> np.ndarray:
        """(4, 4) later-from-earlier."""
        T = np.eye(4)
        T[:3, :3], T[:3, 3] = cv2.Rodrigues(self.axis_angle)[0], self.translation
        return T

    def canonical(self, fx: float, fy: float, canonical_fx: float) -> "Motion":
        """The motion that a camera of focal length `canonical_fx` (square pixels) seems to have made when it shows the same two
        pictures as this camera, whose focal lengths `fx`, `fy` are pixels of the depth network's input grid.

        A point (X, Y, Z) before this camera and (X, Y fy/fx, Z f/fx) before the canonical one fall on the same pixel, so
        translations stretch likewise; rotations about x and y move the picture by fy and fx pixels a radian instead of f.
        """
        return Motion(self.axis_angle * (fy / canonical_fx, fx / canonical_fx, 1.0),
                      self.translation * (1.0, fy / fx, canonical_fx / fx))

    def seen(self, fx: float, fy: float, canonical_fx: float) -> "Motion":
        """The inverse of `canonical`: what a camera of `fx`, `fy` did."""
        return Motion(self.axis_angle * (canonical_fx / fy, canonical_fx / fx, 1.0),
                      self.translation * (1.0, fx / fy, fx / canonical_fx))


def motion_between(earlier: np.ndarray, later: np.ndarray) -> Motion:
    """The motion between two poses (4, 4), each world-from-camera."""
    return motion_of(np.linalg.inv(later) @ earlier)


def motion_of(T_later_earlier: np.ndarray) -> Motion:
    """Axis-angle and translation of a transform (4, 4)."""
    return Motion(cv2.Rodrigues(T_later_earlier[:3, :3])[0][:, 0], T_later_earlier[:3, 3].copy())
