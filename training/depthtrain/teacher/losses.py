"""What the teacher's multi-frame mode is trained with, on top of the losses of its single-frame mode.

Source: ManyDepth (CVPR 2021): consistency mask and loss, disturbed look-up frames.
Depth maps are (B, 1, H, W) in network units.
"""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F

from depthtrain.losses import source_errors, weighted_mean
from depthtrain.losses.photometric import OUTSIDE
from depthtrain.teacher.volume import Lookup

AGREEMENT_FACTOR = 2.0
STATIC_SHARE, ABSENT_SHARE = 0.25, 0.25


def consistency_mask(matched_depth: torch.Tensor, confident: torch.Tensor, single_depth: torch.Tensor) -> torch.Tensor:
    """Where matching may be believed, (B, 1, H, W) 0 or 1: confident, and within a factor 2 of the single-frame depth.

    matched_depth and confident are stride-4 maps. Source: ManyDepth, eq. 5: a moving object, or a wall without texture, makes
    the two disagree.
    """
    matched, sure = (F.interpolate(part, size=single_depth.shape[2:], mode="nearest") for part in (matched_depth, confident))
    ratio = torch.maximum(matched / single_depth, single_depth / matched)
    return sure * (ratio < AGREEMENT_FACTOR)


def masked_reprojection(target: torch.Tensor, warped: torch.Tensor, inside: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Mean of the minimum reprojection error over the sources, without auto-mask, where `mask` (B, 1, H, W) is 1 and a source
    shows the pixel; 0 where none does. target (B, 3, H, W), warped (B, S, 3, H, W), inside (B, S, 1, H, W) bool."""
    best = source_errors(target, warped, inside).amin(1, keepdim=True)
    return weighted_mean(best, mask * (best < OUTSIDE))


def consistency(multi_depth: torch.Tensor, single_depth: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Where matching cannot be believed the multi-frame depth follows the single-frame one: mean(|ln multi - ln single| (1 - m)).

    No gradient reaches `single_depth`. Compared in log depth where ManyDepth compares depths, because one run mixes rooms and
    streets.
    """
    return ((multi_depth.log() - single_depth.detach().log()).abs() * (1 - mask)).mean()


def disturbed(lookup: Lookup, target: torch.Tensor, generator: torch.Generator | None = None) -> tuple[Lookup, torch.Tensor]:
    """The look-up with a quarter of the samples turned into a static camera and a quarter without neighbours; and (B, 1, 1, 1)
    0 for those, whose matching says nothing. target (B, 3, H, W) is normalised. Source: ManyDepth's augmentation."""
    dice = torch.rand(len(target), generator=generator).to(target.device)
    static, absent = dice < STATIC_SHARE, (dice >= STATIC_SHARE) & (dice < STATIC_SHARE + ABSENT_SHARE)
    images = torch.where(static[:, None, None, None, None], target[:, None].expand_as(lookup.images), lookup.images)
    changed = dataclasses.replace(lookup, images=images, present=lookup.present & ~absent[:, None])
    return changed, (~(static | absent)).to(target.dtype)[:, None, None, None]
