"""Finds training frames with the infinite-depth fault, so that a second training run can leave them out.

A vehicle that keeps its distance looks the same in every frame, as something infinitely far does; a network trained by
reprojection learns holes there, which lie far below the ground. Two stages (Guizilini et al., ICLR 2020, section 3.4; no code
was published, constants are ours): train on everything; then

    python -m depthtrain.infinite_filter --checkpoint training/runs/NAME/checkpoint.pt --report report.csv

predicts every training frame, fits the ground plane by RANSAC, drops frames with pixels clearly below it, and the second run
trains from scratch with `exclude = "report.csv"`.
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import sys
from pathlib import Path

import cv2
import numpy as np
import torch

from depthtrain.checkpoint import CheckpointError, load_network
from depthtrain.config import Recipe, group_sizes, load_recipe, matching_drives
from depthtrain.data.batches import normalise
from depthtrain.data.drive import DriveError, open_drive
from depthtrain.data.exclusions import COLUMNS
from depthtrain.data.views import whole_view
from depthtrain.evaluate import Predictor, nearest_size, network_predictor
from depthtrain.geometry import Intrinsics, disparity_to_depth
from depthtrain.strict_toml import RecipeError

ITERATIONS = 200
LOWER_SHARE = 0.6         # of the image's rows: where the ground is looked for
INLIER = 0.05             # distance to the plane, in camera heights
TILT_DEG = 15.0           # of the plane's normal against the camera's vertical
INLIER_SHARE_MIN = 0.2    # fewer: no ground to judge by, the frame stays
BELOW = 0.3               # camera heights under the ground
BEYOND = 1.3              # times the distance at which the pixel's ray meets the ground
COMPONENT_MIN_PX = 5
PIXELS = 10               # more of them at 640x192, or their share at other sizes, and the frame goes (published)
SUSPICIOUS_DROP_RATE = 0.15


@dataclasses.dataclass(frozen=True)
class Judgement:
    """What the filter says of one frame. `normal` points down, `height` is the camera's over the plane, in depth units."""

    verdict: str
    below_px: int
    height: float
    normal: tuple[float, float, float]
    below: np.ndarray


def fit_ground(points: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, float, float] | None:
    """Plane n . X = h through points (N, 3), camera axes: (n, h, inlier share), or None if no near-horizontal one is found."""
    best, best_count, limit = None, 0, np.cos(np.radians(TILT_DEG))
    for _ in range(ITERATIONS):
        a, b, c = points[rng.choice(len(points), 3, replace=False)]
        plane = _oriented(np.cross(b - a, c - a), a)
        if plane is None or plane[0][1] < limit:
            continue
        count = int((np.abs(points @ plane[0] - plane[1]) < INLIER * plane[1]).sum())
        if count > best_count:
            best, best_count = plane, count
    if best is None:
        return None
    inliers = points[np.abs(points @ best[0] - best[1]) < INLIER * best[1]]
    centre = inliers.mean(axis=0)
    refined = _oriented(np.linalg.svd(inliers - centre, full_matrices=False)[2][2], centre)
    normal, height = refined if refined is not None and refined[0][1] >= limit else best
    return normal, height, float((np.abs(points @ normal - height) < INLIER * height).mean())


def _oriented(normal: np.ndarray, point: np.ndarray) -> tuple[np.ndarray, float] | None:
    """Unit normal pointing down and the plane's distance; None when degenerate or above the camera."""
    length = np.linalg.norm(normal)
    if length < 1e-9:
        return None
    normal = normal / length * (1.0 if normal[1] >= 0 else -1.0)
    height = float(normal @ point)
    return (normal, height) if height > 1e-6 else None


