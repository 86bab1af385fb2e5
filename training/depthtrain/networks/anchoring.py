"""Holds a completed depth map to its range points: what it still has wrong at them is taken out around them.

The completion network works on what the decoder reads, so its output only comes near the points. What remains, as the
logarithm of a ratio, is known in the cells that hold a point; elsewhere it is interpolated so that it is smooth where the
predicted depth is smooth and may jump where that jumps. That is Laplace's equation with the points as boundary and the
conductance of Perona and Malik (PAMI 1990) between cells, solved from coarse to fine by a few sweeps per level.
docs/bundle.md states the arithmetic to the letter; the daemon does the same.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

STRIDES = (2, 4, 8, 16, 32)
EDGE = 0.01
"""Difference of ln(depth) between neighbouring cells at which the conductance is a half."""
SWEEPS = 5
INERTIA = 1e-3
"""Weight of a cell's own value in a sweep; it decides only where all neighbours are across an edge."""


def anchor(disparity: torch.Tensor, points: torch.Tensor, min_depth: float, max_depth: float) -> torch.Tensor:
    """Disparity (B, 1, H, W) in (0, 1) with its error at the points taken out.

    `points` (B, 1, H, W) is thinned sparse depth in the network's unit, 0 = none: at most one point in each 2x2 cell.
    Samples without points come back as they are.
    """
    nearest, farthest = 1.0 / min_depth, 1.0 / max_depth
    inverse = farthest + (nearest - farthest) * disparity
    has_point = (points > 0).to(inverse.dtype)
    depth = torch.where(points > 0, points, torch.ones_like(points)).clamp(min_depth, max_depth)
    mean = F.avg_pool2d(inverse, 2)
    levels = [(4 * F.avg_pool2d(depth.log() * has_point, 2), 4 * F.avg_pool2d(has_point, 2), -mean.log())]
    total, count, log_depth = levels[0]
    levels[0] = (total - log_depth * count, count, log_depth)
    for _ in STRIDES[1:]:
        total, count, log_depth = levels[-1]
        levels.append((4 * F.avg_pool2d(total, 2), 4 * F.avg_pool2d(count, 2), F.avg_pool2d(log_depth, 2)))
    points_in_all = levels[-1][1].sum(dim=(2, 3), keepdim=True)
    error = (levels[-1][0].sum(dim=(2, 3), keepdim=True) / points_in_all.clamp(min=1)).expand_as(levels[-1][0])
    for total, count, log_depth in reversed(levels):
        if error.shape != total.shape:
            error = _enlarged(error)
        error = _settled(error, total / count.clamp(min=1), count > 0, log_depth)
    factor = _enlarged(torch.exp(-error))
    anchored = (inverse * factor).clamp(farthest, nearest)
    return torch.where(points_in_all > 0, (anchored - farthest) / (nearest - farthest), disparity)


def _settled(error: torch.Tensor, known: torch.Tensor, is_known: torch.Tensor, log_depth: torch.Tensor) -> torch.Tensor:
    """SWEEPS of Jacobi's method: known cells keep their value, others take the mean of their neighbours by conductance."""
    across = _conductance(log_depth[..., 1:] - log_depth[..., :-1])
    down = _conductance(log_depth[..., 1:, :] - log_depth[..., :-1, :])
    left, right = F.pad(across, (1, 0)), F.pad(across, (0, 1))
    above, below = F.pad(down, (0, 0, 1, 0)), F.pad(down, (0, 0, 0, 1))
    share = 1.0 / (left + right + above + below + INERTIA)
    error = torch.where(is_known, known, error)
    for _ in range(SWEEPS):
        drawn = (left * F.pad(error, (1, 0))[..., :-1] + right * F.pad(error, (0, 1))[..., 1:]
                 + above * F.pad(error, (0, 0, 1, 0))[..., :-1, :] + below * F.pad(error, (0, 0, 0, 1))[..., 1:, :])
        error = torch.where(is_known, known, (drawn + INERTIA * error) * share)
    return error


def _conductance(difference: torch.Tensor) -> torch.Tensor:
    return 1.0 / (1.0 + (difference / EDGE) ** 2)


def _enlarged(x: torch.Tensor) -> torch.Tensor:
    """Twice the size, bilinear, half-pixel centres."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
