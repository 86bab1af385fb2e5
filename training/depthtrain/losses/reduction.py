"""How a map of errors becomes one number."""

from __future__ import annotations

import torch


def weighted_mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Sum of values * weight over sum of weight; 0 when the weight is 0 everywhere."""
    return (values * weight).sum() / weight.sum().clamp(min=1e-6)
