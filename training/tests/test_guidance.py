"""Semantic guidance: its convolution by hand, and that it teaches what the picture does not show."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from depthtrain.config import Guidance, ModelRecipe
from depthtrain.geometry import disparity_to_depth
from depthtrain.teacher.guidance import PixelAdaptiveConv, SemanticGuidance
from one_batch import HEIGHT, NOTHING, WIDTH, batch_of, fit


def test_pixel_adaptive_convolution_by_hand() -> None:
    torch.manual_seed(0)
    conv, v, f = PixelAdaptiveConv(3), torch.randn(1, 3, 4, 5), torch.randn(1, 2, 4, 5)
    with torch.no_grad():
        conv.weight.normal_()
        conv.bias.normal_()
        out = conv(v, f)
        for row, column in ((0, 0), (2, 3), (3, 4)):
            expected = conv.bias.clone()
            for dy in (-1, 0, 1):
                for dx in (-1, 0, 1):
                    y, x = row + dy, column + dx
                    if 0 <= y < 4 and 0 <= x < 5:
                        kernel = torch.exp(-0.5 * ((f[0, :, y, x] - f[0, :, row, column]) ** 2).sum())
                        expected += kernel * (conv.weight[:, :, dy + 1, dx + 1] @ v[0, :, y, x])
            assert torch.allclose(out[0, :, row, column], expected, atol=1e-5)
        plain = torch.nn.functional.conv2d(v, conv.weight, conv.bias, padding=1)
        assert torch.allclose(conv(v, torch.zeros_like(f)), plain, atol=1e-5)  # one class everywhere: a plain convolution


def test_classes_stand_apart_by_the_sharpness() -> None:
    features = SemanticGuidance(3, 2.0).features(torch.tensor([[[0, 0, 2, 2], [0, 0, 2, 255]]]), 2)
    assert features.shape == (1, 3, 1, 2)
    assert float((features[0, :, 0, 0] - torch.tensor([2 / 2 ** 0.5, 0, 0])).abs().max()) < 1e-6
    assert float(features[0, 2, 0, 1]) == pytest.approx(0.75 * 2 / 2 ** 0.5)


def test_semantic_guidance_overfits_one_batch() -> None:
    """Twice the same picture, with a step in depth that it does not show, 16 px further to the right the second time: only
    where the classes meet says which it is. Without them the two depths between would be one, off by at least 0.35."""
    batch, _ = batch_of(photometric=False)
    columns = torch.arange(WIDTH).expand(HEIGHT, WIDTH)
    labels = torch.stack([columns >= 40, columns >= 56]).long()
    depth = 3.0 * (1 + labels[:, None].float())
    clean = (columns / WIDTH).expand(2, 3, HEIGHT, WIDTH)
    batch = dataclasses.replace(batch, image=(clean - 0.45) / 0.225, clean=clean, depth=depth, labels=labels)
    learner, history, _ = fit(batch, dataclasses.replace(NOTHING, log_l1=1.0), 120, model=ModelRecipe("teacher-lite"),
                              guidance=Guidance(classes=2))
    with torch.no_grad():
        learned = disparity_to_depth(learner.train().networks["depth"](batch.image, labels=labels)["disparity"], 0.1, 100.0)
    between = (learned / depth).log().abs()[..., 40:56]
    assert float(between.mean()) < 0.15 and min(history[-10:]) < 0.1 * history[0]
