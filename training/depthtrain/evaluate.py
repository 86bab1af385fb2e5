"""Accuracy on drives with depth, by the published protocols, of a checkpoint, a bundle or a plain ONNX file.

    python -m depthtrain.evaluate --bundle models/lite --drive kitti2015_val --json
    python -m depthtrain.evaluate --bundle models/lite --protocol kitti-eigen --drive eigen/2011_09_26 --drive eigen/2011_09_28
"""

from __future__ import annotations

import argparse
import csv
import dataclasses
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import cv2
import numpy as np
import torch

from depthtrain.config import ModelRecipe, drive_path
from depthtrain.data.drive import Drive, DriveError, open_drive
from depthtrain.data.sparse_request import SparseRequest
from depthtrain.evaluation_frames import EvaluationFrame, drive_frames, make3d_frames
from depthtrain.metrics import FrameScore, RangeTable, score_frame, summarise
from depthtrain.pictures import side_by_side, write_picture
from depthtrain.prediction import SIZES, Prediction, Predictor, nearest_size, network_predictor, predict_depth, predict_frame
from depthtrain.protocols import CROPS, PROTOCOLS, Protocol, protocol_named
from depthtrain.sources import open_model
from depthtrain.uncertainty import ause, coverage

__all__ = ["Predictor", "evaluate_drive", "nearest_size", "network_predictor", "predict_depth"]


class EvaluationError(ValueError):
    """A drive or frame that cannot be scored; the message names it."""


@dataclasses.dataclass(frozen=True)
class Options:
    """What an evaluation does beside the scores. `sigma_of` turns log_sigma into the standard deviation of ln(depth).

    Without `size` (width, height) each frame takes the one of `sizes` that is nearest in shape.
    """

    protocol: Protocol = PROTOCOLS["plain"]
    size: tuple[int, int] | None = None
    is_flipped: bool = False
    sparse: SparseRequest | None = None
    has_ranges: bool = False
    sigma_of: Callable[[np.ndarray], np.ndarray] | None = None
    pictures: Path | None = None
    sizes: tuple[tuple[int, int], ...] = SIZES

    def size_for(self, width: int, height: int) -> tuple[int, int]:
        """The network's (width, height) for a frame of this size."""
        return self.size or nearest_size(width, height, self.sizes)


@dataclasses.dataclass
class Report:
    """Everything measured so far, over one drive or several."""

    names: list[str] = dataclasses.field(default_factory=list)
    scores: list[FrameScore] = dataclasses.field(default_factory=list)
    uncertainty: list[dict[str, float]] = dataclasses.field(default_factory=list)
    ranges: RangeTable = dataclasses.field(default_factory=RangeTable)
    points: list[int] = dataclasses.field(default_factory=list)

    def summary(self, options: Options) -> dict:
        """The JSON object: `depthctl eval`'s keys, then what the options added."""
        if not self.scores:
            raise EvaluationError("no frame has a pixel with truth inside the crop and the cap")
        result = summarise(self.scores)
        result.update(protocol=options.protocol.name, cap_m=options.protocol.cap_m, crop=options.protocol.crop)
        if options.size:
            result["size"] = list(options.size)
        if options.has_ranges:
            result["ranges"] = self.ranges.rows()
        if self.uncertainty:
            result["sigma"] = {name: float(np.mean([row[name] for row in self.uncertainty])) for name in self.uncertainty[0]}
        if self.points:
            result["points_per_frame"] = float(np.mean(self.points))
        return result

    def write_csv(self, path: Path) -> None:
        """One row per image, in the order they were scored."""
        parts = [(part, name) for part in ("median_scaled", "unscaled") for name in getattr(self.scores[0], part)]
        with path.open("w", newline="") as handle:
            writer = csv.writer(handle)
            writer.writerow(["frame", "pixels", "log_scale", *(f"{part}.{name}" for part, name in parts)])
            for name, score in zip(self.names, self.scores):
                values = [getattr(score, part).get(key, float("nan")) for part, key in parts]
                writer.writerow([name, score.pixels, f"{score.log_scale:.6f}", *(f"{value:.6f}" for value in values)])


def evaluate_drive(predict: Predictor, drive: Drive, model: ModelRecipe, size: tuple[int, int] | None = None,
                   cap_m: float = 80.0, crop: str = "none", indices: range | None = None,
                   sparse: SparseRequest | None = None) -> dict:
    """Summary over the drive's frames (or `indices`). Raises DriveError for a drive without depth."""
    size = size or nearest_size(drive.width, drive.height)
    options = Options(dataclasses.replace(PROTOCOLS["plain"], cap_m=cap_m, crop=crop), size, sparse=sparse)
    report = Report()
    score_drive(report, predict, drive, model, options, indices)
    return report.summary(options)


