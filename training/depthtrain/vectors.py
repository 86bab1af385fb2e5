"""Golden vectors for the inference engine: whole networks with random weights, and what PyTorch says about them.

Layout: DIR/<net>-<W>x<H>/{model.onnx, input.npy, output.npy[, output_1.npy ...], meta.json}; folders named
<net>-dynamic-<W>x<H> hold a graph exported with free height and width; those named fusion-* are of depthtrain.priors.vectors,
those named pose-* of depthtrain.pose.vectors.
Weights are seeded noise, never trained; batch norm statistics come from one training-mode pass over noise, so that
activations keep about unit scale.

    python -m depthtrain.vectors --out .vectors
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from depthtrain.completion_vectors import write_completion_vectors
from depthtrain.networks.diffnet import DIFFNet
from depthtrain.networks.fastdepth import FastDepth
from depthtrain.networks.hrdepth import HRDepth
from depthtrain.networks.litemono import LiteMono
from depthtrain.networks.monodepth2 import Monodepth2
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.networks.san import ATTACHMENTS
from depthtrain.onnxfile import export_graph
from depthtrain.pose.vectors import NAME as POSE
from depthtrain.pose.vectors import write_pose_vectors
from depthtrain.priors.vectors import write_fusion_vectors

FUSION = "fusion"
SMALL, WIDE = (320, 96), (416, 128)


@dataclasses.dataclass(frozen=True)
class Fixture:
    """One network, the sizes it is exported for, and whether a dynamic-size graph is made too.

    Our own architectures are exported as bundles are, with constants folded; the others as the exporter leaves them,
    because that is how other people's files look.
    """

    name: str
    build: Callable[[], nn.Module]
    outputs: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...]
    dynamic: bool = False
    is_normalised: bool = False
    fold: bool = False


FIXTURES = (
    Fixture("diffnet", DIFFNet, ("disparity",), ((640, 192), SMALL), dynamic=True, fold=True),
    Fixture("rpr-lite", RPrLite, ("disparity", "log_sigma"), (SMALL, WIDE), dynamic=True, is_normalised=True,
            fold=True),
    Fixture("monodepth2-r18", Monodepth2, ("disparity",), (SMALL, WIDE)),
    Fixture("hr-depth-r18", HRDepth, ("disparity",), (SMALL, WIDE)),
    Fixture("fastdepth", FastDepth, ("depth",), (SMALL, WIDE)),
    Fixture("lite-mono", LiteMono, ("disparity",), (SMALL, WIDE)),
)


class Outputs(nn.Module):
    """A network with its dictionary of outputs turned into a tuple in a fixed order."""

    def __init__(self, network: nn.Module, names: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self.names = network, names

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        out = self.network(image)
        return tuple(out[name] for name in self.names)


def randomise(network: nn.Module, seed: int, size: tuple[int, int]) -> nn.Module:
    """Seeded random weights with realistic batch-norm statistics; returns the network in evaluation mode."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.normal_(module.bias, std=0.1)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.2)
            nn.init.normal_(module.bias, std=0.2)
            module.momentum = 1.0
    for name, parameter in network.named_parameters():
        if "gamma" in name:
            nn.init.uniform_(parameter, 0.2, 0.8)
    heads = [module for module in network.modules() if isinstance(module, nn.Conv2d) and module.out_channels == 1]
    for head in heads:
        nn.init.normal_(head.weight, std=0.5 / (head.weight[0].numel() ** 0.5))
    network.train()
    channels = next(module.in_channels for module in network.modules() if isinstance(module, nn.Conv2d))
    with torch.no_grad():
        network(torch.randn(2, channels, size[1], size[0]) * 0.5 + 0.5)
    return network.eval()


def picture(size: tuple[int, int], seed: int, is_normalised: bool) -> np.ndarray:
    """Input (1, 3, H, W) float32: noise over smooth blobs in [0, 1], normalised where the network expects it."""
    rng = np.random.default_rng(seed)
    coarse = torch.from_numpy(rng.random((1, 3, max(2, size[1] // 16), max(2, size[0] // 16)), dtype=np.float32))
    smooth = torch.nn.functional.interpolate(coarse, size=(size[1], size[0]), mode="bicubic", align_corners=False).numpy()
    image = np.clip(smooth + 0.08 * rng.standard_normal(smooth.shape, dtype=np.float32), 0, 1).astype(np.float32)
    return ((image - 0.45) / 0.225).astype(np.float32) if is_normalised else image


def write_vector(folder: Path, model: Path | None, network: nn.Module, fixture: Fixture, size: tuple[int, int],
                 seed: int, is_dynamic: bool) -> None:
    """Writes one folder of golden vectors; `model` is a graph to copy, or None to export one for this size."""
    folder.mkdir(parents=True, exist_ok=True)
    image = picture(size, seed, fixture.is_normalised)
    if model is None:
        export_graph(Outputs(network, fixture.outputs), (torch.from_numpy(image),), folder / "model.onnx", ["image"],
                     list(fixture.outputs), dynamic=is_dynamic, fold=fixture.fold)
    elif model != folder / "model.onnx":
        shutil.copyfile(model, folder / "model.onnx")
    with torch.no_grad():
        outputs = [output.numpy() for output in Outputs(network, fixture.outputs)(torch.from_numpy(image))]
    np.save(folder / "input.npy", image)
    for index, output in enumerate(outputs):
        np.save(folder / ("output.npy" if index == 0 else f"output_{index}.npy"), output)
    operators = sorted({node.op_type for node in onnx.load(folder / "model.onnx").graph.node})
    meta = {"network": fixture.name, "width": size[0], "height": size[1], "dynamic_size": is_dynamic, "seed": seed,
            "input": "image", "outputs": list(fixture.outputs), "operators": operators,
            "output_range": [[float(output.min()), float(output.max())] for output in outputs],
            "absolute_tolerance": [3e-4 * max(1.0, float(np.abs(output).max())) for output in outputs], "torch": torch.__version__}
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")


def write_all(out: Path, names: set[str] | None = None, seed: int = 7) -> None:
    """Writes every fixture (or those named) under `out`."""
    for fixture in FIXTURES:
        if names and fixture.name not in names:
            continue
        network = randomise(fixture.build(), seed, SMALL)
        for size in fixture.sizes:
            write_vector(out / f"{fixture.name}-{size[0]}x{size[1]}", None, network, fixture, size, seed, False)
        model = None
        for size in (WIDE, (256, 192)) if fixture.dynamic else ():
            folder = out / f"{fixture.name}-dynamic-{size[0]}x{size[1]}"
            write_vector(folder, model, network, fixture, size, seed + 1, True)
            model = model or folder / "model.onnx"
        if fixture.name in ATTACHMENTS:
            write_completion_vectors(out / f"completion-{fixture.name}-{WIDE[0]}x{WIDE[1]}", network, fixture.name,
                                     picture(WIDE, seed + 2, fixture.is_normalised), seed)
        print(f"{fixture.name}: written", flush=True)
    if not names or FUSION in names:
        write_fusion_vectors(out, seed)
        print(f"{FUSION}: written", flush=True)
    if not names or POSE in names:
        write_pose_vectors(out, randomise, picture, seed)
        print(f"{POSE}: written", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", action="append", choices=[*(fixture.name for fixture in FIXTURES), FUSION, POSE])
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    write_all(arguments.out, set(arguments.only) if arguments.only else None, arguments.seed)


if __name__ == "__main__":
    main()
