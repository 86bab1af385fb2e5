"""The networks that a recipe can name."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from depthtrain.config import Recipe, drive_path
from depthtrain.networks.diffnet import DIFFNet
from depthtrain.networks.posenet import PoseNet, PoseNetLight
from depthtrain.networks.posenet_small import PoseNetSmall
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.priors.fusion import FusedNetwork
from depthtrain.priors.references import open_references
from depthtrain.teacher.network import LiteTeacher, ResNetTeacher

ARCHITECTURES: dict[str, Callable[[], nn.Module]] = {"rpr-lite": RPrLite, "diffnet": lambda: DIFFNet(has_sigma=True),
                                                     "teacher-lite": LiteTeacher, "teacher-resnet18": ResNetTeacher}
POSE_NETWORKS: dict[str, Callable[[], nn.Module]] = {"light": PoseNetLight, "small": PoseNetSmall, "resnet18": PoseNet}


def build_network(architecture: str) -> nn.Module:
    """A fresh depth network by its recipe name. Raises ValueError for an unknown name."""
    if architecture not in ARCHITECTURES:
        raise ValueError(f"unknown architecture {architecture!r}: expected one of {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture]()


def build_depth_network(recipe: Recipe) -> nn.Module:
    """The depth network of a recipe: its architecture, a teacher's semantic guidance, and prior fusion when it names references."""
    guidance = recipe.guidance
    if guidance.classes > 0:
        network: nn.Module = LiteTeacher(classes=guidance.classes, sharpness=guidance.sharpness)
    else:
        network = build_network(recipe.model.architecture)
    if not recipe.priors.references:
        return network
    references = open_references(drive_path(recipe.priors.references))
    references.require_convention(recipe.model)
    return FusedNetwork(network, references.load(), recipe.priors.draw, (recipe.model.min_depth_m, recipe.model.max_depth_m))
