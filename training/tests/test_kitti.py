"""KITTI's layouts, generated in miniature: what becomes of them, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from depthtrain.data.drive import DriveError, open_drive
from depthtrain.data.kitti.odometry import convert_sequence
from depthtrain.data.kitti.raw import convert_drive, convert_split, split_frames
from depthtrain.data.kitti.stereo import convert_stereo

WIDTH, HEIGHT, FX, BASELINE = 62, 20, 36.0, 0.54
DATE, DRIVE = "2011_09_26", "2011_09_26_drive_0001_sync"
R_VELODYNE = np.array([[0.0, -1, 0], [0, 0, -1], [1, 0, 0]])  # x forward, y left, z up -> x right, y down, z forward


def _row(values) -> str:
    return " ".join(f"{value:.9e}" for value in np.ravel(values))


def _projection(shift_m: float) -> np.ndarray:
    return np.array([[FX, 0, 30.0, FX * shift_m], [0, FX, 10.0, 0], [0, 0, 1, 0]])


def _image(path: Path, seed: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), np.random.default_rng(seed).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8))


def _calibration(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"calib_time: 09-Jan-2012 13:57:47\nS_rect_02: {WIDTH} {HEIGHT}\nR_rect_00: {_row(np.eye(3))}\n"
                    f"P_rect_02: {_row(_projection(0.06))}\nP_rect_03: {_row(_projection(0.06 - BASELINE))}\n")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Three frames at 10 m/s, turning left at 0.1 rad/s; one velodyne return 8 m ahead in the middle, one beside the image."""
    root, folder = tmp_path / "raw", tmp_path / "raw" / DATE / DRIVE
    _calibration(root / DATE / "calib_cam_to_cam.txt")
    (root / DATE / "calib_velo_to_cam.txt").write_text(f"R: {_row(R_VELODYNE)}\nT: 0 -0.08 -0.27\n")
    (root / DATE / "calib_imu_to_velo.txt").write_text(f"R: {_row(np.eye(3))}\nT: -0.81 0.32 -0.8\n")
    stamps = [f"2011-09-26 13:02:2{5 + i // 10}.{964389445 - 900000000 + i * 103000000:09d}" for i in range(3)]
    for side in ("image_02", "image_03"):
        for i in range(3):
            _image(folder / side / "data" / f"{i:010d}.png", i)
        (folder / side / "timestamps.txt").write_text("\n".join(stamps) + "\n")
    for name in ("oxts/data", "velodyne_points/data"):
        (folder / name).mkdir(parents=True)
    for i in range(3):
        values = np.zeros(30)
        values[0], values[1], values[2], values[5] = 49.0, 8.4 + i * 1.0 / (6378137 * np.radians(1) * np.cos(np.radians(49))), 112, 0.0
        values[8], values[22] = 10.0, 0.1
        (folder / "oxts/data" / f"{i:010d}.txt").write_text(_row(values) + "\n")
        np.array([[8.0, 0, 0, 0.3], [5.0, 40, 0, 0.3], [-4.0, 0, 0, 0.1]], "<f4").tofile(folder / "velodyne_points/data" / f"{i:010d}.bin")
    return root


def test_raw_drive_becomes_a_sequence(raw: Path, tmp_path: Path) -> None:
    drive = open_drive(convert_drive(raw, DRIVE, tmp_path / "out", "velodyne"))
    assert (len(drive), drive.width, drive.height) == (3, WIDTH, HEIGHT)
    assert np.allclose(np.diff(drive.times_s), 0.103, atol=1e-6)
    assert drive.stereo_baseline_m == pytest.approx(BASELINE, abs=1e-6) and drive.intrinsics.cx == 30.0
    assert drive.has("right") and drive.image(2, "right").shape == (HEIGHT, WIDTH, 3)
    sparse = drive.depth(0, "sparse")
    assert np.argwhere(sparse > 0).tolist() == [[10, 30]]  # u = 30 + 36 (0 + 0.06) / 7.73 = 30.3; v = 10 + 36 (-0.08) / 7.73 = 9.6
    assert sparse[10, 30] == pytest.approx(8 - 0.27, abs=1 / 512)
    truth = drive.depth(0)
    assert np.argwhere(truth > 0).tolist() == [[9, 29]] and truth[9, 29] == pytest.approx(8.0, abs=1 / 512)  # as published
    moved = np.linalg.inv(drive.poses[0]) @ drive.poses[2]
    assert moved[:3, 3] == pytest.approx([0, 0, 2.0], abs=1e-3)  # east is the unit's forward at yaw 0, the camera's z
    table = np.loadtxt(drive.path / "odometry.csv", delimiter=",", skiprows=1)
    assert np.allclose(table[:, 1:], [10.0, 0.1])


