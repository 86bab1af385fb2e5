"""ResNet-18 feature extractor with the usual parameter names (conv1, bn1, layer1..4), written from the paper.

Returns the five feature maps at strides 2, 4, 8, 16, 32 with 64, 64, 128, 256, 512 channels.
"""

from __future__ import annotations

import torch
from torch import nn
import torch.nn.functional as F


class BasicBlock(nn.Module):
    """Two 3x3 convolutions with batch norm, identity or 1x1 projection, ReLU after the sum. Source: He et al. 2016."""

    def __init__(self, c_in: int, c_out: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, c_out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(c_out)
        self.conv2 = nn.Conv2d(c_out, c_out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(c_out)
        self.downsample = None
        if stride != 1 or c_in != c_out:
            self.downsample = nn.Sequential(nn.Conv2d(c_in, c_out, 1, stride, bias=False), nn.BatchNorm2d(c_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        identity = x if self.downsample is None else self.downsample(x)
        x = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(x)) + identity)


class ResNet18(nn.Module):
    """Five feature maps of an image (B, c_in, H, W), H and W multiples of 32."""

    channels = (64, 64, 128, 256, 512)

    def __init__(self, c_in: int = 3) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(c_in, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        self.layer1 = nn.Sequential(BasicBlock(64, 64), BasicBlock(64, 64))
        self.layer2 = nn.Sequential(BasicBlock(64, 128, 2), BasicBlock(128, 128))
        self.layer3 = nn.Sequential(BasicBlock(128, 256, 2), BasicBlock(256, 256))
        self.layer4 = nn.Sequential(BasicBlock(256, 512, 2), BasicBlock(512, 512))

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        return self.late(*self.early(image))

    def early(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The maps at strides 2 and 4, 64 channels each."""
        half = F.relu(self.bn1(self.conv1(image)))
        return half, self.layer1(self.maxpool(half))

    def late(self, half: torch.Tensor, quarter: torch.Tensor) -> list[torch.Tensor]:
        """All five maps from the first two."""
        features = [half, quarter]
        for layer in (self.layer2, self.layer3, self.layer4):
            features.append(layer(features[-1]))
        return features
