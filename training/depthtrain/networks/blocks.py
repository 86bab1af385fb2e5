"""Small building blocks shared by the networks. "CBR" = convolution, batch norm, ReLU; "CB" the same without ReLU."""

from __future__ import annotations

import torch
from torch import nn
import torch.nn.functional as F

from depthtrain.networks.depthwise import DepthwiseConv2d


def conv_bn(c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """CB: bias-free convolution with zero padding k//2, then batch norm. (B, c_in, H, W) -> (B, c_out, H/s, W/s)."""
    is_depthwise = groups == c_in == c_out
    convolution = (DepthwiseConv2d(c_in, kernel, stride) if is_depthwise
                   else nn.Conv2d(c_in, c_out, kernel, stride, kernel // 2, groups=groups, bias=False))
    return nn.Sequential(convolution, nn.BatchNorm2d(c_out))


def conv_bn_relu(c_in: int, c_out: int, kernel: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """CBR: `conv_bn` followed by ReLU."""
    return nn.Sequential(*conv_bn(c_in, c_out, kernel, stride, groups), nn.ReLU(inplace=True))


class ReflectConv3x3(nn.Module):
    """Reflection pad 1, then a 3x3 convolution."""

    def __init__(self, c_in: int, c_out: int, bias: bool = True) -> None:
        super().__init__()
        self.pad = nn.ReflectionPad2d(1)
        self.conv = nn.Conv2d(c_in, c_out, 3, bias=bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.conv(self.pad(x))


class ChannelAttention(nn.Module):
    """Squeeze and excitation: average pool, two bias-free linear layers, sigmoid, scale. Hidden = floor(C / 16).

    The linear layers are named fc.0 and fc.2 to match the published DIFFNet checkpoints.
    """

    def __init__(self, channels: int, ratio: int = 16) -> None:
        super().__init__()
        hidden = channels // ratio
        self.fc = nn.Sequential(nn.Linear(channels, hidden, bias=False), nn.ReLU(inplace=True),
                                nn.Linear(hidden, channels, bias=False))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        gate = torch.sigmoid(self.fc(x.mean(dim=(2, 3))))
        return x * gate[:, :, None, None]


class SigmaHead(nn.Sequential):
    """Features (B, C, H, W) -> log of the Laplace scale of the log-depth error, (B, 1, H, W), held in (-6, 2).

    It reads stop-gradient features, so that learning it cannot change the depth.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(nn.Conv2d(channels, 8, 1), nn.ReLU(inplace=True), ReflectConv3x3(8, 1))
        nn.init.constant_(self[2].conv.bias, 0.25)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 8.0 * torch.sigmoid(super().forward(x.detach())) + (-6.0)


def up2_nearest(x: torch.Tensor) -> torch.Tensor:
    """Nearest-neighbour x2 with a constant factor, so that exported graphs have no shape arithmetic."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest", recompute_scale_factor=False)


def up2_bilinear(x: torch.Tensor) -> torch.Tensor:
    """Bilinear x2 (half-pixel centres) with a constant factor."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False, recompute_scale_factor=False)
