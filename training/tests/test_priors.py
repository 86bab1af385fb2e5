"""Prior fusion against formulas written out pixel by pixel; selection; losses; bank and reference files and their damage."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from depthtrain.networks.diffnet import DIFFNet
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.priors.bank import open_bank, reference_side, rewrite_metadata, write_bank
from depthtrain.priors.domain import measure
from depthtrain.priors.fusion import FusedNetwork, PriorFusion, References
from depthtrain.priors.losses import gradient_consistency, normalised_gradient, prior_agreement, view_reconstruction
from depthtrain.priors.references import PriorError, ReferenceWriter, open_references, write_subset
from depthtrain.priors.selection import attention_weights, stratified, top
from depthtrain.safetensors import TensorFileError, open_tensors, write_tensors

CHANNELS, REFERENCE_CHANNELS = 24, 40


def _fusion(seed: int = 0, channels: int = CHANNELS) -> PriorFusion:
    torch.manual_seed(seed)
    fusion = PriorFusion(channels, REFERENCE_CHANNELS)
    torch.nn.init.normal_(fusion.compress.weight, std=0.3)
    with torch.no_grad():
        fusion.log_temperature.fill_(-1.0)
    return fusion.eval()


def _references(count: int, seed: int = 1) -> References:
    generator = torch.Generator().manual_seed(seed)
    return References(torch.randn(count, REFERENCE_CHANNELS, generator=generator).half().float(),
                      torch.rand(count, generator=generator) * 0.1 + 1e-3)


def _softmax(values: list[float]) -> list[float]:
    largest = max(values)
    powers = [math.exp(value - largest) for value in values]
    return [power / sum(powers) for power in powers]


def _write_references(path: Path, references: References, **metadata: str) -> Path:
    count = len(references.disparity)
    with ReferenceWriter(path) as writer:
        for first in range(0, count, 100):  # frame by frame, as building does
            rows = slice(first, min(first + 100, count))
            number = rows.stop - first
            writer.add(references.features[rows].numpy(), references.disparity[rows].numpy(), np.ones(number), 0, first,
                       np.arange(number))
        writer.finish({"teacher": "t", "teacher_sha256": "00", "drives": '["d"]', "min_depth_m": "0.1",
                       "max_depth_m": "100", "canonical_fx_px": "240", **metadata})
    return path


def _naive(fusion: PriorFusion, f_s: torch.Tensor, references: References) -> tuple[np.ndarray, np.ndarray]:
    """F_o (C,) and D_c of one pixel, from the equations with plain loops in double precision."""
    weights = {name: value.detach().double().numpy() for name, value in fusion.state_dict().items()}
    pixel, features = f_s.double().numpy(), references.features.double().numpy()
    disparity = references.disparity.double().numpy()
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
    fusion, references = _fusion(), _references(37)
    f_s = torch.rand(2, CHANNELS, 2, 3)
    with torch.no_grad():
        fused = fusion(f_s, references)
    for image, row, column in ((0, 0, 0), (1, 1, 2), (1, 0, 1)):
        f_o, d_c = _naive(fusion, f_s[image, :, row, column], references)
        assert np.allclose(fused.f_o[image, :, row, column].numpy(), f_o, rtol=1e-4, atol=1e-5)
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
    fusion = _fusion()
    same = References(torch.ones(50, REFERENCE_CHANNELS), torch.linspace(0.01, 0.05, 50))
    with torch.no_grad():
        fused = fusion(torch.rand(1, CHANNELS, 1, 1), same)
        assert float(fused.entropy) == pytest.approx(1.0, abs=1e-4)
        assert float(fused.prior_spread) == pytest.approx(float(same.disparity.log().std(correction=0)), rel=1e-3)
        fusion.log_temperature.fill_(9.0)
        sharp = fusion(torch.rand(1, CHANNELS, 1, 1), _references(50))
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


def test_selection_weights_are_the_mean_attention() -> None:
    """Against attention matrices written out; two frames of different size; the sum over all references is 2."""
    fusion, references = _fusion(), _references(70)
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


@pytest.fixture
def bank_parts(tmp_path: Path) -> tuple[PriorFusion, Path, Path]:
    encoder = tmp_path / "encoder.onnx"
    encoder.write_bytes(b"encoder")
    return _fusion(), _write_references(tmp_path / "references", _references(255)), encoder


@pytest.mark.parametrize("half", [True, False])
def test_a_bank_fuses_like_the_module_it_came_from(bank_parts, tmp_path: Path, half: bool) -> None:
    fusion, references, encoder = bank_parts
    write_bank(tmp_path / "bank", fusion, open_references(references), "rpr-lite", encoder, half)
    bank = open_bank(tmp_path / "bank", hashlib.sha256(b"encoder").hexdigest())
    f_s = torch.rand(1, CHANNELS, 3, 4)
    with torch.no_grad():
        expected = fusion(f_s, _references(255))
    tolerance = 2e-2 if half else 1e-4
    assert bank.count == 255 and torch.allclose(bank.fuse(f_s).f_o, expected.f_o, atol=tolerance)
    assert torch.allclose(bank.fuse(f_s).prior_disparity, expected.prior_disparity, rtol=tolerance)
    again = PriorFusion(CHANNELS, REFERENCE_CHANNELS).eval()
    reference_side(tmp_path / "bank", again)
    with torch.no_grad():
        assert torch.allclose(again(f_s, _references(255)).f_o, expected.f_o, atol=1e-4)


def test_banks_and_subsets_are_the_same_to_the_byte(bank_parts, tmp_path: Path) -> None:
    fusion, references, encoder = bank_parts
    for name in ("one", "two"):
        write_subset(open_references(references), np.array([3, 17, 200]), tmp_path / f"{name}.subset", {"selection": "by hand"})
        write_bank(tmp_path / name, fusion, open_references(tmp_path / f"{name}.subset"), "rpr-lite", encoder)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    bank = open_bank(tmp_path / "one")
    assert bank.count == 3 and bank.metadata["selection"] == "by hand"
    assert open_tensors(tmp_path / "one")["frame"].tolist() == [0, 0, 200]


def _rewritten(path: Path, change) -> None:
    tensors = open_tensors(path)
    content, metadata = {name: np.array(tensors[name]) for name in tensors.entries}, dict(tensors.metadata)
    change(content, metadata)
    write_tensors(path, content, metadata)


class _Echo(torch.nn.Module):
    """A network whose feature is the image at stride 16 and whose disparity is its own feature's mean."""

    def encode(self, image: torch.Tensor):
        return torch.nn.functional.avg_pool2d(image, 16).repeat(1, CHANNELS // 3 + 1, 1, 1)[:, :CHANNELS], []

    def decode(self, f_o: torch.Tensor, skips: list):
        return {"disparity": torch.nn.functional.interpolate(0.01 + 0 * f_o.mean(1, keepdim=True), scale_factor=16)}


def test_a_banks_domain_is_what_its_quantiles_say(bank_parts, tmp_path: Path) -> None:
    fusion, references, encoder = bank_parts
    write_bank(tmp_path / "bank", fusion, open_references(references), "rpr-lite", encoder)
    bank, network = open_bank(tmp_path / "bank"), _Echo()
    images = [torch.rand(1, 3, 32, 64, generator=torch.Generator().manual_seed(seed)) for seed in range(5)]
    found = json.loads(measure(network, bank, images, 0.1, 100.0))
    fused = [bank.fuse(network.encode(image)[0]) for image in images]
    assert found["frames"] == 5 and measure(network, bank, [], 0.1, 100.0) is None
    for name in ("entropy", "prior_spread", "best_logit"):
        means = [float(getattr(each, name).mean()) for each in fused]
        assert found[name] == pytest.approx(np.quantile(means, (0.01, 0.5, 0.99)), rel=1e-4)
    # By the definition: the attended references' mean squared distance in ln inverse depth, spread to first order.
    prior, spread = (np.concatenate([getattr(each, name).flatten().numpy() for each in fused])
                     for name in ("prior_disparity", "prior_spread"))
    inverse = lambda disparity: 0.01 + 9.99 * disparity
    variance = np.log(inverse(0.01) / inverse(prior)) ** 2 + (spread * 9.99 * prior / inverse(prior)) ** 2
    assert found["deviation"] == pytest.approx(np.quantile(np.sqrt(variance), 0.95), rel=1e-3)
    before = open_tensors(tmp_path / "bank")["key_pixel"].tobytes()
    rewrite_metadata(tmp_path / "bank", {"in_domain": measure(network, bank, images, 0.1, 100.0)})
    again = open_bank(tmp_path / "bank")
    assert json.loads(again.metadata["in_domain"]) == found and again.metadata["teacher"] == bank.metadata["teacher"]
    assert open_tensors(tmp_path / "bank")["key_pixel"].tobytes() == before


DAMAGE = {
    "nan": (lambda t, m: t["value_heads"].__setitem__((5, 3), np.nan), "value_heads holds NaN"),
    "width": (lambda t, m: t.__setitem__("key_pixel", t["key_pixel"][:, :32]), r"key_pixel is \(255, 32\), expected \(255, 64\)"),
    "count": (lambda t, m: t.__setitem__("value_pixel", t["value_pixel"][:-1]), r"value_pixel is \(254, 64\)"),
    "empty": (lambda t, m: [t.__setitem__(n, t[n][:0]) for n in ("key_pixel", "value_pixel", "key_heads", "value_heads",
                                                                 "disparity", "trust", "drive", "frame", "cell")], "M = 0"),
    "lacking": (lambda t, m: t.pop("compress.weight"), "differ from the format's in compress.weight"),
    "format": (lambda t, m: m.__setitem__("format", "other"), "is other 1, expected depthd-priors 1"),
    "origin": (lambda t, m: m.pop("teacher_sha256"), "lacks teacher_sha256"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_bad_bank_is_refused_with_its_reason(bank_parts, tmp_path: Path, damage: str) -> None:
    fusion, references, encoder = bank_parts
    write_bank(tmp_path / "bank", fusion, open_references(references), "rpr-lite", encoder)
    change, message = DAMAGE[damage]
    _rewritten(tmp_path / "bank", change)
    with pytest.raises(PriorError, match=message):
        open_bank(tmp_path / "bank")


def test_truncated_foreign_and_mismatched_banks_are_refused(bank_parts, tmp_path: Path) -> None:
    fusion, references, encoder = bank_parts
    write_bank(tmp_path / "bank", fusion, open_references(references), "rpr-lite", encoder)
    with pytest.raises(PriorError, match="was built for encoder"):
        open_bank(tmp_path / "bank", "0" * 64)
    with pytest.raises(PriorError, match="is depthd-priors 1, expected depthd-references 1"):
        open_references(tmp_path / "bank")
    (tmp_path / "bank").write_bytes((tmp_path / "bank").read_bytes()[:-10])
    with pytest.raises(PriorError, match="truncated"):
        open_bank(tmp_path / "bank")
    (tmp_path / "bank").write_bytes(b"GIF89a" * 100)
    with pytest.raises(PriorError, match="not a safetensors"):
        open_bank(tmp_path / "bank")


def test_reference_sets_are_checked(tmp_path: Path) -> None:
    path = _write_references(tmp_path / "r", _references(10))
    _rewritten(path, lambda tensors, _: tensors["features"].__setitem__((2, 2), np.inf))
    with pytest.raises(PriorError, match="NaN or infinity"):
        open_references(path)
    with ReferenceWriter(path) as writer:
        writer.add(np.zeros((0, 4)), np.zeros(0), np.zeros(0), 0, 0, np.zeros(0))
        writer.finish({})
    with pytest.raises(PriorError, match="M = 0"):
        open_references(path)
    with pytest.raises((PriorError, TensorFileError), match="cannot be read"):
        open_references(tmp_path / "absent")


def test_a_value_too_large_for_half_precision_is_refused(bank_parts, tmp_path: Path) -> None:
    fusion, references, encoder = bank_parts
    with torch.no_grad():
        fusion.value_pixel.weight.mul_(1e6)
    with pytest.raises(PriorError, match="store it as float32"):
        write_bank(tmp_path / "bank", fusion, open_references(references), "rpr-lite", encoder)
    assert not (tmp_path / "bank").exists()
