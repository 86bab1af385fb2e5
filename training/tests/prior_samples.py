"""A small fusion and random references for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from depthtrain.priors.fusion import PriorFusion, References
from depthtrain.priors.references import ReferenceWriter

CHANNELS, REFERENCE_CHANNELS = 24, 40


def a_fusion(seed: int = 0, channels: int = CHANNELS) -> PriorFusion:
    torch.manual_seed(seed)
    fusion = PriorFusion(channels, REFERENCE_CHANNELS)
    torch.nn.init.normal_(fusion.compress.weight, std=0.3)
    with torch.no_grad():
        fusion.log_temperature.fill_(-1.0)
    return fusion.eval()


def some_references(count: int, seed: int = 1) -> References:
    generator = torch.Generator().manual_seed(seed)
    return References(torch.randn(count, REFERENCE_CHANNELS, generator=generator).half().float(),
                      torch.rand(count, generator=generator) * 0.1 + 1e-3)


def write_references(path: Path, references: References, **metadata: str) -> Path:
    count = len(references.disparity)
    with ReferenceWriter(path) as writer:
        for first in range(0, count, 100):  # frame by frame, as building does
            rows = slice(first, min(first + 100, count))
            number = rows.stop - first
            writer.add(references.features[rows].numpy(), references.disparity[rows].numpy(), np.ones(number), 0, first,
                       np.arange(number))
        writer.finish({"teacher": "t", "teacher_sha256": "00", "drives": '["d"]', "min_depth_m": "0.1",
                       "max_depth_m": "100", "canonical_fx_px": "240", **metadata})
    return path
