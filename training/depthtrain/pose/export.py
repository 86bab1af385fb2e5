"""Adds a trained pose network to the depth bundle that it was trained beside: graph, description, measurements, card.

    python -m depthtrain.pose.export --checkpoint training/runs/pose-lite/checkpoint.pt --bundle models/lite

The bundle's other files stay as they are, byte for byte, but for the pose section of its card.
"""

from __future__ import annotations

import datetime
import sys
import tomllib
from pathlib import Path

import numpy as np
from depthtrain import bundle_addition, checkpoint, strict_toml
from depthtrain.bundle import POSE_NAME, POSE_TRANSFORM, Bundle, BundleError, open_bundle, pose_predictor, write_description
from depthtrain.card import with_section
from depthtrain.checkpoint import CheckpointError
from depthtrain.config import file_path, matching_drives
from depthtrain.data.simulated import generate_named
from depthtrain.export import export_pose, rounded
from depthtrain.networks.posenet_small import PoseNetSmall
from depthtrain.pose.card import pose_section
from depthtrain.pose.measure import PosePredictor, calibrated_sigmas, measure_drive, summary
from depthtrain.pose.motion import Motion
from depthtrain.pose.pairs import PairSampler
from depthtrain.pose.recipe import PoseRecipe
from depthtrain.pose.train import ARCHITECTURE
from depthtrain.run_folder import git_commit
from depthtrain.schedule import STATISTICS_FIRST

RANGE_BATCHES = 40


def export_to_bundle(path: Path, folder: Path) -> None:
    """Writes pose.onnx, the `pose` entry of bundle.json and the pose section of MODEL_CARD.md. Raises CheckpointError,
    BundleError, DriveError or RecipeError; the bundle is touched only after everything was measured."""
    network, recipe, steps = load_pose(path)
    bundle = open_bundle(folder)
    if open_bundle(file_path(recipe.bundle)).model != bundle.model:
        raise BundleError(f"{folder}: has another canonical camera or normalisation than {recipe.bundle}, beside which the pose "
                          "network was trained")
    generate_named([trial.drive for trial in recipe.validation])
    partial = path.parent / "export"
    export_pose(network, partial)
    raw = pose_predictor(partial)
    description = describe(lambda pair: Motion(*raw(pair)), recipe, bundle, steps)
    (partial / POSE_NAME).replace(folder / POSE_NAME)
    partial.rmdir()
    card = folder / "MODEL_CARD.md"
    card.write_text(with_section(card.read_text(), pose_section(description)))
    write_description(folder, {**bundle.description, "pose": description})
    open_bundle(folder)
    print(f"{folder}: pose network of step {steps}; sigma of ln(distance) {description['log_norm_sigma']:.3f} from pair to pair, "
          f"{description['log_norm_bias_sigma']:.3f} from place to place")


def load_pose(path: Path) -> tuple[PoseNetSmall, PoseRecipe, int]:
    """The averaged network of a run, its recipe and its step."""
    content = checkpoint.read(path)
    if content.get("architecture") != ARCHITECTURE:
        raise CheckpointError(f"{path}: holds {content.get('architecture')}, no pose network of {ARCHITECTURE}")
    network = PoseNetSmall()
    checkpoint.load_into(network, content["averages"]["pose"], str(path))
    recipe = strict_toml.build(PoseRecipe, tomllib.loads(content["recipe"]), f"{path}: recipe")
    return network.eval(), recipe, content["step"]


def describe(predict: PosePredictor, recipe: PoseRecipe, bundle: Bundle, steps: int) -> dict:
    """The `pose` entry of bundle.json."""
    errors, measured = [], {}
    for trial in recipe.validation:
        found, size = measure_drive(predict, trial, recipe, bundle)
        errors.append(found)
        measured[Path(trial.drive).name] = summary(found, size)
        print(f"  {trial.drive}: {measured[Path(trial.drive).name]}", flush=True)
    sigma, bias = calibrated_sigmas(errors)
    distances, angles = trained_range(PairSampler(recipe, bundle))
    drives = sorted({folder.name for group in recipe.groups for source in group.sources
                     for folder in matching_drives(source.drive)})
    return rounded({
        "input_divisor": recipe.input_divisor, "transform": POSE_TRANSFORM,
        "distance_m": [float(value) for value in np.percentile(distances, (5, 95))],
        "rotation_deg": float(np.percentile(angles, 95)), "log_norm_sigma": sigma, "log_norm_bias_sigma": bias,
        "provenance": {"recipe": f"training/recipes/pose/{recipe.name.removeprefix('pose-')}.toml", "git_commit": git_commit(),
                       "drives": drives, "steps": steps, "date": datetime.date.today().isoformat()},
        "measured": measured})


def trained_range(sampler: PairSampler) -> tuple[np.ndarray, np.ndarray]:
    """Distances (metres) and rotation angles (degrees) of pairs as training draws them, for the canonical camera."""
    batches = [sampler.draw(STATISTICS_FIRST + number)[1] for number in range(RANGE_BATCHES)]
    return (np.concatenate([batch.translation.norm(dim=1).numpy() for batch in batches]),
            np.degrees(np.concatenate([batch.axis_angle.norm(dim=1).numpy() for batch in batches])))


if __name__ == "__main__":
    sys.exit(bundle_addition.run("pose.export", __doc__, export_to_bundle))
