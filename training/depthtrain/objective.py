"""What a run minimises: the depth network, the companions its methods train, and the weighted sum of their terms."""

from __future__ import annotations

import torch
from torch import nn

from depthtrain.config import Recipe
from depthtrain.data.batches import Batch
from depthtrain.methods import METHODS, Step
from depthtrain.networks.registry import build_depth_network


class Objective(nn.Module):
    """`networks["depth"]` and the companions by name. Calling it with a batch gives the weighted terms to be summed.

    One module, so that one DistributedDataParallel, one optimiser and one checkpoint cover everything that learns.
    """

    def __init__(self, recipe: Recipe, amp_type: torch.dtype | None = None) -> None:
        super().__init__()
        self.recipe = recipe
        self.amp_type = amp_type
        self.is_frozen = recipe.completion.frozen_network
        self.methods = [METHODS[name](recipe) for name in METHODS if getattr(recipe.losses, name) > 0
                        and (name == "completion" or not self.is_frozen)]
        builders = {name: build for method in self.methods for name, build in method.companions().items()}
        self.networks = nn.ModuleDict({"depth": build_depth_network(recipe),
                                       **{name: build() for name, build in builders.items()}})
        if self.frozen is not None:
            self.frozen.requires_grad_(False)

    @property
    def frozen(self) -> nn.Module | None:
        """What keeps every weight and statistic: beside completion the depth network, beside fusion the network inside it."""
        if self.is_frozen:
            return self.networks["depth"]
        return self.networks["depth"].network if self.recipe.priors.frozen_network else None

    @property
    def settling(self) -> str | None:
        """The network whose batch-norm statistics are settled and kept during the run; None where those are frozen anyway."""
        if self.is_frozen:
            return "san"
        return None if self.recipe.priors.frozen_network else "depth"

    def train(self, mode: bool = True) -> "Objective":
        """As nn.Module; what is frozen stays in evaluation mode."""
        super().train(mode)
        if self.frozen is not None:
            self.frozen.eval()
        return self

    def place(self, device: torch.device) -> "Objective":
        """Moves the networks and the methods' frozen helpers; the depth network takes the layout that convolutions like."""
        for method in self.methods:
            method.to(device)
        self.networks["depth"].to(memory_format=torch.channels_last)
        return self.to(device)

    def forward(self, batch: Batch, number: int = 0) -> dict[str, torch.Tensor]:
        """Weighted loss terms of one batch in step `number`; terms without data are left out.

        A batch that teaches nothing gives one term, 0, so that a step, and every process of several, can go on as usual.
        """
        with torch.autocast(batch.image.device.type, self.amp_type or torch.bfloat16, enabled=self.amp_type is not None):
            step = self._look(batch, number)
        active = [method for method in self.methods if not (step.is_pose_warmup and method.waits_for_poses)]
        terms = {name: getattr(self.recipe.losses, method.name) * value
                 for method in active for name, value in method.terms(step).items()}
        if not any(value.requires_grad for value in terms.values()):
            learning = next(parameter for parameter in self.networks.parameters() if parameter.requires_grad)
            terms["nothing"] = 0.0 * learning.sum()
        return terms

    def run_every_mode(self, batch: Batch) -> None:
        """Runs the depth network on a batch in every way in which the recipe's methods use it, in full precision."""
        step = self._look(batch, 0)
        for method in self.methods:
            method.run_modes(step)

    def _look(self, batch: Batch, number: int) -> Step:
        """The step `number` with what the depth network says of the batch's images alone; nothing when it is frozen."""
        if self.is_frozen:
            return Step(self.recipe, dict(self.networks.items()), batch, {}, number)
        extra = {"labels": batch.labels} if batch.labels.numel() else {}
        if batch.episode is not None:
            extra["episode"] = batch.episode
        raw = self.networks["depth"](batch.image.to(memory_format=torch.channels_last), **extra)
        return Step(self.recipe, dict(self.networks.items()), batch, {name: value.float() for name, value in raw.items()}, number)
