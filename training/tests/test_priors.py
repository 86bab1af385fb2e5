"""Prior fusion against formulas written out pixel by pixel; selection; losses."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from depthtrain.networks.diffnet import DIFFNet
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.priors.fusion import DEPTH_FLOOR, FusedNetwork, PriorFusion, References
from depthtrain.priors.losses import gradient_consistency, normalised_gradient, prior_agreement, view_reconstruction
from depthtrain.priors import selection
from depthtrain.priors.selection import attention_weights, stratified, top

from prior_samples import CHANNELS, REFERENCE_CHANNELS, a_fusion, some_references


def _softmax(values: list[float]) -> list[float]:
    largest = max(values)
    powers = [math.exp(value - largest) for value in values]
    return [power / sum(powers) for power in powers]


def _naive(fusion: PriorFusion, f_s: torch.Tensor, references: References) -> tuple[np.ndarray, np.ndarray]:
    """F_o (C,) and D_c of one pixel, from the equations with plain loops in double precision."""
    weights = {name: value.detach().double().numpy() for name, value in fusion.state_dict().items()}
    pixel, disparity = f_s.double().numpy(), references.disparity.double().numpy()
    features = [[*feature, 10 * (math.log(d + 0.001) + 6.0)] for feature, d in zip(references.features.double().numpy(), disparity)]
    query = weights["query_pixel.weight"] @ pixel + weights["query_pixel.bias"]
    keys = [weights["key_pixel.weight"] @ feature for feature in features]
    a = _softmax([math.exp(weights["log_temperature"]) * float(query @ key) for key in keys])
    f_c = sum(a[j] * (weights["value_pixel.weight"] @ features[j]) for j in range(len(a)))
    d_c = sum(a[j] * disparity[j] for j in range(len(a)))
    heads = []
    for h in range(4):
        part = slice(16 * h, 16 * h + 16)
        query_h = (weights["query_heads.weight"] @ pixel + weights["query_heads.bias"])[part]
        a_h = _softmax([float(query_h @ (weights["key_heads.weight"] @ feature)[part]) / 4.0 for feature in features])
        heads.append(sum(a_h[j] * (weights["value_heads.weight"] @ features[j])[part] for j in range(len(a_h))))
    f_d = weights["heads_output.weight"] @ np.concatenate(heads) + weights["heads_output.bias"]
    delta = weights["compress.weight"] @ np.concatenate([f_c, f_d, [100.0 * d_c]])
    return np.maximum(pixel + delta, 0), np.array(d_c)


def test_fusion_is_the_formula() -> None:
    fusion, references = a_fusion(), some_references(37)
    f_s = torch.rand(2, CHANNELS, 2, 3)
    with torch.no_grad():
        fused = fusion(f_s, references)
    for image, row, column in ((0, 0, 0), (1, 1, 2), (1, 0, 1)):
        f_o, d_c = _naive(fusion, f_s[image, :, row, column], references)
        assert np.allclose(fused.f_o[image, :, row, column].numpy(), f_o, rtol=1e-4, atol=1e-4)
        assert np.allclose(fused.prior_disparity[image, 0, row, column].numpy(), d_c, rtol=1e-5)


def test_multi_head_attention_agrees_with_pytorch() -> None:
    """The depth-hint path equals torch.nn.MultiheadAttention given the same matrices."""
    from depthtrain.priors.fusion import attend_heads
    torch.manual_seed(3)
    queries, features = torch.randn(5, 64), torch.randn(11, 64)
    theirs = torch.nn.MultiheadAttention(64, 4, batch_first=True)
    weights = theirs.in_proj_weight.view(3, 64, 64)
    ours = theirs.out_proj(attend_heads(queries @ weights[0].T / 4.0, features @ weights[1].T, features @ weights[2].T))
    with torch.no_grad():
        expected = theirs(queries[None], features[None], features[None], need_weights=False)[0][0]
    assert torch.allclose(ours, expected, atol=1e-5)


def test_retrieval_statistics() -> None:
    """Alike references give entropy 1 and their spread; one that fits alone gives entropy 0 and no spread."""
    fusion = a_fusion()
    same = References(torch.ones(50, REFERENCE_CHANNELS), torch.linspace(0.01, 0.05, 50))
    with torch.no_grad():
        fusion.key_pixel.weight[:, -1] = 0  # or their depths would tell them apart
        fused = fusion(torch.rand(1, CHANNELS, 1, 1), same)
        assert float(fused.entropy) == pytest.approx(1.0, abs=1e-4)
        assert float(fused.prior_spread) == pytest.approx(float(same.disparity.log().std(correction=0)), rel=1e-3)
        fusion.log_temperature.fill_(9.0)
        sharp = fusion(torch.rand(1, CHANNELS, 1, 1), some_references(50))
    assert float(sharp.entropy) < 0.01 and float(sharp.prior_spread) < 0.01


@pytest.mark.parametrize("build", [RPrLite, DIFFNet])
def test_zeroed_columns_leave_the_plain_network_to_the_bit(build) -> None:
    network = build().eval()
    fused = FusedNetwork(network, References(torch.randn(30, 16), torch.rand(30))).eval()
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        fused.fusion.compress.weight.zero_()
        plain, out = network(image), fused(image)
        assert all(torch.equal(out[name], plain[name]) for name in plain) and out["prior_disparity"].shape == (1, 1, 4, 6)
        fused.fusion.compress.weight.fill_(0.01)
        assert not torch.equal(fused(image)["disparity"], plain["disparity"])


def test_another_unit_of_depth_changes_no_attention_and_moves_values_alike() -> None:
    """Keys shift by one vector for all references, which a softmax cannot see; so do values, which is how a bank tells its unit."""
    fusion, references, f_s = a_fusion(), some_references(60), torch.rand(1, CHANNELS, 2, 3)
    nearer = References(references.features, (references.disparity + DEPTH_FLOOR) * 1.5 - DEPTH_FLOOR)
    with torch.no_grad():
        before, after = fusion(f_s, references), fusion(f_s, nearer)
        moved = fusion.project(nearer).value_pixel - fusion.project(references).value_pixel
    assert torch.allclose(before.entropy, after.entropy, atol=1e-4)
    assert torch.allclose(moved, 10 * math.log(1.5) * fusion.value_pixel.weight[:, -1].expand_as(moved), atol=1e-4)


def test_training_draws_references_and_evaluation_does_not() -> None:
    fused = FusedNetwork(RPrLite(), References(torch.randn(100, 8), torch.arange(100) / 100), draw=10)
    first, second = fused.train().drawn().disparity, fused.drawn().disparity
    assert len(first) == 10 and not torch.equal(first, second)
    assert torch.equal(fused.eval().drawn().disparity, fused.drawn().disparity)
    fused.draw = 100
    assert len(fused.train().drawn().disparity) == 100


def test_prior_fusion_learns_to_propose_the_right_disparity() -> None:
    """Overfits one batch: references tell disparity by their feature, F_s by its own; L_aux must join the two."""
    torch.manual_seed(0)
    codes = torch.randn(6, 16)
    depth = torch.tensor([2.0, 4.0, 8.0, 16.0, 32.0, 60.0])
    references = References(torch.randn(6, 20).repeat(20, 1), ((1 / depth - 0.01) / 9.99).repeat(20))
    fusion, scene = PriorFusion(16, 20, dropout=0.0), torch.randint(6, (2, 4, 6))
    f_s, target = codes[scene].permute(0, 3, 1, 2).contiguous(), depth[scene][:, None]
    optimiser = torch.optim.Adam(fusion.parameters(), lr=1e-2)
    for _ in range(150):
        loss = prior_agreement(fusion(f_s, references).prior_disparity, target, torch.ones_like(target), 0.1, 100.0)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.1


def test_selection_weights_are_the_mean_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    """Against attention matrices written out; two frames of different size; the sum over all references is 2."""
    fusion, references = a_fusion(), some_references(70)
    frames = [torch.rand(1, CHANNELS, 2, 3), torch.rand(1, CHANNELS, 1, 4)]
    expected = np.zeros(70)
    with torch.no_grad():
        for frame in frames:
            pixel, heads = fusion.queries(frame)
            bank = fusion.project(references)
            expected += torch.softmax(pixel @ bank.key_pixel.T, 1).mean(0).double().numpy() / 2
            for h in range(4):
                part = slice(16 * h, 16 * h + 16)
                expected += torch.softmax(heads[:, part] @ bank.key_heads[:, part].T, 1).mean(0).double().numpy() / 8

    def stream():
        for first in range(0, 70, 32):
            yield references.rows(torch.arange(first, min(first + 32, 70)))

    weights = attention_weights(fusion, frames, 70, stream)
    assert np.allclose(weights, expected, rtol=1e-4) and weights.sum() == pytest.approx(2.0, rel=1e-5)
    assert np.array_equal(weights, attention_weights(fusion, frames, 70, stream))
    monkeypatch.setattr(selection, "REFERENCES_AT_ONCE", 9)  # how many are held at a time is of no account
    assert np.allclose(attention_weights(fusion, frames, 70, stream), weights, rtol=1e-5)


def test_plain_selection_keeps_the_heaviest_and_breaks_ties_by_index() -> None:
    weights = np.array([0.1, 0.5, 0.2, 0.5, 0.2, 0.0])
    assert top(weights, 2).tolist() == [1, 3] and top(weights, 3).tolist() == [1, 2, 3] and top(weights, 99).tolist() == list(range(6))


def test_stratified_selection_keeps_every_tenth_of_the_disparities() -> None:
    rng = np.random.default_rng(0)
    disparity = rng.random(1000)
    weights = 1.0 - disparity  # far references alone are looked at
    plain, fair = top(weights, 105), stratified(weights, disparity, 105)
    assert disparity[plain].max() < 0.2
    shares = np.histogram(np.argsort(np.argsort(disparity))[fair], bins=10, range=(0, 1000))[0]
    assert len(np.unique(fair)) == 105 and (shares >= 10).all() and shares[0] == 15
    assert len(stratified(weights, disparity, 5)) == 5 and len(stratified(weights[:7], disparity[:7], 20)) == 7


def test_gradient_consistency_by_hand_and_free_of_scale() -> None:
    disparity = torch.tensor([[[[1.0, 2.0, 4.0], [1.0, 1.0, 1.0]]]])
    mean = 10.0 / 6
    by_hand = torch.tensor([[1.0 + 0.0, 2.0 + 1.0, 0.0 + 3.0], [0.0, 0.0, 0.0]]) / mean
    by_hand = by_hand / by_hand.mean()
    assert torch.allclose(normalised_gradient(disparity)[0, 0], by_hand, atol=1e-5)
    weight = torch.ones_like(disparity)
    assert float(gradient_consistency(disparity, 7.0 * disparity, weight)) < 1e-5
    other = disparity.flip(3)
    expected = (normalised_gradient(disparity) - normalised_gradient(other)).abs().mean()
    assert float(gradient_consistency(disparity, other, weight)) == pytest.approx(float(expected))


def test_view_reconstruction_prefers_the_true_depth() -> None:
    """A plane seen from two places at twice the student's resolution: the loss is least at its depth."""
    torch.manual_seed(0)
    from depthtrain.geometry import warp
    source = torch.nn.functional.interpolate(torch.rand(1, 3, 16, 24), size=(64, 96), mode="bicubic").clamp(0, 1)
    K, T = torch.tensor([[90.0, 90.0, 47.5, 31.5]]), torch.eye(4)[None, None].repeat(1, 2, 1, 1)
    T[:, :, 0, 3] = 0.2
    target = warp(source, torch.full((1, 1, 64, 96), 2.0), T[:, 0], K)[0]
    loss = {depth: float(view_reconstruction(torch.full((1, 1, 32, 48), (1 / depth - 0.01) / 9.99), 0.1, 100.0, torch.tensor([2.0]),
                                             target, torch.stack([source, source], 1), T, K)) for depth in (0.8, 1.0, 1.25)}
    assert loss[1.0] < 0.2 * min(loss[0.8], loss[1.25])  # 1.0 unit is 2.0 m
