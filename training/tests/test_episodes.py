"""Episodes: whom a batch may look up, in which unit, that fusion learns to believe its bank from them, and that runs resume."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import write_drive
from depthtrain import checkpoint
from depthtrain.config import Augmentation, LossWeights, ModelRecipe, Priors, Recipe, load_recipe
from depthtrain.data.batches import Sampler
from depthtrain.geometry import disparity_to_depth
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.priors.episodes import Episode
from depthtrain.priors.fusion import FusedNetwork, References
from depthtrain.priors.references import ReferenceWriter, convention_of
from depthtrain.recipe_check import check
from depthtrain.schedule import freeze_statistics, parameter_groups
from depthtrain.strict_toml import RecipeError
from depthtrain.train import train
from one_batch import batch_of, objective
from test_runs import _same, _stop_after
from test_training import RECIPE

FRAMES, CELLS = 8, 24


def _references(path: Path, drives: tuple[str, ...]) -> Path:
    """A set of noise: CELLS references of each of FRAMES frames of each drive; drive d's lie about d + 2 units away."""
    rng = np.random.default_rng(0)
    with ReferenceWriter(path) as writer:
        for number in range(len(drives)):
            for frame in range(FRAMES):
                depth = (number + 2) * np.exp(rng.normal(0, 0.1, CELLS))
                writer.add(rng.random((CELLS, 64)), (1 / depth - 0.01) / 9.99, np.ones(CELLS), number, frame, np.arange(CELLS))
        writer.finish({"teacher": "none", "teacher_sha256": "0", "drives": str(list(drives)).replace("'", '"'),
                       **convention_of(ModelRecipe())})
    return path


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """Five steps on a drive whose name the reference set counts second."""
    drive = write_drive(tmp_path / "tiny", frames=FRAMES)
    (tmp_path / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=5))
    priors = Priors(str(_references(tmp_path / "references", ("other", "tiny"))), 50, 10.0, episodes=True)
    loaded = load_recipe(tmp_path / "recipe.toml")
    return dataclasses.replace(loaded, priors=priors, losses=LossWeights(photometric=0, velocity=0, prior=1.0),
                               augmentation=Augmentation(paste=0.0),
                               optimisation=dataclasses.replace(loaded.optimisation, freeze_statistics_step=0))


def _episode(drive: int, frames: list[int], factor: float = 1.0, apart: int = 1) -> Episode:
    return Episode(torch.tensor(drive), torch.tensor(frames), torch.tensor(factor), apart)


def test_an_episode_looks_up_other_frames_of_its_own_drive() -> None:
    drive, frame = torch.tensor([0, 0, 0, 0, 1, 1]), torch.tensor([0, 3, 4, 9, 3, 20])
    assert _episode(0, [4, 8]).may_look_up(drive, frame).tolist() == [True, True, False, True, False, False]
    assert _episode(0, [4, 8], apart=2).may_look_up(drive, frame).tolist() == [True, False, False, False, False, False]


