"""Sparsification against hand-made curves; coverage of errors drawn from the claimed distribution."""

from __future__ import annotations

import numpy as np
import pytest

from depthtrain.uncertainty import STEPS, ause, coverage, sparsification


def test_curve_of_four_pixels_by_hand() -> None:
    """Errors 1, 2, 3, 4 known perfectly: a quarter of the steps each with 4, 3, 2, 1 pixels left."""
    error = np.array([1.0, 2.0, 3.0, 4.0])
    curve = sparsification(error, error, is_root=False)
    assert len(curve) == STEPS + 1 and curve[0] == 2.5 and curve[-1] == 0 and curve[STEPS - 1] == 1.0
    assert set(curve.tolist()) == {2.5, 2.0, 1.5, 1.0, 0.0} and (np.diff(curve) <= 0).all()
    assert sparsification(error ** 2, error, is_root=True)[0] == pytest.approx(np.sqrt(7.5))


def test_perfect_ranking_is_zero_and_any_monotone_map_of_it_too() -> None:
    rng = np.random.default_rng(0)
    truth = rng.uniform(2, 40, 4000)
    predicted = truth * np.exp(rng.normal(0, 0.2, 4000))
    relative = np.abs(predicted - truth) / truth
    for uncertainty in (relative, np.exp(3 * relative)):
        assert ause(predicted, truth, uncertainty)["ause_abs_rel"] == pytest.approx(0, abs=1e-9)
    random, inverted = ause(predicted, truth, rng.random(4000)), ause(predicted, truth, -relative)
    assert random["ause_abs_rel"] > 0.02 and abs(random["aurg_abs_rel"]) < 0.01
    assert inverted["ause_abs_rel"] > random["ause_abs_rel"] and inverted["aurg_abs_rel"] < 0
    assert set(random) == {f"{kind}_{name}" for kind in ("ause", "aurg") for name in ("abs_rel", "rmse", "d1")}


def test_coverage_of_a_normal_and_of_a_boast() -> None:
    rng = np.random.default_rng(1)
    sigma = np.exp(rng.normal(-2, 0.5, 100_000))
    error = rng.normal(0, sigma)
    honest, boast = coverage(error, sigma), coverage(error, sigma / 3)
    assert honest["coverage_1_sigma"] == pytest.approx(0.683, abs=0.01)
    assert honest["coverage_2_sigma"] == pytest.approx(0.954, abs=0.01)
    assert boast["coverage_2_sigma"] < 0.55 and boast["nll"] > honest["nll"]
