"""Learning from richer resources than the student will have: RPrDepth's view, gradient and prior terms (reference: networks 4)."""

from __future__ import annotations

import torch

from depthtrain.geometry import depth_to_disparity
from depthtrain.methods.base import Method, Step
from depthtrain.priors.losses import gradient_consistency, prior_agreement, view_reconstruction


class ViewReconstruction(Method):
    """The student's depth, enlarged, has to explain images of higher resolution than the network sees."""

    name, usual_weight, summary = "view", 1.0, "reprojection of high-resolution neighbours (needs intrinsics)"
    waits_for_poses = True

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        batch, model = step.batch, self.recipe.model
        if len(batch.photo_index) == 0 or batch.rich_target.numel() == 0:
            return {}
        ratio = batch.rich_target.shape[3] / batch.clean.shape[3]
        centre = (batch.intrinsics[:, 2:] + 0.5) * ratio - 0.5
        intrinsics = torch.cat([batch.intrinsics[:, :2] * ratio, centre], dim=1)
        in_time = slice(0, 2)  # the right camera, the third slot, has no enlarged image
        value = view_reconstruction(step.out["disparity"][batch.photo_index], model.min_depth_m, model.max_depth_m,
                                    batch.metres_per_unit[batch.photo_index], batch.rich_target, batch.rich_sources[:, in_time],
                                    step.views.T_source_target[:, in_time].detach(), intrinsics, batch.present[:, in_time])
        return {self.name: value}


class GradientConsistency(Method):
    """Depth steps where the teacher has them, whatever its scale."""

    name, usual_weight, summary = "consistency", 0.1, "normalised depth gradients of the teacher's labels"

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        batch, model = step.batch, self.recipe.model
        if not bool((batch.teacher_weight > 0).any()):
            return {}
        has_label = (batch.teacher_weight > 0).flatten(1).any(1)
        depth = torch.where(batch.teacher_weight > 0, batch.teacher_depth, model.max_depth_m)
        teacher = depth_to_disparity(depth, model.min_depth_m, model.max_depth_m)
        return {self.name: gradient_consistency(step.out["disparity"][has_label], teacher[has_label],
                                                batch.teacher_weight[has_label])}


class PriorAgreement(Method):
    """The disparity that the prior bank proposes is the teacher's: this teaches whom to look up."""

    name, usual_weight, summary = "prior", 1.0, "the bank's disparity follows the teacher's labels (needs priors.references)"

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        batch, model = step.batch, self.recipe.model
        proposed = step.out.get("prior_disparity")
        depth, weight = batch.depth, batch.weight
        if batch.teacher_depth.numel():  # whichever is trusted more: measurements outweigh labels
            is_measured = batch.weight >= batch.teacher_weight
            depth = torch.where(is_measured, batch.depth, batch.teacher_depth)
            weight = torch.maximum(batch.weight, batch.teacher_weight)
        if proposed is None or not bool((weight > 0).any()):
            return {}
        return {self.name: prior_agreement(proposed, depth, weight, model.min_depth_m, model.max_depth_m)}
