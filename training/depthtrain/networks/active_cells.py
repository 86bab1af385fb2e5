"""Sparse maps as rows: one row of features for each active cell, and submanifold convolution on them.

Work grows with the number of points, not with the size of the grid: 1,000 points in a 416x128 picture make up 5 % of the
finest grid, whose convolutions would otherwise cost six times the depth network. Gradients go the same way.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F


class ActiveCells:
    """The active cells of a mask (B, 1, H, W), numbered image by image and row by row, and who their neighbours are."""

    def __init__(self, mask: torch.Tensor) -> None:
        self.shape = (mask.shape[0], *mask.shape[2:])
        self.batch, self.v, self.u = torch.nonzero(mask[:, 0] > 0, as_tuple=True)
        self.count = len(self.batch)

    def rows(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, H, W) -> (count, C)."""
        return x.permute(0, 2, 3, 1)[self.batch, self.v, self.u]

    def dense(self, rows: torch.Tensor) -> torch.Tensor:
        """(count, C) -> (B, C, H, W), zero where no cell is active."""
        batch, height, width = self.shape
        places = (self.batch * height + self.v) * width + self.u
        flat = rows.new_zeros(batch * height * width, rows.shape[1]).index_copy(0, places, rows)
        return flat.view(batch, height, width, -1).permute(0, 3, 1, 2)

    def neighbours(self, kernel: int) -> torch.Tensor:
        """(count, kernel kernel): the row of each neighbour, offsets row by row; `count` where none is active."""
        batch, height, width = self.shape
        reach = kernel // 2
        grid = torch.full((batch, height + 2 * reach, width + 2 * reach), self.count, device=self.batch.device)
        grid[self.batch, self.v + reach, self.u + reach] = torch.arange(self.count, device=self.batch.device)
        return torch.stack([grid[self.batch, self.v + dv, self.u + du] for dv in range(kernel) for du in range(kernel)], 1)


def convolve(rows: torch.Tensor, weight: torch.Tensor, neighbours: torch.Tensor) -> torch.Tensor:
    """Submanifold convolution of rows (count, c_in) with weight (c_out, c_in, k, k): output cells are the input cells and
    cells that are not active add nothing. (count, c_out)."""
    return _Convolution.apply(rows, weight.permute(2, 3, 1, 0).flatten(0, 1), neighbours)


class _Convolution(torch.autograd.Function):
    """Neighbourhoods side by side times one matrix. Neighbourhood is mutual, so the gradient of the input is the same
    operation with the kernel turned round: a gather, not a scatter."""

    @staticmethod
    def forward(ctx, rows: torch.Tensor, weight: torch.Tensor, neighbours: torch.Tensor) -> torch.Tensor:
        gathered = _gather(rows, neighbours)
        ctx.save_for_backward(gathered, weight, neighbours)
        return gathered @ weight.flatten(0, 1)

    @staticmethod
    def backward(ctx, gradient: torch.Tensor):
        gathered, weight, neighbours = ctx.saved_tensors
        of_rows = of_weight = None
        if ctx.needs_input_grad[0]:
            of_rows = _gather(gradient, neighbours.flip(1)) @ weight.transpose(1, 2).flatten(0, 1)
        if ctx.needs_input_grad[1]:
            of_weight = (gathered.T @ gradient).view_as(weight)
        return of_rows, of_weight, None


def _gather(rows: torch.Tensor, neighbours: torch.Tensor) -> torch.Tensor:
    """(count, C) -> (count, k k C), zeros for neighbours that are not there."""
    return F.pad(rows, (0, 0, 0, 1)).index_select(0, neighbours.flatten()).view(len(neighbours), neighbours.shape[1] * rows.shape[1])
