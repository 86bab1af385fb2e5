"""What a training method is: named loss terms of one step, and the networks that it trains beside the depth network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import torch
from torch import nn

from depthtrain.config import Recipe
from depthtrain.data.batches import Batch
from depthtrain.geometry import disparity_to_depth
from depthtrain.methods.motion import SourceViews, source_views


class Step:
    """One training step as methods see it: the batch, the depth network's outputs, and what several methods share.

    Outputs are float32: `disparity` (N, 1, H, W), and where the network has them `log_sigma`, `disparity_4`, `disparity_8`.
    """

    def __init__(self, recipe: Recipe, networks: Mapping[str, nn.Module], batch: Batch, out: dict[str, torch.Tensor],
                 number: int) -> None:
        self.recipe = recipe
        self.networks = networks
        self.batch = batch
        self.out = out
        self.number = number

    def depth_of(self, disparity: torch.Tensor) -> torch.Tensor:
        """Depth in the network's unit (canonical camera) of any of the network's disparities."""
        return disparity_to_depth(disparity, self.recipe.model.min_depth_m, self.recipe.model.max_depth_m)

    @cached_property
    def depth(self) -> torch.Tensor:
        """(N, 1, H, W) in the network's unit."""
        return self.depth_of(self.out["disparity"])

    @property
    def is_pose_warmup(self) -> bool:
        """Whether poses are still noise: what the images say may move the pose network, not the depth."""
        return self.number < self.recipe.photometric.pose_warmup_steps

    @cached_property
    def views(self) -> SourceViews:
        """Poses and warped source frames of the batch's photometric samples; only for batches that have any.

        No gradient reaches the depth through them while the pose network warms up.
        """
        metres = self.depth[self.batch.photo_index] * self.batch.metres_per_unit[self.batch.photo_index, None, None, None]
        if self.is_pose_warmup:
            metres = metres.detach()
        return source_views(self.batch, metres, self.networks.get("pose"), self.recipe.model)


class Method:
    """One way to learn. Subclasses say their name (their key in `[losses]`), usual weight and terms.

    Those that move the depth by poses, or hold it while images pull at it, say `waits_for_poses` and pause during
    `photometric.pose_warmup_steps`. `terms` returns unweighted scalars by name, or nothing when the batch has no data for the method. Frozen helpers (a
    teacher) belong to the method; networks that learn are named by `companions`, live in the objective, and are saved.
    """

    name: str
    usual_weight: float
    summary: str
    waits_for_poses = False

    def __init__(self, recipe: Recipe) -> None:
        self.recipe = recipe

    def companions(self) -> dict[str, Callable[[], nn.Module]]:
        """Builders of the trained networks that this method needs; methods that name the same one share it."""
        return {}

    def to(self, device: torch.device) -> None:
        """Moves frozen helpers to the device that trains."""

    def run_modes(self, step: Step) -> None:
        """Runs the depth network in the ways that it will be used in beside the plain one, so that batch norm, whose statistics are
        about to be settled, sees them."""

    def terms(self, step: Step) -> dict[str, torch.Tensor]:
        """Unweighted loss terms of one step."""
        raise NotImplementedError
