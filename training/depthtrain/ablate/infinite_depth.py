"""The infinite-depth filter on drives behind a leading vehicle."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path

import numpy as np

from depthtrain.ablate.bench import SUPERVISED, Bench, Outcome, experiment
from depthtrain.ablate.places import LEADERS, drive
from depthtrain.config import LossWeights, Photometric, Source, drive_path
from depthtrain.data.drive import open_drive
from depthtrain.data.exclusions import read_exclusions
from depthtrain.data.leader import STRETCH, leader_mask
from depthtrain.infinite_filter import filter_drives

_, DISTANCE_M, _, EVERY = LEADERS["van"]
HOLE = 1.5


@experiment("infinite-depth", "two-stage infinite-depth filter", "share of a leading vehicle predicted as a hole",
            "a hole is a pixel of the vehicle beyond 1.5 times its distance, median-scaled; the start, the base after 60 "
            "steps with truth of another street with the vehicle, has {start:.1%}; of {led:.0f} frames with the vehicle and "
            "{free:.0f} without the filter dropped {dropped_led:.1f} and {dropped_free:.1f} ({unjudged:.1f} had no ground "
            "plane); leaving out exactly those with it gives {oracle:.1%}; the auto-mask, the other remedy, is off in all "
            "runs")
def infinite_depth(bench: Bench) -> Outcome:
    """Stage one sees a leader in every other stretch of a drive; stage two leaves out what the filter drops.

    A street, because only to a camera that goes straight on does what keeps its distance look infinitely far; it has traffic
    of its own. A third run leaves out the frames with the leader and no others: what a filter that makes no mistake would bring.
    """
    start, name = _start(bench), drive("van")
    sources = [Source(name, 3.0, "photometric"), Source(drive("base_street_222"), 1.0, empty_depth_m=80.0)]
    losses = LossWeights(log_l1=0.3, gradient=0.0, sigma=0.0, velocity=0.0)
    recipe = bench.recipe("infinite-without", sources, losses, 80, rate=5e-4, photometric=Photometric(automask=False))
    runs = {"start": start, "without": bench.trained(recipe, init=start)}
    reports = {kind: bench.folder / f"infinite-depth-{kind}-{bench.seed}.csv" for kind in ("with", "oracle")}
    counts = filter_drives(bench.predictor(runs["without"])[0], recipe, reports["with"])
    led = {index for index in range(len(open_drive(drive_path(name)))) if (index // STRETCH) % EVERY == 0}
    _write_oracle(reports["oracle"], reports["with"], led)
    for kind, report in reports.items():
        second = dataclasses.replace(recipe, name=recipe.name.replace("without", kind), exclude=str(report))
        runs[kind] = bench.trained(second, init=start, made_with=[report])
    dropped = read_exclusions(str(reports["with"])).get(drive_path(name).name, frozenset())
    shares = {kind: _hole_share(bench, run) for kind, run in runs.items()}
    return Outcome(shares["without"], shares["with"],
                   {"start": shares["start"], "oracle": shares["oracle"], "led": len(led),
                    "free": sum(counts.values()) - len(led), "dropped_led": len(dropped & led),
                    "dropped_free": len(dropped - led), "unjudged": counts["unjudged"]})


def _start(bench: Bench) -> Path:
    """A network that knows the vehicle: the base after some truth of another street with it."""
    common = bench.common()
    sources = [Source(drive("van_truth"), 2.0, empty_depth_m=80.0),
               Source(drive("base_street_222"), 1.0, empty_depth_m=80.0)]
    return common.trained(common.recipe("infinite-start", sources, SUPERVISED, 60, rate=1e-3), init=bench.base())


def _write_oracle(path: Path, report: Path, led: set[int]) -> None:
    """The filter's report with the verdicts that the frames with the leader, `led`, and no others deserve."""
    with report.open(newline="") as source, path.open("w", newline="") as target:
        reader = csv.DictReader(source)
        writer = csv.DictWriter(target, reader.fieldnames)
        writer.writeheader()
        for row in reader:
            writer.writerow({**row, "verdict": "drop" if int(row["index"]) in led else "keep"})


def _hole_share(bench: Bench, run: Path) -> float:
    """Mean over the frames of the share of the leader's pixels that lie beyond HOLE times its distance, median-scaled."""
    shares = []
    for opened, index, depth, _ in bench.predictions(run, drive("van_val")):
        truth = opened.depth(index)
        leader, known = leader_mask(truth, DISTANCE_M), (truth > 0) & (truth < 80)
        scaled = depth * np.median(truth[known & ~leader]) / np.median(depth[known & ~leader])
        if leader.any():
            shares.append(float((scaled[leader] > HOLE * DISTANCE_M).mean()))
    return float(np.mean(shares))
