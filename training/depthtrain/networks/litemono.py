"""Lite-Mono: dilated depthwise convolutions and cross-covariance attention (3.08 M parameters).

Source: Zhang et al., CVPR 2023 (dilated blocks "CDC", attention blocks "LGFI"); XCA from XCiT (NeurIPS 2021). Graphs of it
are exported for one size at a time, because its positional encoding is a constant of the size.
"""

from __future__ import annotations

import math

import torch
from torch import nn
import torch.nn.functional as F

from depthtrain.networks.blocks import ReflectConv3x3, up2_bilinear
from depthtrain.networks.diffnet import ReflectELU

WIDTHS = (48, 80, 128)
DILATIONS = ((1, 2, 3), (1, 2, 3), (1, 2, 3, 1, 2, 3, 2, 4, 6))
EXPANSION, HEADS = 6, 8


def _bn_gelu(c_in: int, c_out: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False), nn.BatchNorm2d(c_out), nn.GELU())


class PointwiseMLP(nn.Module):
    """Linear C -> 6C, GELU, linear 6C -> C and a learned per-channel scale, on (B, H, W, C)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.expand = nn.Linear(width, EXPANSION * width)
        self.reduce = nn.Linear(EXPANSION * width, width)
        self.gamma = nn.Parameter(1e-6 * torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.gamma * self.reduce(F.gelu(self.expand(x)))


class DilatedBlock(nn.Module):
    """Depthwise 3x3 with dilation, batch norm, pointwise MLP, residual."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv2d(width, width, 3, 1, dilation, dilation, groups=width, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.mlp = PointwiseMLP(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.mlp(self.norm(self.depthwise(x)).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class FourierPosition(nn.Module):
    """Sine and cosine of the normalised row and column, projected by a 1x1 convolution to (1, C, H, W)."""

    def __init__(self, width: int, hidden: int = 32) -> None:
        super().__init__()
        self.hidden = hidden
        self.project = nn.Conv2d(2 * hidden, width, 1)

    def forward(self, height: int, width: int) -> torch.Tensor:
        period = 10000.0 ** (2 * torch.div(torch.arange(self.hidden), 2, rounding_mode="floor") / self.hidden)
        planes = []
        for count in (height, width):
            angle = (torch.arange(1, count + 1) / (count + 1e-6) * 2 * math.pi)[:, None] / period
            planes.append(torch.stack([angle[:, 0::2].sin(), angle[:, 1::2].cos()], dim=2).flatten(1))
        rows = planes[0][:, None, :].expand(height, width, self.hidden)
        columns = planes[1][None, :, :].expand(height, width, self.hidden)
        return self.project(torch.cat([rows, columns], dim=2).permute(2, 0, 1).unsqueeze(0))


class CrossCovarianceAttention(nn.Module):
    """XCA: attention between channels. softmax(normalise(q) normalise(k)^T * temperature) v on tokens (B, N, C)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.temperature = nn.Parameter(torch.ones(HEADS, 1, 1))
        self.qkv = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, tokens, width = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, HEADS, width // HEADS).permute(2, 0, 3, 4, 1)
        q, k = F.normalize(q, dim=-1), F.normalize(k, dim=-1)
        attention = ((q @ k.transpose(-2, -1)) * self.temperature).softmax(dim=-1)
        return self.project((attention @ v).permute(0, 3, 1, 2).reshape(batch, tokens, width))


class AttentionBlock(nn.Module):
    """LGFI: optional position, layer norm, XCA, layer norm, pointwise MLP, with residuals."""

    def __init__(self, width: int, has_position: bool) -> None:
        super().__init__()
        self.position = FourierPosition(width) if has_position else None
        self.norm_attention = nn.LayerNorm(width, eps=1e-6)
        self.attention = CrossCovarianceAttention(width)
        self.gamma_attention = nn.Parameter(1e-6 * torch.ones(width))
        self.norm = nn.LayerNorm(width, eps=1e-6)
        self.mlp = PointwiseMLP(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        height, width = int(x.shape[2]), int(x.shape[3])
        tokens = x.flatten(2).permute(0, 2, 1)
        if self.position is not None:
            tokens = tokens + self.position(height, width).flatten(2).permute(0, 2, 1)
        tokens = tokens + self.gamma_attention * self.attention(self.norm_attention(tokens))
        grid = tokens.reshape(tokens.shape[0], height, width, -1)
        return x + self.mlp(self.norm(grid)).permute(0, 3, 1, 2)


class LiteMono(nn.Module):
    """Image (B, 3, H, W) in [0, 1] -> {"disparity": (B, 1, H, W)}."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(_bn_gelu(3, 48, 2), _bn_gelu(48, 48, 1), _bn_gelu(48, 48, 1))
        self.reduce = nn.ModuleList([nn.Conv2d(48 + 3, 48, 3, 2, 1, bias=False)] +
                                    [nn.Conv2d(2 * c_in + 3, c_out, 3, 2, 1, bias=False) for c_in, c_out in zip(WIDTHS, WIDTHS[1:])])
        self.stages = nn.ModuleList([
            nn.Sequential(*[DilatedBlock(width, dilation) for dilation in dilations], AttentionBlock(width, index == 0))
            for index, (width, dilations) in enumerate(zip(WIDTHS, DILATIONS))])
        halves = [width // 2 for width in WIDTHS]
        self.up = nn.ModuleList([ReflectELU(128, halves[2]), ReflectELU(halves[2], halves[1]), ReflectELU(halves[1], halves[0])])
        self.merge = nn.ModuleList([ReflectELU(halves[2] + 80, halves[2]), ReflectELU(halves[1] + 48, halves[1]),
                                    ReflectELU(halves[0], halves[0])])
        self.head = ReflectConv3x3(halves[0], 1)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        x = (image - 0.45) / 0.225
        pyramid = [x]
        for _ in range(3):
            pyramid.append(F.avg_pool2d(pyramid[-1], 2))
        parts, features = [self.stem(x)], []
        for level, (reduce, stage) in enumerate(zip(self.reduce, self.stages)):
            start = reduce(torch.cat([*parts, pyramid[level + 1]], dim=1))
            features.append(stage(start))
            parts = [start, features[-1]]
        y = features[2]
        for step, (up, merge) in enumerate(zip(self.up, self.merge)):
            y = up2_bilinear(up(y))
            y = merge(torch.cat([y, features[1 - step]], dim=1) if step < 2 else y)
        return {"disparity": torch.sigmoid(up2_bilinear(self.head(y)))}
