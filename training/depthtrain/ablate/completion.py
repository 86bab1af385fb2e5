"""Experiments on what range points add, and on whether the network knows its own error."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import torch

from depthtrain.ablate.bench import SIZE, STILLS, SUPERVISED, Bench, Outcome, experiment, simulated
from depthtrain.calibration import calibrate
from depthtrain.checkpoint import load_network
from depthtrain.config import Completion, Source, drive_path
from depthtrain.data.drive import open_drive
from depthtrain.data.sparse_request import SparseRequest
from depthtrain.evaluate import Options, Report, score_drive
from depthtrain.prediction import network_predictor
from depthtrain.sources import open_model

COUNTS = (0, 50, 100, 200, 500, 2000)
JUDGED_ON = ("kitti2015_val", "./.sim-drives/ablation_street_val")


@experiment("completion", "sparse auxiliary network, 500 points", "unscaled AbsRel, kitti2015_val and simulated street")
def completion(bench: Bench) -> Outcome:
    """One network, trained jointly from the common start, with and without range points."""
    joint = bench.trained(bench.recipe("completion", [Source(STILLS, 1.0), simulated("street")],
                                       dataclasses.replace(SUPERVISED, completion=1.0), 240,
                                       completion=Completion(empty=0.15)), init=bench.base())
    errors = {count: _abs_rel(joint, count) for count in COUNTS}
    curve = ", ".join(f"{count}: {error:.3f}" for count, error in errors.items())
    falls = all(after < before for before, after in zip(list(errors.values()), list(errors.values())[1:]))
    return Outcome(errors[0], errors[500],
                   f"unscaled AbsRel by number of points, {curve} ({'falls throughout' if falls else 'does not fall throughout'});"
                   f" the start has {_abs_rel(bench.base(), 0):.3f}; points are the velodyne's on the real drive and exact on the "
                   "simulated one; 2000 are at most 768 after thinning at this size")


def _abs_rel(checkpoint: Path, count: int) -> float:
    torch.set_num_threads(1)
    model, values = open_model(checkpoint=checkpoint), []
    for name in JUDGED_ON:
        report, options = Report(), Options(size=SIZE, sparse=SparseRequest(count) if count else None)
        score_drive(report, model.predict, open_drive(drive_path(name)), model.recipe, options)
        values.append(report.summary(options)["unscaled"]["abs_rel"])
    return float(np.mean(values))


@experiment("sigma", "log-sigma head, calibrated", "AUSE by AbsRel, kitti2015_val and simulated street")
def sigma(bench: Bench) -> Outcome:
    """Removing pixels in the order of sigma against removing them in no order; calibrated on held-out training frames."""
    torch.set_num_threads(1)
    network, recipe = load_network(bench.base())
    predict = network_predictor(network)
    constants = calibrate(predict, recipe)
    options = Options(size=SIZE, sigma_of=lambda log_sigma: np.exp(constants.a * log_sigma + constants.b))
    rows = []
    for name in JUDGED_ON:
        report = Report()
        score_drive(report, predict, open_drive(drive_path(name)), recipe.model, options)
        rows.append(report.summary(options)["sigma"])
    mean = {key: float(np.mean([row[key] for row in rows])) for key in rows[0]}
    return Outcome(mean["ause_abs_rel"] + mean["aurg_abs_rel"], mean["ause_abs_rel"],
                   f"no order has {mean['ause_abs_rel'] + mean['aurg_abs_rel']:.3f}, disagreement with the mirrored image, which "
                   f"costs a second pass, {mean['flip_ause_abs_rel']:.3f}; {mean['coverage_1_sigma']:.0%} of the pixels within "
                   f"1 sigma and {mean['coverage_2_sigma']:.0%} within 2 on drives never trained on, once each frame's scale is "
                   "taken out (76% and 94% if errors were Laplace of that sigma, as calibration takes them)")
