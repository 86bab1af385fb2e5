"""Prior fusion: every stride-16 pixel of the low-resolution feature F_s looks up a bank of rich-resource references.

Source: RPrDepth (ECCV 2024). Where this departs from it, or it leaves something open, docs/decisions/0010 says why.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import nn
import torch.nn.functional as F

from depthtrain.networks.split import SplitNetwork

WIDTH, HEADS = 64, 4
PRIOR_GAIN = 100.0
"""Disparities of some metres' distance are about 0.01; times this they weigh as much as the other inputs of the compression."""


@dataclasses.dataclass(frozen=True)
class References:
    """M references: teacher features (M, C_r) and the teacher's disparity there (M,), in the student's convention."""

    features: torch.Tensor
    disparity: torch.Tensor

    def rows(self, index: torch.Tensor) -> "References":
        """Those references, in the order of `index`."""
        return References(self.features[index], self.disparity[index])


@dataclasses.dataclass(frozen=True)
class Projected:
    """References as fusion reads them: keys and values (M, 64) of the pixel-wise and of the multi-head path, disparity (M,)."""

    key_pixel: torch.Tensor
    value_pixel: torch.Tensor
    key_heads: torch.Tensor
    value_heads: torch.Tensor
    disparity: torch.Tensor


@dataclasses.dataclass(frozen=True)
class Fused:
    """F_o and D_c of a batch, with what the retrieval says about itself; maps (B, 1, H/16, W/16) except F_o (B, C, ., .)."""

    f_o: torch.Tensor
    prior_disparity: torch.Tensor
    """D_c, the disparity that the bank proposes."""
    entropy: torch.Tensor
    """Of the pixel-wise weights, divided by ln M: 0 = one reference, 1 = all alike."""
    prior_spread: torch.Tensor
    """Standard deviation of ln(disparity) under the pixel-wise weights."""
    best_logit: torch.Tensor
    """Largest pixel-wise affinity before the softmax."""


