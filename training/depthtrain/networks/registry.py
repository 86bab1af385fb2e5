"""The networks that a recipe can name."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from depthtrain.networks.diffnet import DIFFNet
from depthtrain.networks.posenet import PoseNet, PoseNetLight
from depthtrain.networks.rpr_lite import RPrLite

ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {"rpr-lite": RPrLite, "diffnet": lambda: DIFFNet(has_sigma=True)}
POSE_NETWORKS: dict[str, Callable[[], nn.Module]] = {"light": PoseNetLight, "resnet18": PoseNet}


def build_network(architecture: str) -> nn.Module:
    """A fresh depth network by its recipe name. Raises ValueError for an unknown name."""
    if architecture not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {architecture!r}: expected one of {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture]()
