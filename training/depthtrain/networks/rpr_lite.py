"""RPr-Lite: the small conv-only student (1.08 M parameters, 0.33 GMAC at 416x128).

Own design: dense inverted residuals at strides 2-4, depthwise 5x5 inverted residuals at 8-32, DIFFNet's feature taps and
attention nodes in the decoder. Split at D4 (stride 16): F_s leaves the encoder, F_o enters the decoder, so that prior
fusion can sit between the two. Input is normalised, (B, 3, H, W) with H and W multiples of 32.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from depthtrain.networks.blocks import (ChannelAttention, ReflectConv3x3, SigmaHead, conv_bn, conv_bn_relu, up2_bilinear,
                                        up2_nearest)
from depthtrain.networks.split import SplitNetwork

Refinement = Callable[[int, torch.Tensor], torch.Tensor]
SKIP_NAMES = ("skip_2", "skip_4a", "skip_4b", "skip_8a", "skip_8b")


class FusedResidual(nn.Module):
    """FIR: CBR 3x3(s) in->e, CB 1x1 e->out, plus identity when shapes agree. No activation after the sum."""

    def __init__(self, c_in: int, expanded: int, c_out: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(conv_bn_relu(c_in, expanded, 3, stride), conv_bn(expanded, c_out, 1))
        self.has_identity = stride == 1 and c_in == c_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x) if self.has_identity else self.body(x)


class InvertedResidual(nn.Module):
    """IR: CBR 1x1 in->e, CBR depthwise 5x5(s), CB 1x1 e->out, plus identity when shapes agree (linear bottleneck)."""

    def __init__(self, c_in: int, expanded: int, c_out: int, stride: int = 1) -> None:
        super().__init__()
        self.body = nn.Sequential(conv_bn_relu(c_in, expanded, 1), conv_bn_relu(expanded, expanded, 5, stride, expanded),
                                  conv_bn(expanded, c_out, 1))
        self.has_identity = stride == 1 and c_in == c_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.body(x) if self.has_identity else self.body(x)


class AttentionNode(nn.Module):
    """Decoder node: nearest x2, concat with the lows, channel attention, CBR 1x1, CBR 3x3 with reflection padding."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.attention = ChannelAttention(c_in)
        self.mix = conv_bn_relu(c_in, c_out, 1)
        self.smooth = nn.Sequential(ReflectConv3x3(c_out, c_out, bias=False), nn.BatchNorm2d(c_out), nn.ReLU(inplace=True))

    def forward(self, high: torch.Tensor, lows: list[torch.Tensor]) -> torch.Tensor:
        return self.smooth(self.mix(self.attention(torch.cat([up2_nearest(high), *lows], dim=1))))


class LiteEncoder(nn.Module):
    """Image (B, 3, H, W) -> F_s (B, 64, H/16, W/16) and the skips in the order of SKIP_NAMES (16, 24, 24, 40, 40 ch)."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv_bn_relu(3, 16, 3, 2)
        self.e1 = nn.ModuleList([FusedResidual(16, 64, 24, 2), FusedResidual(24, 48, 24)])
        self.e2 = nn.ModuleList([InvertedResidual(24, 96, 40, 2)] + [InvertedResidual(40, 120, 40) for _ in range(2)])
        self.e3 = nn.ModuleList([InvertedResidual(40, 160, 96, 2)] + [InvertedResidual(96, 288, 96) for _ in range(4)])
        self.e4 = nn.ModuleList([InvertedResidual(96, 384, 160, 2)] + [InvertedResidual(160, 480, 160) for _ in range(3)])
        self.d4 = AttentionNode(352, 64)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        return self.late(*self.early(image))

    def early(self, image: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The maps down to stride 4: t2 (16 channels), t4a and t4b (24)."""
        t2 = self.stem(image)
        return t2, *_run(self.e1, t2)

    def late(self, t2: torch.Tensor, t4a: torch.Tensor, t4b: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """From the maps of `early` to F_s and all skips."""
        t8 = _run(self.e2, t4b)
        t16 = _run(self.e3, t8[-1])
        t32 = _run(self.e4, t16[-1])
        return self.d4(t32[-1], [t16[1], t16[4]]), [t2, t4a, t4b, t8[0], t8[2]]


class LiteDecoder(nn.Module):
    """F_o and the skips -> disparity (B, 1, H, W) in (0, 1) and log_sigma (B, 1, H, W), both at input size.

    In training mode the side heads at strides 4 and 8 are returned too.
    """

    def __init__(self) -> None:
        super().__init__()
        self.d3 = AttentionNode(144, 48)
        self.d2 = AttentionNode(96, 32)
        self.d1 = AttentionNode(48, 16)
        self.head0 = ReflectConv3x3(16, 1)
        self.head1 = ReflectConv3x3(32, 1)
        self.head2 = ReflectConv3x3(48, 1)
        self.sigma = SigmaHead(16)

    def forward(self, f_o: torch.Tensor, skips: list[torch.Tensor], refine: Refinement | None = None) -> dict[str, torch.Tensor]:
        """`refine` may change the maps at strides 8, 4 and 2 before they are used (a teacher's semantic guidance)."""
        t2, t4a, t4b, t8a, t8b = skips
        refine = refine or (lambda stride, x: x)
        x8 = refine(8, self.d3(f_o, [t8a, t8b]))
        x4 = refine(4, self.d2(x8, [t4a, t4b]))
        x2 = refine(2, self.d1(x4, [t2]))
        out = {"disparity": up2_bilinear(torch.sigmoid(self.head0(x2))),
               "log_sigma": up2_bilinear(self.sigma(x2))}
        if self.training:
            out["disparity_4"] = torch.sigmoid(self.head1(x4))
            out["disparity_8"] = torch.sigmoid(self.head2(x8))
        return out


class RPrLite(SplitNetwork):
    """Encoder and decoder joined."""

    feature_channels = 64
    skip_names = SKIP_NAMES

    def __init__(self) -> None:
        super().__init__()
        self.encoder = LiteEncoder()
        self.decoder = LiteDecoder()
        _initialise(self)

    def encode(self, image: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        return self.encoder(image)

    def decode(self, f_o: torch.Tensor, skips: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        return self.decoder(f_o, skips)


def _run(blocks: nn.ModuleList, x: torch.Tensor) -> list[torch.Tensor]:
    outputs = []
    for block in blocks:
        x = block(x)
        outputs.append(x)
    return outputs


def _initialise(network: RPrLite) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    for head in (network.decoder.head0, network.decoder.head1, network.decoder.head2):
        nn.init.normal_(head.conv.weight, std=0.01)
        nn.init.constant_(head.conv.bias, -4.0)
    nn.init.constant_(network.decoder.sigma[2].conv.bias, 0.25)
