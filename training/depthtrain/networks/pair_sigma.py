"""How far off the reprojection of a pair of frames will be, pixel by pixel: trained beside a depth network, never exported."""

from __future__ import annotations

import math

import torch
from torch import nn

from depthtrain.losses.distillation import LOG_SIGMA_RANGE
from depthtrain.networks.blocks import ReflectConv3x3, conv_bn_relu, up2_bilinear, up2_nearest


class PairSigma(nn.Module):
    """Target and source (B, 6, H, W), normalised -> log sigma of their photometric error (B, 1, H, W) in (-6, 1).

    Four strided CBR blocks and a decoder with skips to half resolution, 0.21 M parameters, where SUB-Depth has a ResNet-18 and
    a U-Net. It starts at sigma = 1 everywhere: the weighted term starts as the plain one.
    """

    def __init__(self) -> None:
        super().__init__()
        widths = (6, 16, 32, 64, 96)
        self.down = nn.ModuleList([conv_bn_relu(c_in, c_out, 3, 2) for c_in, c_out in zip(widths, widths[1:])])
        self.up = nn.ModuleList([conv_bn_relu(deep + skip, skip, 3) for deep, skip in ((96, 64), (64, 32), (32, 16))])
        self.head = ReflectConv3x3(16, 1)
        low, high = LOG_SIGMA_RANGE
        nn.init.zeros_(self.head.conv.weight)
        nn.init.constant_(self.head.conv.bias, math.log(-low / high))

    def forward(self, pair: torch.Tensor) -> torch.Tensor:
        features = [pair]
        for block in self.down:
            features.append(block(features[-1]))
        x = features.pop()
        for block in self.up:
            x = block(torch.cat((up2_nearest(x), features.pop()), dim=1))
        low, high = LOG_SIGMA_RANGE
        return low + (high - low) * torch.sigmoid(up2_bilinear(self.head(x)))
