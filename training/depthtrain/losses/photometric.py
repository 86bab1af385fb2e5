"""Losses that compare images in [0, 1]: SSIM + L1, minimum reprojection with auto-mask, edge-aware smoothness."""

from __future__ import annotations

import torch
import torch.nn.functional as F

from depthtrain.losses.reduction import weighted_mean

SSIM_C1, SSIM_C2 = 0.01 ** 2, 0.03 ** 2
OUTSIDE = 1e3  # error of a pixel that a source does not show, above anything an image can give


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


def source_errors(target: torch.Tensor, images: torch.Tensor, valid: torch.Tensor) -> torch.Tensor:
    """Photometric error (B, S, H, W) of images (B, S, 3, H, W) against the target (B, 3, H, W); OUTSIDE where not valid."""
    slots = [photometric_error(images[:, slot], target) + (~valid[:, slot]) * OUTSIDE for slot in range(images.shape[1])]
    return torch.cat(slots, dim=1)


def min_reprojection(target: torch.Tensor, warped: torch.Tensor, inside: torch.Tensor, sources: torch.Tensor,
                     present: torch.Tensor | None = None, automask: bool = True, minimum: bool = True) -> torch.Tensor:
    """Mean of `reprojection_errors` over the pixels that they keep; the arguments are theirs."""
    return weighted_mean(*reprojection_errors(target, warped, inside, sources, present, automask, minimum))


def reprojection_errors(target: torch.Tensor, warped: torch.Tensor, inside: torch.Tensor, sources: torch.Tensor,
                        present: torch.Tensor | None = None, automask: bool = True,
                        minimum: bool = True) -> tuple[torch.Tensor, torch.Tensor]:
    """Per-pixel minimum reprojection error (B, 1, H, W), and 1 for the pixels that the warp explains best, else 0.

    warped and sources (B, S, 3, H, W), inside (B, S, 1, H, W) bool, present (B, S) bool, all without it. A source pixel outside the
    view counts as unexplained there. Source: monodepth2, eqs. 4 and 5; its tie-breaking noise (1e-5) is replaced by a constant
    margin, so that the loss is a function of its arguments alone. Without `minimum` it is the mean over valid sources.
    """
    errors = source_errors(target, warped, inside)
    if minimum:
        best = errors.min(dim=1, keepdim=True)[0]
    else:
        seen = (errors < OUTSIDE).to(errors.dtype)
        count = seen.sum(1, keepdim=True)
        best = (errors * seen).sum(1, keepdim=True) / count.clamp(min=1) + (count == 0) * OUTSIDE
    keep = best < OUTSIDE
    if automask:
        filled = torch.ones_like(inside[:, :, 0, 0, 0]) if present is None else present
        everywhere = filled[:, :, None, None, None].expand_as(inside)
        identity = source_errors(target, sources, everywhere).min(dim=1, keepdim=True)[0]
        keep = keep & (best < identity + 1e-5)
    return best.clamp(max=OUTSIDE), keep.to(best.dtype)


def smoothness(disparity: torch.Tensor, image: torch.Tensor) -> torch.Tensor:
    """Edge-aware smoothness of mean-normalised disparity: |d_x| exp(-|I_x|) + |d_y| exp(-|I_y|). Source: monodepth2."""
    normal = disparity / (disparity.mean(dim=(2, 3), keepdim=True) + 1e-7)
    image_x = (image[..., :, 1:] - image[..., :, :-1]).abs().mean(1, keepdim=True)
    image_y = (image[..., 1:, :] - image[..., :-1, :]).abs().mean(1, keepdim=True)
    step_x = (normal[..., :, 1:] - normal[..., :, :-1]).abs() * torch.exp(-image_x)
    step_y = (normal[..., 1:, :] - normal[..., :-1, :]).abs() * torch.exp(-image_y)
    return step_x.mean() + step_y.mean()
