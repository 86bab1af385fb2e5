"""Semi-supervision by sparse range points: depth errors measured where they show, as displacement in a source image."""

from __future__ import annotations

import torch

from depthtrain.geometry import back_project, project, transform
from depthtrain.losses.reduction import weighted_mean


def reprojected_distance(predicted_m: torch.Tensor, measured_m: torch.Tensor, weight: torch.Tensor,
                         T_source_target: torch.Tensor, intrinsics: torch.Tensor, huber_px: float) -> torch.Tensor:
    """Mean Huber distance in pixels between where the predicted and the measured point land in the source image.

    Depths and weight (B, 1, H, W), metres; T (B, 4, 4); intrinsics (B, 4). p^ = pi(K T D(p) K^-1 p) and p* the same with the
    measured depth, over pixels with a measurement whose both points lie in front of the source camera. Points without
    parallax (epipole, pure rotation) give nothing. Source: Guizilini et al., CoRL 2019 (semi-supervised, reprojected distances).
    """
    known = weight > 0
    safe = torch.where(known, measured_m, predicted_m.detach())
    landed, front = project(transform(T_source_target, back_project(predicted_m, intrinsics)), intrinsics)
    wanted, wanted_front = project(transform(T_source_target, back_project(safe, intrinsics)), intrinsics)
    distance = ((landed - wanted) ** 2).sum(1, keepdim=True).clamp(min=1e-12).sqrt()
    huber = torch.where(distance <= huber_px, distance ** 2 / (2 * huber_px), distance - huber_px / 2)
    seen = (front & wanted_front)[:, None] & known
    return weighted_mean(torch.where(seen, huber, torch.zeros_like(huber)), seen.to(huber.dtype) * weight)
