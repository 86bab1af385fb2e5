"""Semi-supervision with few range points beside reprojection."""

from __future__ import annotations

import torch

from depthtrain import losses
from depthtrain.methods.base import Method, Step


class ReprojectedDistance(Method):
    """Range points supervise by the displacement that a wrong depth causes in the neighbouring frames."""

    name, usual_weight, summary = "reprojected", 0.05, "sparse range points, judged in the neighbouring image (needs sparse/ or depth/)"

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        batch, index = step.batch, step.batch.photo_index
        if len(index) == 0 or not bool((batch.weight[index] > 0).any()):
            return {}
        views, settings = step.views, self.recipe.reprojected
        measured = batch.depth[index] * batch.metres_per_unit[index, None, None, None]
        slots = []
        for slot in range(batch.sources.shape[1]):
            T = views.T_source_target[:, slot]
            known = batch.pose_known[:, slot]
            distance = torch.where(known, T[:, :3, 3].detach().norm(dim=1), batch.distance_m[:, slot])
            moves = batch.present[:, slot] & ~(distance <= settings.min_distance_m)  # an unknown distance may be any
            if bool(moves.any()):
                slots.append(losses.reprojected_distance(views.metres[moves], measured[moves], batch.weight[index][moves], T[moves],
                                                         batch.intrinsics[moves], settings.huber_px))
        return {self.name: torch.stack(slots).mean()} if slots else {}
