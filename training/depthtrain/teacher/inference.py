"""Runs a trained teacher over the frames of a drive, with as much of past and future as there is."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from depthtrain.checkpoint import CheckpointError, load_companion, load_network, read
from depthtrain.config import group_sizes, learns_poses
from depthtrain.data.batches import normalise
from depthtrain.data.drive import Drive
from depthtrain.data.frames import neighbouring_pair
from depthtrain.data.views import View, whole_view
from depthtrain.evaluate import nearest_size
from depthtrain.geometry import disparity_to_depth, pose_matrix
from depthtrain.networks.registry import POSE_NETWORKS
from depthtrain.teacher.network import Teacher
from depthtrain.teacher.volume import Lookup

TRUST_SCALE = 0.1
"""Error of log depth at which a label counts half."""


@dataclasses.dataclass(frozen=True)
class Look:
    """What the teacher says about one frame, at its own input size."""

    features: torch.Tensor
    """(C, H/16, W/16)"""
    disparity: torch.Tensor
    """(H, W) in the teacher's convention."""
    trust: torch.Tensor
    """(H, W) in (0, 1]: TRUST_SCALE / (TRUST_SCALE + estimated error + disagreement of two ways of looking)."""
    metres_per_unit: float
    used_neighbours: bool


class TeacherEye:
    """A trained teacher, ready to look at frames."""

    def __init__(self, checkpoint: Path) -> None:
        network, self.recipe = load_network(checkpoint)
        if not isinstance(network, Teacher):
            raise CheckpointError(f"{checkpoint}: holds {self.recipe.model.architecture}; a teacher-* architecture is needed")
        self.teacher: Teacher = network
        self.name = self.recipe.name
        self.sha256 = weights_hash(network)
        self.pose_network: nn.Module | None = None
        if "pose" in read(checkpoint)["networks"] and learns_poses(self.recipe):
            self.pose_network = load_companion(checkpoint, "pose", POSE_NETWORKS[self.recipe.model.pose]())

    def size_for(self, drive: Drive) -> tuple[int, int]:
        """The trained (width, height) nearest to the drive's shape."""
        return nearest_size(drive.width, drive.height, group_sizes(self.recipe))

    @torch.no_grad()
    def look(self, drive: Drive, index: int, alone: bool = False) -> Look:
        """Looks at a frame with its neighbours where their motion is known or can be learned, else, or when asked, alone."""
        view = whole_view((drive.width, drive.height), self.size_for(drive))
        image = self._image(drive, index, view)
        labels = {}
        if self.teacher.guidance is not None:
            classes = view.labels(drive.classes(index, self.recipe.guidance.folder))
            labels["labels"] = torch.from_numpy(classes.astype(np.int64))[None]
        lookup = None if alone else self._lookup(drive, index, view, image)
        features, skips = self.teacher.encode(image, lookup)
        best = self.teacher.decode(features, skips, **labels)
        if lookup is None:
            mirrored = self.teacher(image.flip(3), **{name: value.flip(2) for name, value in labels.items()})
            other = mirrored["disparity"].flip(3)
        else:
            other = self.teacher(image, **labels)["disparity"]
        error = best["log_sigma"].exp() if "log_sigma" in best else torch.zeros_like(other)
        error = error + (self._depth(best["disparity"]).log() - self._depth(other).log()).abs()
        unit = view.intrinsics(drive.intrinsics).fx / self.recipe.model.canonical_fx_px if drive.intrinsics else 1.0
        return Look(features[0], best["disparity"][0, 0], (TRUST_SCALE / (TRUST_SCALE + error))[0, 0], unit, lookup is not None)

    def depth_m(self, look: Look, drive: Drive) -> tuple[np.ndarray, np.ndarray]:
        """Depth (metres) and trust of a look at the size of the drive's frames; the disparity is resized, then inverted."""
        size = (drive.height, drive.width)
        disparity, trust = (F.interpolate(plane[None, None], size, mode="bilinear", align_corners=False)[0, 0]
                            for plane in (look.disparity, look.trust))
        return (self._depth(disparity) * look.metres_per_unit).numpy(), trust.numpy()

    def _depth(self, disparity: torch.Tensor) -> torch.Tensor:
        return disparity_to_depth(disparity, self.recipe.model.min_depth_m, self.recipe.model.max_depth_m)

    def _image(self, drive: Drive, index: int, view: View) -> torch.Tensor:
        return torch.from_numpy(normalise(view.image(drive.image(index)), self.recipe.model))[None]

    def _lookup(self, drive: Drive, index: int, view: View, image: torch.Tensor) -> Lookup | None:
        pair = neighbours(drive, index)
        is_known = drive.poses is not None
        if pair is None or drive.intrinsics is None or not (is_known or self.pose_network):
            return None
        images, transforms = [], []
        for slot, other in enumerate(pair):
            images.append(self._image(drive, other, view))
            if is_known:
                transforms.append(torch.from_numpy(np.linalg.inv(drive.poses[other]) @ drive.poses[index]).float()[None])
            else:
                both = (images[-1], image) if slot == 0 else (image, images[-1])
                transforms.append(pose_matrix(*self.pose_network(torch.cat(both, dim=1)), invert=slot == 0))
        camera = view.intrinsics(drive.intrinsics)
        return Lookup(torch.stack(images, 1), torch.stack(transforms, 1), torch.tensor([camera.as_list()], dtype=torch.float32),
                      torch.tensor([camera.fx / self.recipe.model.canonical_fx_px], dtype=torch.float32),
                      torch.ones(1, len(pair), dtype=torch.bool))


def neighbours(drive: Drive, index: int) -> tuple[int, int] | None:
    """The nearest frames before and after that moved against this one; None for stills, at the ends and when parked.

    Stills are frames without poses and without times.
    """
    if drive.poses is None and not np.isfinite(drive.times_s[index]):
        return None
    return next((pair for pair in (neighbouring_pair(drive, index, step) for step in (1, 2)) if pair is not None), None)


def weights_hash(network: nn.Module) -> str:
    """SHA-256 over names and bytes of all weights: what a reference set and a bank know their teacher by."""
    digest = hashlib.sha256()
    for name, value in sorted(network.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()
