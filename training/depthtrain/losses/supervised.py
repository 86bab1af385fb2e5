"""Losses against known depth. They compare log depth or depth of the canonical camera."""

from __future__ import annotations

import torch

from depthtrain.losses.reduction import weighted_mean


def log_l1(predicted: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Weighted mean of |ln predicted - ln target|."""
    safe = torch.where(weight > 0, target, torch.ones_like(target))
    return weighted_mean((predicted.log() - safe.log()).abs(), weight)


def silog(predicted: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, variance_focus: float = 0.85) -> torch.Tensor:
    """10 * sqrt(mean(e^2) - focus * mean(e)^2), e = ln predicted - ln target. Source: BTS; PackNet-SAN."""
    safe = torch.where(weight > 0, target, torch.ones_like(target))
    error = predicted.log() - safe.log()
    mean = weighted_mean(error, weight)
    return 10 * (weighted_mean(error ** 2, weight) - variance_focus * mean ** 2).clamp(min=1e-8).sqrt()


def berhu(predicted: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Reverse Huber: |e| up to c, (e^2 + c^2) / 2c beyond; c = 0.2 * max|e| over the valid pixels. Source: Laina 2016."""
    error = torch.where(weight > 0, predicted - target, torch.zeros_like(target)).abs()
    c = (0.2 * error.max()).detach().clamp(min=1e-6)
    return weighted_mean(torch.where(error <= c, error, (error ** 2 + c ** 2) / (2 * c)), weight)


def gradient_matching(predicted: torch.Tensor, target: torch.Tensor, weight: torch.Tensor, scales: int = 3) -> torch.Tensor:
    """Mean |d_x R| + |d_y R| of R = ln predicted - ln target over pairs of known pixels, summed over scales.

    Source: MegaDepth (CVPR 2018), eq. 3; scale k looks at pixels 2^k apart.
    """
    safe = torch.where(weight > 0, target, torch.ones_like(target))
    residual, total = predicted.log() - safe.log(), predicted.new_zeros(())
    for scale in range(scales):
        step = 2 ** scale
        pair_x = torch.minimum(weight[..., :, step:], weight[..., :, :-step])
        pair_y = torch.minimum(weight[..., step:, :], weight[..., :-step, :])
        total = total + weighted_mean((residual[..., :, step:] - residual[..., :, :-step]).abs(), pair_x)
        total = total + weighted_mean((residual[..., step:, :] - residual[..., :-step, :]).abs(), pair_y)
    return total / scales


def sigma_nll(log_sigma: torch.Tensor, predicted: torch.Tensor, target: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Laplace negative log likelihood |e| exp(-s) + s of the log-depth error; no gradient reaches the depth.

    Source: Kendall and Gal, NeurIPS 2017, section 3, with their Gaussian replaced by a Laplace distribution.
    """
    safe = torch.where(weight > 0, target, torch.ones_like(target))
    error = (predicted.detach().log() - safe.log()).abs()
    return weighted_mean(error * torch.exp(-log_sigma) + log_sigma, weight)
