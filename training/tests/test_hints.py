"""Depth Hints: proposals from stereo pairs, the gate, and what a network learns from them."""

from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
import torch

from depthtrain import losses, strict_toml
from depthtrain.config import Augmentation, Hints, ModelRecipe, Optimisation, Recipe
from depthtrain.data.batches import Batch
from depthtrain.data.hints import FUSED_SETTINGS, fused_depth
from depthtrain.geometry import disparity_to_depth
from depthtrain.methods import Step
from depthtrain.recipe_check import check
from one_batch import NOTHING, batch_of, fit, objective, random_maps


def _stereo_pair() -> tuple[np.ndarray, np.ndarray]:
    """A textured wall at disparity 12 with a textured box at disparity 30 in front."""
    rng = np.random.default_rng(3)
    far = cv2.GaussianBlur(rng.integers(0, 255, (96, 300, 3), dtype=np.uint8), (0, 0), 1.0)
    near = cv2.GaussianBlur(rng.integers(0, 255, (40, 60, 3), dtype=np.uint8), (0, 0), 1.0)
    left, right = far[:, 30:270].copy(), far[:, 42:282].copy()
    left[30:70, 120:180], right[30:70, 90:150] = near, near
    return left, right


def test_fused_hints_find_both_surfaces_and_beat_every_single_matcher() -> None:
    left, right = _stereo_pair()
    depth, errors = fused_depth(left, right, fx_px=100.0, baseline_m=0.6)
    assert len(errors) == len(FUSED_SETTINGS) + 1 == 13 and errors[-1] <= min(errors[:-1])
    assert np.median(depth[40:60, 130:170]) == pytest.approx(100 * 0.6 / 30, rel=0.03)
    assert np.median(depth[:20, 60:200]) == pytest.approx(100 * 0.6 / 12, rel=0.03)


def test_a_hint_counts_only_where_it_explains_the_picture_best() -> None:
    predicted, hint = 1 + 9 * random_maps(1, 1, 4, 5), 1 + 9 * random_maps(1, 1, 4, 5, seed=1)
    hint[0, 0, 0] = 0
    errors = [random_maps(1, 1, 4, 5, seed=seed) for seed in (2, 3, 4)]
    loss, share = losses.gated_hint(predicted, hint, *errors)
    total, count, known = 0.0, 0, 0
    for row in range(4):
        for column in range(5):
            p, h, e, i, he = (float(x[0, 0, row, column]) for x in (predicted, hint, *errors))
            known += h > 0
            if h > 0 and he < e and he < i:
                total, count = total + np.log(1 + abs(h - p)), count + 1
    assert 0 < count < known and loss == pytest.approx(total / count, rel=1e-5) and share == pytest.approx(count / known)


def _with_hints() -> tuple[Batch, torch.Tensor]:
    """The batch of one_batch, whose right image is a source slot, with hints of the true depth."""
    batch, depth = batch_of(photometric=True)
    return dataclasses.replace(
        batch, hint=depth.clone(), sources=torch.cat([batch.sources, batch.sources[:, :1]], 1),
        present=torch.tensor([[False, False, True]] * 2), pose_known=torch.ones(2, 3, dtype=torch.bool),
        T_source_target=torch.cat([batch.T_source_target, batch.T_source_target[:, :1]], 1),
        distance_m=torch.full((2, 3), float("nan"))), depth


def test_hints_alone_overfit_one_batch() -> None:
    """A hint of the true depth explains the right image, so depth is learned from hints."""
    batch, depth = _with_hints()
    _, history, learned = fit(batch, dataclasses.replace(NOTHING, hints=1.0, photometric=1.0), 120)
    inside = ((learned - depth).abs() / depth)[..., 4:-4, 14:-14]
    assert float(inside.mean()) < 0.1 and history[-1] < 0.3 * history[0]


def test_a_hint_is_compared_in_the_recipes_unit() -> None:
    """ln(1 + |h - d| / unit) of a prediction that is the same everywhere, between its values at the wall's nearest and farthest."""
    batch, depth = _with_hints()
    disparity = torch.full_like(depth, 0.5)
    predicted_m = float(disparity_to_depth(disparity, 0.1, 100.0).mean())
    for unit_m in (1.0, 5.4):
        learner = objective(dataclasses.replace(NOTHING, hints=1.0, photometric=1.0), hints=Hints(unit_m)).eval()
        hints = next(method for method in learner.methods if method.name == "hints")
        loss = float(hints.terms(Step(learner.recipe, dict(learner.networks), batch, {"disparity": disparity}, 0))["hints"])
        assert np.log1p((3.0 - predicted_m) / unit_m) < loss < np.log1p((6.0 - predicted_m) / unit_m)


def test_a_unit_of_nothing_is_refused() -> None:
    recipe = Recipe("t", ModelRecipe(), Optimisation(steps=1), NOTHING, Augmentation(), (), hints=Hints(0.0))
    with pytest.raises(strict_toml.RecipeError, match="hints.unit_m is 0.0"):
        check(recipe, "recipe.toml")
