"""Turns published checkpoints of DIFFNet and Monodepth2 (ResNet-18) into a bundle.

    python -m depthtrain.import_checkpoint --architecture diffnet --folder weights --out models/diffnet-published

The folder holds `encoder.pth` and `depth.pth` as their authors publish them, and `pose_encoder.pth` with `pose.pth` if the
pose network is wanted too. Such weights know no scale: the bundle says so, and the daemon's scale filter finds it.
Key names: those of the DIFFNet and monodepth2 repositories.
"""

from __future__ import annotations

import argparse
import dataclasses
import pickle
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from depthtrain.config import ModelRecipe
from depthtrain.networks.diffnet import DIFFNet
from depthtrain.networks.monodepth2 import Monodepth2
from depthtrain.networks.posenet import PoseNet
from depthtrain.networks.split import SplitNetwork

LISTED_KEYS = 8


class CheckpointError(ValueError):
    """A checkpoint of another architecture; the message names the file and the keys that do not fit."""


@dataclasses.dataclass(frozen=True)
class Published:
    """A network with published weights. Its input is RGB in [0, 1]; Monodepth2 normalises inside the graph."""

    build: Callable[[], SplitNetwork]
    licence: str


ARCHITECTURES = {
    "diffnet": Published(DIFFNet, "none stated by the authors; parts are under Niantic's non-commercial licence"),
    "monodepth2": Published(Monodepth2, "Niantic, non-commercial use only"),
}
KITTI_FX_PER_WIDTH = 0.58
"""Normalised focal length that the published KITTI weights were trained with."""


@dataclasses.dataclass(frozen=True)
class Imported:
    """The network and, if it was there, the pose network, in evaluation mode; the size stored beside the weights."""

    network: SplitNetwork
    pose_network: PoseNet | None
    width: int
    height: int

    @property
    def model(self) -> ModelRecipe:
        """The depth convention of the published weights."""
        return ModelRecipe("", 0.1, 100.0, KITTI_FX_PER_WIDTH * self.width, 0.0, 1.0)


def import_published(architecture: str, folder: Path) -> Imported:
    """Loads the published files. Raises CheckpointError when one is missing, unreadable or of another network."""
    if architecture not in ARCHITECTURES:
        raise CheckpointError(f"{architecture}: no published network of that name; known are {', '.join(ARCHITECTURES)}")
    network = ARCHITECTURES[architecture].build()
    encoder = read_states(folder / "encoder.pth")
    load_strictly(network.encoder, encoder, folder / "encoder.pth")
    load_strictly(network.decoder, read_states(folder / "depth.pth"), folder / "depth.pth")
    pose = None
    if (folder / "pose_encoder.pth").exists():
        pose = PoseNet().eval()
        load_strictly(pose.encoder, read_states(folder / "pose_encoder.pth"), folder / "pose_encoder.pth")
        load_strictly(pose.decoder, read_states(folder / "pose.pth"), folder / "pose.pth")
    width, height = int(encoder.get("width", 640)), int(encoder.get("height", 192))
    if width % 32 or height % 32 or width <= 0 or height <= 0:
        raise CheckpointError(f"{folder / 'encoder.pth'}: trained at {width}x{height}; multiples of 32 are needed")
    return Imported(network.eval(), pose, width, height)


def read_states(path: Path) -> dict:
    """All entries of a checkpoint, tensors and settings, without a `module.` prefix and with current node names."""
    try:
        raw = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise CheckpointError(f"{path}: missing") from None
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise CheckpointError(f"{path}: not a PyTorch checkpoint ({type(error).__name__} while reading it)") from error
    if not isinstance(raw, dict):
        raise CheckpointError(f"{path}: holds a {type(raw).__name__}, expected a dictionary of tensors")
    return {key.removeprefix("module.").replace("fSE.", "."): value for key, value in raw.items()}


def load_strictly(part: nn.Module, states: dict, path: Path) -> None:
    """Loads every tensor, or says which are missing, unexpected or of another shape.

    `encoder.fc.*` (ImageNet's classifier, left in ResNet files and never used) may be there or not.
    """
    wanted = part.state_dict()
    found = {key: value for key, value in states.items() if isinstance(value, torch.Tensor)}
    spare = {key for key in wanted.keys() ^ found.keys() if key.startswith("encoder.fc.")}
    problems = {"missing": wanted.keys() - found.keys() - spare, "unexpected": found.keys() - wanted.keys() - spare,
                "of another shape": {f"{key} {tuple(found[key].shape)} instead of {tuple(wanted[key].shape)}"
                                     for key in wanted.keys() & found.keys() if found[key].shape != wanted[key].shape}}
    texts = [f"{len(keys)} {kind}: {', '.join(sorted(keys)[:LISTED_KEYS])}{', ...' if len(keys) > LISTED_KEYS else ''}"
             for kind, keys in problems.items() if keys]
    if texts:
        raise CheckpointError(f"{path}: does not fit {type(part).__name__}; {'; '.join(texts)}")
    part.load_state_dict({key: value for key, value in found.items() if key in wanted}, strict=False)


def main() -> None:
    from depthtrain.export import export_imported
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--architecture", choices=sorted(ARCHITECTURES), required=True)
    parser.add_argument("--folder", type=Path, required=True, help="holds encoder.pth and depth.pth")
    parser.add_argument("--out", type=Path, required=True, help="bundle folder to write")
    parser.add_argument("--initial-scale", type=float, default=1.0, help="metres per unit; 5.4 for stereo-trained weights")
    parser.add_argument("--canonical-fx", type=float, help="focal length the weights were trained for, pixels at their size")
    arguments = parser.parse_args()
    imported = import_published(arguments.architecture, arguments.folder)
    export_imported(imported, arguments.architecture, arguments.out, arguments.initial_scale, arguments.canonical_fx)


if __name__ == "__main__":
    try:
        main()
    except CheckpointError as error:
        raise SystemExit(f"import: {error}") from None
