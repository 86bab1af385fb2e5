"""Recordings that lie or lack something: refused with what, where, what was found and what to do, or used safely."""

from __future__ import annotations

import stat
from pathlib import Path

import cv2
import numpy as np
import pytest

from conftest import replace_in, write_drive
from depthtrain.config import Recipe, load_recipe
from depthtrain.data.batches import Sampler
from depthtrain.data.drive import DriveError, open_drive
from depthtrain.data.hints import read_hint, write_hint
from depthtrain.data.simulated import generate_missing
from depthtrain.strict_toml import RecipeError
from depthtrain.train import train
from test_training import RECIPE


def _recipe(root: Path, drive: Path, old: str = "", new: str = "") -> Recipe:
    text = RECIPE.format(drive=drive, steps=2)
    assert old in text
    (root / "recipe.toml").write_text(text.replace(old, new) if old else text)
    return load_recipe(root / "recipe.toml")


@pytest.mark.parametrize(("file", "old", "new", "words"), [
    ("poses.csv", "0.2,1,0,0,0,", "0.2,nan,0,0,0,", "row 3: t00 is 'nan', expected a finite number"),
    ("poses.csv", "0.2,1,0,0,0,", "0.2,2,0,0,0,", "row 3: the rotation is not one"),
    ("poses.csv", "0.2,1,0,0,0,", "0.2,,0,0,0,", "row 3: t00 is ''"),
    ("odometry.csv", "0.2,1.0,0.0", "0.2,inf,0.0", "row 3: speed_mps is 'inf'"),
    ("odometry.csv", "0.2,1.0,0.0", "0.05,1.0,0.0", "row 3: time_s does not increase .*clock"),
    ("frames.csv", "3,0.3,", "3,0.1,", "clock jumped back"),
    ("frames.csv", "3,0.3,", "3,never,", "row 4: time_s is 'never'"),
    ("camera.yaml", "80.0, 0.0, 47.0", "-80.0, 0.0, 47.0", "positive focal lengths"),
])
def test_numbers_that_are_none_are_refused_with_their_row(drive_folder: Path, file: str, old: str, new: str, words: str) -> None:
    replace_in(drive_folder / file, old, new)
    with pytest.raises(DriveError, match=words) as caught:
        open_drive(drive_folder)
    assert str(drive_folder / file) in str(caught.value)


@pytest.mark.parametrize(("damage", "words"), [
    ("missing", "000005.jpg: missing or unreadable"), ("empty", "000005.jpg: empty file"), ("short", "000005.jpg: missing or unreadable"),
    ("size", "000005.jpg: is 48x32, drive.toml says 96x64"), ("truth", "depth/000005.png"),
])
def test_a_bad_picture_stops_training_with_its_name(tmp_path: Path, damage: str, words: str) -> None:
    drive = write_drive(tmp_path / "tiny", frames=8)
    picture = drive / "frames" / "000005.jpg"
    if damage == "missing":
        picture.unlink()
    elif damage == "empty":
        picture.write_bytes(b"")
    elif damage == "short":
        picture.write_bytes(picture.read_bytes()[:60])
    elif damage == "size":
        cv2.imwrite(str(picture), np.zeros((32, 48, 3), np.uint8))
    else:
        (drive / "depth" / "000005.png").unlink()
    recipe = _recipe(tmp_path, drive)
    with pytest.raises(DriveError, match=words):
        sampler = Sampler(recipe, 1)
        for number in range(30):
            sampler.draw(number)


@pytest.mark.parametrize(("remove", "old", "new", "words"), [
    ("camera.yaml", "", "", "no camera.yaml.*calibrate"),
    ("poses.csv", "", "", 'no poses.csv; set pose = "learned"'),
    ("depth", 'supervision = "both"', 'supervision = "depth"', "needs one of sparse, depth/ or hints"),
    ("", 'supervision = "both"', 'supervision = "both"\nstereo = true', "stereo = true needs right/"),
    ("", "calibration_share = 0.25", "calibration_share = 1.0", "no frame left to train on"),
])
def test_a_drive_that_lacks_what_the_recipe_asks_is_refused(tmp_path: Path, remove: str, old: str, new: str, words: str) -> None:
    drive = write_drive(tmp_path / "tiny", frames=8)
    if remove == "depth":
        for item in (drive / "depth").iterdir():
            item.unlink()
        (drive / "depth").rmdir()
    elif remove:
        (drive / remove).unlink()
    with pytest.raises(DriveError, match=words) as caught:
        Sampler(_recipe(tmp_path, drive, old, new), 1)
    assert str(drive) in str(caught.value)


