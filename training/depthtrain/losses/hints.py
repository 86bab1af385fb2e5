"""Depth Hints: a proposed depth supervises only where it explains the images better than the prediction does."""

from __future__ import annotations

import torch

from depthtrain.losses.reduction import weighted_mean


def gated_hint(predicted: torch.Tensor, hint: torch.Tensor, error: torch.Tensor, identity: torch.Tensor,
               hint_error: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean of log(1 + |hint - predicted|) over the pixels where the hint wins, and the share of hints that win.

    All maps are (B, 1, H, W): depths in one unit (hint 0 = none), which decides how much a metre costs, and three photometric errors: the prediction's minimum over
    sources, the unmoved sources', and the hint's through the stereo pair. A pixel is the hint's when that is the least of
    the three. Source: Watson et al., ICCV 2019, eqs. 3 and 4.
    """
    known = hint > 0
    wins = known & (hint_error < error) & (hint_error < identity)
    loss = torch.log1p((hint - predicted).abs())
    return weighted_mean(loss, wins.to(loss.dtype)), wins.sum() / known.sum().clamp(min=1)