class PriorFusion(nn.Module):
    """F_o = ReLU(F_s + W [F_c; F_d; D_c]) with F_c, D_c from a pixel-wise affinity softmax and F_d from multi-head attention.

    W starts at zero, so a network gets the module without a jump; with the columns of W zeroed it is the plain network to the
    bit. Keys carry no bias, because a softmax over references cannot see one.
    """

    def __init__(self, feature_channels: int, reference_channels: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.query_pixel = nn.Linear(feature_channels, WIDTH)
        self.key_pixel = nn.Linear(reference_channels, WIDTH, bias=False)
        self.value_pixel = nn.Linear(reference_channels, WIDTH, bias=False)
        self.query_heads = nn.Linear(feature_channels, WIDTH)
        self.key_heads = nn.Linear(reference_channels, WIDTH, bias=False)
        self.value_heads = nn.Linear(reference_channels, WIDTH, bias=False)
        self.heads_output = nn.Linear(WIDTH, WIDTH)
        self.compress = nn.Linear(2 * WIDTH + 1, feature_channels, bias=False)
        self.log_temperature = nn.Parameter(torch.tensor(-0.5 * math.log(WIDTH)))
        self.dropout = dropout
        nn.init.zeros_(self.compress.weight)

    def project(self, references: References) -> Projected:
        """The part of fusion that depends on the references alone; this is what a bank stores."""
        features = references.features
        return Projected(self.key_pixel(features), self.value_pixel(features), self.key_heads(features),
                         self.value_heads(features), references.disparity)

    def queries(self, f_s: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """F_s (B, C, h, w) -> scaled queries (B h w, 64) of both paths, so that query times key is the logit."""
        pixels = f_s.permute(0, 2, 3, 1).reshape(-1, f_s.shape[1])
        return self.query_pixel(pixels) * self.log_temperature.exp(), self.query_heads(pixels) / math.sqrt(WIDTH / HEADS)

    def forward(self, f_s: torch.Tensor, references: References | Projected) -> Fused:
        bank = references if isinstance(references, Projected) else self.project(references)
        query_pixel, query_heads = self.queries(f_s)
        dropout = self.dropout if self.training else 0.0
        f_d = self.heads_output(attend_heads(query_heads, bank.key_heads, bank.value_heads, dropout))
        compress = self.compress.weight * compression_gains(f_s)
        return fuse(f_s, query_pixel, f_d, bank, compress)


def compression_gains(like: torch.Tensor) -> torch.Tensor:
    """(129,) what the columns of the compression are multiplied by: 1, and PRIOR_GAIN for D_c."""
    gains = torch.ones(2 * WIDTH + 1, dtype=like.dtype, device=like.device)
    gains[-1] = PRIOR_GAIN
    return gains


def fuse(f_s: torch.Tensor, query_pixel: torch.Tensor, f_d: torch.Tensor, bank: Projected, compress: torch.Tensor) -> Fused:
    """The pixel-wise path and the compression, given F_d (B h w, 64) and W (C, 129) with all gains folded in."""
    logits = query_pixel.float() @ bank.key_pixel.float().T
    weights = torch.softmax(logits, dim=1)
    f_c = weights @ bank.value_pixel.float()
    disparity = bank.disparity.float()
    d_c = (weights @ disparity)[:, None]
    log_disparity = disparity.clamp(min=1e-6).log()
    with torch.no_grad():
        entropy = torch.logsumexp(logits, 1) - (weights * logits).sum(1)
        spread = (weights @ log_disparity ** 2 - (weights @ log_disparity) ** 2).clamp(min=0).sqrt()
        best = logits.max(1).values
    delta = torch.cat([f_c, f_d, d_c], dim=1) @ compress.T
    maps = [_as_maps(rows, f_s) for rows in (delta, d_c, entropy[:, None] / max(math.log(len(disparity)), 1e-9),
                                             spread[:, None], best[:, None])]
    return Fused(F.relu(f_s + maps[0]), *maps[1:])


def attend_heads(queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, dropout: float = 0.0) -> torch.Tensor:
    """Multi-head attention of (N, 64) queries, already scaled, over (M, 64) keys and values -> (N, 64), before the output map."""
    query, key, value = (rows.float().view(len(rows), HEADS, -1).transpose(0, 1) for rows in (queries, keys, values))
    weights = F.dropout(torch.softmax(query @ key.transpose(1, 2), dim=2), dropout)
    return (weights @ value).transpose(0, 1).reshape(len(queries), -1)


def _as_maps(rows: torch.Tensor, f_s: torch.Tensor) -> torch.Tensor:
    batch, _, height, width = f_s.shape
    return rows.view(batch, height, width, -1).permute(0, 3, 1, 2)


class FusedNetwork(nn.Module):
    """A depth network with prior fusion at its seam.

    In training mode every pass draws `draw` references at random, the same for the whole batch;
    in evaluation mode it uses `draw` evenly spaced ones. `draw` 0, or no fewer than there are, means all.
    """

    def __init__(self, network: SplitNetwork, references: References, draw: int = 0) -> None:
        super().__init__()
        self.network = network
        self.fusion = PriorFusion(network.feature_channels, references.features.shape[1])
        self.register_buffer("reference_features", references.features, persistent=False)
        self.register_buffer("reference_disparity", references.disparity, persistent=False)
        self.draw = draw

    @property
    def references(self) -> References:
        """All references, before any draw."""
        return References(self.reference_features, self.reference_disparity)

    def drawn(self) -> References:
        """The references of one pass, float32."""
        count = len(self.reference_disparity)
        if not 0 < self.draw < count:
            return References(self.reference_features.float(), self.reference_disparity)
        if self.training:
            index = torch.randint(count, (self.draw,))
        else:
            index = torch.linspace(0, count - 1, self.draw, dtype=torch.float64).long()
        chosen = self.references.rows(index.to(self.reference_disparity.device))
        return References(chosen.features.float(), chosen.disparity)

    @property
    def skip_names(self) -> tuple[str, ...]:
        """The plain network's, so that completion finds its places here too."""
        return self.network.skip_names

    def encode(self, image: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """The decoder's inputs: F_o, already fused with the priors, and the skips."""
        f_s, skips = self.network.encode(image)
        return self.fusion(f_s, self.drawn()).f_o, skips

    def decode(self, f_o: torch.Tensor, skips: list[torch.Tensor]) -> dict[str, torch.Tensor]:
        """As the plain network's."""
        return self.network.decode(f_o, skips)

    def forward(self, image: torch.Tensor) -> dict[str, torch.Tensor]:
        """As the plain network, and `prior_disparity` (B, 1, H/16, W/16)."""
        f_s, skips = self.network.encode(image)
        fused = self.fusion(f_s, self.drawn())
        return {**self.network.decode(fused.f_o, skips), "prior_disparity": fused.prior_disparity}
