"""Depth Hints on stereo pairs."""

from __future__ import annotations

import torch

from depthtrain import losses
from depthtrain.data.batches import RIGHT
from depthtrain.geometry import warp
from depthtrain.methods.base import Method, Step


class DepthHints(Method):
    """Fused stereo proposals pull the prediction where they explain the right image better than it does.

    The photometric method stays on beside it, where the hint wins too, as published. Its auto-mask is its own: a pixel that
    the unmoved source explains better than the prediction, but the hint better still, learns from the hint alone.
    """

    name, usual_weight, summary = "hints", 1.0, "gated fused stereo proposals (needs stereo = true and hints = \"fused\")"

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        batch = step.batch
        if len(batch.photo_index) == 0 or batch.sources.shape[1] <= RIGHT or not bool((batch.hint > 0).any()):
            return {}
        metres_per_unit = batch.metres_per_unit[batch.photo_index, None, None, None]
        hint = batch.hint[batch.photo_index] * metres_per_unit * batch.present[:, RIGHT, None, None, None]
        views = step.views
        with torch.no_grad():
            filled = torch.where(hint > 0, hint, torch.ones_like(hint))
            moved, inside = warp(batch.sources[:, RIGHT], filled, batch.T_source_target[:, RIGHT], batch.intrinsics)
            hint_error = losses.source_errors(views.target, moved[:, None], (inside & (hint > 0))[:, None])
            error = losses.source_errors(views.target, views.warped, views.inside).amin(1, keepdim=True)
            everywhere = batch.present[:, :, None, None, None].expand_as(views.inside)
            identity = losses.source_errors(views.target, batch.sources, everywhere).amin(1, keepdim=True)
        unit = self.recipe.hints.unit_m
        loss, _ = losses.gated_hint(views.metres / unit, hint / unit, error, identity, hint_error)
        return {self.name: loss}
