"""DIFFNet: HRNet-W18 with internal feature fusion and an attention decoder (10.87 M parameters).

State-dict names are those of the published `encoder.pth` and `depth.pth` (where every decoder tensor appears twice,
under `convs.` and `decoder.N.`). Source: Zhou et al., BMVC 2021.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn
import torch.nn.functional as F

from depthtrain.networks.blocks import ChannelAttention, ReflectConv3x3, up2_nearest
from depthtrain.networks.hrnet import HRNet18


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

    def forward(self, maps: list[list[torch.Tensor]]) -> list[torch.Tensor]:
        x72 = self.convs["72"](maps[4][0], maps[3])
        x36 = self.convs["36"](x72, maps[2])
        x18 = self.convs["18"](x36, maps[1])
        x9 = self.convs["9"](x18, maps[0])
        x6 = self.convs["up_x9_1"](up2_nearest(self.convs["up_x9_0"](x9)))
        features = [x6, x9, x18, x36] if self.training else [x6]
        return [torch.sigmoid(self.convs[f"dispConvScale{scale}"](x)) for scale, x in enumerate(features)]


class DIFFNet(nn.Module):
    """Image (B, 3, H, W) in [0, 1] -> {"disparity": (B, 1, H, W)}; coarser ones too in training mode."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = HRNet18()
        self.decoder = DIFFNetDecoder()

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        disparities = self.decoder(self.encoder(image))
        names = ("disparity", "disparity_2", "disparity_4", "disparity_8")
        return dict(zip(names, disparities))


def import_published(folder: Path) -> DIFFNet:
    """Loads `encoder.pth` and `depth.pth` of a published DIFFNet. Raises RuntimeError naming keys that do not fit.

    Non-tensor entries (height, width, use_stereo) and a `module.` prefix are dropped; the first release's node names
    (72fSE, ...) are accepted.
    """
    network = DIFFNet()
    for part, file in ((network.encoder, "encoder.pth"), (network.decoder, "depth.pth")):
        raw = torch.load(folder / file, map_location="cpu", weights_only=True)
        state = {key.removeprefix("module.").replace("fSE.", "."): value for key, value in raw.items()
                 if isinstance(value, torch.Tensor)}
        part.load_state_dict(state)
    return network.eval()
