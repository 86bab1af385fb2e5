"""Learning rate, weight decay, and what happens to batch-norm statistics on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import nn

from depthtrain.config import Optimisation
from depthtrain.data.batches import Batch, Sampler

NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
STATISTICS_FIRST = 1 << 40  # batch numbers that no step reaches


def parameter_groups(networks: nn.ModuleDict, weight_decay: float, pose_rate: float = 1.0,
                     fusion_rate: float = 1.0) -> list[dict]:
    """Weight decay for matrices and kernels only; biases and batch-norm parameters go free. Each group's `rate` is its learning
    rate over the schedule's; the pose network's last layer and prior fusion have groups of their own where theirs is another."""
    pose = list(networks["pose"].parameters())[-2:] if "pose" in networks else []
    fusion = getattr(networks["depth"], "fusion", None) if "depth" in networks else None
    rates = {parameter: 1.0 for parameter in networks.parameters()}
    rates |= {parameter: pose_rate for parameter in pose}
    rates |= {parameter: fusion_rate for parameter in (fusion.parameters() if fusion is not None else ())}
    groups = []
    for rate in dict.fromkeys(rates.values()):
        chosen = [parameter for parameter in rates if rates[parameter] == rate]
        groups += [{"params": [p for p in chosen if p.ndim > 1], "weight_decay": weight_decay, "rate": rate},
                   {"params": [p for p in chosen if p.ndim <= 1], "weight_decay": 0.0, "rate": rate}]
    return groups


def learning_rate(settings: Optimisation, steps_since_start: int, progress: float) -> float:
    """Cosine decay over the schedule (`progress` 0 to 1), with a linear warm-up after every start."""
    share = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    decayed = settings.final_learning_rate + (settings.learning_rate - settings.final_learning_rate) * share
    return decayed * min(1.0, (steps_since_start + 1) / settings.warmup_steps)


@torch.no_grad()
def settle_statistics(network: nn.Module, inputs: Iterable, run: Callable[..., object] | None = None) -> None:
    """Sets the network's batch-norm statistics to their plain mean over `inputs`, batches of all groups. `run` is called with each
    one and runs the network in every way in which it will be used; without it, `network` itself is."""
    norms = [module for module in network.modules() if isinstance(module, NORMS)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    for batch in inputs:
        (run or network)(batch)
    for norm in norms:
        norm.momentum = 0.1


def statistics_batches(sampler: Sampler, count: int, device: torch.device) -> Iterator[Batch]:
    """`count` batches that no step draws."""
    for number in range(count):
        yield sampler.draw(STATISTICS_FIRST + number)[1].to(device)


def freeze_statistics(network: nn.Module) -> None:
    """Puts batch norm in evaluation mode; its scale and shift keep learning."""
    for module in network.modules():
        if isinstance(module, NORMS):
            module.eval()
