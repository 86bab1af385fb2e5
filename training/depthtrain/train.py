"""Trains a depth network from a recipe. Read `main` top to bottom: it is the whole story.

    python -m depthtrain.train --recipe training/recipes/lite.toml [--resume]

A run folder (training/runs/<name>) holds the recipe, the checkpoint and metrics.csv. Stopping at any moment loses at
most `checkpoint_every_s` seconds; `--resume` continues, also with a recipe that has changed since.
"""

from __future__ import annotations

import argparse
import csv
import math
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import torch
import torch.nn.functional as F

from depthtrain import losses
from depthtrain.checkpoint import Average, build_network, save
from depthtrain.config import LossWeights, ModelRecipe, Optimisation, Recipe, drive_path, load_recipe
from depthtrain.data.batches import Batch, Sampler, prefetched
from depthtrain.data.drive import open_drive
from depthtrain.evaluate import evaluate_drive, network_predictor
from depthtrain.geometry import disparity_to_depth, pose_matrix, warp
from depthtrain.networks.posenet import PoseNetLight


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--run", type=Path, help="run folder; default training/runs/<recipe name>")
    parser.add_argument("--resume", action="store_true", help="continue from the run folder's checkpoint")
    parser.add_argument("--minutes", type=float, help="end, with the learning rate fully decayed, after this time at the latest")
    arguments = parser.parse_args()
    run = arguments.run or Path(__file__).resolve().parents[1] / "runs" / load_recipe(arguments.recipe).name
    train(arguments.recipe, run, arguments.resume, arguments.minutes)


def train(recipe_path: Path, run: Path, resume: bool, minutes: float | None = None) -> None:
    """Runs the recipe to its last step; the run folder gets a copy of it, checkpoints and metrics.

    With `minutes` what is left of the schedule is compressed into that time when the steps alone would take longer.
    """
    recipe = load_recipe(recipe_path)
    run.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(recipe_path, run / "recipe.toml")
    settings = recipe.optimisation
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    network = build_network(recipe.model.architecture).to(memory_format=torch.channels_last)
    pose_network = PoseNetLight()
    optimiser = torch.optim.AdamW(parameter_groups([network, pose_network], settings.weight_decay), lr=settings.learning_rate)
    average, step = Average.of(network, settings.ema_decay), 0
    checkpoint = run / "checkpoint.pt"
    if resume:
        content = torch.load(checkpoint, map_location="cpu", weights_only=True)
        network.load_state_dict(content["network"])
        pose_network.load_state_dict(content["pose_network"])
        optimiser.load_state_dict(content["optimiser"])
        average.state, step = content["average"], content["step"]

    batches = prefetched(Sampler(recipe, settings.seed + step))
    started = saved = validated = time.monotonic()
    first, totals = step, {}
    progress = begun = step / settings.steps
    while progress < 1:
        name, batch = next(batches)
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(settings, step - first, progress)
        network.train()
        if step == settings.freeze_statistics_step:
            network.load_state_dict(average.state)
            settle_statistics(network, batches, settings.freeze_statistics_batches)
            average = Average.of(network, settings.ema_decay)
        if step >= settings.freeze_statistics_step:
            freeze_statistics(network)
        terms = loss_terms(network, pose_network, batch, recipe.model, recipe.losses, settings.bfloat16)
        optimiser.zero_grad(set_to_none=True)
        sum(terms.values()).backward()
        norm = torch.nn.utils.clip_grad_norm_(network.parameters(), settings.gradient_clip)
        if torch.isfinite(norm):
            optimiser.step()
            average.update(network, step)
        step += 1
        elapsed_share = (time.monotonic() - started) / (60 * minutes) if minutes else 0.0
        progress = max(step / settings.steps, begun + (1 - begun) * elapsed_share)
        for term, value in terms.items():
            totals.setdefault(f"{name}.{term}", []).append(float(value.detach()))
        if step % 50 == 0:
            pace = (time.monotonic() - started) / (step - first)
            print(f"step {step}/{settings.steps}  {pace:.2f} s/step  " +
                  "  ".join(f"{term} {sum(values) / len(values):.4f}" for term, values in sorted(totals.items())), flush=True)
            totals = {}
        if time.monotonic() - saved > settings.checkpoint_every_s or progress >= 1:
            save(checkpoint, {"network": network.state_dict(), "pose_network": pose_network.state_dict(),
                              "optimiser": optimiser.state_dict(), "average": average.state, "step": step})
            saved = time.monotonic()
        if time.monotonic() - validated > settings.validate_every_s or progress >= 1:
            validate(recipe, average, step, run / "metrics.csv")
            validated = time.monotonic()


