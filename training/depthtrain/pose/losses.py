"""What a pose network minimises."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from depthtrain.pose.recipe import PoseLosses


def pose_terms(axis_angle: torch.Tensor, translation: torch.Tensor, true_axis_angle: torch.Tensor,
               true_translation: torch.Tensor, losses: PoseLosses) -> dict[str, torch.Tensor]:
    """Weighted means over the batch; all (B, 3). Direction and norm apart, so that a long baseline counts no more than a short
    one, and the logarithm, because that is what the scale filter observes."""
    norm, true_norm = translation.norm(dim=1).clamp(min=1e-3), true_translation.norm(dim=1)
    error = torch.log(norm / true_norm)
    direction = (translation / norm[:, None] - true_translation / true_norm[:, None]).norm(dim=1)
    rotation = F.smooth_l1_loss(axis_angle / losses.rotation_unit_rad, true_axis_angle / losses.rotation_unit_rad)
    return {"norm": losses.norm * F.smooth_l1_loss(error, torch.zeros_like(error), beta=0.1),
            "direction": losses.direction * direction.mean(), "rotation": losses.rotation * rotation}


def dense_terms(predicted: torch.Tensor, target: torch.Tensor, losses: PoseLosses) -> dict[str, torch.Tensor]:
    """Weighted errors of image motion (cells) and ln depth, (B, 3, h, w) each, where the target is known (not NaN)."""
    known = torch.isfinite(target).all(dim=1)
    found, wanted = (values.permute(0, 2, 3, 1)[known] for values in (predicted, target))
    cells = max(len(wanted), 1)
    flow = F.smooth_l1_loss(found[:, :2], wanted[:, :2], beta=0.05, reduction="sum") / (2 * cells)
    depth = F.smooth_l1_loss(found[:, 2], wanted[:, 2], beta=0.1, reduction="sum") / cells
    return {"flow": losses.flow * flow, "depth": losses.depth * depth}
