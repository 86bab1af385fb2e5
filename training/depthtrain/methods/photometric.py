"""Learning from images alone: reprojection, smoothness, and the odometer that gives learned poses their scale."""

from __future__ import annotations

import torch

from depthtrain import losses
from depthtrain.methods.base import Method, Step
from depthtrain.networks.pair_sigma import PairSigma
from depthtrain.networks.registry import POSE_NETWORKS


class PhotometricReprojection(Method):
    """SSIM + L1 between the target and its neighbours moved by the predicted depth, minimum over sources, auto-masked.

    Beside self-distillation the error stands under a sigma of its own, as SUB-Depth has it: a companion that sees target and
    source learns where no depth would explain the image. Sigma is averaged over the sources, and counts, as the error does,
    at the pixels that the auto-mask keeps; it is for training alone.
    """

    name, usual_weight, summary = "photometric", 1.0, "reprojection of neighbouring frames (needs intrinsics)"

    def companions(self):
        companions = {"pose": POSE_NETWORKS[self.recipe.model.pose]}
        if self.recipe.losses.distillation > 0 and self.recipe.distillation.photometric_sigma:
            companions["photometric_sigma"] = PairSigma
        return companions

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        if len(step.batch.photo_index) == 0:
            return {}
        views, settings = step.views, self.recipe.photometric
        errors, keep = losses.reprojection_errors(views.target, views.warped, views.inside, step.batch.sources,
                                                  step.batch.present, settings.automask, settings.minimum)
        if "photometric_sigma" in step.networks:
            errors = losses.error_under_sigma(errors, self.log_sigma(step))
        return {self.name: losses.weighted_mean(errors, keep)}

    def log_sigma(self, step: Step) -> torch.Tensor:
        """(P, 1, H, W) of the photometric samples: the companion's, averaged over the sources that each sample has."""
        sources, model = step.batch.sources, self.recipe.model
        pairs = torch.cat((step.views.target[:, None].expand_as(sources), sources), dim=2).flatten(0, 1)
        slots = step.networks["photometric_sigma"]((pairs - model.mean) / model.std).float()
        return losses.mean_sigma(slots.view(*sources.shape[:2], *slots.shape[2:]), step.batch.present)


class Smoothness(Method):
    """Edge-aware smoothness of the disparity."""

    name, usual_weight, summary = "smoothness", 1e-3, "edge-aware smoothness of the disparity"
    waits_for_poses = True

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        return {self.name: losses.smoothness(step.out["disparity"], step.batch.clean)}


class VelocitySupervision(Method):
    """The learned translation is as long as the odometer says the camera moved; this makes learned depth metric."""

    name, usual_weight, summary = "velocity", 0.05, "odometer distance holds learned poses to metres (needs odometry.csv)"

    def companions(self):
        return {"pose": POSE_NETWORKS[self.recipe.model.pose]}

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        if len(step.batch.photo_index) == 0:
            return {}
        settings, distance = self.recipe.velocity, step.batch.distance_m
        measured = ~step.batch.pose_known & step.batch.present & (distance > settings.min_distance_m)  # NaN is not greater
        if not bool(measured.any()):
            return {}
        ramp = min(1.0, (step.number + 1) / settings.ramp_steps) if settings.ramp_steps > 0 else 1.0
        return {self.name: ramp * losses.velocity(step.views.translation_m[measured], distance[measured])}
