"""The drive reader returns what was written, and names the file when the folder is wrong."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from conftest import replace_in
from depthtrain.data.drive import DriveError, open_drive


def test_reads_what_was_written(drive_folder: Path) -> None:
    drive = open_drive(drive_folder)
    assert (len(drive), drive.width, drive.height) == (4, 96, 64)
    assert drive.intrinsics.fx == 80.0 and drive.intrinsics.cx == 47.0
    assert drive.poses[3, 2, 3] == pytest.approx(0.3)
    assert drive.odometry.distance_m(0.0, 0.2) == pytest.approx(0.2)
    depth = drive.depth(1)
    assert np.isnan(depth[0, 0]) and depth[10, 0] == pytest.approx(1.9, abs=1 / 256)
    assert drive.image(0).shape == (64, 96, 3)


def test_missing_intrinsics_are_unknown_not_invented(drive_folder: Path) -> None:
    (drive_folder / "camera.yaml").unlink()
    assert open_drive(drive_folder).intrinsics is None


@pytest.mark.parametrize("file", ["drive.toml", "frames.csv"])
def test_missing_index_file_is_named(drive_folder: Path, file: str) -> None:
    (drive_folder / file).unlink()
    with pytest.raises(DriveError, match=file):
        open_drive(drive_folder)


@pytest.mark.parametrize(("file", "old", "new", "words"), [
    ("drive.toml", "width = 96", 'width = "96"', "width"),
    ("drive.toml", "frames = 4", "frames = 5", "5"),
    ("frames.csv", "index,time_s,file", "index,file", "columns"),
    ("frames.csv", "2,0.2,", "2,0.05,", "increase"),
    ("camera.yaml", "image_width: 96", "image_width: 97", "97x64"),
    ("camera.yaml", "data: [0.0, 0.0, 0.0, 0.0, 0.0]", "data: [0.1, 0.0, 0.0, 0.0, 0.0]", "rectified"),
    ("camera.yaml", "camera_matrix", "kamera_matrix", "camera_info"),
])
def test_malformed_index_is_refused(drive_folder: Path, file: str, old: str, new: str, words: str) -> None:
    replace_in(drive_folder / file, old, new)
    with pytest.raises(DriveError, match=words):
        open_drive(drive_folder)


def test_pose_count_must_match(drive_folder: Path) -> None:
    path = drive_folder / "poses.csv"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(DriveError, match="3 poses for 4 frames"):
        open_drive(drive_folder)


def test_broken_pixels_are_refused(drive_folder: Path) -> None:
    drive = open_drive(drive_folder)
    (drive_folder / "frames" / "000001.jpg").write_bytes(b"not a picture")
    cv2.imwrite(str(drive_folder / "depth" / "000002.png"), np.zeros((64, 96), np.uint8))
    with pytest.raises(DriveError, match="000001.jpg"):
        drive.image(1)
    with pytest.raises(DriveError, match="uint16"):
        drive.depth(2)
    (drive_folder / "depth" / "000003.png").unlink()
    with pytest.raises(DriveError, match="000003.png"):
        drive.depth(3)
