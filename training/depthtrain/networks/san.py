"""Sparse auxiliary network (SAN): range points -> additions to the decoder's inputs.

Source: Guizilini et al., CVPR 2021; five blocks at strides 2, 4, 8, 16, 32. A map is a pair (x, mask): x (B, C, H, W) is zero
wherever mask (B, 1, H, W) is 0, or its active cells as rows; docs/bundle.md states the semantics to the letter.
"""

from __future__ import annotations

import dataclasses

import torch
from torch import nn
import torch.nn.functional as F

from depthtrain.config import ModelRecipe
from depthtrain.data.sparsity import CELL_PX
from depthtrain.networks.active_cells import ActiveCells, convolve
from depthtrain.networks.anchoring import anchor
from depthtrain.networks.split import SplitNetwork

STRIDES = (2, 4, 8, 16, 32)
KERNELS = (5, 5, 3, 3, 3)
WIDTHS = (16, 16, 24, 32, 48)
INPUT_CHANNELS = 2
MIN_POINTS = 50
"""With fewer points than this a frame is predicted as if it had none."""


@dataclasses.dataclass(frozen=True)
class Attachment:
    """Where a level's output goes: the decoder input, its channels, and by how much the output is enlarged (nearest)."""

    target: str
    channels: int
    enlarge: int = 1


ATTACHMENTS = {
    "rpr-lite": (Attachment("skip_2", 16), Attachment("skip_4b", 24), Attachment("skip_8b", 40), Attachment("f_o", 64),
                 Attachment("f_o", 64, 2)),
    "diffnet": (Attachment("skip_2", 64), Attachment("skip_4d", 18), Attachment("skip_8c", 36), Attachment("f_o", 256),
                Attachment("f_o", 256, 2)),
}
"""Per architecture, one attachment per level. Prior fusion reads f_s, so points never disturb the bank's statistics; the
stride-32 level has no decoder input of its own and joins f_o enlarged."""


def thinned(depth: torch.Tensor) -> torch.Tensor:
    """Sparse depth (B, 1, H, W), 0 = none, with the nearest point of each CELL_PX x CELL_PX block, of equals the first in raster
    order; as data.sparsity.thin. H and W are multiples of CELL_PX."""
    near = torch.where(depth > 0, 1.0 / depth.clamp(min=1e-9), torch.zeros_like(depth))
    cells = F.unfold(near, CELL_PX, stride=CELL_PX)
    keep = torch.zeros_like(cells).scatter_(1, cells.argmax(dim=1, keepdim=True), 1.0)
    return depth * F.fold(keep, depth.shape[2:], CELL_PX, stride=CELL_PX)


def encode_points(depth: torch.Tensor, min_depth: float, max_depth: float) -> tuple[torch.Tensor, torch.Tensor]:
    """Sparse depth (B, 1, H, W) in the network's unit, 0 or NaN = no point -> features (B, 2, H, W) and mask (B, 1, H, W).

    Channel 0 is ln(reference / depth) with reference = max_depth / 10 and depth held in [min_depth, max_depth]: near is large,
    so that pooling by maximum keeps the nearest point, and what is common lies around 0, so that convolutions that add up
    neighbours do not drown depth in their number. Channel 1 is 1 at every point.
    """
    mask = (torch.isfinite(depth) & (depth > 0)).to(depth.dtype)
    safe = torch.where(mask > 0, depth, torch.full_like(depth, max_depth)).clamp(min_depth, max_depth)
    return torch.cat([torch.log(0.1 * max_depth / safe) * mask, mask], dim=1), mask


