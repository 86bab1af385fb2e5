"""Bank and reference files: what they hold, their domain, and their damage."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from depthtrain.config import ModelRecipe, load_recipe
from depthtrain.networks.registry import build_depth_network
from depthtrain.priors.bank import open_bank, reference_side, rewrite_metadata, write_bank
from depthtrain.priors.domain import measure
from depthtrain.priors.fusion import PriorFusion
from depthtrain.priors.references import PriorError, ReferenceWriter, convention_of, open_references, write_subset
from depthtrain.safetensors import TensorFileError, open_tensors, write_tensors

from prior_samples import CHANNELS, REFERENCE_CHANNELS, a_fusion, some_references, write_references


@pytest.fixture
def bank_parts(tmp_path: Path) -> tuple[PriorFusion, Path, Path]:
    encoder = tmp_path / "encoder.onnx"
    encoder.write_bytes(b"encoder")
    return a_fusion(), write_references(tmp_path / "references", some_references(255)), encoder


@pytest.mark.parametrize("half", [True, False])
def test_a_bank_fuses_like_the_module_it_came_from(bank_parts, tmp_path: Path, half: bool) -> None:
    fusion, references, encoder = bank_parts
    write_bank(tmp_path / "bank", fusion, open_references(references), "rpr-lite", encoder, half)
    bank = open_bank(tmp_path / "bank", hashlib.sha256(b"encoder").hexdigest())
    f_s = torch.rand(1, CHANNELS, 3, 4)
    with torch.no_grad():
        expected = fusion(f_s, some_references(255))
    tolerance = 2e-2 if half else 1e-4
    assert bank.count == 255 and torch.allclose(bank.fuse(f_s).f_o, expected.f_o, atol=tolerance)
    assert torch.allclose(bank.fuse(f_s).prior_disparity, expected.prior_disparity, rtol=tolerance)
    again = PriorFusion(CHANNELS, REFERENCE_CHANNELS).eval()
    reference_side(tmp_path / "bank", again)
    with torch.no_grad():
        assert torch.allclose(again(f_s, some_references(255)).f_o, expected.f_o, atol=1e-4)


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
    path = write_references(tmp_path / "r", some_references(10))
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


def test_a_reference_set_in_another_unit_is_refused(tmp_path: Path) -> None:
    with ReferenceWriter(tmp_path / "r") as writer:
        writer.add(np.ones((4, 64)), np.full(4, 0.5), np.ones(4), 0, 0, np.arange(4))
        writer.finish(convention_of(ModelRecipe()))
    references = open_references(tmp_path / "r")
    references.require_convention(ModelRecipe())
    recipe = load_recipe(Path(__file__).parents[1] / "recipes/lite_episodes.toml")
    recipe = dataclasses.replace(recipe, model=ModelRecipe(canonical_fx_px=185.9),
                                 priors=dataclasses.replace(recipe.priors, references=str(tmp_path / "r")))
    with pytest.raises(PriorError, match="0.1 to 100 m at fx 241.7, the recipe's of 0.1 to 100 m at fx 185.9; build a set for this"):
        build_depth_network(recipe)


def test_a_value_too_large_for_half_precision_is_refused(bank_parts, tmp_path: Path) -> None:
    fusion, references, encoder = bank_parts
    with torch.no_grad():
        fusion.value_pixel.weight.mul_(1e6)
    with pytest.raises(PriorError, match="store it as float32"):
        write_bank(tmp_path / "bank", fusion, open_references(references), "rpr-lite", encoder)
    assert not (tmp_path / "bank").exists()
