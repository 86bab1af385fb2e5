"""DIFFNet: HRNet-W18 with internal feature fusion and an attention decoder (10.87 M parameters).

State-dict names are those of the published `encoder.pth` and `depth.pth` (where every decoder tensor appears twice,
under `convs.` and `decoder.N.`). Source: Zhou et al., BMVC 2021.
"""

from __future__ import annotations

import torch
from torch import nn
import torch.nn.functional as F

from depthtrain.networks.blocks import ChannelAttention, ReflectConv3x3, SigmaHead, up2_bilinear, up2_nearest
from depthtrain.networks.hrnet import HRNet18
from depthtrain.networks.split import SplitNetwork


class AttentionModule(nn.Module):
    """Nearest x2, concat with the lows, channel attention, 3x3 convolution with zero padding, ReLU."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.ca = ChannelAttention(c_in)
        self.conv_se = nn.Conv2d(c_in, c_out, 3, 1, 1)

    def forward(self, high: torch.Tensor, lows: list[torch.Tensor]) -> torch.Tensor:
        return F.relu(self.conv_se(self.ca(torch.cat([up2_nearest(high), *lows], dim=1))))


class ReflectELU(nn.Module):
    """Reflection-padded 3x3 convolution and ELU; parameters are named conv.conv.*."""

    def __init__(self, c_in: int, c_out: int) -> None:
        super().__init__()
        self.conv = ReflectConv3x3(c_in, c_out)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return F.elu(self.conv(x))


class DIFFNetDecoder(nn.Module):
    """Five lists of maps -> sigmoid disparities, finest first: strides 1, 2, 4, 8 (only the first in evaluation)."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleDict({
            "up_x9_0": ReflectELU(32, 16), "up_x9_1": ReflectELU(16, 16),
            "72": AttentionModule(288, 256), "36": AttentionModule(364, 128),
            "18": AttentionModule(246, 64), "9": AttentionModule(128, 32),
            "dispConvScale0": ReflectConv3x3(16, 1), "dispConvScale1": ReflectConv3x3(32, 1),
            "dispConvScale2": ReflectConv3x3(64, 1), "dispConvScale3": ReflectConv3x3(128, 1)})
        self.decoder = nn.ModuleList(self.convs.values())

    def coarse(self, maps: list[list[torch.Tensor]]) -> torch.Tensor:
        """The stride-16 node x72 (B, 256, H/16, W/16): the F_s of prior fusion."""
        return self.convs["72"](maps[4][0], maps[3])

    def fine(self, x72: torch.Tensor, maps: list[list[torch.Tensor]]) -> list[torch.Tensor]:
        """The nodes from x72 on, finest first: x6 at stride 1 (16 channels), x9 (32), x18 (64), x36 (128)."""
        x36 = self.convs["36"](x72, maps[2])
        x18 = self.convs["18"](x36, maps[1])
        x9 = self.convs["9"](x18, maps[0])
        return [self.convs["up_x9_1"](up2_nearest(self.convs["up_x9_0"](x9))), x9, x18, x36]

    def heads(self, features: list[torch.Tensor]) -> list[torch.Tensor]:
        """Sigmoid disparities of the features, in their order."""
        return [torch.sigmoid(self.convs[f"dispConvScale{scale}"](x)) for scale, x in enumerate(features)]

    def forward(self, maps: list[list[torch.Tensor]]) -> list[torch.Tensor]:
        features = self.fine(self.coarse(maps), maps)
        return self.heads(features if self.training else features[:1])


class DIFFNet(SplitNetwork):
    """Image (B, 3, H, W) in [0, 1] -> {"disparity": (B, 1, H, W)}; coarser ones too in training mode.

    The published network estimates no error; `has_sigma` adds a head for it that reads x9 (337 parameters more).
    """

    feature_channels = 256
    skip_names = ("skip_2", "skip_4a", "skip_4b", "skip_4c", "skip_4d", "skip_8a", "skip_8b", "skip_8c")

    def __init__(self, has_sigma: bool = False) -> None:
        super().__init__()
        self.encoder = HRNet18()
        self.decoder = DIFFNetDecoder()
        self.sigma = SigmaHead(32) if has_sigma else None

    def encode(self, image: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        maps = self.encoder(image)
        return self.decoder.coarse(maps), [*maps[0], *maps[1], *maps[2]]

    def decode(self, f_o: torch.Tensor, skips: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        features = self.decoder.fine(f_o, [skips[0:1], skips[1:5], skips[5:8]])
        disparities = self.decoder.heads(features if self.training else features[:1])
        out = dict(zip(("disparity", "disparity_2", "disparity_4", "disparity_8"), disparities))
        if self.sigma is not None:
            out["log_sigma"] = up2_bilinear(self.sigma(features[1]))
        return out
