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
from depthtrain.networks.split import SplitNetwork

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

    def coarse(self, maps: list[torch.Tensor]) -> torch.Tensor:
        """The stride-16 node (B, 256, H/16, W/16): the F_s of prior fusion. ELU lets it fall to -1."""
        return self._node(maps[4], 4, maps)

    def fine(self, x: torch.Tensor, maps: list[torch.Tensor]) -> list[torch.Tensor]:
        """Sigmoid disparities from the stride-16 node on, finest first (only the first in evaluation)."""
        disparities: list[torch.Tensor] = []
        for level in (3, 2, 1, 0):
            x = self._node(x, level, maps)
            if level == 0 or self.training:
                disparities.insert(0, torch.sigmoid(self.decoder[10 + level](x)))
        return disparities

    def _node(self, x: torch.Tensor, level: int, maps: list[torch.Tensor]) -> torch.Tensor:
        step = 4 - level
        x = up2_nearest(self.decoder[2 * step](x))
        if level > 0:
            x = torch.cat([x, maps[level - 1]], dim=1)
        return self.decoder[2 * step + 1](x)


class Monodepth2(SplitNetwork):
    """Image (B, 3, H, W) in [0, 1] -> {"disparity": (B, 1, H, W)}; coarser ones too in training mode."""

    feature_channels = 256
    skip_names = ("skip_2", "skip_4", "skip_8")

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Monodepth2Encoder()
        self.decoder = Monodepth2Decoder()

    def encode(self, image: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        maps = self.encoder(image)
        return self.decoder.coarse(maps), maps[:3]

    def decode(self, f_o: torch.Tensor, skips: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        return dict(zip(("disparity", "disparity_2", "disparity_4", "disparity_8"), self.decoder.fine(f_o, skips)))
