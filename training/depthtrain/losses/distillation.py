"""Self-distillation: a student learns a frozen teacher's map and, per pixel, how far it will miss it."""

from __future__ import annotations

import torch

LOG_SIGMA_RANGE = (-6.0, 1.0)


def self_distillation(student: torch.Tensor, teacher: torch.Tensor, log_sigma: torch.Tensor | None) -> torch.Tensor:
    """mean(|student - teacher| exp(-s) + s) with s = log sigma held in [-6, 1]; without s the plain L1.

    Any map of equal shape: disparity as published, or log depth. The bounds stand in for the published sigmoid, whose log
    has no floor. Source: SUB-Depth, the L_distil term (l_reg / sigma_reg + log sigma_reg).
    """
    error = (student - teacher.detach()).abs()
    if log_sigma is None:
        return error.mean()
    bounded = log_sigma.clamp(*LOG_SIGMA_RANGE)
    return (error * torch.exp(-bounded) + bounded).mean()
