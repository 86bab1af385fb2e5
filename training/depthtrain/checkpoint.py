"""Checkpoints: everything needed to continue a run exactly, written so that a crash or a full disk leaves the last one.

Format 2 is a dictionary: `version`, `architecture`, `recipe` (TOML text), `step`, `warm_from`, `networks` and `averages`
(state dictionaries by network name; "depth" is the one that ships), `optimiser`, `scaler`, `random`. Format 1, without a
version key, held `network`, `pose_network`, `optimiser`, `average` and `step`; it is still read for evaluation, export and
`--init`, but a run cannot be resumed from it.
"""

from __future__ import annotations

import dataclasses
import io
import os
import pickle
import shutil
import tomllib
from pathlib import Path

import torch
from torch import nn

from depthtrain import strict_toml
from depthtrain.config import ModelRecipe, Recipe, load_recipe
from depthtrain.networks.registry import build_depth_network
from depthtrain.networks.san import SparseAuxiliaryNetwork, build_completion

VERSION = 2


class CheckpointError(ValueError):
    """A checkpoint that cannot be written or used; the message names the file, what was found and what to do."""


@dataclasses.dataclass
class Average:
    """Exponential moving average of a network's parameters and batch-norm statistics."""

    state: dict[str, torch.Tensor]
    decay: float

    @classmethod
    def of(cls, network: nn.Module, decay: float) -> "Average":
        return cls({name: value.detach().clone() for name, value in network.state_dict().items()}, decay)

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Moves towards the network; early steps use a shorter memory so that the start is forgotten."""
        decay = min(self.decay, (1 + step) / (10 + step))
        current = network.state_dict()
        floating = [name for name, value in current.items() if value.dtype.is_floating_point]
        torch._foreach_lerp_([self.state[name] for name in floating], [current[name] for name in floating], 1 - decay)
        for name in current.keys() - set(floating):
            self.state[name].copy_(current[name])


def save(path: Path, content: dict) -> None:
    """Writes a checkpoint beside its final name, flushes it to the disk and renames it.

    Raises CheckpointError when it cannot be written; the checkpoint that was there before stays as it was.
    """
    buffer = io.BytesIO()
    torch.save(content, buffer)
    partial = path.with_suffix(".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as handle:
            handle.write(buffer.getbuffer())
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(partial, path)
    except OSError as error:
        partial.unlink(missing_ok=True)
        kept = "the checkpoint before it is unchanged" if path.exists() else "there is no earlier checkpoint"
        free = f", {shutil.disk_usage(path.parent).free >> 20} MiB free" if path.parent.is_dir() else ""
        raise CheckpointError(f"{path}: cannot write {buffer.tell() >> 20} MiB ({error.strerror}{free}); {kept}; make room, "
                              "then continue with --resume") from error


def read(path: Path) -> dict:
    """Content of a checkpoint in format 2; format 1 is brought into its shape, without what resuming needs.

    Raises CheckpointError for a file that is missing, cut short, or something else.
    """
    path = Path(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: no such checkpoint; train first (python -m depthtrain.train --recipe ...)") from None
    except (OSError, RuntimeError, EOFError, ValueError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path}: not a checkpoint, or one cut short ({str(error).splitlines()[0]})") from error
    if isinstance(content, dict) and content.get("version") == VERSION:
        return content
    if isinstance(content, dict) and "version" not in content and {"network", "average", "step"} <= content.keys():
        recipe = load_recipe(path.with_name("recipe.toml"))
        networks = {"depth": content["network"], "pose": content.get("pose_network", {})}
        return {"version": 1, "architecture": recipe.model.architecture, "step": content["step"], "networks": networks,
                "averages": {"depth": content["average"]}}
    found = content.get("version", "no version") if isinstance(content, dict) else type(content).__name__
    raise CheckpointError(f"{path}: checkpoint format {found!r}; this code reads formats 1 and {VERSION}")


def model_of(content: dict, path: Path) -> ModelRecipe | None:
    """What a checkpoint's network was trained as; None in format 1, which does not say it."""
    if "recipe" not in content:
        return None
    return strict_toml.build(ModelRecipe, tomllib.loads(content["recipe"]).get("model", {}), f"{path}: recipe: model")


def load_into(network: nn.Module, state: dict[str, torch.Tensor], where: str) -> None:
    """Loads weights that fit exactly. Raises CheckpointError that says which tensors do not."""
    own = network.state_dict()
    wrong = [f"{name} is {tuple(state[name].shape)}, expected {tuple(own[name].shape)}" for name in own.keys() & state.keys()
             if state[name].shape != own[name].shape]
    missing, extra = sorted(own.keys() - state.keys()), sorted(state.keys() - own.keys())
    if wrong or missing or extra:
        parts = [f"{len(missing)} tensors missing (first {missing[0]})"] if missing else []
        parts += [f"{len(extra)} unknown (first {extra[0]})"] if extra else []
        parts += [f"{len(wrong)} of another shape (first {sorted(wrong)[0]})"] if wrong else []
        raise CheckpointError(f"{where}: the weights are of another architecture: {'; '.join(parts)}")
    network.load_state_dict(state)


def load_start(network: nn.Module, state: dict[str, torch.Tensor], where: str) -> None:
    """As `load_into`; a network that wraps another under the name `network` also takes that one's weights alone."""
    inner = getattr(network, "network", None)
    if inner is not None and not any(name.startswith("network.") for name in state):
        return load_start(inner, state, where)
    load_into(network, state, where)


def load_network(path: Path) -> tuple[nn.Module, Recipe]:
    """The averaged depth network of a checkpoint in evaluation mode, and the recipe beside it that it was trained with."""
    content = read(path)
    recipe = load_recipe(Path(path).with_name("recipe.toml"))
    if content["architecture"] != recipe.model.architecture:
        raise CheckpointError(f"{path}: holds {content['architecture']}, but recipe.toml beside it says "
                              f"{recipe.model.architecture}; the two files belong to different runs")
    network = build_depth_network(recipe)
    load_into(network, content["averages"]["depth"], str(path))
    return network.eval(), recipe


def load_companion(path: Path, name: str, network: nn.Module) -> nn.Module:
    """Loads the averaged weights (format 1: the last ones) of the companion `name` into `network`, in evaluation mode."""
    content = read(path)
    state = content["averages"].get(name) or content["networks"].get(name)
    if not state:
        raise CheckpointError(f"{path}: holds no network {name!r}; it has {', '.join(sorted(content['networks']))}")
    load_into(network, state, f"{path}: {name}")
    return network.eval()


def load_completion(path: Path, recipe: Recipe) -> SparseAuxiliaryNetwork:
    """The completion network of a checkpoint whose recipe trained one, in evaluation mode."""
    return load_companion(path, "san", build_completion(recipe.model))
