"""Prior fusion: every stride-16 pixel of the low-resolution feature F_s looks up a bank of rich-resource references.

Source: RPrDepth (ECCV 2024). Where this departs from it, or it leaves something open, docs/decisions/0010 says why.
"""

from __future__ import annotations

import dataclasses
import math

import torch
from torch import nn
import torch.nn.functional as F

from depthtrain.geometry import depth_to_disparity, disparity_to_depth
from depthtrain.networks.split import SplitNetwork
from depthtrain.priors.episodes import Episode
from depthtrain.strict_toml import RecipeError

WIDTH, HEADS = 64, 4
DEPTH_FLOOR, DEPTH_CENTRE, DEPTH_GAIN = 1e-3, 6.0, 10.0
"""ln(disparity + DEPTH_FLOOR) is the log of inverse depth for limits of 0.1 and 100 m; plus DEPTH_CENTRE it is small at 20 m, and
times DEPTH_GAIN large beside a feature, so that the unit of a bank is heard."""
PRIOR_GAIN = 100.0
"""Disparities of some metres' distance are about 0.01; times this they weigh as much as the other inputs of the compression."""


@dataclasses.dataclass(frozen=True)
class References:
    """M references: teacher features (M, C_r) and the teacher's disparity there (M,), in the student's convention."""

    features: torch.Tensor
    disparity: torch.Tensor
    drive: torch.Tensor | None = None
    """(M,) number of the drive that each comes from, and its frame there; sets that are only looked up do without."""
    frame: torch.Tensor | None = None

    def rows(self, index: torch.Tensor) -> "References":
        """Those references, in the order of `index`."""
        return References(*(None if column is None else column[index]
                            for column in (self.features, self.disparity, self.drive, self.frame)))

    def described(self) -> torch.Tensor:
        """(M, C_r + 1): what keys and values are made of, the features and a number that rises with the log of inverse depth.

        A change of unit moves that number by the same amount in every reference, so keys do not feel it and values carry it
        to the network whole, whomever it looks up (decision 0024)."""
        code = DEPTH_GAIN * ((self.disparity + DEPTH_FLOOR).log() + DEPTH_CENTRE)
        return torch.cat([self.features, code[:, None].to(self.features.dtype)], dim=1)


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
        reference_channels += 1  # and its depth
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
        features = references.described()
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
    """A depth network with prior fusion at its seam. `limits_m` are the network's depth limits, `min_depth_m` and `max_depth_m`.

    In training mode every pass draws `draw` references at random, the same for the whole batch, or of the batch's episode when
    it is one; in evaluation mode it uses `draw` evenly spaced ones. `draw` 0, or no fewer than there are, means all.
    """

    def __init__(self, network: SplitNetwork, references: References, draw: int = 0,
                 limits_m: tuple[float, float] = (0.1, 100.0)) -> None:
        super().__init__()
        self.network = network
        self.fusion = PriorFusion(network.feature_channels, references.features.shape[1])
        self.limits_m = limits_m
        self.exchange(references, draw)

    def exchange(self, references: References, draw: int = 0) -> None:
        """Puts other references of the same teacher in the place of the ones that are there."""
        for field in dataclasses.fields(references):
            self.register_buffer(f"reference_{field.name}", getattr(references, field.name), persistent=False)
        self.draw = draw

    @property
    def references(self) -> References:
        """All references, before any draw."""
        return References(self.reference_features, self.reference_disparity, self.reference_drive, self.reference_frame)

    def drawn(self, episode: Episode | None = None) -> References:
        """The references of one pass, float32."""
        if episode is not None:
            return self._drawn_of(episode)
        count = len(self.reference_disparity)
        if not 0 < self.draw < count:
            index = torch.arange(count)
        elif self.training:
            index = torch.randint(count, (self.draw,))
        else:
            index = torch.linspace(0, count - 1, self.draw, dtype=torch.float64).long()
        return self._rows(index)

    def _drawn_of(self, episode: Episode) -> References:
        """The references of an episode, or `draw` of them without repeats, in its unit; of a mixed one half of other drives."""
        fitting = torch.nonzero(episode.may_look_up(self.reference_drive, self.reference_frame)).flatten()
        if len(fitting) == 0:
            raise RecipeError(f"priors.references: drive {int(episode.drive)} of the set has none but those of a batch's own frames "
                              "and their neighbours; build it from more frames, or lower priors.apart")
        kinds = [fitting]
        if episode.is_mixed:
            kinds.append(torch.nonzero(self.reference_drive != episode.drive).flatten())
        most = max(1, self.draw // len(kinds)) if self.draw else None
        chosen = self._rows(torch.cat([kind[torch.randperm(len(kind))[:most].to(kind.device)] for kind in kinds]))
        depth = disparity_to_depth(chosen.disparity, *self.limits_m) * episode.factor
        return dataclasses.replace(chosen, disparity=depth_to_disparity(depth, *self.limits_m))

    def _rows(self, index: torch.Tensor) -> References:
        chosen = self.references.rows(index.to(self.reference_disparity.device))
        return dataclasses.replace(chosen, features=chosen.features.float())

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

    def forward(self, image: torch.Tensor, episode: Episode | None = None) -> dict[str, torch.Tensor]:
        """As the plain network, and `prior_disparity` (B, 1, H/16, W/16)."""
        f_s, skips = self.network.encode(image)
        fused = self.fusion(f_s, self.drawn(episode))
        return {**self.network.decode(fused.f_o, skips), "prior_disparity": fused.prior_disparity}
