"""Plane-sweep matching: how well each depth explains what the neighbouring frames show, at stride 4.

Own implementation of the idea of ManyDepth (CVPR 2021): feature difference over depth hypotheses, several look-up frames, a
mask of what was really seen.
"""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F

from depthtrain.geometry import pixel_grid

STRIDE = 4
EDGE_PX = 2
"""Feature pixels at the border of either image whose padding would be matched instead of the scene."""
CONFIDENT_SHARE = 0.75
"""Of the hypotheses that a neighbour has to see. ManyDepth wants all; the nearest ones leave the view at any real motion."""


@dataclasses.dataclass(frozen=True)
class Lookup:
    """Neighbouring frames of a batch: past, future or both."""

    images: torch.Tensor
    """(B, S, 3, H, W), normalised like the target."""
    T_source_target: torch.Tensor
    """(B, S, 4, 4) metres."""
    intrinsics: torch.Tensor
    """(B, 4) fx, fy, cx, cy in pixels of the images."""
    metres_per_unit: torch.Tensor
    """(B,) metres of one unit of network depth."""
    present: torch.Tensor
    """(B, S) bool; False for a frame that is missing or whose pose is unknown."""


@dataclasses.dataclass(frozen=True)
class Matching:
    """The volume (B, D, h, w) of costs, zero where not confident; the best depth (B, 1, h, w) in network units; the mask
    (B, 1, h, w) of pixels where enough hypotheses were seen."""

    volume: torch.Tensor
    best_depth: torch.Tensor
    confident: torch.Tensor


def depth_hypotheses(near: torch.Tensor, far: torch.Tensor, count: int, spacing: str) -> torch.Tensor:
    """`count` depths from near to far, (count,): "linear" in depth (as published), in "inverse" depth, or in "log" depth."""
    share = torch.linspace(0, 1, count, dtype=near.dtype, device=near.device)
    if spacing == "linear":
        return near + (far - near) * share
    if spacing == "inverse":
        return 1.0 / (1.0 / near + (1.0 / far - 1.0 / near) * share)
    if spacing == "log":
        return near * (far / near) ** share
    raise ValueError(f"unknown spacing {spacing!r}: expected linear, inverse or log")


def feature_intrinsics(intrinsics: torch.Tensor) -> torch.Tensor:
    """Intrinsics (B, 4) of a stride-4 map whose pixel i is centred on image pixel 4 i, as padded strided convolutions make it."""
    return intrinsics / STRIDE


@torch.no_grad()
def match(features: torch.Tensor, lookup_features: torch.Tensor, lookup: Lookup, hypotheses: torch.Tensor) -> Matching:
    """Matches features (B, C, h, w) with those of the look-up frames (B, S, C, h, w) at every hypothesis (D,), network units.

    Cost = mean over channels of the absolute difference, averaged over the frames that saw the point; a hypothesis that none
    saw gets the pixel's largest cost. No gradient: the volume is evidence, not a path for learning.
    """
    batch, _, height, width = features.shape
    K = feature_intrinsics(lookup.intrinsics)
    u, v = pixel_grid(height, width, features)
    rays = torch.stack([(u - K[:, 2, None, None]) / K[:, 0, None, None], (v - K[:, 3, None, None]) / K[:, 1, None, None],
                        torch.ones(batch, height, width, dtype=features.dtype, device=features.device)], dim=1)
    inner = _inside(u, v, height, width)[None, None]
    costs, seen = [], []
    for hypothesis in hypotheses:
        depth_m = (hypothesis * lookup.metres_per_unit)[:, None, None, None]
        total, count = torch.zeros_like(features[:, :1]), torch.zeros_like(features[:, :1])
        for side in range(lookup_features.shape[1]):
            warped, visible = _warp(lookup_features[:, side], rays * depth_m, lookup.T_source_target[:, side], K)
            mask = visible & inner & lookup.present[:, side, None, None, None]
            total += (warped - features).abs().mean(1, keepdim=True) * mask
            count += mask
        costs.append(total / count.clamp(min=1))
        seen.append(count > 0)
    cost, known = torch.cat(costs, dim=1), torch.cat(seen, dim=1)
    cost = torch.where(known, cost, cost.amax(1, keepdim=True))
    best = hypotheses[torch.where(known, cost, cost + 1e3).argmin(1, keepdim=True)]
    confident = known.float().mean(1, keepdim=True) >= CONFIDENT_SHARE
    return Matching(cost * confident, best, confident)


def _warp(features: torch.Tensor, points: torch.Tensor, T: torch.Tensor, K: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Features of a look-up frame at the projections of points (B, 3, h, w) of the target, and where those are really seen."""
    height, width = features.shape[2:]
    moved = torch.einsum("bij,bjhw->bihw", T[:, :3, :3], points) + T[:, :3, 3, None, None]
    z = moved[:, 2].clamp(min=1e-3)
    x, y = (K[:, axis, None, None] * moved[:, axis] / z + K[:, axis + 2, None, None] for axis in range(2))
    grid = torch.stack([2 * x / (width - 1) - 1, 2 * y / (height - 1) - 1], dim=-1)
    visible = (moved[:, 2] > 1e-3) & _inside(x, y, height, width)
    return F.grid_sample(features, grid, padding_mode="zeros", align_corners=True), visible[:, None]


def _inside(x: torch.Tensor, y: torch.Tensor, height: int, width: int) -> torch.Tensor:
    return (x >= EDGE_PX) & (x <= width - 1 - EDGE_PX) & (y >= EDGE_PX) & (y <= height - 1 - EDGE_PX)
