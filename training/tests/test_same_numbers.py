"""`depthctl eval` and this evaluator print the same numbers on the same network: for every crop and several caps, and with range
points given to a completion network.

Needs the built binary: bin/depthctl, or where $DEPTHCTL says.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest

from conftest import CAMERA
from depthtrain.bundle import write_description
from depthtrain.completion_file import FILE_NAME, write_completion
from depthtrain.completion_vectors import random_completion
from depthtrain.data.drive import open_drive
from depthtrain.data.sparse_request import SparseRequest
from depthtrain.evaluate import Options, Report, score_drive
from depthtrain.metrics import NAMES
from depthtrain.protocols import CROPS, Protocol
from depthtrain.sources import open_model
from test_prediction import tiny_onnx

BUNDLE = Path(__file__).resolve().parents[2] / "models" / "lite"
DEPTHCTL = Path(os.environ.get("DEPTHCTL", Path(__file__).resolve().parents[2] / "bin" / "depthctl"))
WIDTH, HEIGHT = 248, 75


@pytest.fixture(scope="module")
def drive(tmp_path_factory) -> Path:
    """Four random frames with sparse truth of 0 to 120 m, a fifth of KITTI's size."""
    path, rng = tmp_path_factory.mktemp("same") / "noise", np.random.default_rng(4)
    for folder in ("frames", "depth"):
        (path / folder).mkdir(parents=True)
    (path / "drive.toml").write_text(f'name = "noise"\nkind = "stills"\nwidth = {WIDTH}\nheight = {HEIGHT}\nframes = 4\n'
                                     'nominal_rate_hz = 0\nlicence = "none"\norigin = "test"\nnote = ""\n')
    (path / "camera.yaml").write_text(CAMERA.format(width=WIDTH, height=HEIGHT, fx=144.0, cx=121.5, cy=34.3))
    lines = ["index,time_s,file"]
    for index in range(4):
        coarse = rng.integers(0, 255, (9, 31, 3), dtype=np.uint8)
        cv2.imwrite(str(path / "frames" / f"{index:06d}.jpg"), cv2.resize(coarse, (WIDTH, HEIGHT)))
        depth = np.where(rng.random((HEIGHT, WIDTH)) < 0.4, rng.uniform(0.5, 120.0, (HEIGHT, WIDTH)), 0)
        cv2.imwrite(str(path / "depth" / f"{index:06d}.png"), np.round(depth * 256).astype(np.uint16))
        lines.append(f"{index},,{index:06d}.jpg")
    (path / "frames.csv").write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.skipif(not DEPTHCTL.exists(), reason=f"{DEPTHCTL} is not built (make build)")
@pytest.mark.parametrize("output", ["disparity", "inverse_depth", "depth"])
@pytest.mark.parametrize("cap", [80.0, 10.0])
@pytest.mark.parametrize("crop", list(CROPS))
def test_same_numbers(drive: Path, tmp_path: Path, crop: str, cap: float, output: str) -> None:
    network = tiny_onnx(tmp_path / "tiny.onnx", output=output, canonical_fx_px="60", max_depth_m="40")
    command = [str(DEPTHCTL), "eval", "--bundle", str(network), "--drive", str(drive), "--size", "96x64", "--crop", crop,
               "--cap", str(cap), "--threads", "1", "--json"]
    theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    model, report = open_model(onnx=network), Report()
    options = Options(Protocol("same", crop, cap), (96, 64))
    score_drive(report, model.predict, open_drive(drive), model.recipe, options)
    ours = report.summary(options)
    assert theirs["frames"] == ours["frames"] == 4
    for part in ("median_scaled", "unscaled"):
        for name in NAMES:
            assert theirs[part][name] == pytest.approx(ours[part][name], abs=1e-5, rel=1e-5), (part, name)
    for name in ("scale_log_mean", "scale_log_std"):
        assert theirs[name] == pytest.approx(ours[name], abs=1e-5), name


@pytest.fixture(scope="module")
def completing_bundle(tmp_path_factory) -> Path:
    """The shipped bundle with a completion network of random weights."""
    path = tmp_path_factory.mktemp("completing") / "lite"
    shutil.copytree(BUNDLE, path)  # with whatever completion network it has, which is replaced
    description = json.loads((path / "bundle.json").read_text())
    limits = description["disparity_to_depth"]
    write_completion(path / FILE_NAME, random_completion("rpr-lite", 3, limits["min_depth_m"], limits["max_depth_m"]))
    write_description(path, {name: value for name, value in description.items() if name != "files"})
    return path


@pytest.mark.skipif(not DEPTHCTL.exists(), reason=f"{DEPTHCTL} is not built (make build)")
@pytest.mark.parametrize("sparse", ["49", "50", "500", "5000", "beams:16"])
def test_same_numbers_with_points(drive: Path, completing_bundle: Path, sparse: str) -> None:
    command = [str(DEPTHCTL), "eval", "--bundle", str(completing_bundle), "--drive", str(drive), "--size", "128x64",
               "--sparse", sparse, "--seed", "7", "--threads", "1", "--json"]
    theirs = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1])
    model, report = open_model(bundle=completing_bundle), Report()
    options = Options(Protocol("same", "none", 80.0), (128, 64), sparse=SparseRequest.parse(sparse, 7))
    score_drive(report, model.predict, open_drive(drive), model.recipe, options)
    ours = report.summary(options)
    assert theirs["frames"] == ours["frames"] and theirs["points_per_frame"] == ours["points_per_frame"]
    for part in ("median_scaled", "unscaled"):
        for name in NAMES:
            assert theirs[part][name] == pytest.approx(ours[part][name], abs=1e-4, rel=1e-4), (part, name)
    for name in ("scale_log_mean", "scale_log_std"):
        assert theirs[name] == pytest.approx(ours[name], abs=1e-4), name


@pytest.mark.skipif(not DEPTHCTL.exists(), reason=f"{DEPTHCTL} is not built (make build)")
def test_points_need_a_completion_network(drive: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(BUNDLE, tmp_path / "lite", ignore=shutil.ignore_patterns(FILE_NAME)))
    write_description(bundle, json.loads((bundle / "bundle.json").read_text()))
    command = [str(DEPTHCTL), "eval", "--bundle", str(bundle), "--drive", str(drive), "--sparse", "500"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and "san.safetensors" in done.stderr
