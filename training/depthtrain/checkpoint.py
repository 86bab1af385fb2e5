"""Checkpoints: everything needed to resume a run, written atomically."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import torch

from depthtrain.config import Recipe, load_recipe
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.networks.diffnet import DIFFNet


def build_network(architecture: str) -> torch.nn.Module:
    """A fresh network by its recipe name. Raises ValueError for an unknown name."""
    builders = {"rpr-lite": RPrLite, "diffnet": lambda: DIFFNet(has_sigma=True)}
    if architecture not in builders:
        raise ValueError(f"unknown architecture {architecture!r}: expected one of {', '.join(builders)}")
    return builders[architecture]()


@dataclasses.dataclass
class Average:
    """Exponential moving average of a network's parameters and batch-norm statistics."""

    state: dict[str, torch.Tensor]
    decay: float

    @classmethod
    def of(cls, network: torch.nn.Module, decay: float) -> "Average":
        return cls({name: value.detach().clone() for name, value in network.state_dict().items()}, decay)

    @torch.no_grad()
    def update(self, network: torch.nn.Module, step: int) -> None:
        """Moves towards the network; early steps use a shorter memory so that the start is forgotten."""
        decay = min(self.decay, (1 + step) / (10 + step))
        current = network.state_dict()
        floating = [name for name, value in current.items() if value.dtype.is_floating_point]
        torch._foreach_lerp_([self.state[name] for name in floating], [current[name] for name in floating], 1 - decay)
        for name in current.keys() - set(floating):
            self.state[name].copy_(current[name])


def save(path: Path, content: dict) -> None:
    """Writes a checkpoint beside its final name and renames it, so that a crash leaves the old one intact."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(content, partial)
    os.replace(partial, path)


def load_network(path: Path) -> tuple[torch.nn.Module, Recipe]:
    """The averaged network of a checkpoint in evaluation mode, and the recipe it was trained with."""
    content = torch.load(path, map_location="cpu", weights_only=True)
    recipe = load_recipe(Path(path).with_name("recipe.toml"))
    network = build_network(recipe.model.architecture)
    network.load_state_dict(content["average"])
    return network.eval(), recipe