def test_annotated_and_velodyne_splits(raw: Path, tmp_path: Path) -> None:
    split = tmp_path / "test_files.txt"
    split.write_text(f"{DATE}/{DRIVE} 0000000001 l\n\n{DATE}/{DRIVE} 0000000002 l\n")
    folders, left_out = convert_split(raw, split, tmp_path / "eigen", "velodyne")
    assert [folder.name for folder in folders] == [f"eigen_{DATE}"] and left_out == 0 and len(open_drive(folders[0])) == 2
    truth = tmp_path / "annotated" / "val" / DRIVE / "proj_depth" / "groundtruth" / "image_02"
    truth.mkdir(parents=True)
    codes = np.zeros((HEIGHT, WIDTH), np.uint16)
    codes[5, 6] = 256 * 12
    cv2.imwrite(str(truth / "0000000002.png"), codes)
    folders, left_out = convert_split(raw, split, tmp_path / "improved", "annotated", tmp_path / "annotated")
    drive = open_drive(folders[0])
    assert left_out == 1 and len(drive) == 1 and drive.depth(0)[5, 6] == 12.0


def test_missing_velodyne_scans_are_kept_as_frames_without_points(raw: Path, tmp_path: Path) -> None:
    (raw / DATE / DRIVE / "velodyne_points/data/0000000001.bin").unlink()
    drive = open_drive(convert_drive(raw, DRIVE, tmp_path / "out"))
    assert [int((drive.depth(i, "sparse") > 0).sum()) for i in range(3)] == [1, 0, 1]
    assert "1 frames without velodyne" in (drive.path / "drive.toml").read_text()


def _break_raw(folder: Path, date: Path, fault: str) -> None:
    if fault == "short velodyne":
        path = folder / "velodyne_points/data/0000000001.bin"
        path.write_bytes(path.read_bytes()[:-6])
    elif fault == "missing oxts":
        (folder / "oxts/data/0000000001.txt").unlink()
    elif fault == "short oxts":
        (folder / "oxts/data/0000000001.txt").write_text("49.0 8.4 112\n")
    elif fault == "nan oxts":
        (folder / "oxts/data/0000000001.txt").write_text(" ".join(["nan"] * 30))
    elif fault == "clock":
        lines = (folder / "image_02/timestamps.txt").read_text().splitlines()
        (folder / "image_02/timestamps.txt").write_text("\n".join([lines[0], lines[2], lines[1]]) + "\n")
    elif fault == "times":
        (folder / "image_02/timestamps.txt").write_text("2011-09-26 13:02:25.0\n")
    elif fault == "size":
        cv2.imwrite(str(folder / "image_02/data/0000000001.png"), np.zeros((HEIGHT, WIDTH + 1, 3), np.uint8))
    elif fault == "right":
        (folder / "image_03/data/0000000001.png").unlink()
    elif fault == "calibration":
        (date / "calib_cam_to_cam.txt").write_text("P_rect_02: 1 2 3\nP_rect_03: 1 2 3\n")
    elif fault == "no calibration":
        (date / "calib_velo_to_cam.txt").unlink()


@pytest.mark.parametrize(("fault", "message"), [
    ("short velodyne", "0000000001.bin: .* truncated"), ("missing oxts", "0000000001.txt: cannot be read"),
    ("short oxts", "3 values, expected 30"), ("nan oxts", "expected 30 finite"), ("clock", "timestamps.txt:3: the clock goes back"),
    ("times", "1 times for 3 images"), ("size", "is 63x20, expected 62x20"), ("right", "image_03.*missing"),
    ("calibration", "'P_rect_02' has 3 numbers"), ("no calibration", "calib_velo_to_cam.txt: cannot be read")])
def test_damaged_raw_drives_are_refused_and_leave_nothing(raw: Path, tmp_path: Path, fault: str, message: str) -> None:
    _break_raw(raw / DATE / DRIVE, raw / DATE, fault)
    with pytest.raises(DriveError, match=message):
        convert_drive(raw, DRIVE, tmp_path / "out" / "drive")
    assert not list(tmp_path.glob("out/*"))


def test_bad_splits_and_roots_are_refused(raw: Path, tmp_path: Path) -> None:
    split = tmp_path / "split.txt"
    for text, message in ((f"{DATE}/{DRIVE} 1 r\n", "split.txt:1"), ("nonsense\n", "split.txt:1"), ("\n", "lists no frame")):
        split.write_text(text)
        with pytest.raises(DriveError, match=message):
            split_frames(split)
    with pytest.raises(DriveError, match="is .* the folder that holds 2011_09_26"):
        convert_drive(tmp_path, DRIVE, tmp_path / "out")
    split.write_text(f"{DATE}/{DRIVE} 1 l\n")
    with pytest.raises(DriveError, match="neither train/ nor val/"):
        convert_split(raw, split, tmp_path / "improved", "annotated", tmp_path)
    convert_drive(raw, DRIVE, tmp_path / "out")
    with pytest.raises(DriveError, match="exists already"):
        convert_drive(raw, DRIVE, tmp_path / "out")


