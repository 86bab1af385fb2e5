"""HR-Depth with ResNet-18: a nested (UNet++-like) decoder with squeeze-and-excite at the fusing nodes.

Node X_ij sits at stride 2^(i+1), column j; it sees everything left of it in its row and the node below-left, enlarged.
Written from the paper's description (Lyu et al., AAAI 2021); used as an engine fixture, so its parameter names are its own.
"""

from __future__ import annotations

import torch
from torch import nn
import torch.nn.functional as F

from depthtrain.networks.blocks import ChannelAttention, ReflectConv3x3, up2_nearest
from depthtrain.networks.diffnet import ReflectELU
from depthtrain.networks.resnet import ResNet18

ENCODER_WIDTHS = ResNet18.channels
DECODER_WIDTHS = (16, 32, 64, 128, 256)
ATTENTION_NODES = ((3, 1), (2, 2), (1, 3), (0, 4))
PLAIN_NODES = ((0, 1), (1, 1), (2, 1), (0, 2), (1, 2), (0, 3))


class FeatureFusionSE(nn.Module):
    """fSE: nearest x2 of the high map, concat, squeeze and excite, 1x1 convolution, ReLU."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.attention = ChannelAttention(c_in)
        self.mix = nn.Conv2d(c_in, c_out, 1)

    def forward(self, high: torch.Tensor, lows: list[torch.Tensor]) -> torch.Tensor:
        return F.relu(self.mix(self.attention(torch.cat([up2_nearest(high), *lows], dim=1))))


class PlainFusion(nn.Module):
    """Nearest x2, concat, 1x1 reduction where the node has several lows, reflection-padded 3x3 and ELU."""

    def __init__(self, c_in: int, c_out: int, reduce: bool) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(c_in, 2 * c_out, 1, bias=False) if reduce else None
        self.conv = ReflectELU(2 * c_out if reduce else c_in, c_out)

    def forward(self, high: torch.Tensor, lows: list[torch.Tensor]) -> torch.Tensor:
        x = torch.cat([up2_nearest(high), *lows], dim=1)
        return self.conv(x if self.reduce is None else self.reduce(x))


class HRDepth(nn.Module):
    """Image (B, 3, H, W) in [0, 1] -> {"disparity": (B, 1, H, W)}."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = ResNet18()
        self.halve = nn.ModuleDict()
        self.fuse = nn.ModuleDict()
        for row, column in (*ATTENTION_NODES, *PLAIN_NODES):
            below = ENCODER_WIDTHS[row + 1] if column == 1 else self._width(row + 1, column - 1)
            lows = ENCODER_WIDTHS[row] + sum(self._width(row, j) for j in range(1, column))
            key, width = f"{row}{column}", self._width(row, column)
            self.halve[key] = ReflectELU(below, below // 2)
            is_attention = (row, column) in ATTENTION_NODES
            self.fuse[key] = (FeatureFusionSE(below // 2 + lows, width) if is_attention
                              else PlainFusion(below // 2 + lows, width, reduce=column > 1))
        self.last = nn.ModuleList([ReflectELU(32, 16), ReflectELU(16, 16)])
        self.head = ReflectConv3x3(16, 1)

    @staticmethod
    def _width(row: int, column: int) -> int:
        return DECODER_WIDTHS[row + 1]

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        nodes = {f"{row}0": x for row, x in enumerate(self.encoder((image - 0.45) / 0.225))}
        for column in range(1, 5):
            for row in range(0, 5 - column):
                key = f"{row}{column}"
                high = self.halve[key](nodes[f"{row + 1}{column - 1}"])
                nodes[key] = self.fuse[key](high, [nodes[f"{row}{j}"] for j in range(column)])
        x = self.last[1](up2_nearest(self.last[0](nodes["04"])))
        return {"disparity": torch.sigmoid(self.head(x))}
