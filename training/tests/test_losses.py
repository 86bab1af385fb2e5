"""Every loss against an independent computation, plus the invariants that make it useful."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from depthtrain import losses


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def _ssim_by_loops(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    a, b = np.pad(a, 1, mode="reflect"), np.pad(b, 1, mode="reflect")
    out = np.zeros((a.shape[0] - 2, a.shape[1] - 2))
    for row in range(out.shape[0]):
        for column in range(out.shape[1]):
            x, y = a[row:row + 3, column:column + 3], b[row:row + 3, column:column + 3]
            covariance = ((x - x.mean()) * (y - y.mean())).mean()
            out[row, column] = ((2 * x.mean() * y.mean() + 1e-4) * (2 * covariance + 9e-4)
                                / ((x.mean() ** 2 + y.mean() ** 2 + 1e-4) * (x.var() + y.var() + 9e-4)))
    return out


def test_ssim_matches_loops() -> None:
    a, b = _random(1, 1, 7, 9), _random(1, 1, 7, 9, seed=1)
    assert np.allclose(losses.ssim(a, b)[0, 0].numpy(), _ssim_by_loops(a[0, 0].double().numpy(), b[0, 0].double().numpy()),
                       atol=1e-4)


def test_photometric_error_is_zero_for_equal_images() -> None:
    a = _random(2, 3, 8, 8)
    assert losses.photometric_error(a, a).abs().max() < 1e-5
    assert losses.photometric_error(a, 1 - a).mean() > 0.1


def _min_reprojection(target: torch.Tensor, warped: torch.Tensor, source: torch.Tensor, is_inside: bool = True,
                      **options) -> torch.Tensor:
    everywhere = torch.full((1, 1, 1, *target.shape[2:]), is_inside)
    return losses.min_reprojection(target, warped[:, None], everywhere, source[:, None], torch.ones(1, 1, dtype=torch.bool),
                                   **options)


def test_min_reprojection_masks_what_does_not_move() -> None:
    """Where the unwarped source already explains the target, the pixel teaches nothing, unless the mask is off."""
    target, wrong = _random(1, 3, 12, 12), _random(1, 3, 12, 12, seed=3)
    assert _min_reprojection(target, wrong, target) == 0
    assert _min_reprojection(target, wrong, target, automask=False) > 0.1
    expected = losses.photometric_error(0.9 * target, target)
    kept = expected < losses.photometric_error(wrong, target) + 1e-5
    assert _min_reprojection(target, 0.9 * target, wrong) == pytest.approx(float(expected[kept].mean()), rel=1e-4)
    assert _min_reprojection(target, target, wrong, is_inside=False) == 0


def test_min_reprojection_takes_the_better_source_of_each_pixel_and_ignores_absent_ones() -> None:
    target = _random(1, 3, 12, 12)
    warped = torch.stack([0.9 * target, _random(1, 3, 12, 12, seed=3), target], dim=1)
    present = torch.tensor([[True, True, False]])
    inside = present[:, :, None, None, None].expand(1, 3, 1, 12, 12)
    errors = torch.stack([losses.photometric_error(warped[:, slot], target) for slot in range(2)])
    least = losses.min_reprojection(target, warped, inside, torch.zeros_like(warped), present, automask=False)
    mean = losses.min_reprojection(target, warped, inside, torch.zeros_like(warped), present, automask=False, minimum=False)
    assert least == pytest.approx(float(errors.amin(0).mean()), rel=1e-5)
    assert mean == pytest.approx(float(errors.mean()), rel=1e-5)


def test_smoothness_forgives_image_edges() -> None:
    disparity = torch.ones(1, 1, 6, 6)
    disparity[..., 3:] = 2.0
    flat, edged = torch.zeros(1, 3, 6, 6), torch.zeros(1, 3, 6, 6)
    edged[..., 3:] = 1.0
    step = 1.0 / 1.5
    assert losses.smoothness(disparity, flat) == pytest.approx(step / 5, rel=1e-5)
    assert losses.smoothness(disparity, edged) == pytest.approx(step / 5 * math.exp(-1), rel=1e-5)
    assert losses.smoothness(7 * disparity, flat) == pytest.approx(step / 5, rel=1e-5)


def _supervised() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    target = 1 + 9 * _random(2, 1, 6, 8)
    weight = (_random(2, 1, 6, 8, seed=2) > 0.4).float()
    return 1 + 9 * _random(2, 1, 6, 8, seed=1), target * weight, weight


def test_log_l1_and_silog_match_numpy() -> None:
    predicted, target, weight = _supervised()
    known = weight.numpy() > 0
    error = np.log(predicted.numpy()[known]) - np.log(target.numpy()[known])
    assert losses.log_l1(predicted, target, weight) == pytest.approx(np.abs(error).mean(), rel=1e-4)
    expected = 10 * np.sqrt((error ** 2).mean() - 0.85 * error.mean() ** 2)
    assert losses.silog(predicted, target, weight) == pytest.approx(expected, rel=1e-4)


def test_berhu_is_l1_below_and_quadratic_above() -> None:
    target, weight = torch.zeros(1, 1, 1, 3), torch.ones(1, 1, 1, 3)
    predicted = torch.tensor([[[[0.1, 1.0, 10.0]]]])
    c = 2.0
    assert losses.berhu(predicted, target, weight) == pytest.approx((0.1 + 1.0 + (100 + c * c) / (2 * c)) / 3, rel=1e-5)


def test_gradient_matching_matches_loops_and_ignores_scale() -> None:
    predicted, target, weight = _supervised()
    safe = torch.where(weight > 0, target, torch.ones_like(target))
    r, w = (predicted.log() - safe.log()).numpy(), weight.numpy()
    total = 0.0
    for step in (1, 2, 4):
        for axis in (2, 3):
            first = np.take(r, range(step, r.shape[axis]), axis) - np.take(r, range(r.shape[axis] - step), axis)
            both = np.take(w, range(step, r.shape[axis]), axis) * np.take(w, range(r.shape[axis] - step), axis)
            total += (np.abs(first) * both).sum() / both.sum()
    assert losses.gradient_matching(predicted, target, weight) == pytest.approx(total / 3, rel=1e-4)
    assert losses.gradient_matching(3 * target + (1 - weight), target, weight) < 1e-5


def test_unknown_truth_gives_no_gradient_and_no_nan() -> None:
    predicted = (1 + _random(1, 1, 4, 4)).requires_grad_()
    nothing = torch.zeros(1, 1, 4, 4)
    for loss in (losses.log_l1, losses.berhu, losses.gradient_matching):
        predicted.grad = None
        loss(predicted, nothing, nothing).backward()
        assert predicted.grad.abs().max() == 0


def test_sigma_is_learned_at_the_mean_error_and_leaves_depth_alone() -> None:
    predicted = torch.full((1, 1, 1, 2), math.e, requires_grad=True)
    target, weight = torch.ones(1, 1, 1, 2), torch.ones(1, 1, 1, 2)
    log_sigma = torch.zeros(1, 1, 1, 2, requires_grad=True)
    losses.sigma_nll(log_sigma, predicted, target, weight).backward()
    assert log_sigma.grad.abs().max() < 1e-6  # |e| = 1, so s = 0 is the optimum
    assert predicted.grad is None


def test_velocity_loss() -> None:
    translation = torch.tensor([[3.0, 0.0, 4.0], [0.0, 0.0, 1.0]])
    assert losses.velocity(translation, torch.tensor([4.0, 3.0])) == pytest.approx(1.5)
