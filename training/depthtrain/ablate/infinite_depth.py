"""The infinite-depth filter on drives behind a leading vehicle."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from depthtrain.ablate.bench import SUPERVISED, Bench, Outcome, experiment
from depthtrain.ablate.places import LEADERS, STILLS, drive
from depthtrain.config import LossWeights, Photometric, Source, drive_path
from depthtrain.data.exclusions import read_exclusions
from depthtrain.data.leader import STRETCH, leader_mask
from depthtrain.infinite_filter import filter_drives

_, DISTANCE_M, _, EVERY = LEADERS["leader"]
HOLE = 1.5


@experiment("infinite-depth", "two-stage infinite-depth filter", "share of a leading vehicle predicted as a hole",
            "a hole is a pixel of the vehicle beyond 1.5 times its distance; the start, the base after 100 steps with truth of another yard with "
            "the vehicle, has {start:.1%} of them; of 40 frames with the vehicle "
            "and 20 without the filter dropped {dropped_led:.1f} and {dropped_free:.1f} ({unjudged:.1f} had no ground "
            "plane); the auto-mask, the other remedy, is off in both runs")
def infinite_depth(bench: Bench) -> Outcome:
    """Stage one sees a leader in two of the three stretches of one drive; stage two leaves out what the filter drops.

    The yard has no traffic of its own, so that the vehicle is the only leader. Truth of the real stills keeps the ground sound.
    """
    start = _start(bench)
    sources = [Source(drive("leader"), 3.0, "photometric"), Source(STILLS, 1.0)]
    losses = LossWeights(log_l1=0.5, sigma=0.0, velocity=0.0)
    recipe = bench.recipe("infinite-without", sources, losses, 160, rate=1e-3, photometric=Photometric(automask=False))
    first = bench.trained(recipe, init=start)
    report = bench.folder / f"infinite-depth-report-{bench.seed}.csv"
    predict, _ = bench.predictor(first)
    counts = filter_drives(predict, recipe, report)
    second_recipe = dataclasses.replace(recipe, name=recipe.name.replace("without", "with"), exclude=str(report))
    second = bench.trained(second_recipe, init=start)
    dropped = read_exclusions(str(report)).get(drive_path(drive("leader")).name, frozenset())
    led = {index for index in range(sum(counts.values())) if (index // STRETCH) % EVERY == 0}
    return Outcome(_hole_share(bench, first), _hole_share(bench, second),
                   {"start": _hole_share(bench, start), "dropped_led": len(dropped & led), "dropped_free": len(dropped - led),
                    "unjudged": counts["unjudged"]})


def _start(bench: Bench) -> Path:
    """A network that knows the vehicle: the base after some truth of another yard with it."""
    common = bench.common()
    sources = [Source(drive("leader_truth"), 2.0, empty_depth_m=80.0), Source(drive("base_yard_232"), 1.0, empty_depth_m=80.0),
               Source(STILLS, 1.0)]
    return common.trained(common.recipe("infinite-start", sources, SUPERVISED, 100, rate=1e-3), init=bench.base)


def _hole_share(bench: Bench, run: Path) -> float:
    """Mean over the frames of the share of the leader's pixels that lie beyond HOLE times its distance, median-scaled."""
    shares = []
    for opened, index, depth, _ in bench.predictions(run, drive("leader_val")):
        truth = opened.depth(index)
        leader, known = leader_mask(truth, DISTANCE_M), (truth > 0) & (truth < 80)
        scaled = depth * np.median(truth[known & ~leader]) / np.median(depth[known & ~leader])
        if leader.any():
            shares.append(float((scaled[leader] > HOLE * DISTANCE_M).mean()))
    return float(np.mean(shares))
