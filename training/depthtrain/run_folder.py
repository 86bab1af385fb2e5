"""What a run leaves behind, so that its model can be explained later.

    recipe.toml     the recipe as it was used, overrides included
    run.json        one entry per start: command, git commit, time, device, PyTorch version
    checkpoint.pt   the last checkpoint
    losses.csv      step, name, value: mean loss terms by group, learning rate, seconds per step
    metrics.csv     accuracy on the validation drives
    curves.png      both as pictures
"""

from __future__ import annotations

import csv
import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import torch

from depthtrain import strict_toml
from depthtrain.config import Recipe
from depthtrain.curves import draw_curves

METRIC_COLUMNS = ["step", "drive", "abs_rel_median", "d1_median", "abs_rel", "d1", "scale_log_std"]


class RunFolder:
    """One run's folder. Only the first of several processes writes to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoint = path / "checkpoint.pt"
        self.recipe = path / "recipe.toml"
        self.metrics = path / "metrics.csv"
        self.losses = path / "losses.csv"

    def begin(self, recipe: Recipe, device: str, is_fresh: bool) -> None:
        """Writes the recipe and notes the start; a fresh run drops the tables of the one before."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.recipe.write_text(strict_toml.dump(recipe))
        log = self.path / "run.json"
        starts = [] if is_fresh or not log.exists() else json.loads(log.read_text())
        if is_fresh:
            self.metrics.unlink(missing_ok=True)
            self.losses.unlink(missing_ok=True)
        starts.append({"command": [os.path.basename(sys.executable), *sys.orig_argv[1:]], "git_commit": git_commit(),
                       "started": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), "device": device,
                       "torch": torch.__version__})
        log.write_text(json.dumps(starts, indent=1) + "\n")

    def add_losses(self, step: int, values: dict[str, float]) -> None:
        """Appends `step, name, value` rows to losses.csv."""
        _append(self.losses, ["step", "name", "value"], [[step, name, f"{value:.6g}"] for name, value in values.items()])

    def add_metrics(self, step: int, drive: str, result: dict) -> None:
        """Appends one validation result to metrics.csv."""
        median, unscaled = result["median_scaled"], result["unscaled"]
        values = (median["abs_rel"], median["d1"], unscaled["abs_rel"], unscaled["d1"], result["scale_log_std"])
        _append(self.metrics, METRIC_COLUMNS, [[step, drive, *(f"{value:.4f}" for value in values)]])

    def draw(self) -> None:
        """Draws curves.png anew from the two tables."""
        draw_curves(self.losses, self.metrics, self.path / "curves.png")


def git_commit() -> str:
    """Commit of the working tree, with "+changes" when files differ from it; "unknown" outside a repository."""
    root = Path(__file__).resolve().parents[2]

    def git(*arguments: str) -> str | None:
        try:
            result = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True)
        except OSError:
            return None
        return result.stdout.strip() if result.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    if not commit:
        return "unknown"
    return commit + ("+changes" if git("status", "--porcelain", "--untracked-files=no") else "")


def _append(path: Path, columns: list[str], rows: list[list]) -> None:
    is_new = not path.exists()
    with path.open("a", newline="") as handle:
        writer = csv.writer(handle)
        if is_new:
            writer.writerow(columns)
        writer.writerows(rows)