def score_drive(report: Report, predict: Predictor, drive: Drive, model: ModelRecipe, options: Options,
                indices: range | None = None) -> None:
    """Adds a drive's frames to the report. Raises DriveError without depth/, EvaluationError for a useless prediction."""
    if not drive.has("depth"):
        raise DriveError(f"{drive.path}: has no depth/ to compare with")
    size = options.size_for(drive.width, drive.height)
    chosen = indices if indices is not None else range(len(drive))
    score_frames(report, predict, drive_frames(drive, chosen, options.sparse), model, dataclasses.replace(options, size=size))


def score_frames(report: Report, predict: Predictor, frames: Iterable[EvaluationFrame], model: ModelRecipe,
                 options: Options) -> None:
    """Adds frames to the report; without a size each takes the trained one nearest in shape."""
    if options.is_flipped and not options.protocol.flip:
        allowed = ", ".join(name for name, protocol in PROTOCOLS.items() if protocol.flip)
        raise EvaluationError(f"--flip is no part of protocol {options.protocol.name}; it is of {allowed}")
    for frame in frames:
        try:
            _score_frame(report, predict, frame, model, options)
        except ValueError as error:
            raise EvaluationError(f"{frame.name}: {error}") from error


def _score_frame(report: Report, predict: Predictor, frame: EvaluationFrame, model: ModelRecipe, options: Options) -> None:
    protocol, image, truth, points = options.protocol, frame.image, frame.truth_m, frame.points_m
    size = options.size_for(image.shape[1], image.shape[0])
    grid = (truth.shape[1], truth.shape[0])
    given = ~np.isnan(points) if points is not None else np.zeros(truth.shape, bool)
    prediction = predict_frame(predict, image, frame.fx_px, model, size, points, options.is_flipped, frame.is_beside)
    predicted = prediction.depth(model, grid, protocol.resize)
    score = score_frame(predicted, truth, protocol, given, frame.disparity_factor)
    if score is None:
        return
    report.names.append(frame.name)
    report.scores.append(score)
    counts = protocol.mask(truth) & ~given
    if points is not None:
        report.points.append(int(given.sum()))
    if options.has_ranges:
        report.ranges.add(predicted[counts].clip(protocol.floor_m, protocol.cap_m), truth[counts])
    if options.sigma_of is not None:
        flipped = predict_frame(predict, np.ascontiguousarray(image[:, ::-1]), frame.fx_px, model, size,
                                points[:, ::-1] if points is not None else None, is_beside=frame.is_beside)
        disagreement = np.abs(predicted - flipped.depth(model, grid, protocol.resize)[:, ::-1]) / predicted
        report.uncertainty.append(_honesty(prediction, model, disagreement, predicted, truth, counts, score, options))
    if options.pictures is not None:
        title = f"{frame.name}: AbsRel {score.median_scaled['abs_rel']:.3f} median-scaled, " \
                f"{score.unscaled['abs_rel']:.3f} unscaled"
        write_picture((options.pictures / frame.name).with_suffix(".png"),
                      side_by_side(cv2.resize(image, grid, interpolation=cv2.INTER_AREA), predicted, truth, counts, title))


def _honesty(prediction: Prediction, model: ModelRecipe, disagreement: np.ndarray, predicted: np.ndarray, truth: np.ndarray,
             counts: np.ndarray, score: FrameScore, options: Options) -> dict[str, float]:
    """Sigma's measures on median-scaled depth, and the same sparsification by disagreement with the mirrored image."""
    grid = (truth.shape[1], truth.shape[0])
    log_sigma = prediction.log_sigma_at(grid)
    if log_sigma is None or options.sigma_of is None:
        raise EvaluationError("this network publishes no log_sigma: there is no uncertainty to judge")
    scaled = (predicted[counts] * np.exp(score.log_scale)).clip(options.protocol.floor_m, options.protocol.cap_m)
    sigma = options.sigma_of(log_sigma[counts].astype(np.float64)) * prediction.sigma_share_at(model, grid)[counts]
    by_flip = {f"flip_{name}": value for name, value in ause(scaled, truth[counts], disagreement[counts]).items()}
    return {**coverage(np.log(scaled) - np.log(truth[counts]), sigma), **ause(scaled, truth[counts], sigma), **by_flip}


