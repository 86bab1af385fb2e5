"""View reconstruction through the objective."""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F

from depthtrain.geometry import warp
from one_batch import NOTHING, batch_of, fit


def test_view_reconstruction_overfits_one_batch() -> None:
    """Depth is learned from images of twice the network's size alone; what leaves the source at the border is not judged."""
    batch, depth = batch_of(photometric=True)
    rich = lambda plane: F.interpolate(plane, scale_factor=2.0, mode="bilinear", align_corners=False)
    sources, K = rich(batch.sources[:, 0]), batch.intrinsics.clone()
    K[:, :2], K[:, 2:] = 2 * K[:, :2], 2 * K[:, 2:] + 0.5
    target = warp(sources, rich(depth), batch.T_source_target[:, 0], K)[0]
    clean = F.avg_pool2d(target, 2)
    batch = dataclasses.replace(batch, clean=clean, image=(clean - 0.45) / 0.225, rich_target=target,
                                rich_sources=torch.stack([sources, sources], dim=1))
    _, history, learned = fit(batch, dataclasses.replace(NOTHING, view=1.0, smoothness=1e-3), 150)
    inside = ((learned - depth).abs() / depth)[..., 4:-4, 14:-14]
    assert float(inside.mean()) < 0.12 and min(history[-10:]) < 0.3 * history[0]
