"""What every method has, and those that need no file of their own."""

from __future__ import annotations

import dataclasses

import torch

from depthtrain.config import LossWeights, Photometric
from depthtrain.methods import METHODS
from one_batch import NOTHING, batch_of, fit, moved, objective


def test_every_method_has_a_weight_a_usual_weight_and_a_summary() -> None:
    weights = {field.name for field in dataclasses.fields(LossWeights)} - {"side_heads"}
    assert weights == set(METHODS)
    assert all(method.usual_weight > 0 and method.summary for method in METHODS.values())


def test_smoothness_overfits_one_batch() -> None:
    """On an image without edges disparity varies less with the method than without, and known depth is met as well."""
    batch, depth = batch_of(photometric=False)
    known = torch.zeros_like(depth)
    known[..., ::8, ::8] = 1
    batch = dataclasses.replace(batch, clean=torch.full_like(batch.clean, 0.5), depth=4 * known, weight=known)
    variations, errors = [], []
    for weight in (0.0, 1.0):
        _, _, learned = fit(batch, dataclasses.replace(NOTHING, log_l1=1.0, smoothness=weight), 80)
        normal = (1 / learned) / (1 / learned).mean(dim=(2, 3), keepdim=True)
        variations.append(float(normal.diff(dim=3).abs().mean() + normal.diff(dim=2).abs().mean()))
        errors.append(float((learned[known > 0] / 4).log().abs().mean()))
    assert variations[1] < 0.5 * variations[0] and max(errors) < 0.08


def test_without_the_automask_static_pixels_count() -> None:
    batch, _ = batch_of(photometric=True)
    batch.sources[:] = batch.clean[:, None]
    weights = dataclasses.replace(NOTHING, photometric=1.0)
    assert float(objective(weights).eval()(batch)["photometric"]) == 0
    assert float(objective(weights, photometric=Photometric(automask=False)).eval()(batch)["photometric"]) > 0


def test_a_batch_that_teaches_nothing_is_a_step_like_any_other() -> None:
    batch, _ = batch_of(photometric=False)
    learner = objective(dataclasses.replace(NOTHING, photometric=1.0))
    assert moved(learner, batch, 0) == {"depth": False, "pose": False}