def _two_drives(draw: int) -> tuple[FusedNetwork, torch.Tensor]:
    """A network with 40 references, the odd ones of drive 1, whose feature is their number, and their depths."""
    count = 40
    depth = torch.linspace(1.0, 30.0, count)
    references = References(torch.arange(count)[:, None].repeat(1, 8).half(), (1 / depth - 0.01) / 9.99,
                            torch.arange(count) % 2, torch.arange(count) // 4)
    return FusedNetwork(RPrLite(), references, draw=draw).train(), depth


def test_references_of_an_episode_are_drawn_without_repeats_and_in_its_unit() -> None:
    fused, depth = _two_drives(draw=12)
    drawn = fused.drawn(_episode(1, [2], 1.5))
    rows = drawn.features[:, 0].long()
    assert len(set(rows.tolist())) == 12 and set(rows.tolist()) <= {row for row in range(1, 40, 2) if row // 4 != 2}
    assert torch.allclose(disparity_to_depth(drawn.disparity, 0.1, 100.0), 1.5 * depth[rows], rtol=1e-4)
    with pytest.raises(RecipeError, match="drive 7 of the set has none"):
        fused.drawn(_episode(7, [0]))


@pytest.mark.parametrize("draw", [0, 1, 12])
def test_half_of_a_mixed_episodes_references_are_of_other_drives(draw: int) -> None:
    fused, depth = _two_drives(draw)
    drawn = fused.drawn(dataclasses.replace(_episode(1, [2], 1.5), is_mixed=True))
    rows = drawn.features[:, 0].long()
    own, others = ({int(row) for row in rows if row % 2 == kind} for kind in (1, 0))
    assert (len(own), len(others)) == {0: (18, 20), 1: (1, 1), 12: (6, 6)}[draw] and len(rows) == len(own) + len(others)
    assert own <= {row for row in range(1, 40, 2) if row // 4 != 2}
    assert torch.allclose(disparity_to_depth(drawn.disparity, 0.1, 100.0), 1.5 * depth[rows], rtol=1e-4)


def test_as_many_episodes_are_mixed_as_the_recipe_says(recipe: Recipe) -> None:
    shares = {}
    for mixed in (0.0, 0.4, 1.0):
        sampler = Sampler(dataclasses.replace(recipe, priors=dataclasses.replace(recipe.priors, mixed=mixed)), seed=3)
        shares[mixed] = np.mean([sampler.draw(number)[1].episode.is_mixed for number in range(60)])
    assert shares[0.0] == 0 and shares[1.0] == 1 and abs(shares[0.4] - 0.4) < 0.15


def test_a_batch_is_of_one_drive_and_its_depths_share_a_random_unit(recipe: Recipe) -> None:
    sampler, factors = Sampler(recipe, seed=3), []
    for number in range(6):
        _, batch = sampler.draw(number)
        episode = batch.episode
        assert int(episode.drive) == 1 and len(episode.frames) == 2
        metres = (batch.depth * batch.metres_per_unit[:, None, None, None])[batch.weight > 0]
        assert 1.0 < metres.min() and metres.max() < 8.1  # the unit differs, not the place
        factors.append(float(episode.factor))
    assert len(set(factors)) == 6 and np.exp(-0.7) <= min(factors) < max(factors) <= np.exp(0.7)


def test_the_control_of_an_episode_sees_the_same_pictures(recipe: Recipe) -> None:
    plain = dataclasses.replace(recipe, priors=dataclasses.replace(recipe.priors, rate=0.0, unit_log_range=0.0))
    for number in range(3):
        with_unit, without = (Sampler(each, seed=3).draw(number)[1] for each in (recipe, plain))
        assert torch.equal(with_unit.image, without.image) and float(without.episode.factor) == 1.0
        assert torch.allclose(with_unit.depth, without.depth * with_unit.episode.factor, rtol=1e-5)


def test_a_fusion_that_may_not_learn_leaves_the_network_plain_to_the_bit(recipe: Recipe, tmp_path: Path) -> None:
    still = dataclasses.replace(recipe, priors=dataclasses.replace(recipe.priors, rate=0.0))
    train(still, tmp_path / "run", device="cpu")
    network, _ = checkpoint.load_network(tmp_path / "run" / "checkpoint.pt")
    image = torch.rand(1, 3, 64, 96)
    with torch.no_grad():
        assert torch.equal(network(image)["disparity"], network.network(image)["disparity"])


@pytest.mark.parametrize("episodes", [True, False])
def test_fusion_learns_beside_a_network_that_keeps_every_bit(recipe: Recipe, tmp_path: Path, episodes: bool) -> None:
    plain = dataclasses.replace(recipe, priors=Priors(), losses=dataclasses.replace(recipe.losses, prior=0.0))
    train(plain, tmp_path / "plain", device="cpu")
    beside = dataclasses.replace(recipe, priors=dataclasses.replace(recipe.priors, frozen_network=True, episodes=episodes))
    train(beside, tmp_path / "fused", device="cpu", init=tmp_path / "plain" / "checkpoint.pt")
    (first, _), (second, _) = (checkpoint.load_network(tmp_path / name / "checkpoint.pt") for name in ("plain", "fused"))
    assert _same(dict(first.state_dict()), dict(second.network.state_dict()))
    assert bool((second.fusion.compress.weight != 0).any())


def test_fusion_learns_to_take_the_unit_of_depth_from_its_bank(tmp_path: Path) -> None:
    """Overfits one batch of pictures under two units at once: only the bank says which one it is."""
    priors = Priors(str(_references(tmp_path / "references", ("tiny",))), 0, 10.0, episodes=True)
    learner = objective(LossWeights(photometric=0, velocity=0, sigma=0, prior=1.0), priors=priors)
    batch, _ = batch_of(False)
    cases = [dataclasses.replace(batch, depth=batch.depth * factor, episode=_episode(0, [0], factor)) for factor in (0.6, 1.6)]
    optimiser = torch.optim.AdamW(parameter_groups(learner.networks, 0.0, fusion_rate=priors.rate), lr=1e-3)
    for group in optimiser.param_groups:
        group["lr"] *= group["rate"]
    for step in range(120):
        learner.train()
        freeze_statistics(learner.networks["depth"])  # those of a batch would take out what its samples share
        loss = sum(learner(cases[step % 2]).values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    found = []
    with torch.no_grad():
        learner.eval()
        for case in cases:
            out = learner.networks["depth"](case.image, case.episode)
            found.append(disparity_to_depth(out["disparity"], 0.1, 100.0).log().mean())
    assert float(found[1] - found[0]) > 0.6 * np.log(1.6 / 0.6)


def test_an_interrupted_run_of_episodes_ends_like_an_uninterrupted_one(recipe: Recipe, tmp_path: Path,
                                                                       monkeypatch: pytest.MonkeyPatch) -> None:
    train(recipe, tmp_path / "whole", device="cpu")
    with monkeypatch.context() as patch:
        _stop_after(patch, 3)
        train(recipe, tmp_path / "halved", device="cpu")
    train(recipe, tmp_path / "halved", resume=True, device="cpu")
    whole, halved = (checkpoint.read(tmp_path / name / "checkpoint.pt") for name in ("whole", "halved"))
    assert all(_same(whole[key], halved[key]) for key in ("step", "networks", "averages", "optimiser", "random"))


def test_episodes_need_references_of_every_drive(recipe: Recipe, tmp_path: Path) -> None:
    foreign = dataclasses.replace(recipe.priors, references=str(_references(tmp_path / "foreign", ("other",))))
    with pytest.raises(RecipeError, match="has no references of tiny"):
        Sampler(dataclasses.replace(recipe, priors=foreign), seed=1)


@pytest.mark.parametrize("changes, words", [({"rate": -1.0}, "priors.rate"), ({"unit_log_range": 3.0}, "priors.unit_log_range"),
                                            ({"mixed": 1.5}, "priors.mixed is 1.5, expected 0 to 1"),
                                            ({"frozen_network": True, "rate": 0.0}, "nothing would learn"),
                                            ({"apart": 0}, "look itself up"), ({"references": ""}, "names no reference set")])
def test_settings_of_episodes_that_cannot_be_meant_are_refused(recipe: Recipe, changes: dict, words: str) -> None:
    bad = dataclasses.replace(recipe, priors=dataclasses.replace(recipe.priors, **changes),
                              losses=dataclasses.replace(recipe.losses, prior=0.0))
    with pytest.raises(RecipeError, match=words):
        check(bad, "recipe")


def test_batch_statistics_that_would_take_out_the_unit_are_refused(recipe: Recipe) -> None:
    late = dataclasses.replace(recipe, optimisation=dataclasses.replace(recipe.optimisation, freeze_statistics_step=2))
    with pytest.raises(RecipeError, match="would take out the unit"):
        check(late, "recipe")


@pytest.mark.parametrize("method", ["completion", "distillation"])
def test_methods_that_cannot_follow_a_changing_unit_are_refused(recipe: Recipe, method: str) -> None:
    with pytest.raises(RecipeError, match="changes the unit of depth"):
        check(dataclasses.replace(recipe, losses=dataclasses.replace(recipe.losses, **{method: 1.0})), "recipe")


def test_another_bank_takes_the_place_of_the_first() -> None:
    first, second = (References(torch.randn(count, 64), torch.rand(count)) for count in (30, 20))
    fused = FusedNetwork(RPrLite(), first, draw=10).eval()
    fused.exchange(second)
    assert len(fused.drawn().disparity) == 20 and "reference_features" not in fused.state_dict()
