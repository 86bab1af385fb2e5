"""The teacher's second mode: the same network with its neighbours (networks reference, 3)."""

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

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        batch, index, model = step.batch, step.batch.photo_index, self.recipe.model
        teacher, settings = step.networks["depth"], self.recipe.multi_frame
        teacher.follow_range(step.depth.detach(), model.min_depth_m, model.max_depth_m)
        if len(index) == 0:
            return {}
        views, unit = step.views, batch.metres_per_unit[index]
        T = views.T_source_target.detach()
        target = (views.target - model.mean) / model.std
        lookup = Lookup((batch.sources - model.mean) / model.std, T, batch.intrinsics, unit, batch.present)
        lookup, useful = disturbed(lookup, target)
        labels = {"labels": batch.labels[index]} if batch.labels.numel() else {}
        out = teacher(target, lookup, **labels)
        multi, single = step.depth_of(out["disparity"].float()), step.depth[index].detach()
        mask = consistency_mask(out["matched_depth"], out["confident"], single) * useful
        metres = multi * unit[:, None, None, None]
        warped, inside = warp_sources(batch.sources, metres, T, batch.intrinsics, batch.present)
        total = settings.reprojection * masked_reprojection(views.target, warped, inside, mask)
        total = total + settings.consistency * consistency(multi, single, mask)
        total = total + settings.smoothness * losses.smoothness(out["disparity"].float(), views.target)
        if bool((batch.weight[index] > 0).any()):
            total = total + settings.supervised * losses.log_l1(multi, batch.depth[index], batch.weight[index])
        return {self.name: total}
