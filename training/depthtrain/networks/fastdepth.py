"""FastDepth: MobileNet-v1 encoder, NNConv5 depthwise decoder with additive skips (3.96 M parameters).

The output is depth in metres, not disparity. Source: Wofk et al., ICRA 2019.
"""

from __future__ import annotations

import torch
from torch import nn

from depthtrain.networks.blocks import conv_bn, conv_bn_relu, up2_nearest

WIDTHS = (32, 64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
STRIDES = (2, 1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
DECODER_WIDTHS = (1024, 512, 256, 128, 64, 32)


def _relu6(layer: nn.Sequential) -> nn.Sequential:
    return nn.Sequential(*layer, nn.ReLU6(inplace=True))


class FastDepth(nn.Module):
    """Image (B, 3, H, W) in [0, 1] -> {"depth": (B, 1, H, W)} metres."""

    def __init__(self) -> None:
        super().__init__()
        layers = [_relu6(conv_bn(3, WIDTHS[0], 3, STRIDES[0]))]
        for c_in, c_out, stride in zip(WIDTHS, WIDTHS[1:], STRIDES[1:]):
            layers.append(nn.Sequential(*_relu6(conv_bn(c_in, c_in, 3, stride, groups=c_in)), *_relu6(conv_bn(c_in, c_out, 1))))
        self.encoder = nn.ModuleList(layers)
        self.decoder = nn.ModuleList([nn.Sequential(conv_bn_relu(c_in, c_in, 5, groups=c_in), conv_bn_relu(c_in, c_out, 1))
                                      for c_in, c_out in zip(DECODER_WIDTHS, DECODER_WIDTHS[1:])])
        self.head = conv_bn_relu(32, 1, 1)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        x, skips = image, {}
        for index, layer in enumerate(self.encoder):
            x = layer(x)
            if index in (1, 3, 5):
                skips[{1: 3, 3: 2, 5: 1}[index]] = x
        for index, layer in enumerate(self.decoder):
            x = up2_nearest(layer(x))
            if index in skips:
                x = x + skips[index]
        return {"depth": self.head(x)}
