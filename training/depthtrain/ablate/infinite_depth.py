"""The infinite-depth filter on drives behind a leading vehicle."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from depthtrain.ablate.bench import ROOT, STILLS, Bench, Outcome, experiment, simulated
from depthtrain.config import LossWeights, Photometric, Source
from depthtrain.data.exclusions import read_exclusions
from depthtrain.data.leader import STRETCH, add_leader, leader_mask
from depthtrain.infinite_filter import filter_drives

DISTANCE_M, EVERY = 7.0, 3


@experiment("infinite-depth", "two-stage infinite-depth filter", "share of a leading vehicle predicted as a hole")
def infinite_depth(bench: Bench) -> Outcome:
    """Stage one sees a leader in a third of the stretches of one drive; stage two leaves out what the filter drops.

    The yard has no traffic of its own, so that the vehicle is the only leader. Other drives with truth keep the ground sound.
    The auto-mask, the other remedy, is off in both runs, so that the row is about the filter alone.
    """
    bench.prepare_drives()
    train_drive, judged_drive = _leader("ablation_yard", EVERY), _leader("ablation_yard_val", 1)
    sources = [Source(str(train_drive), 2.0, "photometric"), Source(STILLS, 1.0), simulated("street")]
    losses = LossWeights(log_l1=0.5, sigma=0.0, velocity=0.0)
    recipe = bench.recipe("infinite-without", sources, losses, steps=300, photometric=Photometric(automask=False))
    first = bench.trained(recipe, init=bench.base())
    report = bench.folder / "infinite-depth-report.csv"
    predict, _ = bench.predictor(first)
    counts = filter_drives(predict, recipe, report)
    second = bench.trained(dataclasses.replace(recipe, name="infinite-with", exclude=str(report)), init=bench.base())
    dropped = read_exclusions(str(report)).get(train_drive.name, frozenset())
    led = {index for index in range(sum(counts.values())) if (index // STRETCH) % EVERY == 0}
    return Outcome(_hole_share(bench, first, judged_drive), _hole_share(bench, second, judged_drive),
                   f"a hole is a pixel of the vehicle predicted beyond 1.5 times its distance; the filter dropped {len(dropped & led)} "
                   f"of {len(led)} frames with the vehicle and {len(dropped - led)} of {sum(counts.values()) - len(led)} without "
                   f"({counts['unjudged']} had no ground plane); auto-mask off in both runs")


def _leader(name: str, every: int) -> Path:
    folder = ROOT / ".sim-drives" / name.replace("ablation_", "ablation_leader_")
    if not (folder / "drive.toml").exists():
        add_leader(ROOT / ".sim-drives" / name, folder, DISTANCE_M, 1.4, seed=5, every=every)
    return folder


def _hole_share(bench: Bench, run: Path, drive: Path) -> float:
    """Mean over the frames of the share of the leader's pixels that lie beyond 1.5 times its distance, median-scaled."""
    shares = []
    for opened, index, depth, _ in bench.predictions(run, str(drive)):
        truth = opened.depth(index)
        leader, known = leader_mask(truth, DISTANCE_M), (truth > 0) & (truth < 80)
        scaled = depth * np.median(truth[known & ~leader]) / np.median(depth[known & ~leader])
        if leader.any():
            shares.append(float((scaled[leader] > 1.5 * DISTANCE_M).mean()))
    return float(np.mean(shares))