@pytest.fixture
def odometry(tmp_path: Path) -> Path:
    """Four frames of a left turn: 1 m and 0.1 rad per 0.1 s."""
    root = tmp_path / "odometry"
    folder = root / "sequences" / "06"
    for side in ("image_2", "image_3"):
        for i in range(4):
            _image(folder / side / f"{i:06d}.png", i)
    (folder / "times.txt").write_text("".join(f"{i * 0.1:.6e}\n" for i in range(4)))
    tr = np.column_stack([R_VELODYNE, [0, 0, 0]])
    (folder / "calib.txt").write_text("".join(f"P{i}: {_row(_projection(s))}\n" for i, s in enumerate((0, -BASELINE, 0, -BASELINE)))
                                      + f"Tr: {_row(tr)}\n")
    (root / "poses").mkdir()
    pose, lines = np.eye(4), []
    c, s = np.cos(0.1), np.sin(0.1)
    step = np.array([[c, 0, -s, 0], [0, 1, 0, 0], [s, 0, c, 1.0], [0, 0, 0, 1]])
    for _ in range(4):
        lines.append(_row(pose[:3]))
        pose = pose @ step
    (root / "poses" / "06.txt").write_text("\n".join(lines) + "\n")
    return root


def test_odometry_sequence_becomes_a_drive(odometry: Path, tmp_path: Path) -> None:
    drive = open_drive(convert_sequence(odometry, "06", tmp_path / "out"))
    assert len(drive) == 4 and drive.stereo_baseline_m == pytest.approx(BASELINE, abs=1e-6)
    table = np.loadtxt(drive.path / "odometry.csv", delimiter=",", skiprows=1)
    assert table[0, 1] == pytest.approx(10.0, abs=1e-3) and np.allclose(table[:, 2], 1.0, atol=1e-3)  # left is positive
    (odometry / "poses" / "06.txt").unlink()
    assert open_drive(convert_sequence(odometry, "06", tmp_path / "bare")).poses is None


@pytest.mark.parametrize(("fault", "message"), [
    ("nan", "06.txt:2: expected 12 finite"), ("short", "06.txt: 3 lines for 4 images"), ("clock", "times.txt:3: time does not increase"),
    ("times", "times.txt: 2 lines for 4 images"), ("sequence", "neither image_2 nor image_0")])
def test_damaged_sequences_are_refused(odometry: Path, tmp_path: Path, fault: str, message: str) -> None:
    poses, times = odometry / "poses" / "06.txt", odometry / "sequences" / "06" / "times.txt"
    lines = poses.read_text().splitlines()
    if fault == "nan":
        poses.write_text("\n".join([lines[0], " ".join(["nan"] * 12), *lines[2:]]) + "\n")
    elif fault == "short":
        poses.write_text("\n".join(lines[:3]) + "\n")
    elif fault == "clock":
        times.write_text("0.0\n0.2\n0.1\n0.3\n")
    elif fault == "times":
        times.write_text("0.0\n0.2\n")
    with pytest.raises(DriveError, match=message):
        convert_sequence(odometry, "07" if fault == "sequence" else "06", tmp_path / "out")


@pytest.fixture
def stereo(tmp_path: Path) -> Path:
    folder = tmp_path / "stereo" / "training"
    for i in range(2):
        for side in ("image_2", "image_3"):
            _image(folder / side / f"{i:06d}_10.png", i)
        _calibration(folder / "calib_cam_to_cam" / f"{i:06d}.txt")
        for kind, known in (("disp_occ_0", 2), ("disp_noc_0", 1)):
            (folder / kind).mkdir(exist_ok=True)
            codes = np.zeros((HEIGHT, WIDTH), np.uint16)
            codes[4, :known] = 256 * 3
            cv2.imwrite(str(folder / kind / f"{i:06d}_10.png"), codes)
    return tmp_path / "stereo"


def test_stereo_disparity_becomes_depth(stereo: Path, tmp_path: Path) -> None:
    for occluded, count in ((True, 2), (False, 1)):
        folders = convert_stereo(stereo, tmp_path / f"drives{count}", occluded)
        drive = open_drive(folders[0])
        depth = drive.depth(1)
        assert len(folders) == 1 and len(drive) == 2 and int((depth > 0).sum()) == count
        assert depth[4, 0] == pytest.approx(FX * BASELINE / 3, abs=1 / 512)
    (stereo / "training" / "disp_occ_0" / "000001_10.png").unlink()
    with pytest.raises(DriveError, match="000001_10.png: missing"):
        convert_stereo(stereo, tmp_path / "broken")


def test_command_converts_and_explains(odometry: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "depthtrain.data.kitti", "odometry", "--root", str(odometry), "--sequence", "06", "--out",
               str(tmp_path / "out")]
    root = Path(__file__).resolve().parents[1]
    first, second = (subprocess.run(command, cwd=root, capture_output=True, text=True) for _ in range(2))
    assert first.returncode == 0 and first.stdout.strip() == str(tmp_path / "out")
    assert second.returncode == 1 and second.stderr.startswith("error: ") and "exists already" in second.stderr
