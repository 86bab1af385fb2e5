"""Accuracy on a drive with depth, from a checkpoint or an exported bundle.

The whole frame is resized to the network's size by area averaging; the disparity is resized bilinearly to the truth's
size and then inverted; metres = network depth * fx / canonical fx, where fx belongs to the network's grid.

    python -m depthtrain.evaluate --bundle models/lite --drive kitti2015_val --json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch

from depthtrain.checkpoint import load_network
from depthtrain.config import ModelRecipe, drive_path
from depthtrain.data.batches import normalise
from depthtrain.data.drive import Drive, DriveError, open_drive
from depthtrain.data.views import whole_view
from depthtrain.metrics import range_table, score_frame, summarise, valid_mask

Predictor = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]
"""Normalised image (1, 3, H, W) -> disparity and log_sigma, each (H, W) float32; no log_sigma from networks without one."""

SIZES = ((416, 128), (320, 192), (256, 192))


def nearest_size(width: int, height: int, sizes: tuple[tuple[int, int], ...] = SIZES) -> tuple[int, int]:
    """The trained size whose aspect ratio is nearest to the frame's, in log ratio."""
    return min(sizes, key=lambda size: abs(np.log(size[0] / size[1]) - np.log(width / height)))


def network_predictor(network: torch.nn.Module) -> Predictor:
    """Predictor around a PyTorch network in evaluation mode."""
    def predict(image: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
        with torch.no_grad():
            out = network(torch.from_numpy(image))
        return out["disparity"][0, 0].numpy(), out["log_sigma"][0, 0].numpy() if "log_sigma" in out else None
    return predict


def predict_depth(predict: Predictor, drive: Drive, index: int, model: ModelRecipe,
                  size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray | None]:
    """Depth (H, W) metres (canonical unit if intrinsics are unknown) and log_sigma (H, W), if any, at the frame's size."""
    view = whole_view((drive.width, drive.height), size)
    image = normalise(view.image(drive.image(index)), model)[None]
    disparity, log_sigma = (cv2.resize(plane, (drive.width, drive.height), interpolation=cv2.INTER_LINEAR)
                            if plane is not None else None for plane in predict(image))
    depth = 1.0 / (1.0 / model.max_depth_m + (1.0 / model.min_depth_m - 1.0 / model.max_depth_m) * disparity)
    unit = view.intrinsics(drive.intrinsics).fx / model.canonical_fx_px if drive.intrinsics else 1.0
    return depth * unit, log_sigma


def evaluate_drive(predict: Predictor, drive: Drive, model: ModelRecipe, size: tuple[int, int] | None = None,
                   cap_m: float = 80.0, crop: str = "none", indices: range | None = None) -> dict:
    """Summary over the drive's frames (or `indices`). Raises DriveError for a drive without depth."""
    if not drive.has("depth"):
        raise DriveError(f"{drive.path}: has no depth/ to compare with")
    size = size or nearest_size(drive.width, drive.height)
    scores = [score_frame(predict_depth(predict, drive, index, model, size)[0], drive.depth(index), cap_m, crop)
              for index in (indices if indices is not None else range(len(drive)))]
    return {**summarise([score for score in scores if score is not None]), "size": list(size), "cap_m": cap_m, "crop": crop}


def evaluate_ranges(predict: Predictor, drive: Drive, model: ModelRecipe, size: tuple[int, int] | None = None) -> dict:
    """Unscaled error by distance (metrics.range_table) over the whole drive, every 7th valid pixel."""
    size, pairs = size or nearest_size(drive.width, drive.height), []
    for index in range(len(drive)):
        truth = drive.depth(index)
        mask = valid_mask(truth, 80.0, "none")
        predicted = predict_depth(predict, drive, index, model, size)[0]
        pairs.append((predicted[mask][::7].astype(np.float64), truth[mask][::7].astype(np.float64)))
    return range_table(pairs)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--checkpoint", type=Path)
    model.add_argument("--bundle", type=Path)
    parser.add_argument("--drive", required=True)
    parser.add_argument("--size", help="WxH of the network input; default: the trained size nearest in aspect ratio")
    parser.add_argument("--crop", choices=("none", "garg"), default="none")
    parser.add_argument("--cap", type=float, default=80.0)
    parser.add_argument("--ranges", action="store_true", help="also the unscaled error by distance")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.checkpoint:
        network, recipe = load_network(arguments.checkpoint)
        predict, model_recipe = network_predictor(network), recipe.model
    else:
        from depthtrain.bundle import open_bundle
        bundle = open_bundle(arguments.bundle)
        predict, model_recipe = bundle.predictor(), bundle.model
    size = tuple(int(part) for part in arguments.size.split("x")) if arguments.size else None
    drive = open_drive(drive_path(arguments.drive))
    result = evaluate_drive(predict, drive, model_recipe, size, arguments.cap, arguments.crop)
    if arguments.ranges:
        result["ranges"] = evaluate_ranges(predict, drive, model_recipe, size)
    if not arguments.json:
        for part in ("median_scaled", "unscaled"):
            print(f"{part:14s}" + "  ".join(f"{name} {value:.4f}" for name, value in result[part].items()))
        for name, row in result.get("ranges", {}).items():
            print(f"{name:>10s}: {row['share']:6.1%} of the pixels  abs_rel {row['abs_rel']:.4f}  d1 {row['d1']:.4f}")
    print(json.dumps(result) if arguments.json else f"frames {result['frames']}  scale_log_std {result['scale_log_std']:.4f}")


if __name__ == "__main__":
    main()
