"""Joint prediction and completion: the same image decoded a second time with random range points (PackNet-SAN)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from depthtrain import losses
from depthtrain.config import Recipe
from depthtrain.data.batches import Batch
from depthtrain.data.sparsity import random_points
from depthtrain.methods.base import Method, Step
from depthtrain.networks.san import ATTACHMENTS, MIN_POINTS, build_completion, thinned
from depthtrain.strict_toml import RecipeError

MEASURED = 0.99
"""Trust above which a pixel may be given as a range point: hints and the simulator's sky lie below."""


class Completion(Method):
    """Supervised log-depth losses of the completed depth, plus a pull of the plain features towards the completed ones.

    Source: PackNet-SAN, L_sup(rgb + points) + L_feat with the completed features held fixed. Points and truth of a sample are
    scaled together by a random factor, so the network learns to believe the points when image and points disagree in scale.
    """

    name, usual_weight, summary = "completion", 1.0, "a second decoding with random range points (SAN)"

    def __init__(self, recipe: Recipe) -> None:
        super().__init__(recipe)
        if recipe.model.architecture not in ATTACHMENTS:
            raise RecipeError(f"losses.completion: {recipe.model.architecture} has no place for range points; architectures "
                              f"that do: {', '.join(ATTACHMENTS)}")

    def companions(self) -> dict[str, Callable[[], nn.Module]]:
        return {"san": lambda: build_completion(self.recipe.model)}

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        batch, settings = step.batch, self.recipe.completion
        points, counts, factor = self._draw_of(step)
        complete = counts >= MIN_POINTS
        weight = batch.weight * complete[:, None, None, None]
        if not bool((weight > 0).any()):
            return {}
        network, san = step.networks["depth"], step.networks["san"]
        with torch.set_grad_enabled(torch.is_grad_enabled() and not settings.frozen_network):
            f_s, skips = network.encode(batch.image)
        maps = {"f_o": f_s, **dict(zip(network.skip_names, skips))}
        fused = san.fuse(maps, points, counts)
        out = san.anchor(network.decode(fused["f_o"], [fused[name] for name in network.skip_names]), points, counts)
        depth, truth = step.depth_of(out["disparity"].float()), batch.depth * factor[:, None, None, None]
        terms = {"completion": losses.log_l1(depth, truth, weight)
                 + self.recipe.losses.gradient * losses.gradient_matching(depth, truth, weight)}
        if settings.frozen_network:
            return terms
        if "log_sigma" in out and self.recipe.losses.sigma > 0:
            terms["completion_sigma"] = self.recipe.losses.sigma * losses.sigma_nll(out["log_sigma"], depth, truth, weight)
        if settings.features > 0:
            changed = [name for name in maps if fused[name] is not maps[name]]
            terms["completion_features"] = settings.features * torch.stack(
                [(fused[name].detach() - maps[name]).square().mean() for name in changed]).mean()
        return terms

    def run_modes(self, step: Step) -> None:
        """Lets the completion network, which is what learns beside a frozen one, see a draw of points."""
        if self.recipe.completion.frozen_network:
            points, _, _ = self._draw_of(step)
            step.networks["san"].additions(thinned(points))

    def _draw_of(self, step: Step) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        return self.draw(step.batch, np.random.default_rng([self.recipe.optimisation.seed, step.number]))

    def draw(self, batch: Batch, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Points (N, 1, H, W) in the network's unit, their counts (N,), and the scale factors (N,)."""
        settings, device = self.recipe.completion, batch.depth.device
        depth, trust = batch.depth[:, 0].cpu().numpy(), batch.weight[:, 0].cpu().numpy()
        grey = batch.clean.mean(dim=1).cpu().numpy()
        draws = [random_points(depth[i], trust[i] > MEASURED, grey[i], rng, settings.empty) for i in range(len(depth))]
        factor = torch.from_numpy(np.exp(rng.normal(0.0, settings.scale_log_sigma, len(draws))).astype(np.float32)).to(device)
        points = torch.from_numpy(np.stack([draw.depth for draw in draws]))[:, None].to(device)
        counts = torch.tensor([draw.count for draw in draws], device=device)
        return points * factor[:, None, None, None], counts, factor
