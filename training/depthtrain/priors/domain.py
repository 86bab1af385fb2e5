"""What is usual in a bank's own domain, measured on frames that it was not made of: the metadata entry `in_domain`.

docs/bundle.md, "What a bank knows of its domain", says how the daemon uses it; `depthctl bank select` measures the same.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F

from depthtrain.networks.split import SplitNetwork
from depthtrain.priors.bank import Bank

KEY = "in_domain"
CELL = 16
MEANS = ("entropy", "prior_spread", "best_logit")


@torch.no_grad()
def measure(network: SplitNetwork, bank: Bank, images: Iterable[torch.Tensor], min_depth_m: float, max_depth_m: float) -> str | None:
    """The entry as JSON, six digits of each number; None without images. Images are (1, 3, H, W), normalised."""
    means: dict[str, list[float]] = {name: [] for name in MEANS}
    variances: list[np.ndarray] = []
    for image in images:
        f_s, skips = network.encode(image)
        fused = bank.fuse(f_s)
        disparity = F.avg_pool2d(network.decode(fused.f_o, skips)["disparity"], CELL)
        for name in MEANS:
            means[name].append(float(getattr(fused, name).mean()))
        variances.append(deviation_variance(disparity, fused.prior_disparity, fused.prior_spread, min_depth_m, max_depth_m)
                         .flatten().numpy())
    if not variances:
        return None
    deviation = np.quantile(np.sqrt(np.concatenate(variances).astype(np.float64)), 0.95)
    lists = ", ".join(f'"{name}": [{", ".join(f"{value:.6g}" for value in np.quantile(means[name], (0.01, 0.5, 0.99)))}]'
                      for name in MEANS)
    return f'{{"frames": {len(variances)}, {lists}, "deviation": {deviation:.6g}}}'


def deviation_variance(disparity: torch.Tensor, prior: torch.Tensor, spread: torch.Tensor, min_depth_m: float,
                       max_depth_m: float) -> torch.Tensor:
    """E[(ln z_r - ln z)^2] over the attended references r: squared distance of the prior from the network plus the priors' own
    variance, which is that of ln disparity times the squared slope of ln depth (Lakshminarayanan et al. 2017, section 2.4)."""
    far = 1 / max_depth_m
    slope = 1 / min_depth_m - far
    inverse = far + slope * prior
    return torch.log((far + slope * disparity) / inverse) ** 2 + (spread * slope * prior / inverse) ** 2
