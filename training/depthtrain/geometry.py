"""Camera geometry of training: depth conventions, intrinsics, warping.

Pixel (0, 0) is the CENTRE of the first pixel, as in OpenCV and ROS camera_info. Camera axes: x right, y down,
z forward. `T_a_b` maps coordinates of frame b to frame a.
"""

from __future__ import annotations

import dataclasses
from typing import TypeVar

import numpy as np
import torch
import torch.nn.functional as F

Array = TypeVar("Array", torch.Tensor, np.ndarray)


@dataclasses.dataclass(frozen=True)
class Intrinsics:
    """Pinhole intrinsics in pixels of one stated image size."""

    fx: float
    fy: float
    cx: float
    cy: float

    def resized(self, scale_x: float, scale_y: float) -> "Intrinsics":
        """Intrinsics after the image was scaled by (scale_x, scale_y); pixel centres move by half a pixel."""
        return Intrinsics(self.fx * scale_x, self.fy * scale_y,
                          (self.cx + 0.5) * scale_x - 0.5, (self.cy + 0.5) * scale_y - 0.5)

    def cropped(self, left_px: float, top_px: float) -> "Intrinsics":
        """Intrinsics after removing `left_px` columns and `top_px` rows."""
        return Intrinsics(self.fx, self.fy, self.cx - left_px, self.cy - top_px)

    def flipped(self, width_px: int) -> "Intrinsics":
        """Intrinsics of the horizontally mirrored image; cx moves to its mirror position."""
        return Intrinsics(self.fx, self.fy, width_px - 1 - self.cx, self.cy)

    def as_list(self) -> list[float]:
        """[fx, fy, cx, cy] in pixels."""
        return [self.fx, self.fy, self.cx, self.cy]


def disparity_to_depth(disparity: Array, min_depth_m: float, max_depth_m: float) -> Array:
    """Network depth from sigmoid disparity: 1 / (1/max + (1/min - 1/max) * s). A tensor or NumPy array of any shape.

    Source: monodepth2 layers.
    """
    return 1.0 / (1.0 / max_depth_m + (1.0 / min_depth_m - 1.0 / max_depth_m) * disparity)


def depth_to_disparity(depth: torch.Tensor, min_depth_m: float, max_depth_m: float) -> torch.Tensor:
    """Inverse of `disparity_to_depth`, clamped to [0, 1]."""
    scaled = (1.0 / depth - 1.0 / max_depth_m) / (1.0 / min_depth_m - 1.0 / max_depth_m)
    return scaled.clamp(0.0, 1.0)


def pixel_grid(height: int, width: int, like: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Column and row index of every pixel, each (H, W)."""
    v, u = torch.meshgrid(torch.arange(height, dtype=like.dtype, device=like.device),
                          torch.arange(width, dtype=like.dtype, device=like.device), indexing="ij")
    return u, v


def back_project(depth_m: torch.Tensor, intrinsics: torch.Tensor) -> torch.Tensor:
    """Points (B, 3, H, W) in metres of a depth map (B, 1, H, W); intrinsics (B, 4) = fx, fy, cx, cy."""
    u, v = pixel_grid(depth_m.shape[2], depth_m.shape[3], depth_m)
    fx, fy, cx, cy = (intrinsics[:, i, None, None] for i in range(4))
    z = depth_m[:, 0]
    return torch.stack([(u - cx) / fx * z, (v - cy) / fy * z, z], dim=1)


def transform(T_a_b: torch.Tensor, points_b: torch.Tensor) -> torch.Tensor:
    """Moves points (B, 3, H, W) from frame b to frame a with T (B, 3 or 4, 4)."""
    rotated = torch.einsum("bij,bjhw->bihw", T_a_b[:, :3, :3], points_b)
    return rotated + T_a_b[:, :3, 3, None, None]


def project(points: torch.Tensor, intrinsics: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Pixel positions (B, 2, H, W) of points (B, 3, H, W), and whether each lies in front of the camera."""
    fx, fy, cx, cy = (intrinsics[:, i, None, None] for i in range(4))
    z = points[:, 2].clamp(min=1e-3)
    pixels = torch.stack([fx * points[:, 0] / z + cx, fy * points[:, 1] / z + cy], dim=1)
    return pixels, points[:, 2] > 1e-3


def sample(image: torch.Tensor, pixels: torch.Tensor) -> torch.Tensor:
    """Bilinear look-up of image (B, C, H, W) at pixel positions (B, 2, H, W); border values outside."""
    height, width = image.shape[2:]
    pixels = pixels.nan_to_num(nan=-1e4, posinf=1e4, neginf=-1e4)  # grid_sample's gradient reads anywhere for NaN
    x = 2.0 * pixels[:, 0] / (width - 1) - 1.0
    y = 2.0 * pixels[:, 1] / (height - 1) - 1.0
    return F.grid_sample(image, torch.stack([x, y], dim=-1), padding_mode="border", align_corners=True)


def warp(source: torch.Tensor, depth_m: torch.Tensor, T_source_target: torch.Tensor,
         intrinsics: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rebuilds the target image from the source. Returns (B, C, H, W) and a validity mask (B, 1, H, W).

    A pixel is valid when its point lies in front of the source camera and inside the source image.
    """
    pixels, front = project(transform(T_source_target, back_project(depth_m, intrinsics)), intrinsics)
    height, width = source.shape[2:]
    inside = (pixels[:, 0] >= 0) & (pixels[:, 0] <= width - 1) & (pixels[:, 1] >= 0) & (pixels[:, 1] <= height - 1)
    return sample(source, pixels), (front & inside).unsqueeze(1)


def warp_sources(sources: torch.Tensor, depth_m: torch.Tensor, T_source_target: torch.Tensor, intrinsics: torch.Tensor,
                 present: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """`warp` of every source slot: sources (B, S, C, H, W), T (B, S, 4, 4) -> (B, S, C, H, W) and validity (B, S, 1, H, W).

    Nothing of a slot that is not `present` (B, S) is valid; all are present without it.
    """
    images, masks = zip(*(warp(sources[:, slot], depth_m, T_source_target[:, slot], intrinsics)
                          for slot in range(sources.shape[1])))
    inside = torch.stack(masks, 1)
    return torch.stack(images, 1), inside if present is None else inside & present[:, :, None, None, None]


def rotation_from_axis_angle(vector: torch.Tensor) -> torch.Tensor:
    """Rotation matrices (B, 3, 3) from axis-angle (B, 3) by Rodrigues' formula; smooth at zero angle."""
    angle = vector.norm(dim=1, keepdim=True)
    x, y, z = (vector / (angle + 1e-7)).unbind(1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).view(-1, 3, 3)
    identity = torch.eye(3, dtype=vector.dtype, device=vector.device)
    angle = angle.unsqueeze(2)
    return identity + torch.sin(angle) * cross + (1 - torch.cos(angle)) * (cross @ cross)


def pose_matrix(axis_angle: torch.Tensor, translation_m: torch.Tensor, invert: bool) -> torch.Tensor:
    """(B, 4, 4) from axis-angle and translation (B, 3); inverted it is [R^T | -R^T t]. Source: monodepth2 layers."""
    rotation = rotation_from_axis_angle(axis_angle)
    if invert:
        rotation = rotation.transpose(1, 2)
        translation_m = -(rotation @ translation_m.unsqueeze(2)).squeeze(2)
    matrix = torch.zeros(axis_angle.shape[0], 4, 4, dtype=axis_angle.dtype, device=axis_angle.device)
    matrix[:, :3, :3] = rotation
    matrix[:, :3, 3] = translation_m
    matrix[:, 3, 3] = 1.0
    return matrix
