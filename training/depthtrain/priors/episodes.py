"""Episodes: batches of one drive that look up references of that drive, so that it pays to believe the bank (decision 0024)."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from depthtrain.config import Recipe
from depthtrain.strict_toml import RecipeError


@dataclasses.dataclass(frozen=True)
class Episode:
    """Where a batch comes from, and in which unit its depths are."""

    drive: torch.Tensor
    """() int64, as the reference set counts its drives."""
    frames: torch.Tensor
    """(N,) int64, of the batch's samples."""
    factor: torch.Tensor
    """() float32: what depths, the references' and the labels', are multiplied by."""
    apart: int = 1
    """References of frames nearer than this to one of the batch's are not looked up."""
    is_mixed: bool = False
    """Whether half of what it looks up is of other drives."""

    def to(self, device: torch.device, non_blocking: bool = False) -> "Episode":
        """The same episode on a device."""
        tensors = (self.drive, self.frames, self.factor)
        return Episode(*(tensor.to(device, non_blocking=non_blocking) for tensor in tensors), self.apart,
                       self.is_mixed)

    def may_look_up(self, drive: torch.Tensor, frame: torch.Tensor) -> torch.Tensor:
        """(M,) bool: whether the batch may look up references with these drives and frames, (M,) each."""
        distance = (frame[:, None] - self.frames[None]).abs().amin(dim=1)
        return (drive == self.drive) & (distance >= self.apart)


class Episodes:
    """What a sampler needs to draw episodes of a recipe. Raises RecipeError when the reference set lacks one of its drives."""

    def __init__(self, recipe: Recipe, drives: list[str], known: list[str]) -> None:
        self.settings = recipe.priors
        missing = [name for name in drives if name not in known]
        if missing:
            raise RecipeError(f"{recipe.priors.references}: has no references of {', '.join(missing)}; episodes look up their own "
                              "drive: build the set from all drives of the recipe (depthtrain.priors build), or take them out")
        self.numbers = {name: known.index(name) for name in drives}

    def random_factor(self, rng: np.random.Generator) -> float:
        """What the depths of one episode are multiplied by."""
        return math.exp(rng.uniform(-1, 1) * self.settings.unit_log_range)

    def of(self, drive: str, frames: list[int], factor: float, rng: np.random.Generator) -> Episode:
        """The episode of a batch with these frames of a drive."""
        is_mixed = self.settings.mixed > 0 and rng.random() < self.settings.mixed
        return Episode(torch.tensor(self.numbers[drive]), torch.tensor(frames), torch.tensor(factor), self.settings.apart, is_mixed)
