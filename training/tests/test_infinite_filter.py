"""The infinite-depth filter on scenes whose ground and holes are known."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from conftest import write_drive
from depthtrain.config import load_recipe
from depthtrain.data.batches import Sampler
from depthtrain.data.drive import DriveError, open_drive
from depthtrain.data.exclusions import COLUMNS, read_exclusions
from depthtrain.data.leader import add_leader, leader_mask
from depthtrain.geometry import Intrinsics
from depthtrain.infinite_filter import filter_drives, fit_ground, judge
from depthtrain.strict_toml import RecipeError
from test_training import RECIPE

CAMERA = Intrinsics(160.0, 160.0, 159.5, 40.0)
HEIGHT_M, PITCH = 1.5, np.radians(3.0)


def _road(unit: float = 1.0) -> np.ndarray:
    """Depth (96, 320) over a flat road, 80 m above the horizon, from 1.5 m up and 3 degrees down; metres / unit."""
    v, u = np.mgrid[0:96, 0:320]
    down = (v - CAMERA.cy) / CAMERA.fy * np.cos(PITCH) + np.sin(PITCH)
    return np.where(down > HEIGHT_M / 80, HEIGHT_M / np.maximum(down, 1e-6), 80.0) / unit


def test_the_ground_is_found_with_its_tilt_among_outliers() -> None:
    rng = np.random.default_rng(0)
    x, z = rng.uniform(-5, 5, 900), rng.uniform(3, 30, 900)
    normal = np.array([0.0, np.cos(PITCH), np.sin(PITCH)])
    y = (HEIGHT_M - normal[2] * z) / normal[1] + rng.normal(0, 0.01, 900)
    points = np.concatenate([np.stack([x, y, z], 1), rng.uniform((-5, -4, 3), (5, 1, 30), (400, 3))])
    found, height, share = fit_ground(points, rng)
    assert np.allclose(found, normal, atol=0.01) and height == pytest.approx(HEIGHT_M, rel=0.02) and 0.6 < share < 0.85


@pytest.mark.parametrize("unit", [1.0, 0.5])
def test_a_hole_in_the_road_is_dropped_whatever_the_unit(unit: float) -> None:
    clean = judge(_road(unit), CAMERA)
    assert clean.verdict == "keep" and clean.below_px == 0 and clean.height == pytest.approx(HEIGHT_M / unit, rel=0.05)
    holed = _road(unit)
    holed[55:70, 140:180] = 80.0 / unit
    found = judge(holed, CAMERA)
    wanted = np.zeros_like(found.below)
    wanted[55:70, 140:180] = True
    assert found.verdict == "drop" and (found.below & wanted).sum() / (found.below | wanted).sum() > 0.9


def test_things_on_the_road_specks_and_pictures_without_ground_stay() -> None:
    standing = _road()
    standing[30:70, 100:150] = 6.0
    assert judge(standing, CAMERA).verdict == "keep"
    speck = _road()
    speck[60, 100:104] = 80.0
    assert judge(speck, CAMERA).verdict == "keep"
    wall = judge(np.full((96, 320), 5.0), CAMERA)
    assert wall.verdict == "unjudged"


def test_the_report_keeps_dropped_frames_out_of_training(tmp_path: Path) -> None:
    drive = write_drive(tmp_path / "tiny", frames=8, width=96, height=64)
    (tmp_path / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=2))
    recipe, report = load_recipe(tmp_path / "recipe.toml"), tmp_path / "report.csv"
    calls = []

    def predict(image: np.ndarray) -> tuple[np.ndarray, None]:
        calls.append(1)
        v = np.mgrid[0:64, 0:96][0]
        depth = np.minimum(60.0, 1.5 * 80 / np.maximum(v - 31.5, 0.1))
        if len(calls) in (3, 5):
            depth[44:54, 40:60] = 90.0
        return ((1 / depth - 0.01) / 9.99).astype(np.float32), None

    assert filter_drives(predict, recipe, report) == {"keep": 6, "drop": 2, "unjudged": 0}
    assert read_exclusions(str(report)) == {"tiny": frozenset({2, 4})}
    (tmp_path / "recipe.toml").write_text(f'exclude = "{report}"\n' + RECIPE.format(drive=drive, steps=2))
    frames = Sampler(load_recipe(tmp_path / "recipe.toml"), 1).groups[0][1][0]
    assert frames.indices == [0, 1, 3, 5]  # 6 and 7 are held out for calibration
    (drive / "camera.yaml").unlink()
    with pytest.raises(DriveError, match="no camera.yaml"):
        filter_drives(predict, recipe, report)


def test_a_report_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="make it with"):
        read_exclusions(str(tmp_path / "none.csv"))
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    with pytest.raises(RecipeError, match="columns are"):
        read_exclusions(str(tmp_path / "other.csv"))
    (tmp_path / "short.csv").write_text(",".join(COLUMNS) + "\ntiny,0,000000.jpg,keep,0,1,0,1,0\ntiny,1,0000")
    with pytest.raises(RecipeError, match="line 3 is no verdict"):
        read_exclusions(str(tmp_path / "short.csv"))


def test_a_report_about_other_drives_is_refused(tmp_path: Path) -> None:
    drive, report = write_drive(tmp_path / "renamed", frames=8), tmp_path / "report.csv"
    report.write_text(",".join(COLUMNS) + "\ntiny,2,000002.jpg,drop,90,1,0,1,0\n")
    (tmp_path / "recipe.toml").write_text(f'exclude = "{report}"\n' + RECIPE.format(drive=drive, steps=2))
    with pytest.raises(RecipeError, match="drops frames of tiny, none of which"):
        Sampler(load_recipe(tmp_path / "recipe.toml"), 1)


def test_a_leader_keeps_its_distance_and_hides_behind_nearer_things(tmp_path: Path) -> None:
    drive = write_drive(tmp_path / "tiny", frames=22)
    led = open_drive(add_leader(drive, tmp_path / "led", distance_m=5.0, camera_height_m=1.0, seed=1, every=2))
    before = open_drive(drive)
    for index in (0, 4):
        depth, old = led.depth(index), before.depth(index)
        mask = leader_mask(depth, 5.0) & ~leader_mask(old, 5.0)
        assert mask.any() and not (old[mask] < 5.0).any()
        assert np.array_equal(depth[~mask], old[~mask], equal_nan=True)
    assert np.array_equal(led.depth(21), before.depth(21), equal_nan=True)
    assert cv2.imread(str(tmp_path / "led" / "frames" / "000000.jpg")).shape == (64, 96, 3)
    with (tmp_path / "led" / "frames.csv").open() as handle:
        assert len(list(csv.DictReader(handle))) == 22
