"""Training losses. Depth maps are (B, 1, H, W); masks and weights are (B, 1, H, W) with 0 = ignore.

Supervised losses compare log depth or depth of the canonical camera; photometric losses compare images in [0, 1].
"""

from __future__ import annotations

import torch
import torch.nn.functional as F

SSIM_C1, SSIM_C2 = 0.01 ** 2, 0.03 ** 2


def weighted_mean(values: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """Sum of values * weight over sum of weight; 0 when the weight is 0 everywhere."""
    return (values * weight).sum() / weight.sum().clamp(min=1e-6)


def box3(x: torch.Tensor) -> torch.Tensor:
    """Mean over 3x3 windows, (B, C, H, W) -> (B, C, H - 2, W - 2); separable sums are several times faster than pooling."""
    rows = x[..., :-2, :] + x[..., 1:-1, :] + x[..., 2:, :]
    return (rows[..., :-2] + rows[..., 1:-1] + rows[..., 2:]) / 9.0


def ssim(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """SSIM of two images (B, C, H, W) in 3x3 windows with reflection padding. Source: Wang et al. 2004, eq. 13."""
    a, b = F.pad(a, (1, 1, 1, 1), mode="reflect"), F.pad(b, (1, 1, 1, 1), mode="reflect")
    mean_a, mean_b = box3(a), box3(b)
    product, squares = mean_a * mean_b, mean_a ** 2 + mean_b ** 2
    covariance, variances = box3(a * b) - product, box3(a * a + b * b) - squares
    return (2 * product + SSIM_C1) * (2 * covariance + SSIM_C2) / ((squares + SSIM_C1) * (variances + SSIM_C2))


def photometric_error(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """pe = 0.85 * (1 - SSIM) / 2 + 0.15 * |a - b|, mean over channels, (B, 1, H, W). Source: monodepth2, eq. 3."""
    dissimilarity = ((1 - ssim(a, b)) / 2).clamp(0, 1).mean(1, keepdim=True)
    return 0.85 * dissimilarity + 0.15 * (a - b).abs().mean(1, keepdim=True)


def min_reprojection(target: torch.Tensor, warped: list[torch.Tensor], valid: list[torch.Tensor],
                     sources: list[torch.Tensor]) -> torch.Tensor:
    """Per-pixel minimum reprojection error with auto-mask, mean over the pixels that the warp explains best.

    A source pixel outside the view counts as unexplained there. Source: monodepth2, eqs. 4 and 5; its tie-breaking
    noise (1e-5) is replaced by a constant margin, so that the loss is a function of its arguments alone.
    """
    errors = torch.cat([photometric_error(image, target) + (~mask) * 1e3 for image, mask in zip(warped, valid)], dim=1)
    identity = torch.cat([photometric_error(image, target) for image in sources], dim=1).min(dim=1, keepdim=True)[0]
    best = errors.min(dim=1, keepdim=True)[0]
    keep = ((best < identity + 1e-5) & (best < 1e2)).to(best.dtype)
    return weighted_mean(best.clamp(max=1e2), keep)


def smoothness(disparity: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """Edge-aware smoothness of mean-normalised disparity: |d_x| exp(-|I_x|) + |d_y| exp(-|I_y|). Source: monodepth2."""
    normal = disparity / (disparity.mean(dim=(2, 3), keepdim=True) + 1e-7)
    image_x = (image[..., :, 1:] - image[..., :, :-1]).abs().mean(1, keepdim=True)
    image_y = (image[..., 1:, :] - image[..., :-1, :]).abs().mean(1, keepdim=True)
    step_x = (normal[..., :, 1:] - normal[..., :, :-1]).abs() * torch.exp(-image_x)
    step_y = (normal[..., 1:, :] - normal[..., :-1, :]).abs() * torch.exp(-image_y)
    return step_x.mean() + step_y.mean()


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
    """Laplace negative log likelihood |e| exp(-s) + s of the log-depth error; no gradient reaches the depth."""
    safe = torch.where(weight > 0, target, torch.ones_like(target))
    error = (predicted.detach().log() - safe.log()).abs()
    return weighted_mean(error * torch.exp(-log_sigma) + log_sigma, weight)


def velocity(translation_m: torch.Tensor, distance_m: torch.Tensor) -> torch.Tensor:
    """Mean of | ||t|| - distance |; translation (B, 3), distance (B,) from speed x time. Source: PackNet, eq. 6."""
    return (translation_m.norm(dim=1) - distance_m).abs().mean()
