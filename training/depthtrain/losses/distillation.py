"""Self-distillation: a student learns a frozen teacher's map and, per pixel, how far it will miss it."""

from __future__ import annotations

import torch

LOG_SIGMA_RANGE = (-6.0, 1.0)


def error_under_sigma(error: torch.Tensor, log_sigma: torch.Tensor) -> torch.Tensor:
    """error exp(-s) + s per pixel with s = log sigma held in [-6, 1]; least, 1 + ln error, where sigma is the error.

    The bounds stand in for the published sigmoid, whose log has no floor. Source: SUB-Depth, l / sigma + log sigma.
    """
    bounded = log_sigma.clamp(*LOG_SIGMA_RANGE)
    return error * torch.exp(-bounded) + bounded


def self_distillation(student: torch.Tensor, teacher: torch.Tensor, log_sigma: torch.Tensor | None) -> torch.Tensor:
    """Mean of |student - teacher| under sigma; without `log_sigma` the plain L1. Source: SUB-Depth, L_distil.

    Any map of equal shape: disparity as published, or log depth.
    """
    error = (student - teacher.detach()).abs()
    return (error if log_sigma is None else error_under_sigma(error, log_sigma)).mean()


def mean_sigma(log_sigmas: torch.Tensor, present: torch.Tensor) -> torch.Tensor:
    """Log of the mean sigma over the sources that are present: (B, S, H, W), (B, S) bool -> (B, 1, H, W); 0 without any."""
    slots = log_sigmas.masked_fill(~present[:, :, None, None], -torch.inf)
    count = present.sum(1)[:, None, None, None]
    known = torch.where(count > 0, slots, torch.zeros_like(slots))
    return torch.logsumexp(known, dim=1, keepdim=True) - torch.where(count > 0, count, log_sigmas.shape[1]).log()
