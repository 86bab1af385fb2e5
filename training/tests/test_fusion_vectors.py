"""Golden vectors of prior fusion: complete, reproducible, and equal to the formula computed in double precision with NumPy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from depthtrain.priors.vectors import OUTPUTS, write_vector
from depthtrain.safetensors import open_tensors


def _softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("count", "half"), [(1, True), (255, True), (255, False), (4096, True)])
def test_vectors_are_the_formula_over_the_stored_bank(tmp_path: Path, count: int, half: bool) -> None:
    """What a reader of priors.safetensors alone has to compute."""
    write_vector(tmp_path, "rpr-lite", count, (96, 64), half, seed=3)
    bank = {name: np.asarray(open_tensors(tmp_path / "priors.safetensors")[name], np.float64)
            for name in open_tensors(tmp_path / "priors.safetensors").entries}
    f_s = np.load(tmp_path / "f_s.npy").astype(np.float64)
    pixels = f_s[0].reshape(64, -1).T
    logits = (pixels @ bank["query_pixel.weight"].T + bank["query_pixel.bias"]) @ bank["key_pixel"].T
    a = _softmax(logits)
    queries = pixels @ bank["query_heads.weight"].T + bank["query_heads.bias"]
    heads = [_softmax(queries[:, part] @ bank["key_heads"][:, part].T) @ bank["value_heads"][:, part]
             for part in (slice(16 * h, 16 * h + 16) for h in range(4))]
    f_d = np.concatenate(heads, 1) @ bank["heads_output.weight"].T + bank["heads_output.bias"]
    d_c = a @ bank["disparity"]
    delta = np.concatenate([a @ bank["value_pixel"], f_d, d_c[:, None]], 1) @ bank["compress.weight"].T
    expected = {"f_o": np.maximum(pixels + delta, 0).T.reshape(f_s.shape), "prior_disparity": d_c.reshape(1, 1, 4, 6),
                "best_logit": logits.max(1).reshape(1, 1, 4, 6)}
    for name, value in expected.items():
        found = np.load(tmp_path / f"{name}.npy")
        assert np.abs(found - value).max() <= 1e-4 * np.abs(value).max(), name
    assert {item.name for item in tmp_path.iterdir()} == {"priors.safetensors", "f_s.npy", "meta.json", *(f"{name}.npy" for name in OUTPUTS)}
    if count > 1:
        assert 0.02 < float(np.load(tmp_path / "entropy.npy").mean()) < 0.99  # neither one-hot nor flat


def test_vectors_are_the_same_every_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_vector(tmp_path / name, "diffnet", 20, (96, 64), True, seed=3)
    for item in (tmp_path / "one").iterdir():
        assert item.read_bytes() == (tmp_path / "two" / item.name).read_bytes(), item.name
