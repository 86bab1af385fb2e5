"""Trains a pose network beside a finished depth bundle.

    python -m depthtrain.pose.train --recipe training/recipes/pose/lite.toml [--resume]

Ctrl-C and SIGTERM save before they end the run; `--resume` goes on with the batches and weights that it would have gone on with.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from depthtrain import checkpoint, strict_toml
from depthtrain.bundle import BundleError, open_bundle
from depthtrain.checkpoint import Average, CheckpointError
from depthtrain.config import Optimisation, file_path
from depthtrain.data.batches import prefetched
from depthtrain.data.drive import DriveError
from depthtrain.data.simulated import generate_named
from depthtrain.networks.posenet_small import PoseNetSmall
from depthtrain.pose.losses import dense_terms, pose_terms
from depthtrain.pose.pairs import PairSampler
from depthtrain.pose.recipe import PoseRecipe, load_pose_recipe
from depthtrain.progress import Progress
from depthtrain.run_folder import RunFolder
from depthtrain.schedule import STATISTICS_FIRST, freeze_statistics, learning_rate, parameter_groups, settle_statistics
from depthtrain.strict_toml import RecipeError
from depthtrain.train import StopSignal, TrainingError, refuse_to_diverge

ARCHITECTURE = "pose-small"


def train_pose(recipe: PoseRecipe, folder: Path, resume: bool = False, minutes: float | None = None) -> None:
    """Runs a recipe to its last step; with `minutes` what is left of the schedule is compressed into that time."""
    settings, run = recipe.optimisation, RunFolder(folder)
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    generate_named([*(source.drive for group in recipe.groups for source in group.sources),
                    *(trial.drive for trial in recipe.validation)])
    sampler = PairSampler(recipe, open_bundle(file_path(recipe.bundle)))
    network = PoseNetSmall().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(parameter_groups(nn.ModuleDict({"pose": network}), settings.weight_decay), lr=settings.learning_rate)
    step, average = 0, Average.of(network, settings.ema_decay)
    if resume:
        step = restore(run, recipe, network, average, optimiser)
    run.begin(recipe, "cpu", is_fresh=not resume)
    batches = prefetched(sampler, first=step)
    clock, stop, failures = Progress(step, settings.steps, minutes), StopSignal(), 0
    while clock.share < 1 and not stop.is_set:
        group, batch = next(batches)
        for parameters in optimiser.param_groups:
            parameters["lr"] = learning_rate(settings, step, clock.share)
        network.train()
        if step == settings.freeze_statistics_step:
            average = settled(network, average, sampler, settings)
        if step >= settings.freeze_statistics_step:
            freeze_statistics(network)
        axis_angle, translation, dense = network.with_dense(batch.pair.to(memory_format=torch.channels_last))
        terms = {**pose_terms(axis_angle, translation, batch.axis_angle, batch.translation, recipe.losses),
                 **dense_terms(dense, batch.dense, recipe.losses)}
        if descend(terms, network, optimiser, settings.gradient_clip):
            failures = 0
            average.update(network, step)
        else:
            failures = refuse_to_diverge(failures + 1, step, terms)
        step += 1
        clock.add(step, group, terms)
        is_last = clock.share >= 1 or stop.is_set
        if clock.share >= 1 and step <= settings.freeze_statistics_step:  # --minutes ended the run before
            average = settled(network, average, sampler, settings)
        if step % 50 == 0 or is_last:
            run.add_losses(step, clock.report(optimiser.param_groups[0]["lr"]))
        if clock.is_due("checkpoint", settings.checkpoint_every_s, is_last):
            checkpoint.save(run.checkpoint, {
                "version": checkpoint.VERSION, "architecture": ARCHITECTURE, "recipe": strict_toml.dump(recipe), "step": step,
                "networks": {"pose": network.state_dict()}, "averages": {"pose": average.state},
                "optimiser": optimiser.state_dict()})
    print(f"{run.path}: stopped at step {step} of {settings.steps}" + ("; continue with --resume" if stop.is_set else ""))
    stop.restore()


def descend(terms: dict[str, torch.Tensor], network: nn.Module, optimiser: torch.optim.Optimizer, clip: float) -> bool:
    """One step down the sum of the terms. False, and no step, if its gradient is not finite."""
    optimiser.zero_grad(set_to_none=True)
    sum(terms.values()).backward()
    if not bool(torch.isfinite(torch.nn.utils.clip_grad_norm_(network.parameters(), clip))):
        return False
    optimiser.step()
    return True


def settled(network: nn.Module, average: Average, sampler: PairSampler, settings: Optimisation) -> Average:
    """Gives the network its average's weights and batch-norm statistics of all groups; returns the average that follows it."""
    network.load_state_dict(average.state)
    settle_statistics(network.train(), statistics_inputs(sampler, settings.freeze_statistics_batches))
    return Average.of(network, settings.ema_decay)


def statistics_inputs(sampler: PairSampler, count: int) -> Iterator[torch.Tensor]:
    """Batches that no step draws, for batch-norm statistics."""
    for number in range(count):
        yield sampler.draw(STATISTICS_FIRST + number)[1].pair.to(memory_format=torch.channels_last)


def restore(run: RunFolder, recipe: PoseRecipe, network: nn.Module, average: Average, optimiser: torch.optim.Optimizer) -> int:
    """Puts a run back where its checkpoint left it and returns its step. Raises CheckpointError for another recipe's."""
    content = checkpoint.read(run.checkpoint)
    if content.get("architecture") != ARCHITECTURE:
        raise CheckpointError(f"{run.checkpoint}: holds {content.get('architecture')}, no pose network of {ARCHITECTURE}")
    before = strict_toml.build(PoseRecipe, tomllib.loads(content["recipe"]), f"{run.checkpoint}: recipe")
    changes = strict_toml.differences(before, recipe)
    if changes:
        raise CheckpointError(f"{run.checkpoint}: was made with another recipe ({'; '.join(changes)}); choose another --run-folder")
    checkpoint.load_into(network, content["networks"]["pose"], str(run.checkpoint))
    average.state = content["averages"]["pose"]
    optimiser.load_state_dict(content["optimiser"])
    return content["step"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--run-folder", dest="run", type=Path, help="run folder; default training/runs/<recipe name>")
    parser.add_argument("--resume", action="store_true", help="continue from the run folder's checkpoint")
    parser.add_argument("--minutes", type=float, help="end, with the learning rate fully decayed, after this time at the latest")
    arguments = parser.parse_args()
    try:
        recipe = load_pose_recipe(arguments.recipe)
        run = arguments.run or Path(__file__).resolve().parents[2] / "runs" / recipe.name
        train_pose(recipe, run, arguments.resume, arguments.minutes)
    except (RecipeError, DriveError, BundleError, CheckpointError, TrainingError) as error:
        print(f"pose.train: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
