"""How right a bundle is on the validation drives: the tables of docs/benchmarks/accuracy.md.

    make bench-accuracy
    python -m depthtrain.bench_accuracy --bundle models/lite --recipe training/recipes/lite.toml
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path

import cv2
import torch

from depthtrain.bundle import Bundle, open_bundle
from depthtrain.config import drive_path, load_recipe
from depthtrain.data.drive import open_drive
from depthtrain.data.simulated import generate_named
from depthtrain.evaluate import Options, Report, score_drive
from depthtrain.page import BENCHMARKS, rewrite

TOP = Path(__file__).resolve().parents[2]
PAGE = BENCHMARKS / "accuracy.md"
MEASURES = {"abs_rel": "AbsRel", "sq_rel": "SqRel", "rmse": "RMSE m", "rmse_log": "RMSElog", "d1": "d1", "d2": "d2", "d3": "d3"}
SCALINGS = {"median_scaled": "median", "unscaled": "unscaled"}
SIGMA = {"coverage_1_sigma": ("within 1 sigma", ".2f"), "coverage_2_sigma": ("within 2 sigma", ".2f"),
         "ause_abs_rel": ("AUSE", ".3f"), "flip_ause_abs_rel": ("AUSE, mirrored", ".3f")}


def measure(bundle: Bundle, drives: Iterable[str]) -> dict[str, dict]:
    """By drive the summary of `evaluate --ranges --sigma`, with the (width, height) that the network ran at.

    Raises DriveError for a drive without depth, EvaluationError for a network without log_sigma.
    """
    predict, results = bundle.predictor(), {}
    options = Options(sizes=bundle.sizes, has_ranges=True, sigma_of=bundle.calibrated_sigma)
    for drive in (open_drive(drive_path(name)) for name in drives):
        report = Report()
        score_drive(report, predict, drive, bundle.model, options)
        results[drive.path.name] = {**report.summary(options), "size": options.size_for(drive.width, drive.height)}
        print(f"{drive.path.name}: AbsRel {results[drive.path.name]['median_scaled']['abs_rel']:.4f} median-scaled", flush=True)
    return results


def tables(results: dict[str, dict]) -> str:
    """Markdown: accuracy, spread of the scale, error by distance, honesty of sigma."""
    parts = [_table(("drive", "images", "size", "scaling", *MEASURES.values()), [
        (f"`{drive}`", found["frames"], "x".join(map(str, found["size"])), word, *(f"{found[key][name]:.3f}" for name in MEASURES))
        for drive, found in results.items() for key, word in SCALINGS.items()])]
    parts.append("Spread of ln(truth median / prediction median) per drive (the scale filter has to bridge this):")
    parts.append(_table(("drive", "mean", "standard deviation"), [
        (f"`{drive}`", f"{found['scale_log_mean']:+.3f}", f"{found['scale_log_std']:.3f}") for drive, found in results.items()]))
    ranges = sorted({name for found in results.values() for name in found["ranges"]}, key=lambda name: float(name.split("-")[0]))
    parts.append("By distance, AbsRel unscaled (share of the pixels):")
    parts.append(_table(("drive", *ranges), [(f"`{drive}`", *(_share(found["ranges"].get(name)) for name in ranges))
                                             for drive, found in results.items()]))
    parts.append("How honest sigma is: the share of the pixels within one and two calibrated sigma, the frame's own scale removed, and the area\n"
                 "above the oracle when the least certain pixels are taken away (AUSE of AbsRel, less is better), of sigma and of the\n"
                 "disagreement with the mirrored image:")
    parts.append(_table(("drive", *(word for word, _ in SIGMA.values())), [
        (f"`{drive}`", *(format(found["sigma"][name], form) for name, (_, form) in SIGMA.items()))
        for drive, found in results.items()]))
    return "\n\n".join(parts)


def _share(row: dict[str, float] | None) -> str:
    return f"{row['abs_rel']:.3f} ({row['share']:.0%})" if row else "-"


def _table(head: tuple, rows: list[tuple]) -> str:
    return "\n".join("| " + " | ".join(map(str, row)) + " |" for row in [head, ["---"] * len(head), *rows])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, default=TOP / "models/lite")
    parser.add_argument("--recipe", type=Path, default=TOP / "training/recipes/lite.toml", help="names the validation drives")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    try:
        recipe = load_recipe(arguments.recipe)
        generate_named(recipe.validation)
        rewrite(PAGE, "tables", tables(measure(open_bundle(arguments.bundle), recipe.validation)))
    except (ValueError, OSError) as error:  # every error of this package is one of them
        print(f"bench_accuracy: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