def test_a_drive_too_short_to_reproject_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DriveError, match="2 frames; reprojection needs at least 3"):
        Sampler(_recipe(tmp_path, write_drive(tmp_path / "tiny", frames=2)), 1)


def test_a_pause_in_the_recording_makes_no_pair(tmp_path: Path) -> None:
    """Frames 0-3 and 4-7 with a minute between them: no sample reaches across."""
    drive = write_drive(tmp_path / "tiny", frames=8)
    for index in range(4, 8):
        replace_in(drive / "frames.csv", f"{index},{index * 0.1:.1f},", f"{index},{60 + index * 0.1:.1f},")
    frames = Sampler(_recipe(tmp_path, drive), 1).groups[0][1][0]
    rng = np.random.default_rng(0)
    pairs = {pair for index in range(8) for _ in range(8) if (pair := frames.neighbours(index, rng)) is not None}
    assert pairs == {(0, 2), (1, 3), (4, 6), (5, 7)}


def test_an_odometer_that_does_not_cover_the_frames_gives_no_distance(tmp_path: Path) -> None:
    drive = write_drive(tmp_path / "tiny", frames=8)
    rows = (drive / "odometry.csv").read_text().splitlines()
    (drive / "odometry.csv").write_text("\n".join(rows[:5]) + "\n")
    frames = Sampler(_recipe(tmp_path, drive), 1).groups[0][1][0]
    assert frames.distance_m(1, 3) == pytest.approx(0.2) and np.isnan(frames.distance_m(5, 7))


def test_an_odometer_with_a_gap_gives_no_distance_across_it(tmp_path: Path) -> None:
    drive = write_drive(tmp_path / "tiny", frames=12)
    rows = (drive / "odometry.csv").read_text().splitlines()
    (drive / "odometry.csv").write_text("\n".join(rows[:6] + rows[9:]) + "\n")  # samples at 0.5 to 0.7 s are lost
    frames = Sampler(_recipe(tmp_path, drive), 1).groups[0][1][0]
    assert frames.distance_m(1, 3) == pytest.approx(0.2) and frames.distance_m(9, 11) == pytest.approx(0.2)
    assert all(np.isnan(frames.distance_m(*pair)) for pair in ((3, 5), (5, 6), (3, 9)))
    (drive / "odometry.csv").write_text("\n".join(rows[:6] + rows[7:]) + "\n")  # one lost sample is bridged
    assert Sampler(_recipe(tmp_path, drive), 1).groups[0][1][0].distance_m(3, 6) == pytest.approx(0.3)


def test_hints_of_another_drive_of_the_same_name_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPTHD_CACHE", str(tmp_path / "cache"))
    small, large = (open_drive(write_drive(tmp_path / size / "tiny", frames=1, width=width)) for size, width in (("s", 96), ("l", 128)))
    write_hint("fused", small, 0, np.full((64, 96), 5.0))
    assert float(read_hint("fused", small, 0).mean()) == 5.0
    with pytest.raises(DriveError, match="000000.png: is uint16 96x64, expected uint16 128x64"):
        read_hint("fused", large, 0)


def test_an_empty_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no drive folder matches"):
        Sampler(_recipe(tmp_path, tmp_path / "street_*", 'validation = ["' + str(tmp_path / "street_*") + '"]', "validation = []"), 1)
    with pytest.raises(RecipeError, match="nothing to train on"):
        (tmp_path / "r.toml").write_text('name = "t"\ngroups = []\n[model]\n[optimisation]\nsteps = 1\n[losses]\n[augmentation]\n')
        load_recipe(tmp_path / "r.toml")


def test_simulator_drives_need_the_simulator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drive = write_drive(tmp_path / "tiny", frames=4)
    recipe = _recipe(tmp_path, drive, f'drive = "{drive}"', 'drive = "./.sim-drives/street_wide_none_*"')
    monkeypatch.setenv("DEPTHCTL", str(tmp_path / "depthctl"))
    with pytest.raises(RecipeError, match="street_wide_none.*depthctl, which generates it, was not found.*make build"):
        train(recipe, tmp_path / "run")
    (tmp_path / "depthctl").write_text("#!/bin/sh\necho no such world >&2; exit 3\n")
    (tmp_path / "depthctl").chmod((tmp_path / "depthctl").stat().st_mode | stat.S_IEXEC)
    with pytest.raises(RecipeError, match="not one that is generated on demand"):
        generate_missing(recipe)