def sparse_pool(x: torch.Tensor, mask: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Halves a map: maximum over the active cells of rows and columns 2i-1 ... 2i+1, active where its own 2x2 block is.

    A cell at an odd coordinate therefore reaches cell i+1's maximum without activating it.
    """
    coarse = F.max_pool2d(mask, 2, 2)
    highest = F.max_pool2d(x.masked_fill(mask == 0, -torch.inf), 3, 2, 1)
    return torch.where(coarse > 0, highest, torch.zeros_like(highest)), coarse


class CellNorm(nn.BatchNorm1d):
    """Batch norm over active cells, which are rows. One cell alone has no spread: it takes the statistics learned so far."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        if self.training and len(rows) < 2:
            return F.batch_norm(rows, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps)
        return super().forward(rows)


class SparseBlock(nn.Module):
    """Three parallel chains of k x k submanifold convolutions, c_in -> c_out, summed; ReLU(BN(sum)).

    The chains have 1, 2 and 3 convolutions, the inner ones 2 c_out wide with BN and ReLU. Convolutions that read the same
    map are one: `first` holds chain 1 (c_out channels) and the inner layers of chains 2 and 3 (2 c_out each), `last` reads
    the inner maps of chains 2 and 3 side by side. No convolution has a bias.
    """

    def __init__(self, c_in: int, c_out: int, kernel: int) -> None:
        super().__init__()
        self.c_out, self.kernel, inner = c_out, kernel, 2 * c_out
        self.first = nn.Conv2d(c_in, c_out + 2 * inner, kernel, padding=kernel // 2, bias=False)
        self.first_norm = CellNorm(2 * inner)
        self.middle = nn.Conv2d(inner, inner, kernel, padding=kernel // 2, bias=False)
        self.middle_norm = CellNorm(inner)
        self.last = nn.Conv2d(2 * inner, c_out, kernel, padding=kernel // 2, bias=False)
        self.norm = CellNorm(c_out)

    def forward(self, rows: torch.Tensor, cells: ActiveCells) -> torch.Tensor:
        """(count, c_in) -> (count, c_out), one row for each of the cells."""
        neighbours = cells.neighbours(self.kernel)
        direct, inner = convolve(rows, self.first.weight, neighbours).split((self.c_out, 4 * self.c_out), dim=1)
        two, three = F.relu(self.first_norm(inner)).chunk(2, dim=1)
        three = F.relu(self.middle_norm(convolve(three, self.middle.weight, neighbours)))
        return F.relu(self.norm(direct + convolve(torch.cat([two, three], dim=1), self.last.weight, neighbours)))


class SparseAuxiliaryNetwork(nn.Module):
    """Points -> one addition per level, and their fusion with the decoder's inputs.

    Projections start at zero, weights at 1 and biases at 0, so an untrained SAN changes nothing.
    """

    def __init__(self, architecture: str, min_depth: float, max_depth: float,
                 widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        if architecture not in ATTACHMENTS:
            raise ValueError(f"no completion network for architecture {architecture!r}: "
                             f"expected one of {', '.join(ATTACHMENTS)}")
        if len(widths) != len(STRIDES):
            raise ValueError(f"{len(widths)} widths for {len(STRIDES)} levels")
        self.architecture, self.attachments = architecture, ATTACHMENTS[architecture]
        self.min_depth, self.max_depth, self.widths = min_depth, max_depth, tuple(widths)
        inputs = (INPUT_CHANNELS, *widths)
        self.blocks = nn.ModuleList([SparseBlock(inputs[i], widths[i], KERNELS[i]) for i in range(len(STRIDES))])
        self.projections = nn.ModuleList([nn.Conv2d(width, attachment.channels, 1, bias=False)
                                          for width, attachment in zip(widths, self.attachments)])
        self.weight = nn.Parameter(torch.ones(len(STRIDES)))
        self.bias = nn.Parameter(torch.zeros(len(STRIDES)))
        for block in self.blocks:
            for convolution in (block.first, block.middle, block.last):
                nn.init.kaiming_normal_(convolution.weight, mode="fan_in", nonlinearity="relu")
        for projection in self.projections:
            nn.init.zeros_(projection.weight)

    def additions(self, points: torch.Tensor) -> list[torch.Tensor]:
        """P_i (B, channels_i, H / stride_i, W / stride_i) of sparse depth (B, 1, H, W) in the network's unit.

        Raises ValueError when H or W is not a multiple of 32.
        """
        if points.ndim != 4 or points.shape[1] != 1 or points.shape[2] % 32 or points.shape[3] % 32:
            raise ValueError(f"points have shape {tuple(points.shape)}, expected (B, 1, H, W) with H and W multiples of 32")
        x, mask = encode_points(points, self.min_depth, self.max_depth)
        outputs = []
        for block, projection in zip(self.blocks, self.projections):
            x, mask = sparse_pool(x, mask)
            cells = ActiveCells(mask)
            rows = block(cells.rows(x), cells)
            x = cells.dense(rows)
            outputs.append(cells.dense(rows @ projection.weight[:, :, 0, 0].T))
        return outputs

    def complete(self, network: SplitNetwork, f_o: torch.Tensor, skips: list[torch.Tensor], points: torch.Tensor,
                 counts: torch.Tensor) -> dict[str, torch.Tensor]:
        """The network's outputs from its decoder inputs and all the points: additions, decoder, anchoring. Arguments as `fuse`."""
        fused = self.fuse({"f_o": f_o, **dict(zip(network.skip_names, skips))}, points, counts)
        return self.anchor(network.decode(fused["f_o"], [fused[name] for name in network.skip_names]), points, counts)

    def anchor(self, out: dict[str, torch.Tensor], points: torch.Tensor, counts: torch.Tensor) -> dict[str, torch.Tensor]:
        """The decoder's outputs with the disparity held to all the points, where there are MIN_POINTS of them."""
        shown = points * (counts >= MIN_POINTS)[:, None, None, None]
        return {**out, "disparity": anchor(out["disparity"].float(), shown, self.min_depth, self.max_depth)}

    def fuse(self, maps: dict[str, torch.Tensor], points: torch.Tensor, counts: torch.Tensor) -> dict[str, torch.Tensor]:
        """The decoder's inputs with the points added: K <- w_i K + P_i + b_i, level after level.

        `maps` are the decoder's inputs by name, `points` all the points, which are thinned here, `counts` (B,) their
        numbers. Samples with fewer than MIN_POINTS keep their maps bit for bit. Raises ValueError for maps of another architecture.
        """
        missing = {attachment.target for attachment in self.attachments} - maps.keys()
        if missing:
            raise ValueError(f"decoder inputs lack {', '.join(sorted(missing))}; they are {', '.join(maps)}")
        complete = counts >= MIN_POINTS
        if not bool(complete.any()):
            return maps
        fused = dict(maps)
        chosen = complete[:, None, None, None]
        for level, (addition, attachment) in enumerate(zip(self.additions(thinned(points * chosen)), self.attachments)):
            if attachment.enlarge > 1:
                addition = F.interpolate(addition, scale_factor=float(attachment.enlarge), mode="nearest")
            fused[attachment.target] = self.weight[level] * fused[attachment.target] + addition + self.bias[level]
        return {name: torch.where(chosen, fused[name], maps[name]) if fused[name] is not maps[name] else maps[name]
                for name in maps}


def build_completion(model: ModelRecipe) -> SparseAuxiliaryNetwork:
    """A fresh completion network for a recipe's depth network."""
    return SparseAuxiliaryNetwork(model.architecture, model.min_depth_m, model.max_depth_m)