def judge(depth: np.ndarray, camera: Intrinsics, pixels: float = PIXELS, seed: int = 0) -> Judgement:
    """Judges one predicted depth map (H, W); any unit, because everything is measured in camera heights."""
    height, width = depth.shape
    v, u = np.mgrid[0:height, 0:width]
    rays = np.stack([(u - camera.cx) / camera.fx, (v - camera.cy) / camera.fy, np.ones_like(depth)], axis=-1)
    nothing = np.zeros(depth.shape, bool)
    lower = slice(int(height * (1 - LOWER_SHARE)), None)
    points = (rays * depth[..., None])[lower].reshape(-1, 3)
    plane = fit_ground(points[::max(1, len(points) // 4000)], np.random.default_rng(seed))
    if plane is None or plane[2] < INLIER_SHARE_MIN:
        return Judgement("unjudged", 0, float("nan"), (float("nan"),) * 3, nothing)
    normal, camera_height, _ = plane
    slope = rays @ normal
    ground = np.where(slope > 1e-3, camera_height / np.maximum(slope, 1e-3), np.inf)
    below = (slope * depth - camera_height > BELOW * camera_height) & (depth > BEYOND * ground)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(below.astype(np.uint8), connectivity=8)
    large = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] >= COMPONENT_MIN_PX]
    below = np.isin(labels, large)
    total = int(below.sum())
    verdict = "drop" if total > max(COMPONENT_MIN_PX, pixels * height * width / (640 * 192)) else "keep"
    return Judgement(verdict, total, camera_height, tuple(float(value) for value in normal), below)


def filter_drives(predict: Predictor, recipe: Recipe, report: Path, pixels: float = PIXELS) -> dict[str, int]:
    """Judges every frame that the recipe trains by reprojection, at the recipe's sizes, and writes the report.

    Returns counts by verdict. Raises DriveError for a drive without intrinsics.
    """
    folders = [folder for group in recipe.groups for source in group.sources if source.supervision != "depth"
               for folder in matching_drives(source.drive)]
    counts = {"keep": 0, "drop": 0, "unjudged": 0}
    report.parent.mkdir(parents=True, exist_ok=True)
    with report.open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(COLUMNS)
        for folder in dict.fromkeys(folders):
            drive = open_drive(folder)
            if drive.intrinsics is None:
                raise DriveError(f"{folder}: has no camera.yaml; without intrinsics there is no ground plane to judge by")
            view = whole_view((drive.width, drive.height), nearest_size(drive.width, drive.height, group_sizes(recipe)))
            camera, model = view.intrinsics(drive.intrinsics), recipe.model
            for index in range(len(drive)):
                disparity, _ = predict(normalise(view.image(drive.image(index)), model)[None])
                depth = disparity_to_depth(disparity, model.min_depth_m, model.max_depth_m)
                found = judge(depth.astype(np.float64), camera, pixels)
                counts[found.verdict] += 1
                writer.writerow([folder.name, index, drive.files[index], found.verdict, found.below_px, f"{found.height:.4f}",
                                 *(f"{value:.4f}" for value in found.normal)])
    return counts


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True, help="the first stage's")
    parser.add_argument("--recipe", type=Path, help="whose drives to judge; default: the checkpoint's own recipe")
    parser.add_argument("--report", type=Path, required=True, help="CSV to write, for `exclude` in the second stage's recipe")
    parser.add_argument("--pixels", type=float, default=PIXELS,
                        help="tolerated pixels below the ground, at 640x192 (default %(default)s)")
    arguments = parser.parse_args()
    try:
        network, trained_with = load_network(arguments.checkpoint)
        recipe = load_recipe(arguments.recipe) if arguments.recipe else trained_with
        torch.set_num_threads(recipe.optimisation.threads)
        counts = filter_drives(network_predictor(network), recipe, arguments.report, arguments.pixels)
    except (CheckpointError, DriveError, RecipeError) as error:
        print(f"infinite_filter: {error}", file=sys.stderr)
        return 1
    judged = counts["keep"] + counts["drop"]
    rate = counts["drop"] / judged if judged else 0.0
    print(f"{arguments.report}: {counts['drop']} of {judged} judged frames dropped ({rate:.1%}), {counts['unjudged']} without a "
          "ground plane kept")
    if rate > SUSPICIOUS_DROP_RATE:
        print(f"more than {SUSPICIOUS_DROP_RATE:.0%} is not the infinite-depth fault: look at the planes in the report first")
    return 0


if __name__ == "__main__":
    sys.exit(main())
