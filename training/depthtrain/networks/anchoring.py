"""Holds a completed depth map to its range points: each pixel with a point has its depth, the others what their points say.

Of the prediction only the shape is believed, and no further than the points bear it out: inverse depth is interpolated after
division by the prediction's to a power between 0 (the prediction says nothing) and 1 (it is right but for scale), the slope of
the regression of the points on it over the distances that lie between points. Every pixel begins with what its nearest point
says, so that edges are as crisp as the points allow, and is then smoothed along what is completed by now, at distances from
coarse to fine, but never beyond the distance to its point (edge-avoiding a-trous wavelets, Dammertz et al., HPG 2010, with the
conductance of Perona and Malik, PAMI 1990). docs/bundle.md states the arithmetic to the letter; the daemon does the same.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

from depthtrain.data.sparsity import nearest_known

STRIDES = (32, 16, 16, 8, 8, 4, 2, 1)
"""Distance to the neighbours, pass by pass, pixels."""
EDGES = (0.28, 0.22, 0.22, 0.18, 0.18, 0.14, 0.11, 0.09)
"""Step of ln(depth) over that distance at which the conductance is a half."""
INERTIA = 0.01
"""Weight of a pixel's own value in a pass; it decides only where all neighbours are across an edge."""
SLOPE_NOISE = 1e-3
"""Variance of the predicted ln(depth) within a cell that is as good as none: what the slope is drawn towards 0 by."""
SLOPE_CELLS = (2, 4, 8, 16, 32)


def anchor(disparity: torch.Tensor, points: torch.Tensor, min_depth: float, max_depth: float) -> torch.Tensor:
    """Disparity (B, 1, H, W) in (0, 1) held to the points.

    `points` (B, 1, H, W) is sparse depth in the network's unit, 0 = none, H and W multiples of 32. Samples without points come
    back as they are.
    """
    nearest, farthest = 1.0 / min_depth, 1.0 / max_depth
    held = [_held(farthest + (nearest - farthest) * sample, depth, min_depth, max_depth) if bool((depth > 0).any()) else None
            for sample, depth in zip(disparity[:, 0], points[:, 0])]
    return torch.stack([sample if inverse is None else (inverse.clamp(farthest, nearest) - farthest) / (nearest - farthest)
                        for sample, inverse in zip(disparity[:, 0], held)])[:, None]


def _held(inverse: torch.Tensor, depth: torch.Tensor, min_depth: float, max_depth: float) -> torch.Tensor:
    """One sample's inverse depth (H, W)."""
    is_known = depth > 0
    place, squared = (torch.from_numpy(found).to(depth.device) for found in nearest_known(is_known.cpu().numpy()))
    said = 1.0 / torch.where(is_known, depth, torch.ones_like(depth)).clamp(min_depth, max_depth)
    shape = inverse ** _slope(said.log(), inverse.log(), is_known, squared)
    ratio = (said / shape).flatten()[place]
    for stride, edge in zip(STRIDES, EDGES):
        trust = (2.0 * squared / stride ** 2 - 0.5).clamp(0, 1).to(inverse.dtype)
        if bool((trust > 0).any()):
            ratio = ratio + trust * (_smoothed(ratio, ratio * shape, stride, edge) - ratio)
    return ratio * shape


def _slope(said: torch.Tensor, predicted: torch.Tensor, is_known: torch.Tensor, squared: torch.Tensor) -> torch.Tensor:
    """Regression of the points' ln(inverse depth) on the predicted within cells as large as the distances between points;
    1 where no cell holds two points."""
    half = is_known.numel() / 2
    cell = next((size for size in SLOPE_CELLS if int((4 * squared <= size * size).sum()) >= half), SLOPE_CELLS[-1])
    v, u = torch.nonzero(is_known, as_tuple=True)
    columns = is_known.shape[1] // cell
    index = torch.div(v, cell, rounding_mode="floor") * columns + torch.div(u, cell, rounding_mode="floor")
    empty = said.new_zeros(is_known.shape[0] // cell * columns)
    count = empty.index_add(0, index, torch.ones_like(said[v, u]))
    pairs = len(v) - int((count > 0).sum())
    if pairs == 0:
        return said.new_ones(())
    steps = [x - (empty.index_add(0, index, x) / count.clamp(min=1))[index] for x in (said[v, u], predicted[v, u])]
    return ((steps[0] * steps[1]).sum() / ((steps[1] ** 2).sum() + SLOPE_NOISE * pairs)).clamp(0, 1)


def _smoothed(ratio: torch.Tensor, inverse: torch.Tensor, stride: int, edge: float) -> torch.Tensor:
    """Mean of a pixel's ratio and its four neighbours' at a distance, weighted by conductance and by nearness; (H, W)."""
    height, width = ratio.shape
    around, ratios = (F.pad(x[None, None], (stride,) * 4)[0, 0] for x in (inverse, ratio))
    total, weight = INERTIA * ratio, torch.full_like(ratio, INERTIA)
    for dv, du in ((0, -stride), (0, stride), (-stride, 0), (stride, 0)):
        window = slice(stride + dv, stride + dv + height), slice(stride + du, stride + du + width)
        near = around[window]
        share = near ** 2 / (inverse * near + ((near - inverse) / edge) ** 2)
        total, weight = total + share * ratios[window], weight + share
    return total / weight
