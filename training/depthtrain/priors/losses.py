"""Losses of the rich-resource guided student (source: RPrDepth, ECCV 2024). Maps are (B, 1, H, W)."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from depthtrain.geometry import disparity_to_depth, warp_sources
from depthtrain.losses import log_l1, min_reprojection, weighted_mean


def view_reconstruction(disparity: torch.Tensor, min_depth_m: float, max_depth_m: float, metres_per_unit: torch.Tensor,
                        target: torch.Tensor, sources: torch.Tensor, T_source_target: torch.Tensor,
                        intrinsics: torch.Tensor, present: torch.Tensor | None = None) -> torch.Tensor:
    """L_vp: the student's disparity, resized to the rich images, has to explain them (minimum reprojection, auto-mask).

    target (B, 3, h, w), sources (B, S, 3, h, w) and intrinsics (B, 4) are of the high resolution; poses (B, S, 4, 4) in metres;
    present (B, S) bool says which sources there are, all without it.
    """
    resized = F.interpolate(disparity, size=target.shape[2:], mode="bilinear", align_corners=False)
    depth_m = disparity_to_depth(resized, min_depth_m, max_depth_m) * metres_per_unit[:, None, None, None]
    warped, inside = warp_sources(sources, depth_m, T_source_target, intrinsics, present)
    return min_reprojection(target, warped, inside, sources, present)


def normalised_gradient(disparity: torch.Tensor) -> torch.Tensor:
    """G~: |d_x| + |d_y| of the mean-normalised disparity, divided by its own mean; no difference at the last row and column."""
    normal = disparity / (disparity.mean(dim=(1, 2, 3), keepdim=True) + 1e-7)
    step_x = F.pad((normal[..., :, 1:] - normal[..., :, :-1]).abs(), (0, 1, 0, 0))
    step_y = F.pad((normal[..., 1:, :] - normal[..., :-1, :]).abs(), (0, 0, 0, 1))
    gradient = step_x + step_y
    return gradient / (gradient.mean(dim=(1, 2, 3), keepdim=True) + 1e-7)


def gradient_consistency(disparity: torch.Tensor, teacher_disparity: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """L_c: weighted mean |G~(D_o) - G~(D_p)|. Scale-free, so that the teacher may live in another unit."""
    return weighted_mean((normalised_gradient(disparity) - normalised_gradient(teacher_disparity)).abs(), weight)


def prior_agreement(prior_disparity: torch.Tensor, teacher_depth: torch.Tensor, weight: torch.Tensor, min_depth_m: float,
                    max_depth_m: float) -> torch.Tensor:
    """L_aux: the disparity D_c that the bank proposes, resized, against the teacher's depth; weighted mean |ln a - ln b|.

    Compared in log depth where the paper compares disparities, so that near and far pixels weigh alike (decision 0010).
    """
    resized = F.interpolate(prior_disparity, size=teacher_depth.shape[2:], mode="bilinear", align_corners=False)
    return log_l1(disparity_to_depth(resized, min_depth_m, max_depth_m), teacher_depth, weight)
