"""Experiments on what range points add, and on whether the network knows its own error."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from depthtrain.ablate.bench import SUPERVISED, Bench, Outcome, experiment
from depthtrain.ablate.places import MIXED_VALIDATION, SIZE, STILLS, simulated
from depthtrain.calibration import calibrate
from depthtrain.checkpoint import load_network
from depthtrain.config import Completion, Source, drive_path
from depthtrain.data.drive import open_drive
from depthtrain.data.sparse_request import SparseRequest
from depthtrain.evaluate import Options, Report, score_drive
from depthtrain.prediction import network_predictor
from depthtrain.sources import open_model

COUNTS = (0, 50, 100, 200, 500, 2000)
SOURCES = (Source(STILLS, 1.0), simulated("street"))


@experiment("completion", "sparse auxiliary network, 500 points", "unscaled AbsRel, kitti2015_val and simulated street",
            "one network, trained jointly, without and with range points, to which completed depth is held in training as in "
            "use; by number of points, 0: {points_0:.3f}, 50: {points_50:.3f}, 100: {points_100:.3f}, 200: "
            "{points_200:.3f}, 500: {points_500:.3f}, 2000: {points_2000:.3f}; the start has {start:.3f}; points are the "
            "velodyne's on the real drive and exact on the simulated one; of 2000 the network sees at most 768 at this size")
def completion(bench: Bench) -> Outcome:
    """One network, trained jointly from the common start, with and without range points."""
    recipe = bench.recipe("completion", SOURCES, dataclasses.replace(SUPERVISED, completion=1.0), 80, rate=5e-4,
                          completion=Completion(empty=0.15))
    joint = bench.trained(recipe, init=bench.base())
    errors = {f"points_{count}": _abs_rel(joint, count) for count in COUNTS}
    return Outcome(errors["points_0"], errors["points_500"], {"start": _abs_rel(bench.base(), 0), **errors})


def _abs_rel(checkpoint: Path, count: int) -> float:
    torch.set_num_threads(1)
    model, values = open_model(checkpoint=checkpoint), []
    for name in MIXED_VALIDATION:
        report, options = Report(), Options(size=SIZE, sparse=SparseRequest(count) if count else None)
        score_drive(report, model.predict, open_drive(drive_path(name)), model.recipe, options)
        values.append(report.summary(options)["unscaled"]["abs_rel"])
    return float(np.mean(values))


@experiment("sigma", "log-sigma head, calibrated", "AUSE by AbsRel, kitti2015_val and simulated street",
            "removing pixels in the order of sigma against removing them in no order; disagreement with the mirrored "
            "image, which costs a second pass, has {flipped:.3f}; {one:.0%} of the pixels within 1 sigma and "
            "{two:.0%} within 2 on drives never trained on, once each frame's scale is taken out (76% and 94% if "
            "errors were Laplace of that sigma, as calibration takes them)")
def sigma(bench: Bench) -> Outcome:
    """Removing pixels in the order of sigma against removing them in no order; calibrated on held-out training frames."""
    run = bench.trained(bench.recipe("sigma", SOURCES, SUPERVISED, 40), init=bench.base())
    torch.set_num_threads(1)
    network, recipe = load_network(run)
    predict = network_predictor(network)
    constants = calibrate(predict, recipe)
    options = Options(size=SIZE, sigma_of=lambda log_sigma: np.exp(constants.a * log_sigma + constants.b))
    rows = []
    for name in MIXED_VALIDATION:
        report = Report()
        score_drive(report, predict, open_drive(drive_path(name)), recipe.model, options)
        rows.append(report.summary(options)["sigma"])
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    return Outcome(mean["ause_abs_rel"] + mean["aurg_abs_rel"], mean["ause_abs_rel"],
                   {"flipped": mean["flip_ause_abs_rel"], "one": mean["coverage_1_sigma"], "two": mean["coverage_2_sigma"]})
