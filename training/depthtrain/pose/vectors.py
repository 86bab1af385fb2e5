"""Golden vectors of the pose network: a random one, the same graph at two sizes, and what PyTorch says.

Layout: DIR/pose-small-dynamic-<W>x<H>/{model.onnx, input.npy, output.npy (axis_angle), output_1.npy (translation_m), meta.json}.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from depthtrain.networks.posenet_small import PoseNetSmall
from depthtrain.onnxfile import export_graph

NAME = "pose-small"
SIZES = ((208, 64), (128, 96))
INPUT, OUTPUTS = "pair", ["axis_angle", "translation_m"]


def write_pose_vectors(out: Path, randomise: Callable[[nn.Module, int, tuple[int, int]], nn.Module],
                       picture: Callable[[tuple[int, int], int, bool], np.ndarray], seed: int = 7) -> None:
    """Writes a folder per size; `randomise` and `picture` are those of depthtrain.vectors."""
    network, first = randomise(PoseNetSmall(), seed, SIZES[0]), None
    for size in SIZES:
        folder = out / f"{NAME}-dynamic-{size[0]}x{size[1]}"
        folder.mkdir(parents=True, exist_ok=True)
        pair = np.concatenate([picture(size, seed + frame, True) for frame in (1, 2)], axis=1)
        if first is None:
            first = folder / "model.onnx"
            export_graph(network, (torch.from_numpy(pair),), first, [INPUT], OUTPUTS, dynamic=True)
        else:
            shutil.copyfile(first, folder / "model.onnx")
        with torch.no_grad():
            outputs = [output.numpy() for output in network(torch.from_numpy(pair))]
        np.save(folder / "input.npy", pair)
        for name, output in zip(("output.npy", "output_1.npy"), outputs):
            np.save(folder / name, output)
        meta = {"network": NAME, "width": size[0], "height": size[1], "dynamic_size": True, "seed": seed, "input": INPUT,
                "outputs": OUTPUTS, "absolute_tolerance": [3e-4 * float(np.abs(output).max()) for output in outputs],
                "torch": torch.__version__}
        (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")
