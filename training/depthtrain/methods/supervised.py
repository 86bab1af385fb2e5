"""Learning from known depth: every method reads `batch.depth` where `batch.weight` trusts it."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from depthtrain import losses
from depthtrain.methods.base import Method, Step


def has_truth(step: Step) -> bool:
    """Whether any pixel of the batch has known depth."""
    return bool((step.batch.weight > 0).any())


class Supervised(Method):
    """A formula (predicted, truth, weight) -> scalar as a method."""

    formula: Callable[..., torch.Tensor]

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        if not has_truth(step):
            return {}
        return {self.name: type(self).formula(step.depth, step.batch.depth, step.batch.weight)}


class LogL1(Supervised):
    """|ln d - ln d*|, also at the side heads of decoders that have them, with the recipe's `side_heads` shares."""

    name, usual_weight, summary = "log_l1", 1.0, "log L1 against known depth, side heads included"
    formula = staticmethod(losses.log_l1)

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        terms = super().terms(step)
        if not terms:
            return terms
        for name, share in zip(("disparity_4", "disparity_8"), self.recipe.losses.side_heads):
            if name in step.out:
                side = F.interpolate(step.out[name], size=step.depth.shape[2:], mode="bilinear", align_corners=False)
                terms[name] = share * losses.log_l1(step.depth_of(side), step.batch.depth, step.batch.weight)
        return terms


class Silog(Supervised):
    """Scale-invariant log error."""

    name, usual_weight, summary = "silog", 0.1, "scale-invariant log error against known depth"
    formula = staticmethod(losses.silog)


class BerHu(Supervised):
    """Reverse Huber, for trusted labels."""

    name, usual_weight, summary = "berhu", 0.5, "reverse Huber against trusted depth"
    formula = staticmethod(losses.berhu)


class GradientMatching(Supervised):
    """Depth steps in the right places."""

    name, usual_weight, summary = "gradient", 0.3, "multi-scale gradient matching against known depth"
    formula = staticmethod(losses.gradient_matching)


class Sigma(Method):
    """The network's log_sigma learns its own error; the depth itself gets no gradient from it."""

    name, usual_weight, summary = "sigma", 0.1, "log_sigma learns the error against known depth"

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        if "log_sigma" not in step.out or not has_truth(step):
            return {}
        return {self.name: losses.sigma_nll(step.out["log_sigma"], step.depth, step.batch.depth, step.batch.weight)}