def main() -> None:
    parser = _parser()
    arguments = parser.parse_args()
    if not arguments.drive and not arguments.make3d:
        parser.error("--drive or --make3d says what to evaluate on")
    torch.set_num_threads(arguments.threads)
    try:
        result = _evaluate(arguments)
    except (ValueError, OSError) as error:  # every error of this package is one of them
        sys.exit(f"error: {error}")
    print(json.dumps(result) if arguments.json else _text(result))


def _evaluate(arguments: argparse.Namespace) -> dict:
    protocol = protocol_named(arguments.protocol)
    if arguments.crop is not None:
        protocol = dataclasses.replace(protocol, crop=arguments.crop)
    if arguments.cap is not None:
        protocol = dataclasses.replace(protocol, cap_m=arguments.cap)
    model = open_model(arguments.checkpoint, arguments.bundle, arguments.onnx)
    options = Options(protocol, arguments.size, arguments.flip, SparseRequest.parse(arguments.sparse, arguments.seed)
                      if arguments.sparse else None, arguments.ranges, model.sigma_of if arguments.sigma else None,
                      arguments.pictures, model.sizes)
    report, drives = Report(), [open_drive(drive_path(name)) for name in arguments.drive]
    if arguments.make3d:
        score_frames(report, model.predict, make3d_frames(arguments.make3d), model.recipe, options)
    for drive in drives:
        score_drive(report, model.predict, drive, model.recipe, options)
    if options.size is None and len(drives) == 1:
        options = dataclasses.replace(options, size=options.size_for(drives[0].width, drives[0].height))
    result = report.summary(options)
    if arguments.csv:
        report.write_csv(arguments.csv)
    return result


def _size(text: str) -> tuple[int, int]:
    width, _, height = text.partition("x")
    if not (width.isdigit() and height.isdigit()) or int(width) % 32 or int(height) % 32 or 0 in (int(width), int(height)):
        raise argparse.ArgumentTypeError(f"{text!r} is not WxH in multiples of 32")
    return int(width), int(height)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="protocols: " + "; ".join(
        f"{protocol.name} ({protocol.summary})" for protocol in PROTOCOLS.values()))
    model = parser.add_mutually_exclusive_group(required=True)
    model.add_argument("--checkpoint", type=Path)
    model.add_argument("--bundle", type=Path)
    model.add_argument("--onnx", type=Path, help="a plain ONNX depth network (docs/bundle.md)")
    parser.add_argument("--drive", action="append", default=[], help="may be given several times: one mean over all images")
    parser.add_argument("--make3d", type=Path, help="folder with Test134/ and Gridlaserdata/; use it with --protocol make3d")
    parser.add_argument("--protocol", default="plain", metavar="NAME", help="see below; default plain")
    parser.add_argument("--crop", choices=tuple(CROPS), help="instead of the protocol's")
    parser.add_argument("--cap", type=float, help="farthest truth that counts in metres, instead of the protocol's")
    parser.add_argument("--size", type=_size, help="WxH of the network input; default: the trained size nearest in aspect ratio")
    parser.add_argument("--flip", action="store_true", help="average with the mirrored image, where the protocol has that")
    parser.add_argument("--sparse", metavar="N|beams:N", help="give N points or beams of sparse/ and score on the rest")
    parser.add_argument("--seed", type=int, default=1, help="of the random points")
    parser.add_argument("--ranges", action="store_true", help="also the unscaled error by distance")
    parser.add_argument("--sigma", action="store_true", help="also how honest the uncertainty is: coverage, AUSE, AURG")
    parser.add_argument("--csv", type=Path, help="write one row per image")
    parser.add_argument("--pictures", type=Path, help="write image, prediction, truth and error side by side")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    return parser


def _text(result: dict) -> str:
    lines = [f"{part:14s}" + "  ".join(f"{name} {value:.4f}" for name, value in result[part].items())
             for part in ("median_scaled", "unscaled", "sigma") if part in result]
    lines += [f"{name:>10s}: {row['share']:6.1%} of the pixels  abs_rel {row['abs_rel']:.4f}  bias {row['bias']:+.4f}  "
              f"d1 {row['d1']:.4f}" for name, row in result.get("ranges", {}).items()]
    lines.append(f"frames {result['frames']}  protocol {result['protocol']}  scale_log_mean {result['scale_log_mean']:.4f}  "
                 f"scale_log_std {result['scale_log_std']:.4f}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
