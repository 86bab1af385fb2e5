"""Learning from images alone: reprojection, smoothness, and the odometer that gives learned poses their scale."""

from __future__ import annotations

import torch

from depthtrain import losses
from depthtrain.methods.base import Method, Step
from depthtrain.networks.registry import POSE_NETWORKS


class PhotometricReprojection(Method):
    """SSIM + L1 between the target and its neighbours moved by the predicted depth, minimum over sources, auto-masked."""

    name, usual_weight, summary = "photometric", 1.0, "reprojection of neighbouring frames (needs intrinsics)"

    def companions(self):
        return {"pose": POSE_NETWORKS[self.recipe.model.pose]}

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        if len(step.batch.photo_index) == 0:
            return {}
        views, settings = step.views, self.recipe.photometric
        return {self.name: losses.min_reprojection(views.target, views.warped, views.inside, step.batch.sources,
                                                   step.batch.present, settings.automask, settings.minimum)}


class Smoothness(Method):
    """Edge-aware smoothness of the disparity."""

    name, usual_weight, summary = "smoothness", 1e-3, "edge-aware smoothness of the disparity"

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
