"""Golden vectors for completion: points in, additions to the decoder's inputs and disparity out, as PyTorch has them.

Layout: DIR/completion-<architecture>-<W>x<H>/{san.safetensors, decoder.onnx, f_o.npy, <skip>.npy, ...} and per case a folder
{points.npy, thinned.npy, addition_<stride>.npy, disparity.npy, [log_sigma.npy]}, all float32. points.npy (H, W) is sparse
depth in the network's unit before thinning, 0 = none; additions are P_i before enlarging; meta.json has counts and
tolerances. Written by `python -m depthtrain.vectors` beside the networks.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from depthtrain.completion_file import FILE_NAME, write_completion
from depthtrain.data.sparsity import thin
from depthtrain.export import DecoderGraph
from depthtrain.networks.san import MIN_POINTS, STRIDES, CellNorm, SparseAuxiliaryNetwork
from depthtrain.networks.split import SplitNetwork
from depthtrain.onnxfile import export_graph

CASES = {"none": 0, "too-few": MIN_POINTS - 1, "fewest": MIN_POINTS, "some": 300, "many": 2000, "every-pixel": -1}
"""Number of random points by case; -1 = all pixels."""


def random_completion(architecture: str, seed: int, min_depth: float = 0.1, max_depth: float = 100.0) -> SparseAuxiliaryNetwork:
    """A completion network with seeded random weights, statistics and scalars, none of them neutral."""
    torch.manual_seed(seed)
    san = SparseAuxiliaryNetwork(architecture, min_depth, max_depth)
    for module in san.modules():
        if isinstance(module, CellNorm):
            for values, low, high in ((module.running_mean, -0.3, 0.3), (module.running_var, 0.5, 2.0),
                                      (module.weight.data, 0.5, 1.2), (module.bias.data, -0.3, 0.4)):
                values.uniform_(low, high)
    for projection in san.projections:
        torch.nn.init.normal_(projection.weight, std=0.1)
    san.weight.data.uniform_(0.7, 1.2)
    san.bias.data.uniform_(-0.1, 0.1)
    return san.eval()


def write_completion_vectors(folder: Path, network: SplitNetwork, architecture: str, image: np.ndarray, seed: int) -> None:
    """Writes the folder for a network in evaluation mode and one normalised image (1, 3, H, W)."""
    folder.mkdir(parents=True, exist_ok=True)
    san, rng = random_completion(architecture, seed), np.random.default_rng(seed)
    write_completion(folder / FILE_NAME, san)
    with torch.no_grad():
        f_s, skips = network.encode(torch.from_numpy(image))
        outputs = [name for name in ("disparity", "log_sigma") if name in network.decode(f_s, skips)]
    maps = {"f_o": f_s, **dict(zip(network.skip_names, skips))}
    export_graph(DecoderGraph(network), tuple(maps.values()), folder / "decoder.onnx", list(maps), outputs, dynamic=True)
    for name, value in maps.items():
        np.save(folder / f"{name}.npy", value.numpy())
    cases = {}
    for case, count in CASES.items():
        points = _points(image.shape[2:], count, rng)
        cases[case] = {"count": int((points > 0).sum()), **_write_case(folder / case, network, san, maps, points)}
    meta = {"architecture": architecture, "width": image.shape[3], "height": image.shape[2], "seed": seed,
            "inputs": list(maps), "outputs": outputs, "strides": list(STRIDES), "cases": cases, "torch": torch.__version__}
    (folder / "meta.json").write_text(json.dumps(meta, indent=2) + "\n")


def _points(shape: tuple[int, int], count: int, rng: np.random.Generator) -> np.ndarray:
    depth = np.exp(rng.uniform(np.log(0.5), np.log(80.0), shape)).astype(np.float32)
    if count < 0:
        return depth
    points = np.zeros(shape, np.float32)
    chosen = rng.choice(points.size, count, replace=False)
    points.ravel()[chosen] = depth.ravel()[chosen]
    return points


def _write_case(folder: Path, network: SplitNetwork, san: SparseAuxiliaryNetwork, maps: dict[str, torch.Tensor],
                points: np.ndarray) -> dict:
    folder.mkdir(exist_ok=True)
    thinned = thin(points)
    tensor = torch.from_numpy(points)[None, None]
    with torch.no_grad():
        additions = san.additions(torch.from_numpy(thinned)[None, None])
        out = san.complete(network, maps["f_o"], [maps[name] for name in network.skip_names], tensor,
                           torch.tensor([int((points > 0).sum())]))
    arrays = {"points": points, "thinned": thinned, "disparity": out["disparity"].numpy(),
              **{f"addition_{stride}": addition.numpy() for stride, addition in zip(STRIDES, additions)}}
    if "log_sigma" in out:
        arrays["log_sigma"] = out["log_sigma"].numpy()
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return {"absolute_tolerance": {name: 3e-4 * max(1.0, float(np.abs(array).max())) for name, array in arrays.items()
                                   if name not in ("points", "thinned")}}
