"""Whether a bundle's graphs are the network that they are said to be."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch

from depthtrain.bundle import BANK_NAME, BundleError, graph_predictor, open_bundle, sha256
from depthtrain.networks.split import SplitNetwork
from depthtrain.priors.bank import open_bank
from depthtrain.priors.fusion import FusedNetwork

TOLERANCE = 3e-4
"""In disparity: what other orders of summation do. One weight that is another one shows far above it."""


@torch.no_grad()
def verify(network: SplitNetwork | FusedNetwork, folder: Path, sizes: Iterable[tuple[int, int]]) -> float:
    """Largest difference in disparity between `network` and the bundle under ONNX Runtime, at each (width, height).

    Where the bundle has a bank, a plain network fuses with what that holds: its rounding to float16 is no error of the graphs.
    Raises BundleError above TOLERANCE.
    """
    path, worst, bank = open_bundle(folder).path, 0.0, None
    if (path / BANK_NAME).exists() and not isinstance(network, FusedNetwork):
        bank = open_bank(path / BANK_NAME, sha256(path / "encoder.onnx"))
    predict = graph_predictor(path, completes=False)
    for width, height in sizes:
        image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(width))
        f_s, skips = network.encode(image)
        expected = network.decode(f_s if bank is None else bank.fuse(f_s).f_o, skips)["disparity"][0, 0].numpy()
        worst = max(worst, float(np.abs(predict(image.numpy())[0] - expected).max()))
    if worst > TOLERANCE:
        raise BundleError(f"{folder}: its graphs are not this network; they differ by {worst:.1e} in disparity (at most {TOLERANCE})")
    return worst
