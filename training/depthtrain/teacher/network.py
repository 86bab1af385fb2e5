"""The teacher's network: a depth network whose stride-4 map also sees a plane-sweep cost volume.

It runs on one frame as well, with an empty volume; that mode is what its multi-frame mode is checked against. Source of the
idea: ManyDepth (CVPR 2021). There the single-frame network is a second one; here the two share all weights (decision 0010).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import nn

from depthtrain.networks.blocks import conv_bn, conv_bn_relu
from depthtrain.networks.monodepth2 import Monodepth2
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.networks.split import SplitNetwork
from depthtrain.teacher.guidance import UNKNOWN, SemanticGuidance
from depthtrain.teacher.volume import Lookup, Matching, depth_hypotheses, match

RANGE_DECAY = 0.99
MIX_START = 0.25
"""Weight of the volume's evidence beside the stride-4 map at the start: a warm start survives it, and learning begins at once."""
NEAR_MARGIN, FAR_MARGIN = 0.9, 1.1


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while; every module gets its own mode back, frozen ones included."""
    modes = [(module, module.training) for module in network.modules()]
    network.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


class Teacher(SplitNetwork):
    """Image, and optionally its neighbours -> disparity, log_sigma (RPr-Lite only) and, with neighbours, what matching found.

    `range_units` (2,) is the adaptive depth range that the hypotheses span, in network units; it travels with the weights.
    """

    def __init__(self, network: SplitNetwork, matching_channels: int, hypotheses: int = 32, spacing: str = "log") -> None:
        super().__init__()
        self.network = network
        self.feature_channels, self.skip_names = network.feature_channels, network.skip_names
        self.hypotheses, self.spacing = hypotheses, spacing
        self.guidance: SemanticGuidance | None = None
        self.mix = nn.Sequential(conv_bn_relu(matching_channels + hypotheses, matching_channels, 3),
                                 conv_bn(matching_channels, matching_channels, 1))
        nn.init.constant_(self.mix[1][1].weight, MIX_START)
        self.register_buffer("range_units", torch.tensor([0.1, 10.0]))

    def early(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Maps down to stride 4; the last one is matched."""
        raise NotImplementedError

    def late(self, *maps: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """F_s and the skips from the maps of `early`."""
        raise NotImplementedError

    def encode(self, image: torch.Tensor, lookup: Lookup | None = None) -> tuple[torch.Tensor, list[torch.Tensor]]:
        return self.encode_matching(image, lookup)[:2]

    def encode_matching(self, image: torch.Tensor,
                        lookup: Lookup | None = None) -> tuple[torch.Tensor, list[torch.Tensor], Matching | None]:
        """F_s, the skips and what matching found; without neighbours the volume is empty."""
        *others, matched = self.early(image)
        found = self.sweep(matched, lookup) if lookup is not None else None
        if found is not None:
            volume = found.volume
        else:
            volume = torch.zeros_like(matched[:, :1]).expand(-1, self.hypotheses, -1, -1)
        f_s, skips = self.late(*others, matched + self.mix(torch.cat([matched, volume], dim=1)))
        return f_s, skips, found

    @torch.no_grad()
    def sweep(self, matched: torch.Tensor, lookup: Lookup) -> Matching:
        """Matches the stride-4 map with those of the neighbours over the current depth range."""
        batch, sides = lookup.images.shape[:2]
        with evaluating(self):  # the neighbours must not move the batch statistics
            features = self.early(lookup.images.flatten(0, 1))[-1]
        near, far = self.range_units.unbind()
        hypotheses = depth_hypotheses(near, far, self.hypotheses, self.spacing)
        return match(matched, features.unflatten(0, (batch, sides)), lookup, hypotheses)

    def decode(self, f_o: torch.Tensor, skips: list[torch.Tensor], labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        """labels (B, H, W) are class numbers for a teacher with semantic guidance; without them every pixel is unknown."""
        if self.guidance is None:
            return self.network.decode(f_o, skips)
        classes = f_o.new_full((f_o.shape[0], 16 * f_o.shape[2], 16 * f_o.shape[3]), UNKNOWN) if labels is None else labels
        return self.network.decoder(f_o, skips, lambda stride, x: self.guidance(stride, x, classes))

    def forward(self, image: torch.Tensor, lookup: Lookup | None = None,
                labels: torch.Tensor | None = None) -> dict[str, torch.Tensor]:
        """With neighbours also `matched_depth` (network units) and `confident` (0 or 1), (B, 1, H/4, W/4)."""
        f_s, skips, found = self.encode_matching(image, lookup)
        out = self.decode(f_s, skips, labels)
        return out if found is None else {**out, "matched_depth": found.best_depth, "confident": found.confident.float()}

    @torch.no_grad()
    def follow_range(self, depth: torch.Tensor, min_depth: float, max_depth: float, number: int) -> None:
        """Moves the depth range towards what the single-frame depth (B, 1, H, W) spans: its 1st to 99th percentile per image,
        averaged, with a margin. The first steps' `number`s have a shorter memory: a start that knows its depth sweeps the right
        range at once. Source: ManyDepth, adaptive cost volume (there minimum and maximum, one memory)."""
        quantiles = torch.quantile(depth.flatten(1).float(), torch.tensor([0.01, 0.99], device=depth.device), dim=1).mean(1)
        wanted = (quantiles * torch.tensor([NEAR_MARGIN, FAR_MARGIN], device=depth.device)).clamp(min_depth, max_depth)
        if bool(torch.isfinite(wanted).all()):
            self.range_units.lerp_(wanted, 1 - min(RANGE_DECAY, (1 + number) / (10 + number)))


class LiteTeacher(Teacher):
    """The teacher on RPr-Lite: trains on a CPU, and can start from a trained RPr-Lite. Guided with `classes` above 0."""

    def __init__(self, hypotheses: int = 32, spacing: str = "log", classes: int = 0, sharpness: float = 2.0) -> None:
        super().__init__(RPrLite(), 24, hypotheses, spacing)
        if classes > 0:
            self.guidance = SemanticGuidance(classes, sharpness)

    def early(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.network.encoder.early(image)

    def late(self, *maps: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        return self.network.encoder.late(*maps)


class ResNetTeacher(Teacher):
    """The teacher on Monodepth2's ResNet-18, the published ManyDepth's size (96 hypotheses there)."""

    def __init__(self, hypotheses: int = 96, spacing: str = "linear") -> None:
        super().__init__(Monodepth2(), 64, hypotheses, spacing)

    def early(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.network.encoder.encoder.early((image - 0.45) / 0.225)

    def late(self, *maps: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        features = self.network.encoder.encoder.late(*maps)
        return self.network.decoder.coarse(features), features[:3]
