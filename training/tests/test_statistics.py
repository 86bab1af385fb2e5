"""Batch-norm statistics are settled over everything that the network will be used for."""

from __future__ import annotations

import dataclasses

import torch

from depthtrain.config import LossWeights, ModelRecipe
from depthtrain.schedule import settle_statistics
from one_batch import batch_of, objective


def test_a_teachers_statistics_are_of_both_its_modes() -> None:
    """The running mean is the plain mean over the batches as the layer saw them: alone with an empty volume, and together."""
    batch, depth = batch_of(photometric=True)
    learner = objective(LossWeights(photometric=0, multi_frame=1.0), ModelRecipe("teacher-lite")).train()
    teacher, means = learner.networks["depth"], []
    norm = teacher.mix[0][1]
    handle = norm.register_forward_pre_hook(lambda _, inputs: means.append(inputs[0].mean(dim=(0, 2, 3))))
    batches = [batch, dataclasses.replace(batch, image=batch.image.flip(3), clean=batch.clean.flip(3))]
    settle_statistics(teacher, batches, learner.run_every_mode)
    handle.remove()
    assert len(means) == 4 and not torch.allclose(means[0], means[1], atol=1e-3)
    assert torch.allclose(norm.running_mean, torch.stack(means).mean(0), atol=1e-5)
    assert teacher.range_units[0] > 0.5  # the sweep has left its start, 0.1 m, for where the network sees things


def test_the_statistics_of_a_network_with_one_mode_are_of_the_images_alone() -> None:
    batch, _ = batch_of(photometric=True)
    learner = objective(LossWeights()).train()
    network, seen = learner.networks["depth"], []
    network.encoder.stem[1].register_forward_pre_hook(lambda _, inputs: seen.append(len(inputs[0])))
    settle_statistics(network, [batch], learner.run_every_mode)
    assert seen == [2]
