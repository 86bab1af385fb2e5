"""The teacher: its cost volume against loops, its masks and losses by hand, both of its modes, and that it overfits a batch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from depthtrain.checkpoint import load_start
from depthtrain.geometry import disparity_to_depth, warp, warp_sources
from depthtrain.losses import photometric_error
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.teacher.losses import consistency, consistency_mask, disturbed, masked_reprojection
from depthtrain.teacher.network import LiteTeacher, ResNetTeacher
from depthtrain.teacher.volume import Lookup, depth_hypotheses, match


def _lookup(images: torch.Tensor, K: torch.Tensor, shift_m: tuple[float, ...], unit: float = 1.0) -> Lookup:
    batch, sides = images.shape[:2]
    T = torch.eye(4).repeat(batch, sides, 1, 1)
    for side, shift in enumerate(shift_m):
        T[:, side, 0, 3] = shift
    return Lookup(images, T, K, torch.full((batch,), unit), torch.ones(batch, sides, dtype=torch.bool))


def _bilinear(image: np.ndarray, x: float, y: float) -> np.ndarray:
    left, top = int(np.floor(x)), int(np.floor(y))
    right, bottom = x - left, y - top
    pick = lambda row, column: image[:, min(row, image.shape[1] - 1), min(column, image.shape[2] - 1)]
    return ((1 - bottom) * ((1 - right) * pick(top, left) + right * pick(top, left + 1))
            + bottom * ((1 - right) * pick(top + 1, left) + right * pick(top + 1, left + 1)))


def test_cost_volume_is_the_formula() -> None:
    """One pixel after the other: ray, point, projection, bilinear feature, mean absolute difference, mean over frames."""
    torch.manual_seed(0)
    features, others = torch.rand(1, 5, 10, 14), torch.rand(1, 2, 5, 10, 14)
    K = torch.tensor([[64.0, 60.0, 30.0, 22.0]])
    lookup = _lookup(torch.zeros(1, 2, 3, 40, 56), K, (0.3, -0.2), unit=2.0)
    lookup.T_source_target[0, 0, 2, 3] = 0.1
    hypotheses = torch.tensor([0.6, 1.0, 1.7, 3.0])
    found = match(features, others, lookup, hypotheses)
    fx, fy, cx, cy = (float(value) / 4 for value in K[0])
    for v in range(10):
        for u in range(14):
            costs = []
            for d in hypotheses.tolist():
                z, seen = 2.0 * d, []
                for side in range(2):
                    point = np.array([(u - cx) / fx * z, (v - cy) / fy * z, z]) + lookup.T_source_target[0, side, :3, 3].numpy()
                    x, y = fx * point[0] / point[2] + cx, fy * point[1] / point[2] + cy
                    if 2 <= x <= 11 and 2 <= y <= 7 and 2 <= u <= 11 and 2 <= v <= 7:
                        seen.append(np.abs(_bilinear(others[0, side].numpy(), x, y) - features[0, :, v, u].numpy()).mean())
                costs.append(np.mean(seen) if seen else None)
            known = [cost for cost in costs if cost is not None]
            assert bool(found.confident[0, 0, v, u]) == (len(known) >= 3)
            if len(known) >= 3:
                filled = [max(known) if cost is None else cost for cost in costs]
                assert np.allclose(found.volume[0, :, v, u].numpy(), filled, atol=1e-5)
                assert float(found.best_depth[0, 0, v, u]) == hypotheses[costs.index(min(known))]
            else:
                assert (found.volume[0, :, v, u] == 0).all()


def test_matching_finds_the_depth_of_a_wall() -> None:
    """A wall at 4 units (8 m), seen from both sides: the cheapest hypothesis is its depth nearly everywhere that is confident."""
    torch.manual_seed(1)
    K = torch.tensor([[200.0, 200.0, 126.0, 62.0]])
    source = torch.nn.functional.interpolate(torch.rand(1, 8, 12, 20), size=(32, 64), mode="bicubic")
    sides = []
    for shift in (1.0, -1.0):
        T = torch.eye(4)[None].clone()
        T[0, 0, 3] = -shift
        sides.append(warp(source, torch.full((1, 1, 32, 64), 8.0), T, K / 4)[0])
    lookup = _lookup(torch.zeros(1, 2, 3, 128, 256), K, (1.0, -1.0), unit=2.0)
    hypotheses = depth_hypotheses(torch.tensor(2.0), torch.tensor(8.0), 9, "log")
    found = match(source, torch.stack(sides, 1), lookup, hypotheses)
    right = torch.isclose(found.best_depth, torch.tensor(4.0))
    assert float(found.confident.float().mean()) > 0.3 and float(right[found.confident].float().mean()) > 0.95


def test_hypotheses_span_the_range() -> None:
    near, far = torch.tensor(2.0), torch.tensor(32.0)
    assert torch.allclose(depth_hypotheses(near, far, 4, "linear"), torch.tensor([2.0, 12.0, 22.0, 32.0]))
    assert torch.allclose(depth_hypotheses(near, far, 5, "log"), torch.tensor([2.0, 4.0, 8.0, 16.0, 32.0]))
    assert torch.allclose(1 / depth_hypotheses(near, far, 3, "inverse"), torch.tensor([0.5, 0.265625, 0.03125]))
    with pytest.raises(ValueError, match="unknown spacing"):
        depth_hypotheses(near, far, 3, "square")


@pytest.mark.parametrize("build", [LiteTeacher, ResNetTeacher])
def test_runs_with_one_frame_and_with_absent_neighbours_alike(build) -> None:
    teacher = build(hypotheses=6).eval()
    teacher.range_units[:] = torch.tensor([2.0, 10.0])
    torch.nn.init.normal_(teacher.mix[1][1].weight)
    image = torch.rand(1, 3, 64, 96)
    lookup = _lookup(torch.rand(1, 2, 3, 64, 96), torch.tensor([[80.0, 80.0, 47.5, 31.5]]), (0.1, -0.1))
    with torch.no_grad():
        alone, together = teacher(image), teacher(image, lookup)
        lookup.present[:] = False
        absent = teacher(image, lookup)
    assert alone["disparity"].shape == (1, 1, 64, 96) and together["matched_depth"].shape == (1, 1, 16, 24)
    assert torch.equal(absent["disparity"], alone["disparity"]) and not absent["confident"].any()
    assert not torch.equal(together["disparity"], alone["disparity"])


def test_a_teacher_starts_from_a_plain_network() -> None:
    """With the mixing switched off it is that network to the bit."""
    student, teacher = RPrLite().eval(), LiteTeacher().eval()
    load_start(teacher, student.state_dict(), "student")
    torch.nn.init.zeros_(teacher.mix[1][1].weight)
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        assert torch.equal(teacher(image)["disparity"], student(image)["disparity"])


def test_neighbours_leave_modes_and_statistics_alone() -> None:
    teacher = LiteTeacher(hypotheses=4).train()
    frozen = teacher.network.encoder.stem[1].eval()
    before = teacher.network.encoder.e1[0].body[0][1].running_mean.clone()
    lookup = _lookup(torch.rand(1, 1, 3, 64, 96), torch.tensor([[80.0, 80.0, 47.5, 31.5]]), (0.1,))
    teacher.sweep(torch.rand(1, 24, 16, 24), lookup)
    assert torch.equal(teacher.network.encoder.e1[0].body[0][1].running_mean, before)
    assert teacher.training and not frozen.training and teacher.network.encoder.e1[0].body[0][1].training


def test_depth_range_follows_the_scene() -> None:
    teacher = LiteTeacher()
    depth = torch.linspace(5.0, 60.0, 1000).view(1, 1, 10, 100)
    for number in range(20):
        teacher.follow_range(depth, 0.1, 100.0, number)
    assert teacher.range_units.tolist() == pytest.approx([0.9 * 5.55, 1.1 * 59.45], rel=0.02)
    assert "range_units" in teacher.state_dict()


def test_consistency_mask_and_loss_by_hand() -> None:
    matched, confident = torch.tensor([[[[4.0, 4.0]]]]), torch.tensor([[[[1.0, 0.0]]]])
    single = torch.tensor([[[[2.1, 1.9, 4.0, 4.0], [7.9, 8.1, 4.0, 4.0]]]])
    mask = consistency_mask(matched, confident, single)
    assert mask.tolist() == [[[[1.0, 0.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]]]]
    single.requires_grad_()
    loss = consistency(2 * single.detach().requires_grad_(), single, mask)
    assert float(loss.detach()) == pytest.approx(np.log(2) * 6 / 8) and single.grad is None


def test_masked_reprojection_by_hand() -> None:
    torch.manual_seed(2)
    target, one, two = torch.rand(3, 1, 3, 6, 8).unbind(0)
    inside = torch.ones(1, 1, 6, 8, dtype=torch.bool)
    inside[..., 0] = False
    mask = (torch.rand(1, 1, 6, 8) > 0.5).float()
    best = torch.minimum(photometric_error(one, target) + 1e3 * ~inside, photometric_error(two, target))
    expected = (best * mask).sum() / mask.sum()
    assert float(masked_reprojection(target, torch.stack([one, two], 1), torch.stack([inside, inside | True], 1),
                                     mask)) == pytest.approx(float(expected), rel=1e-5)
    assert float(masked_reprojection(target, one[:, None], inside[:, None] & False, mask)) == 0.0


def test_disturbed_samples_say_nothing() -> None:
    target = torch.rand(200, 3, 4, 4)
    lookup = _lookup(torch.rand(200, 2, 3, 4, 4), torch.ones(200, 4), (0.1, 0.2))
    changed, useful = disturbed(lookup, target, torch.Generator().manual_seed(0))
    static = (changed.images == target[:, None]).flatten(1).all(1)
    absent = ~changed.present.all(1)
    assert 25 < int(static.sum()) < 75 and 25 < int(absent.sum()) < 75
    assert torch.equal(useful.flatten() == 0, static | absent) and lookup.present.all()


def test_teacher_overfits_one_batch() -> None:
    """Two walls with noise for texture; the loss is the whole multi-frame objective and a supervised term."""
    torch.manual_seed(0)
    K = torch.tensor([[90.0, 90.0, 47.5, 31.5]]).repeat(2, 1)
    depth = torch.tensor([2.0, 5.0])[:, None, None, None].expand(2, 1, 64, 96)
    image = torch.nn.functional.interpolate(torch.rand(2, 3, 16, 24), size=(64, 96), mode="bicubic").clamp(0, 1)
    lookup = _lookup(torch.zeros(2, 2, 3, 64, 96), K, (0.4, -0.4))
    for side in range(2):
        lookup.images[:, side] = warp(image, depth, lookup.T_source_target[:, side].inverse(), K)[0]
    teacher = LiteTeacher(hypotheses=8).train()
    optimiser = torch.optim.Adam(teacher.parameters(), lr=3e-3)
    for _ in range(40):
        out = teacher(image, lookup)
        multi = disparity_to_depth(out["disparity"], 0.1, 100.0)
        mask = consistency_mask(out["matched_depth"], out["confident"], depth)
        warped, inside = warp_sources(lookup.images, multi, lookup.T_source_target, K)
        loss = (multi.log() - depth.log()).abs().mean() + consistency(multi, depth, mask) + masked_reprojection(
            image, warped, inside, mask)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float((multi / depth - 1).abs().mean().detach()) < 0.15
