"""The sparse auxiliary network against a naive one on a dictionary of coordinates, and what it promises its users."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from depthtrain.completion_vectors import random_completion
from depthtrain.networks.active_cells import ActiveCells, convolve
from depthtrain.networks.san import (KERNELS, MIN_POINTS, STRIDES, CellNorm, SparseAuxiliaryNetwork, encode_points, thinned,
                                     sparse_pool)

Cells = dict[tuple[int, int], np.ndarray]


def naive_pool(cells: Cells) -> Cells:
    pooled: Cells = {}
    for v, u in {(v // 2, u // 2) for v, u in cells}:
        window = [cells[row, column] for row in range(2 * v - 1, 2 * v + 2) for column in range(2 * u - 1, 2 * u + 2)
                  if (row, column) in cells]
        pooled[v, u] = np.max(window, axis=0)
    return pooled


def naive_convolution(cells: Cells, weight: np.ndarray) -> Cells:
    """weight (c_out, c_in, k, k); output cells are the input cells, missing neighbours add nothing."""
    reach = weight.shape[2] // 2
    out: Cells = {}
    for v, u in cells:
        total = np.zeros(weight.shape[0])
        for dv in range(-reach, reach + 1):
            for du in range(-reach, reach + 1):
                if (v + dv, u + du) in cells:
                    total += weight[:, :, dv + reach, du + reach] @ cells[v + dv, u + du]
        out[v, u] = total
    return out


def naive_norm(cells: Cells, norm: CellNorm, relu: bool = True) -> Cells:
    mean, variance, scale, shift = (value.detach().double().numpy() for value in (
        norm.running_mean, norm.running_var, norm.weight, norm.bias))
    out = {at: (x - mean) / np.sqrt(variance + norm.eps) * scale + shift for at, x in cells.items()}
    return {at: np.maximum(x, 0) for at, x in out.items()} if relu else out


def naive_additions(san: SparseAuxiliaryNetwork, depth: np.ndarray) -> list[np.ndarray]:
    """Every chain of every block on its own, as in the paper; (H, W) -> five maps (C, H / s, W / s)."""
    near = lambda d: math.log(0.1 * san.max_depth / min(max(d, san.min_depth), san.max_depth))
    cells = {(int(v), int(u)): np.array([near(float(depth[v, u])), 1.0]) for v, u in zip(*np.nonzero(depth > 0))}
    maps = []
    for level, (block, projection) in enumerate(zip(san.blocks, san.projections)):
        cells = naive_pool(cells)
        first, middle, last = (conv.weight.detach().double().numpy() for conv in (block.first, block.middle, block.last))
        c = block.c_out
        inner = naive_norm(naive_convolution(cells, first[c:]), block.first_norm)
        chain_1 = naive_convolution(cells, first[:c])
        chain_2 = naive_convolution({at: x[:2 * c] for at, x in inner.items()}, last[:, :2 * c])
        deep = naive_norm(naive_convolution({at: x[2 * c:] for at, x in inner.items()}, middle), block.middle_norm)
        chain_3 = naive_convolution(deep, last[:, 2 * c:])
        cells = naive_norm({at: chain_1[at] + chain_2[at] + chain_3[at] for at in cells}, block.norm)
        dense = np.zeros((projection.out_channels, depth.shape[0] // STRIDES[level], depth.shape[1] // STRIDES[level]))
        for at, x in cells.items():
            dense[:, at[0], at[1]] = projection.weight.detach().double().numpy()[:, :, 0, 0] @ x
        maps.append(dense)
    return maps


def lively_san() -> SparseAuxiliaryNetwork:
    """A SAN whose projections, statistics and scalars are not the neutral ones."""
    return random_completion("rpr-lite", seed=0)


def sparse_depth(height: int, width: int, share: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    depth = rng.uniform(0.05, 150.0, (height, width))
    return np.where(rng.random((height, width)) < share, depth, 0).astype(np.float32)


def lite_maps(height: int, width: int, count: int = 1) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {name: torch.randn(count, channels, height // stride, width // stride, generator=generator)
            for name, channels, stride in (("f_o", 64, 16), ("skip_2", 16, 2), ("skip_4a", 24, 4), ("skip_4b", 24, 4),
                                           ("skip_8a", 40, 8), ("skip_8b", 40, 8))}


@pytest.mark.parametrize("share", [0.005, 0.05, 1.0])
def test_operations_equal_the_naive_sparse_ones(share: float) -> None:
    san, depth = lively_san(), sparse_depth(32, 64, share, 3)
    with torch.no_grad():
        found = san.additions(torch.from_numpy(depth)[None, None])
    for level, (a, b) in enumerate(zip(found, naive_additions(san, depth))):
        assert np.abs(a[0].numpy() - b).max() < 1e-4 * max(1, np.abs(b).max()), f"level {level}"


@pytest.mark.parametrize("at", [(0, 0), (63, 95), (0, 95), (31, 33)])
def test_one_point_at_a_border(at: tuple[int, int]) -> None:
    san, depth = lively_san(), np.zeros((64, 96), np.float32)
    depth[at] = 4.0
    with torch.no_grad():
        found = san.additions(torch.from_numpy(depth)[None, None])
    for level, (a, b) in enumerate(zip(found, naive_additions(san, depth))):
        assert np.abs(a[0].numpy() - b).max() < 1e-4 * max(1, np.abs(b).max())
        active = np.argwhere(np.abs(a[0].numpy()).sum(0) > 0)
        assert active.tolist() == [[at[0] // STRIDES[level], at[1] // STRIDES[level]]]


def test_no_points_give_no_additions() -> None:
    with torch.no_grad():
        assert all(float(p.abs().max()) == 0 for p in lively_san().additions(torch.zeros(2, 1, 64, 64)))


def test_pooling_activates_by_block_and_takes_the_overlapping_maximum() -> None:
    x, mask = torch.zeros(1, 1, 4, 4), torch.zeros(1, 1, 4, 4)
    for (v, u), value in {(0, 0): 1.0, (1, 1): 5.0, (2, 2): 2.0, (2, 1): -7.0}.items():
        x[0, 0, v, u], mask[0, 0, v, u] = value, 1.0
    pooled, active = sparse_pool(x, mask)
    assert active[0, 0].tolist() == [[1, 0], [1, 1]]
    assert pooled[0, 0].tolist() == [[5, 0], [5, 5]]  # (1, 1) lies in the windows of all three, but activates only its own
    x[0, 0, 1, 1] = mask[0, 0, 1, 1] = 0
    assert sparse_pool(x, mask)[0][0, 0].tolist() == [[1, 0], [-7, 2]]  # a lone negative value stays, zero is no value


def test_features_are_clamped_and_nearest_wins() -> None:
    depth = torch.tensor([[[[0.0, float("nan"), 0.05, 200.0, 100.0, 10.0]]]])
    x, mask = encode_points(depth, 0.1, 100.0)
    assert mask[0, 0, 0].tolist() == [0, 0, 1, 1, 1, 1] and torch.equal(x[0, 1], mask[0, 0])
    assert x[0, 0, 0].tolist() == pytest.approx([0, 0, math.log(100), -math.log(10), -math.log(10), 0], abs=1e-6)


def dense_convolution(x: torch.Tensor, weight: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    return torch.nn.functional.conv2d(x * mask, weight, padding=weight.shape[2] // 2) * mask


@pytest.mark.parametrize(("share", "kernel"), [(0.02, 5), (0.3, 3), (1.0, 5)])
def test_rows_and_their_gradients_are_those_of_masked_dense_arithmetic(share: float, kernel: int) -> None:
    torch.manual_seed(0)
    mask, x = (torch.rand(2, 1, 12, 20) < share).double(), torch.randn(2, 3, 12, 20, dtype=torch.float64)
    weight = torch.randn(4, 3, kernel, kernel, dtype=torch.float64)
    results = []
    for is_dense in (True, False):
        image, matrix = x.clone().requires_grad_(), weight.clone().requires_grad_()
        cells = ActiveCells(mask)
        out = (dense_convolution(image, matrix, mask) if is_dense
               else cells.dense(convolve(cells.rows(image), matrix, cells.neighbours(kernel))))
        (out ** 2).sum().backward()
        results.append((out.detach(), image.grad, matrix.grad))
    for dense, rows in zip(*results):
        assert torch.allclose(dense, rows, atol=1e-10)


def test_one_cell_alone_is_normalised_by_what_was_learned() -> None:
    norm = CellNorm(3)
    norm.running_mean += 1.0
    assert torch.allclose(norm(torch.ones(1, 3)), torch.zeros(1, 3)) and int(norm.num_batches_tracked) == 0
    assert norm(torch.ones(0, 3)).shape == (0, 3)
    norm(torch.randn(5, 3))
    assert int(norm.num_batches_tracked) == 1


def test_untrained_san_and_thin_input_change_nothing() -> None:
    maps = lite_maps(64, 96, 2)
    points = torch.from_numpy(np.stack([sparse_depth(64, 96, 0.1, seed)[None] for seed in (1, 2)]))
    san = SparseAuxiliaryNetwork("rpr-lite", 0.1, 100.0).eval()
    assert all(torch.equal(a, maps[name]) for name, a in san.fuse(maps, points, torch.tensor([500, 500])).items())
    lively = lively_san()
    with torch.no_grad():
        assert lively.fuse(maps, points, torch.tensor([MIN_POINTS - 1, 0])) is maps
        mixed = lively.fuse(maps, points, torch.tensor([MIN_POINTS, MIN_POINTS - 1]))
    for name, fused in mixed.items():
        assert torch.equal(fused[1], maps[name][1])
        assert torch.equal(fused[0], maps[name][0]) == name.endswith("a")


def test_fusion_by_hand() -> None:
    """K <- w K + P + b, the last level enlarged onto the same map as the fourth."""
    san, maps = lively_san(), lite_maps(64, 96)
    points = torch.from_numpy(sparse_depth(64, 96, 0.1, 1)[None, None])
    with torch.no_grad():
        additions, fused = san.additions(thinned(points)), san.fuse(maps, points, torch.tensor([600]))
    once = san.weight[3] * maps["f_o"] + additions[3] + san.bias[3]
    twice = san.weight[4] * once + additions[4].repeat_interleave(2, 2).repeat_interleave(2, 3) + san.bias[4]
    assert torch.allclose(fused["f_o"], twice, atol=1e-5)
    assert torch.allclose(fused["skip_2"], san.weight[0] * maps["skip_2"] + additions[0] + san.bias[0], atol=1e-6)


def test_sizes_match_the_published_plan() -> None:
    """Widths 16, 16, 24, 32, 48: 25 (5 c_in c + 8 c^2) at the first two levels, 9 times after."""
    san, c_in, total = SparseAuxiliaryNetwork("rpr-lite", 0.1, 100.0), 2, 0
    for kernel, c in zip(KERNELS, san.widths):
        total += kernel ** 2 * (5 * c_in * c + 8 * c ** 2)
        c_in = c
    convolutions = sum(conv.weight.numel() for block in san.blocks for conv in (block.first, block.middle, block.last))
    assert convolutions == total == 540_448


def test_bad_input_is_refused() -> None:
    san = SparseAuxiliaryNetwork("rpr-lite", 0.1, 100.0)
    for shape in ((1, 1, 60, 96), (1, 2, 64, 96), (64, 96)):
        with pytest.raises(ValueError, match="multiples of 32"):
            san.additions(torch.zeros(shape))
    with pytest.raises(ValueError, match="lack f_o"):
        san.fuse({name: value for name, value in lite_maps(64, 96).items() if name != "f_o"}, torch.zeros(1, 1, 64, 96),
                 torch.tensor([60]))
    with pytest.raises(ValueError, match="no completion network for architecture 'fastdepth'"):
        SparseAuxiliaryNetwork("fastdepth", 0.1, 100.0)