def parameter_groups(networks: list[torch.nn.Module], weight_decay: float) -> list[dict]:
    """Weight decay for matrices and kernels only; biases and batch-norm parameters go free."""
    parameters = [parameter for network in networks for parameter in network.parameters()]
    return [{"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0}]


@torch.no_grad()
def settle_statistics(network: torch.nn.Module, batches: Iterator[tuple[str, Batch]], count: int) -> None:
    """Sets batch-norm statistics to their plain mean over `count` batches of all groups."""
    norms = [module for module in network.modules() if isinstance(module, torch.nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    for _ in range(count):
        network(next(batches)[1].image.to(memory_format=torch.channels_last))
    for norm in norms:
        norm.momentum = 0.1


def freeze_statistics(network: torch.nn.Module) -> None:
    """Puts batch norm in evaluation mode; its scale and shift keep learning."""
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.eval()


def learning_rate(settings: Optimisation, steps_since_start: int, progress: float) -> float:
    """Cosine decay over the schedule (`progress` 0 to 1), with a linear warm-up after every start."""
    share = 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    decayed = settings.final_learning_rate + (settings.learning_rate - settings.final_learning_rate) * share
    return decayed * min(1.0, (steps_since_start + 1) / settings.warmup_steps)


def loss_terms(network: torch.nn.Module, pose_network: torch.nn.Module, batch: Batch, model: ModelRecipe,
               weights: LossWeights, bfloat16: bool = False) -> dict[str, torch.Tensor]:
    """Weighted loss terms of one batch; their sum is minimised. Terms without data are left out."""
    with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
        raw = network(batch.image.to(memory_format=torch.channels_last))
    out = {name: value.float() for name, value in raw.items()}
    terms: dict[str, torch.Tensor] = {}
    depth = disparity_to_depth(out["disparity"], model.min_depth_m, model.max_depth_m)
    if bool((batch.weight > 0).any()):
        terms["log_l1"] = weights.log_l1 * losses.log_l1(depth, batch.depth, batch.weight)
        for kind in ("silog", "berhu"):
            if getattr(weights, kind) > 0:
                terms[kind] = getattr(weights, kind) * getattr(losses, kind)(depth, batch.depth, batch.weight)
        if weights.gradient > 0:
            terms["gradient"] = weights.gradient * losses.gradient_matching(depth, batch.depth, batch.weight)
        for name, weight in zip(("disparity_4", "disparity_8"), weights.side_heads):
            if name in out:
                side = F.interpolate(out[name], size=depth.shape[2:], mode="bilinear", align_corners=False)
                side = disparity_to_depth(side, model.min_depth_m, model.max_depth_m)
                terms[name] = weight * weights.log_l1 * losses.log_l1(side, batch.depth, batch.weight)
        if "log_sigma" in out:
            terms["sigma"] = weights.sigma * losses.sigma_nll(out["log_sigma"], depth, batch.depth, batch.weight)
    if weights.smoothness > 0:
        terms["smoothness"] = weights.smoothness * losses.smoothness(out["disparity"], batch.clean)
    if len(batch.photo_index) and weights.photometric > 0:
        terms.update(photometric_terms(pose_network, batch, depth, model, weights))
    return terms


def photometric_terms(pose_network: torch.nn.Module, batch: Batch, depth: torch.Tensor, model: ModelRecipe,
                      weights: LossWeights) -> dict[str, torch.Tensor]:
    """Reprojection of both neighbours with known poses, or with learned ones held to scale by the odometer."""
    index = batch.photo_index
    target = batch.clean[index]
    metres = depth[index] * batch.metres_per_unit[index, None, None, None]
    transforms, terms, speed_terms = [], {}, []
    for side in range(2):
        T = batch.T_source_target[:, side]
        if not bool(batch.pose_known.all()):
            pair = (batch.sources[:, side], target) if side == 0 else (target, batch.sources[:, side])
            axis_angle, translation = pose_network((torch.cat(pair, dim=1) - model.mean) / model.std)
            learned = pose_matrix(axis_angle, translation, invert=side == 0)
            T = torch.where(batch.pose_known[:, None, None], T, learned)
            measured = ~batch.pose_known & torch.isfinite(batch.distance_m[:, side])
            if bool(measured.any()):
                speed_terms.append(losses.velocity(translation[measured], batch.distance_m[measured, side]))
        transforms.append(T)
    warped = [warp(batch.sources[:, side], metres, transforms[side], batch.intrinsics) for side in range(2)]
    terms["photometric"] = weights.photometric * losses.min_reprojection(
        target, [image for image, _ in warped], [mask for _, mask in warped], [batch.sources[:, side] for side in range(2)])
    if speed_terms:
        terms["velocity"] = weights.velocity * torch.stack(speed_terms).mean()
    return terms


def validate(recipe: Recipe, average: Average, step: int, path: Path) -> None:
    """Scores the averaged network on the recipe's validation drives and appends a line per drive to metrics.csv."""
    network = build_network(recipe.model.architecture)
    network.load_state_dict(average.state)
    predict = network_predictor(network.eval())
    is_new = not path.exists()
    with path.open("a", newline="") as handle:
        writer = csv.writer(handle)
        if is_new:
            writer.writerow(["step", "drive", "abs_rel_median", "d1_median", "abs_rel", "d1", "scale_log_std"])
        for name in recipe.validation:
            result = evaluate_drive(predict, open_drive(drive_path(name)), recipe.model)
            median, unscaled = result["median_scaled"], result["unscaled"]
            writer.writerow([step, name] + [f"{value:.4f}" for value in (
                median["abs_rel"], median["d1"], unscaled["abs_rel"], unscaled["d1"], result["scale_log_std"])])
            print(f"  {name}: AbsRel {median['abs_rel']:.4f} d1 {median['d1']:.4f} median-scaled, "
                  f"{unscaled['abs_rel']:.4f} {unscaled['d1']:.4f} unscaled", flush=True)


if __name__ == "__main__":
    main()
