"""Completion of a bundle against the same network without points and against completion without learning.

    make bench-completion
    python -m depthtrain.bench_completion --bundle models/lite [--only completion] [--drive NAME ...]

Completion is measured by `depthctl eval --sparse`, so by the daemon's own arithmetic; the others on the same points and the
same remaining pixels. Writes docs/benchmarks/completion.json and the tables of completion.md. With `--only completion` what was
measured of the others before is kept: it does not change with the completion network.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import torch

from depthtrain.bundle import open_bundle
from depthtrain.classical_completion import morphological_fill, nearest_point
from depthtrain.config import drive_path
from depthtrain.data.drive import Drive, DriveError, open_drive
from depthtrain.data.sparse_request import SparseRequest
from depthtrain.data.sparsity import project
from depthtrain.metrics import score_frame
from depthtrain.page import BENCHMARKS, rewrite
from depthtrain.prediction import nearest_size, predict_frame
from depthtrain.protocols import PROTOCOLS

TOP = Path(__file__).resolve().parents[2]
DEPTHCTL = TOP / ".build" / "release" / "depthctl"
RESULTS, PAGE = BENCHMARKS / "completion.json", BENCHMARKS / "completion.md"
DRIVES = ("kitti2015_val", "indoor_7scenes_val", "indoor_hololens_val")
REQUESTS = ("50", "200", "500", "2000", "5000", "beams:4", "beams:8", "beams:16")
COLUMNS = {"points": "points", "prediction": "prediction", "rescaled": "prediction, rescaled", "fill": "morphological fill",
           "coarse_fill": "the same at network size", "nearest": "nearest point", "completion": "completion"}
TIMED_POINTS = (0, 50, 300, 1000, 2000, 5000)


def measure_others(bundle: Path, drive: Drive) -> dict[str, dict[str, float]]:
    """By request the mean AbsRel of everything but the completion network, and the time of the fill."""
    model, rows = open_bundle(bundle), {request: [] for request in REQUESTS}
    predict, size = model.predictor(), nearest_size(drive.width, drive.height, model.sizes)
    fx = drive.intrinsics.fx if drive.intrinsics else None
    for index in range(len(drive)):
        truth = drive.depth(index, "depth")
        predicted = predict_frame(predict, drive.image(index), fx, model.model, size).depth(
            model.model, (truth.shape[1], truth.shape[0]))
        for request in REQUESTS:
            row = _frame(predicted, truth, SparseRequest.parse(request).points(drive, index), size)
            if row is not None:
                rows[request].append(row)
    return {request: {name: float(np.mean([row[name] for row in found])) for name in found[0]}
            for request, found in rows.items() if found}


def _frame(predicted: np.ndarray, truth: np.ndarray, points: np.ndarray, size: tuple[int, int]) -> dict[str, float] | None:
    given = ~np.isnan(points)
    if not given.any():
        return None
    begin = time.process_time()
    filled = morphological_fill(points)
    seconds = time.process_time() - begin
    depths = {"prediction": predicted, "rescaled": predicted * np.exp(np.median(np.log(points[given] / predicted[given]))),
              "fill": filled, "coarse_fill": _coarsely_filled(points, size), "nearest": nearest_point(points)}
    scores = {name: score_frame(depth, truth, PROTOCOLS["plain"], given) for name, depth in depths.items()}
    if any(score is None for score in scores.values()):
        return None
    return {"points": float(given.sum()), "fill_ms": 1e3 * seconds,
            **{name: score.unscaled["abs_rel"] for name, score in scores.items()}}


def _coarsely_filled(points: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Filled at the network's (width, height), where the fill's windows reach farther, and enlarged."""
    sparse = project(points, (size[1], size[0]))
    filled = morphological_fill(np.where(sparse > 0, sparse, np.nan))
    return cv2.resize(filled, (points.shape[1], points.shape[0]), interpolation=cv2.INTER_NEAREST)


def measure_completion(bundle: Path, drive: Drive, request: str) -> dict[str, float]:
    """Mean AbsRel of the bundle's completion by `depthctl eval`."""
    result = _depthctl("eval", "--bundle", bundle, "--drive", drive.path, "--sparse", request, "--seed", 1)
    return {"completion": result["unscaled"]["abs_rel"], "completion_points": result["points_per_frame"],
            "frames": result["frames"]}


def measure_times(bundle: Path, size: tuple[int, int]) -> dict[str, dict[str, float]]:
    """Milliseconds of the network, and of what points add, on one thread: the least of 100 runs."""
    times = {}
    for points in TIMED_POINTS:
        found = _depthctl("bench", "--model", bundle, "--size", f"{size[0]}x{size[1]}", "--threads", 1, "--runs", 100,
                          "--points", points)
        times[str(points)] = {"frame_ms": found["min_ms"], "completion_ms": found.get("completion_min_ms", 0.0)}
    return times


def _depthctl(*arguments: object) -> dict:
    done = subprocess.run([str(DEPTHCTL), *map(str, arguments), "--json"], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"depthctl {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return json.loads(done.stdout.splitlines()[-1])


def tables(results: dict) -> str:
    """Markdown of everything measured; the best of a row in bold."""
    lines = []
    for drive, rows in results["accuracy"].items():
        frames = next(iter(rows.values())).get("frames", "?")
        lines += ["", f"`{drive}`, {frames} frames, AbsRel:", "",
                  "| given | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
        for request, row in rows.items():
            values = {name: row[name] for name in COLUMNS if name != "points" and name in row}
            best = min(values.values())
            cells = [f"{row['points']:.0f}"] + [_cell(row.get(name), best) for name in COLUMNS if name != "points"]
            given = f"{request.removeprefix('beams:')} beams" if "beams" in request else f"{request} random"
            lines.append(f"| {given} | " + " | ".join(cells) + " |")
    fills = [row["fill_ms"] for rows in results["accuracy"].values() for row in rows.values()]
    lines += ["", f"Time on one thread at {results['size'][0]}x{results['size'][1]}, the least of 100 runs (morphological fill at the "
              f"frames' own sizes: {min(fills):.0f} to {max(fills):.0f} ms):", "",
              "| points given | whole network, ms | of it for the points, ms |", "|---|---|---|"]
    lines += [f"| {points} | {row['frame_ms']:.2f} | {row['completion_ms']:.2f} |" for points, row in results["times"].items()]
    return "\n".join(lines[1:]) + "\n"


def _cell(value: float | None, best: float) -> str:
    if value is None:
        return "-"
    return f"**{value:.4f}**" if value == best else f"{value:.4f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=TOP / "models/lite")
    parser.add_argument("--drive", action="append", default=[], help="instead of the three real validation drives")
    parser.add_argument("--only", choices=("completion", "others"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {"accuracy": {}, "times": {}}
    try:
        for name in arguments.drive or DRIVES:
            drive, rows = open_drive(drive_path(name)), results["accuracy"].setdefault(name, {})
            if arguments.only != "completion":
                for request, row in measure_others(arguments.bundle, drive).items():
                    rows.setdefault(request, {}).update(row)
            if arguments.only != "others":
                for request in REQUESTS:
                    rows.setdefault(request, {}).update(measure_completion(arguments.bundle, drive, request))
                    print(f"{name} {request}: {rows[request]}", flush=True)
            RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    except (DriveError, ValueError, OSError) as error:
        print(f"bench_completion: {error}", file=sys.stderr)
        return 1
    if arguments.only != "others":
        results["size"] = [640, 192]
        results["times"] = measure_times(arguments.bundle, (640, 192))
        RESULTS.write_text(json.dumps(results, indent=1) + "\n")
        rewrite(PAGE, "accuracy", tables(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
