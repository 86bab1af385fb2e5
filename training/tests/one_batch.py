"""One batch made by hand, and a few steps on it: what tests of training methods share."""

from __future__ import annotations

import torch

from depthtrain.config import Augmentation, LossWeights, ModelRecipe, Optimisation, Recipe
from depthtrain.data.batches import Batch
from depthtrain.geometry import disparity_to_depth, warp
from depthtrain.objective import Objective

HEIGHT, WIDTH = 64, 96
NOTHING = LossWeights(log_l1=0, gradient=0, photometric=0, smoothness=0, velocity=0, sigma=0)


def _texture(seed: int, count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, HEIGHT // 4, WIDTH // 4, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bicubic", align_corners=False).clamp(0, 1)


def batch_of(photometric: bool) -> tuple[Batch, torch.Tensor]:
    """Two textured slanted walls, each seen again from 0.25 m to the left (by both sources, so that the target is exactly
    what warping gives); returns the batch and the true depth in the network's unit, here metres."""
    depth = torch.linspace(3.0, 6.0, WIDTH).expand(2, 1, HEIGHT, WIDTH).contiguous()
    K, sources = torch.tensor([[90.0, 90.0, 47.5, 31.5]]).repeat(2, 1), _texture(1, 2)
    T = torch.eye(4).repeat(2, 2, 1, 1)
    T[:, :, 0, 3] = 0.25
    clean = warp(sources, depth, T[:, 0], K)[0]
    pairs = torch.stack([sources, sources], dim=1)
    weight = torch.zeros_like(depth) if photometric else torch.ones_like(depth)
    index = torch.arange(2) if photometric else torch.zeros(0, dtype=torch.long)
    count = len(index)
    everywhere = torch.ones(count, 2, dtype=torch.bool)
    return Batch(image=(clean - 0.45) / 0.225, clean=clean, depth=depth * weight, weight=weight, metres_per_unit=torch.ones(2),
                 hint=torch.zeros_like(depth), photo_index=index, sources=pairs[:count], present=everywhere,
                 intrinsics=K[:count], T_source_target=T[:count], pose_known=everywhere.clone(),
                 distance_m=torch.full((count, 2), float("nan"))), depth


def objective(weights: LossWeights, model: ModelRecipe = ModelRecipe(), **settings) -> Objective:
    """The objective of a recipe without drives, for batches made by hand."""
    torch.manual_seed(0)
    return Objective(Recipe("t", model, Optimisation(steps=1), weights, Augmentation(), (), **settings))


def fit(batch: Batch, weights: LossWeights, steps: int, **settings) -> tuple[Objective, list[float], torch.Tensor]:
    """Learns the batch for `steps`; the objective, the loss at every step, and the depth (N, 1, H, W) that was learned."""
    learner = objective(weights, **settings)
    optimiser, history = torch.optim.Adam(learner.parameters(), lr=3e-3), []
    for number in range(steps):
        total = sum(learner.train()(batch, number).values())
        optimiser.zero_grad()
        total.backward()
        optimiser.step()
        history.append(float(total.detach()))
    with torch.no_grad():
        depth = disparity_to_depth(learner.train().networks["depth"](batch.image)["disparity"], 0.1, 100.0)
    return learner, history, depth


def moved(learner: torch.nn.Module, batch: Batch, number: int) -> dict[str, bool]:
    """Which networks the terms of one step would move."""
    learner.zero_grad(set_to_none=True)
    sum(learner.train()(batch, number).values()).backward()
    return {name: any(p.grad is not None and bool((p.grad != 0).any()) for p in network.parameters())
            for name, network in learner.networks.items()}


def random_maps(*shape: int, seed: int = 0) -> torch.Tensor:
    """Uniform numbers in [0, 1), the same on every call."""
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))
