"""Loss and accuracy curves of a run as one picture."""

from __future__ import annotations

import csv
from pathlib import Path


def draw_curves(losses: Path, metrics: Path, picture: Path) -> None:
    """Draws `losses` (step, name, value) and `metrics` (one row per step and drive) into a PNG; missing tables are empty."""
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot

    terms, drives = {}, {}
    for row in _rows(losses):
        if "." in row["name"]:
            terms.setdefault(row["name"], []).append((int(row["step"]), float(row["value"])))
    for row in _rows(metrics):
        drives.setdefault(Path(row["drive"]).name, []).append((int(row["step"]), float(row["abs_rel"])))
    figure, axes = pyplot.subplots(1, 2, figsize=(14, 6))
    for axis, curves, title in ((axes[0], terms, "weighted loss terms by group"),
                                (axes[1], drives, "unscaled AbsRel on validation drives")):
        for name, points in sorted(curves.items()):
            axis.plot(*zip(*points), marker=".", label=name)
        axis.set(xlabel="step", title=title, yscale="log" if curves else "linear")
        axis.grid(True, alpha=0.3)
        if curves:
            axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(picture, dpi=90)
    pyplot.close(figure)


def _rows(path: Path) -> list[dict[str, str]]:
    if not path.exists():
        return []
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))
