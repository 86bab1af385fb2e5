"""SUB-Depth: self-distillation from a frozen checkpoint of the same architecture."""

from __future__ import annotations

import torch

from depthtrain import losses
from depthtrain.checkpoint import CheckpointError, load_network
from depthtrain.config import Recipe, file_path
from depthtrain.methods.base import Method, Step


class SelfDistillation(Method):
    """The student's depth follows the teacher's; its log_sigma learns where the two will differ.

    The teacher stays in evaluation mode without gradient, and is not among the objective's networks: nothing can move it.
    """

    name, usual_weight, summary = "distillation", 1.0, "SUB-Depth: a frozen teacher checkpoint of the same architecture"

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        path = file_path(recipe.distillation.teacher)
        self.teacher, trained_with = load_network(path)
        if trained_with.model != recipe.model:
            raise CheckpointError(f"{path}: the teacher's [model] differs from the recipe's ({trained_with.model.architecture}, "
                                  f"{recipe.model.architecture}); self-distillation needs the same network and depth convention")
        self.teacher.requires_grad_(False)

    def to(self, device: torch.device) -> None:
        self.teacher.to(device)

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        with torch.no_grad():
            taught = self.teacher(step.batch.image)["disparity"].float()
        student = step.out["disparity"]
        if self.recipe.distillation.target == "log_depth":
            student, taught = step.depth.log(), step.depth_of(taught).log()
        log_sigma = step.out.get("log_sigma") if self.recipe.distillation.uncertainty else None
        return {self.name: losses.self_distillation(student, taught, log_sigma)}
