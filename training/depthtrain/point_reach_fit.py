"""Fits the constants of `point_reach` on the frames of training drives that calibration keeps back.

    python -m depthtrain.point_reach_fit [--bundle models/lite] [--drive NAME ...]

Points of several densities complete each frame; the constants are those under which its errors are most likely, drives counting
alike. Prints the best, and how honest those in use are.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from depthtrain.bundle import Bundle, open_bundle
from depthtrain.config import drive_path
from depthtrain.data.drive import Drive, DriveError, open_drive
from depthtrain.data.sparse_request import SparseRequest
from depthtrain.data.sparsity import project
from depthtrain.geometry import disparity_to_depth
from depthtrain.networks.san import MIN_POINTS
from depthtrain.point_reach import CELL_PX, LEAST_SHARE, REACH_PX, STEP_PX, share, ways
from depthtrain.prediction import Prediction, nearest_size, predict_frame

TRAINING_DRIVES = ("kitti2015_train", "indoor_7scenes_train", "indoor_hololens_train", "synthetic_tartanair", "robot_lab_train")
HELD_OUT_SHARE, FEWEST_FRAMES = 0.1, 8
FRAMES_PER_DRIVE, PIXELS_PER_FRAME = 13, 1500
REQUESTS = ("50", "200", "500", "2000", "5000", "beams:4", "beams:16")
STEPS, REACHES, LEASTS = (0, 50, 100, 150, 200, 300), (20, 30, 40, 50, 60), (0.03, 0.05, 0.08, 0.12, 0.16, 0.2)


class DriveErrors:
    """Errors of ln(depth) on a drive's kept-back frames, with sigma and the way by each step; picked at random."""

    def __init__(self, bundle: Bundle, drive: Drive) -> None:
        rng = np.random.default_rng(0)
        self.errors, self.sigmas, self.ways, scales = [], [], {step: [] for step in STEPS}, []
        first = max(0, len(drive) - max(round(len(drive) * HELD_OUT_SHARE), FEWEST_FRAMES))
        predict, size = bundle.predictor(), nearest_size(drive.width, drive.height, bundle.sizes)
        for index in sorted(set(np.linspace(first, len(drive) - 1, FRAMES_PER_DRIVE).astype(int).tolist())):
            truth = drive.depth(index)
            known = project(np.where((truth > 1e-3) & (truth < 80), truth, np.nan), (size[1], size[0]))
            arguments = predict, drive.image(index), drive.intrinsics.fx if drive.intrinsics else None, bundle.model, size
            predicted = predict_frame(*arguments)
            depth = disparity_to_depth(predicted.disparity, bundle.model.min_depth_m, bundle.model.max_depth_m)
            scales.append(np.median(np.log(known[known > 0] / (depth * predicted.metres_per_unit)[known > 0])))
            for request in REQUESTS:
                points = SparseRequest.parse(request, seed=7).points(drive, index)
                given = project(points, known.shape) > 0
                if given.sum() >= MIN_POINTS:
                    self._add(bundle, predict_frame(*arguments, points), predicted.log_sigma, known, given, rng)
        self.error, self.sigma = np.concatenate(self.errors), np.concatenate(self.sigmas)
        self.sigma = np.sqrt(self.sigma ** 2 + np.mean(np.square(scales)))
        self.way = {step: np.concatenate(parts) for step, parts in self.ways.items()}

    def _add(self, bundle: Bundle, completed: Prediction, log_sigma: np.ndarray, known: np.ndarray, given: np.ndarray,
             rng: np.random.Generator) -> None:
        depth = disparity_to_depth(completed.disparity, bundle.model.min_depth_m, bundle.model.max_depth_m)
        v, u = np.nonzero((known > 0) & ~given)
        picks = rng.choice(len(v), min(PIXELS_PER_FRAME, len(v)), replace=False)
        v, u = v[picks], u[picks]
        self.errors.append(np.abs(np.log(known[v, u] / (depth[v, u] * completed.metres_per_unit))))
        self.sigmas.append(bundle.calibrated_sigma(log_sigma[v, u]))
        for step in STEPS:
            self.ways[step].append(ways(depth, completed.points > 0, step)[v // CELL_PX, u // CELL_PX])

    def loss(self, step: float, reach: float, least: float) -> float:
        """Mean negative Laplace log likelihood."""
        sigma = self.sigma * share(self.way[step], reach, least)
        return float(np.mean(np.sqrt(2) * self.error / sigma + np.log(np.sqrt(2) * sigma)))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=Path("models/lite"))
    parser.add_argument("--drive", action="append", default=[], help="instead of the five training drives with depth")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    try:
        bundle = open_bundle(arguments.bundle)
        drives = {name: DriveErrors(bundle, open_drive(drive_path(name))) for name in arguments.drive or TRAINING_DRIVES}
    except (DriveError, ValueError, OSError) as error:
        print(f"point_reach_fit: {error}", file=sys.stderr)
        return 1
    rows = sorted((np.mean([drive.loss(*choice) for drive in drives.values()]), choice)
                  for choice in ((step, reach, least) for step in STEPS for reach in REACHES for least in LEASTS))
    for loss, choice in rows[:10]:
        print(f"step {choice[0]:3} px, reach {choice[1]:2} px, least {choice[2]:.2f}: {loss:.3f}")
    print("in use:", f"{np.mean([drive.loss(int(STEP_PX), REACH_PX, LEAST_SHARE) for drive in drives.values()]):.3f}")
    for name, drive in drives.items():
        left = drive.sigma * share(drive.way[int(STEP_PX)])
        print(f"{name}: {drive.loss(int(STEP_PX), REACH_PX, LEAST_SHARE):.3f}; as predicted {drive.loss(0, 1e-9, 1.0):.3f}; within "
              f"1 and 2 sigma {np.mean(drive.error < left):.2f} and {np.mean(drive.error < 2 * left):.2f}, as predicted "
              f"{np.mean(drive.error < drive.sigma):.2f} and {np.mean(drive.error < 2 * drive.sigma):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
