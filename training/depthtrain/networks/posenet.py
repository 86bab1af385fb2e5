"""Pose networks: two frames (B, 6, H, W), normalised and in temporal order -> axis-angle and translation (B, 3) each.

`PoseNet` is the published ResNet-18 form (monodepth2; 13.0 M parameters with its unused classifier); `PoseNetLight` is a small
strided stack for training on CPUs. Outputs are scaled by 0.01 so that training starts near identity.
"""

from __future__ import annotations

import torch
from torch import nn
import torch.nn.functional as F

from depthtrain.networks.blocks import conv_bn_relu
from depthtrain.networks.resnet import ResNet18

POSE_SCALE = 0.01


class PoseEncoder(nn.Module):
    """ResNet-18 over six channels under the published prefix `encoder.`; `fc` is in the checkpoints but never used."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = ResNet18(c_in=6)
        self.encoder.fc = nn.Linear(512, 1000)

    def forward(self, pair: torch.Tensor) -> torch.Tensor:
        return self.encoder(pair)[-1]


class PoseDecoder(nn.Module):
    """1x1 squeeze, two 3x3, 1x1 to 12 numbers, mean over the image. Of the two poses only the first is used."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.ModuleList([nn.Conv2d(512, 256, 1), nn.Conv2d(256, 256, 3, 1, 1), nn.Conv2d(256, 256, 3, 1, 1),
                                  nn.Conv2d(256, 12, 1)])

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        for layer in self.net[:-1]:
            features = F.relu(layer(features))
        pose = POSE_SCALE * self.net[-1](features).mean(dim=(2, 3))
        return pose[:, 0:3], pose[:, 3:6]


class PoseNet(nn.Module):
    """Published pose network; `encoder` and `decoder` load `pose_encoder.pth` and `pose.pth`."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = PoseEncoder()
        self.decoder = PoseDecoder()

    def forward(self, pair: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.decoder(self.encoder(pair))


class PoseNetLight(nn.Module):
    """Seven strided CBR blocks and a 1x1 head: 0.43 M parameters, for photometric runs with learned poses on a CPU."""

    def __init__(self) -> None:
        super().__init__()
        widths = (6, 16, 32, 64, 96, 128, 192)
        kernels = (7, 5, 3, 3, 3, 3)
        self.body = nn.Sequential(*[conv_bn_relu(c_in, c_out, kernel, 2)
                                    for c_in, c_out, kernel in zip(widths, widths[1:], kernels)])
        self.head = nn.Conv2d(widths[-1], 6, 1)

    def forward(self, pair: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        pose = POSE_SCALE * self.head(self.body(pair)).mean(dim=(2, 3))
        return pose[:, 0:3], pose[:, 3:6]
