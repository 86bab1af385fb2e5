"""Velocity weak supervision: what the pose network says about distance against the odometer."""

from __future__ import annotations

import torch


def velocity(translation_m: torch.Tensor, distance_m: torch.Tensor) -> torch.Tensor:
    """Mean of | ||t|| - distance |; translation (B, 3), distance (B,) from speed x time. Source: PackNet, eq. 6."""
    return (translation_m.norm(dim=1) - distance_m).abs().mean()
