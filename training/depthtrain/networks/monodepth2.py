"""Monodepth2 with ResNet-18: the baseline that everybody's ONNX file resembles (14.33 M parameters).

The input normalisation (x - 0.45) / 0.225 is part of the graph, as in the published code. State-dict names of the
decoder are `decoder.{0..13}`; the encoder's carry the prefix `encoder.`. Source: Godard et al., ICCV 2019.
"""

from __future__ import annotations

import torch
from torch import nn

from depthtrain.networks.blocks import ReflectConv3x3, up2_nearest
from depthtrain.networks.diffnet import ReflectELU
from depthtrain.networks.resnet import ResNet18

DECODER_WIDTHS = (16, 32, 64, 128, 256)


class Monodepth2Encoder(nn.Module):
    """Normalises and extracts five maps."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = ResNet18()

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        return self.encoder((image - 0.45) / 0.225)


class Monodepth2Decoder(nn.Module):
    """Five maps -> sigmoid disparities, finest first (only the first in evaluation)."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for level in range(4, -1, -1):
            c_in = 512 if level == 4 else DECODER_WIDTHS[level + 1]
            width = DECODER_WIDTHS[level]
            skip = ResNet18.channels[level - 1] if level > 0 else 0
            layers += [ReflectELU(c_in, width), ReflectELU(width + skip, width)]
        layers += [ReflectConv3x3(DECODER_WIDTHS[scale], 1) for scale in range(4)]
        self.decoder = nn.ModuleList(layers)

    def forward(self, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        x, disparities = maps[4], []
        for step, level in enumerate(range(4, -1, -1)):
            x = up2_nearest(self.decoder[2 * step](x))
            if level > 0:
                x = torch.cat([x, maps[level - 1]], dim=1)
            x = self.decoder[2 * step + 1](x)
            if level == 0 or (self.training and level < 4):
                disparities.insert(0, torch.sigmoid(self.decoder[10 + level](x)))
        return disparities


class Monodepth2(nn.Module):
    """Image (B, 3, H, W) in [0, 1] -> {"disparity": (B, 1, H, W)}; coarser ones too in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Monodepth2Encoder()
        self.decoder = Monodepth2Decoder()

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        return dict(zip(("disparity", "disparity_2", "disparity_4", "disparity_8"), self.decoder(self.encoder(image))))
