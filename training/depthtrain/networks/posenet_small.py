"""The pose network that the daemon runs beside a small depth network: two frames at half its input size -> how the camera moved."""

from __future__ import annotations

import torch
from torch import nn

from depthtrain.networks.blocks import conv_bn, conv_bn_relu

ROTATION_SCALE, TRANSLATION_SCALE = 0.02, 0.2
DENSE_STRIDE = 8
COORDINATE_UNIT = 0.1  # of the stride-8 grid's cells: coordinates stay within about +-1.3 at the sizes in use


class Residual(nn.Module):
    """ReLU(x + CB 3x3(x))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = conv_bn(channels, channels, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(x + self.body(x))


def with_coordinates(x: torch.Tensor, unit: float) -> torch.Tensor:
    """x and each cell's column and row from the middle, in cells times `unit`: (B, C, H, W) -> (B, C + 2, H, W)."""
    height, width = x.shape[2], x.shape[3]
    u = unit * (torch.arange(width, dtype=x.dtype, device=x.device) - 0.5 * (width - 1))
    v = unit * (torch.arange(height, dtype=x.dtype, device=x.device) - 0.5 * (height - 1))
    plane = x[:, :1] * 0.0
    return torch.cat([x, plane + u, plane + v[:, None]], dim=1)


class PoseNetSmall(nn.Module):
    """Normalised frames (B, 6, H, W) in temporal order -> axis-angle and translation of later-from-earlier, (B, 3) each.

    0.28 M parameters, 33 million multiply-adds at 208x64. From the stride-8 map image motion and depth can be read (`dense`, for
    training alone); with the cell's place they say what the camera did. Every cell of the stride-16 map answers and says how far
    it is to be believed. It starts at half a metre straight ahead, so that logarithms of norms have a gradient at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv_bn_relu(6, 16, 5, 2), conv_bn_relu(16, 32, 3, 2), conv_bn_relu(32, 64, 3, 2), Residual(64))
        self.dense_head = nn.Conv2d(64, 3, 1)
        self.place = nn.Sequential(conv_bn_relu(66, 80, 1), conv_bn_relu(80, 96, 3, 2), Residual(96))
        self.answer = nn.Sequential(conv_bn_relu(98, 128, 1), nn.Conv2d(128, 7, 1))
        with torch.no_grad():
            nn.init.normal_(self.answer[1].weight, std=0.01)
            self.answer[1].bias.copy_(torch.tensor([0, 0, 0, 0, 0, -0.5 / TRANSLATION_SCALE, 0]))

    def forward(self, pair: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self._pose(self.body(pair))

    def with_dense(self, pair: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """The pose, and (B, 3, H/8, W/8): motion from the earlier frame to the later one in x and y, cells; ln of the earlier
        frame's depth, canonical camera."""
        features = self.body(pair)
        return *self._pose(features), self.dense_head(features)

    def _pose(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        placed = self.place(with_coordinates(features, COORDINATE_UNIT))
        answers = self.answer(with_coordinates(placed, 2 * COORDINATE_UNIT))
        belief = torch.sigmoid(answers[:, 6:7])
        pose = (answers[:, 0:6] * belief).mean(dim=(2, 3)) / belief.mean(dim=(2, 3))
        return ROTATION_SCALE * pose[:, 0:3], TRANSLATION_SCALE * pose[:, 3:6]
