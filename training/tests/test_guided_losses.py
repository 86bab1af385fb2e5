"""What richer resources teach, through the objective: view reconstruction and gradient consistency."""

from __future__ import annotations

import dataclasses

import torch
import torch.nn.functional as F

from depthtrain.geometry import warp
from one_batch import HEIGHT, NOTHING, WIDTH, batch_of, fit


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


def test_gradient_consistency_overfits_one_batch() -> None:
    """The teacher knows a step in depth, a ramp 12 px wide at another place in each picture: the student has its own there
    and is flat elsewhere, whatever unit the teacher counts in."""
    batch, _ = batch_of(photometric=False)
    columns = torch.arange(WIDTH, dtype=torch.float32)
    ramps = torch.stack([((columns - first) / 12).clamp(0, 1) for first in (30.0, 54.0)])
    taught = 1 / (0.1 + 0.2 * ramps[:, None, None, :].expand(2, 1, HEIGHT, WIDTH))
    batch = dataclasses.replace(batch, teacher_depth=taught, teacher_weight=torch.ones_like(taught))
    _, history, learned = fit(batch, dataclasses.replace(NOTHING, consistency=1.0), 150)
    inverse = 1 / learned
    steps = (inverse.diff(dim=3) / inverse.mean(dim=(1, 2, 3), keepdim=True)).abs()[:, 0].mean(1)
    on_ramp = ramps.diff(dim=1) > 0
    assert min(history[-10:]) < 0.4 * history[0]
    for row, inside in zip(steps, on_ramp):
        assert float(row[inside].mean()) > 10 * float(row[~inside].mean())
