"""HRNet-W18 encoder as DIFFNet uses it: four resolutions in parallel, every stage's maps handed to the decoder.

Module and parameter names are exactly those of the published DIFFNet `encoder.pth`. Input is RGB in [0, 1], not
normalised. Source: HRNet (CVPR 2019); DIFFNet (BMVC 2021).
"""

from __future__ import annotations

import torch
from torch import nn
import torch.nn.functional as F

from depthtrain.networks.blocks import conv_bn, conv_bn_relu
from depthtrain.networks.resnet import BasicBlock

WIDTHS = (18, 36, 72, 144)


class Bottleneck(nn.Module):
    """1x1 -> 3x3 -> 1x1 with expansion 4, ReLU after the sum."""

    def __init__(self, c_in: int, planes: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.downsample = conv_bn(c_in, 4 * planes, 1) if c_in != 4 * planes else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return F.relu(self.bn3(self.conv3(x)) + identity)


class HRModule(nn.Module):
    """Four basic blocks per branch, then full exchange: y_i = ReLU(sum_j t_ij(x_j)) in the order j = 0, 1, ..."""

    def __init__(self, branches: int) -> None:
        super().__init__()
        widths = WIDTHS[:branches]
        self.branches = nn.ModuleList([nn.Sequential(*[BasicBlock(width, width) for _ in range(4)]) for width in widths])
        self.fuse_layers = nn.ModuleList([nn.ModuleList([_exchange(i, j) for j in range(branches)]) for i in range(branches)])

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        maps = [branch(x) for branch, x in zip(self.branches, maps)]
        fused = []
        for i, row in enumerate(self.fuse_layers):
            total = None
            for j, layer in enumerate(row):
                part = maps[j] if i == j else layer(maps[j])
                if j > i:
                    part = F.interpolate(part, scale_factor=float(2 ** (j - i)), mode="bilinear", align_corners=True)
                total = part if total is None else total + part
            fused.append(F.relu(total))
        return fused


class HRNet18(nn.Module):
    """Image (B, 3, H, W) -> five lists of maps at strides 2, 4, 8, 16, 32 with 64, 118, 108, 144, 144 channels in all."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 2, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.conv2 = nn.Conv2d(64, 64, 3, 2, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.layer1 = nn.Sequential(Bottleneck(64, 64), *[Bottleneck(256, 64) for _ in range(3)])
        self.transition1 = nn.ModuleList([conv_bn_relu(256, 18, 3), nn.Sequential(conv_bn_relu(256, 36, 3, 2))])
        self.stage2 = nn.Sequential(HRModule(2))
        self.transition2 = nn.ModuleList([None, None, nn.Sequential(conv_bn_relu(36, 72, 3, 2))])
        self.stage3 = nn.Sequential(*[HRModule(3) for _ in range(4)])
        self.transition3 = nn.ModuleList([None, None, None, nn.Sequential(conv_bn_relu(72, 144, 3, 2))])
        self.stage4 = nn.Sequential(*[HRModule(4) for _ in range(3)])

    def forward(self, image: torch.Tensor) -> list[list[torch.Tensor]]:
        f64 = F.relu(self.bn1(self.conv1(image)))
        tap = F.relu(self.bn2(self.conv2(f64)))
        x = self.layer1(tap)
        y2 = self.stage2([layer(x) for layer in self.transition1])
        y3 = self.stage3([*y2, self.transition2[2](y2[1])])
        y4 = self.stage4([*y3, self.transition3[3](y3[2])])
        return [[f64], [tap, y2[0], y3[0], y4[0]], [y2[1], y3[1], y4[1]], [y3[2], y4[2]], [y4[3]]]


def _exchange(i: int, j: int) -> nn.Module | None:
    """t_ij: identity, 1x1 for coarser to finer (resized by the caller), or a chain of strided 3x3 for finer to coarser."""
    if i == j:
        return None
    if j > i:
        return conv_bn(WIDTHS[j], WIDTHS[i], 1)
    steps: list[nn.Module] = [conv_bn_relu(WIDTHS[j], WIDTHS[j], 3, 2) for _ in range(i - j - 1)]
    return nn.Sequential(*steps, conv_bn(WIDTHS[j], WIDTHS[i], 3, 2))
