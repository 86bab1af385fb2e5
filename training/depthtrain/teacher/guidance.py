"""Semantic guidance: pixel-adaptive convolutions in the teacher's decoder, steered by class numbers from any segmentation.

Source: Guizilini et al., ICLR 2020, with the convolution of Su et al., CVPR 2019. Only the teacher has it: the student learns
from its labels, so that nothing of this runs on the robot.
"""

from __future__ import annotations

import math

import torch
from torch import nn
import torch.nn.functional as F

UNKNOWN = 255
WIDTHS = {8: 48, 4: 32, 2: 16}


class PixelAdaptiveConv(nn.Module):
    """3x3 convolution whose taps fade where the guidance differs: v'_i = sum_j exp(-|f_i - f_j|^2 / 2) W[p_i - p_j] v_j + b.

    v (B, C, H, W), f (B, G, H, W) -> (B, C, H, W), zero padding. Starts at zero, to be added to its input.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(channels, channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: torch.Tensor, guidance: torch.Tensor) -> torch.Tensor:
        batch, channels, height, width = x.shape
        patches = F.unfold(x, 3, padding=1).view(batch, channels, 9, height * width)
        around = F.unfold(guidance, 3, padding=1).view(batch, guidance.shape[1], 9, height * width)
        kernel = torch.exp(-0.5 * (around - guidance.flatten(2)[:, :, None]).square().sum(1))
        taps = (patches * kernel[:, None]).flatten(1, 2)
        return (self.weight.flatten(1) @ taps).view(batch, channels, height, width) + self.bias[:, None, None]


class SemanticGuidance(nn.Module):
    """Guided refinements of the decoder's maps at strides 8, 4 and 2."""

    def __init__(self, classes: int, sharpness: float) -> None:
        super().__init__()
        self.classes, self.sharpness = classes, sharpness
        self.refine = nn.ModuleDict({str(stride): PixelAdaptiveConv(width) for stride, width in WIDTHS.items()})

    def features(self, labels: torch.Tensor, stride: int) -> torch.Tensor:
        """Class numbers (B, H, W) -> guidance (B, classes, H/stride, W/stride): shares of the classes in a cell, scaled so that
        two pure cells of different class are `sharpness` apart. Unknown pixels, and numbers beyond `classes`, are no class."""
        planes = torch.stack([labels == number for number in range(self.classes)], dim=1).float()
        return F.avg_pool2d(planes, stride) * (self.sharpness / math.sqrt(2))

    def forward(self, stride: int, x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The refined map of one stride."""
        return x + self.refine[str(stride)](x, self.features(labels, stride))
