"""The teacher's second mode: the same network with its neighbours (source: ManyDepth, CVPR 2021)."""

from __future__ import annotations

import torch

from depthtrain import losses
from depthtrain.geometry import warp_sources
from depthtrain.methods.base import Method, Step
from depthtrain.networks.registry import POSE_NETWORKS
from depthtrain.teacher.losses import consistency, consistency_mask, disturbed, masked_reprojection
from depthtrain.teacher.volume import Lookup


class MultiFrame(Method):
    """Depth from plane-sweep matching with past and future frames: reprojected where matching can be believed, held to the
    single-frame depth elsewhere, supervised where depth is known. Poses get no gradient from it."""

    name, usual_weight, summary = "multi_frame", 1.0, "the teacher's multi-frame mode (needs a teacher architecture)"
    waits_for_poses = True

    def companions(self):
        return {"pose": POSE_NETWORKS[self.recipe.model.pose]}

    def run_modes(self, step: Step) -> None:
        """With neighbours: an empty volume's statistics would be wrong for a full one."""
        self._follow_range(step, 0)
        if len(step.batch.photo_index) > 0:
            self._together(step)

    def _follow_range(self, step: Step, number: int) -> None:
        model = self.recipe.model
        step.networks["depth"].follow_range(step.depth.detach(), model.min_depth_m, model.max_depth_m, number)

    def _together(self, step: Step) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        """What the teacher says of the photometric samples with their neighbours, and (P, 1, 1, 1) 0 where these were disturbed."""
        batch, index, model = step.batch, step.batch.photo_index, self.recipe.model
        target = (step.views.target - model.mean) / model.std
        lookup = Lookup((batch.sources - model.mean) / model.std, step.views.T_source_target.detach(), batch.intrinsics,
                        batch.metres_per_unit[index], batch.present)
        lookup, useful = disturbed(lookup, target)
        labels = {"labels": batch.labels[index]} if batch.labels.numel() else {}
        return step.networks["depth"](target, lookup, **labels), useful

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        batch, index, settings = step.batch, step.batch.photo_index, self.recipe.multi_frame
        self._follow_range(step, step.number)
        if len(index) == 0:
            return {}
        out, useful = self._together(step)
        views, multi, single = step.views, step.depth_of(out["disparity"].float()), step.depth[index].detach()
        mask = consistency_mask(out["matched_depth"], out["confident"], single) * useful
        metres = multi * batch.metres_per_unit[index, None, None, None]
        warped, inside = warp_sources(batch.sources, metres, views.T_source_target.detach(), batch.intrinsics, batch.present)
        total = settings.reprojection * masked_reprojection(views.target, warped, inside, mask)
        total = total + settings.consistency * consistency(multi, single, mask)
        total = total + settings.smoothness * losses.smoothness(out["disparity"].float(), views.target)
        if bool((batch.weight[index] > 0).any()):
            total = total + settings.supervised * losses.log_l1(multi, batch.depth[index], batch.weight[index])
        return {self.name: total}
