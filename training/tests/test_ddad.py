"""DDAD's layout, generated in miniature: what becomes of a scene, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from depthtrain.data.ddad import convert_scene, convert_split
from depthtrain.data.dgp import scene_file
from depthtrain.data.drive import DriveError, open_drive

WIDTH, HEIGHT, FX = 62, 20, 40.0
LENS = {"fx": FX, "fy": FX, "cx": 30.0, "cy": 10.0, "skew": 0.0, "k1": 0.0}
AHEAD = {"qw": 0.5, "qx": -0.5, "qy": 0.5, "qz": -0.5}  # camera axes on a vehicle whose x is forward and z up
LEFT = {"qw": np.sqrt(0.5), "qx": -np.sqrt(0.5), "qy": 0.0, "qz": 0.0}  # the same, looking to the vehicle's left
CAMERA_AT, TURN = (1.6, 0.1, 1.4), 0.1
POINTS = [[10.0, 1.1, 1.4, 0.3], [13.95, 1.6, 1.4, 0.3], [np.nan, 0, 0, 0], [-4.0, 0, 0, 0.1]]


def _rotation(angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1.0]])


def _pose(position, rotation: dict) -> dict:
    return {"translation": dict(zip("xyz", map(float, position))), "rotation": rotation}


def _product(angle: float, q: dict) -> dict:
    """The quaternion of a turn about z, followed on its right by `q`."""
    w, z = np.cos(angle / 2), np.sin(angle / 2)
    return {"qw": w * q["qw"] - z * q["qz"], "qx": w * q["qx"] - z * q["qy"], "qy": w * q["qy"] + z * q["qx"],
            "qz": w * q["qz"] + z * q["qw"]}


def _write_scene(folder: Path) -> Path:
    """Four samples 0.1 s apart on a left turn (1 m and 0.1 rad each) far from the world's origin. The lidar's moment is half a
    metre before the images'. Two returns lie on one ray of the front camera, 7.9 m and 11.85 m ahead of it."""
    (folder / "calibration").mkdir(parents=True)
    names = ["LIDAR", "CAMERA_01", "CAMERA_05"]
    places = [_pose((0, 0, 0), {"qw": 1.0, "qx": 0.0, "qy": 0.0, "qz": 0.0}), _pose(CAMERA_AT, AHEAD), _pose(CAMERA_AT, LEFT)]
    (folder / "calibration" / "abc.json").write_text(json.dumps(
        {"names": names, "intrinsics": [{key: 0.0 for key in LENS}, LENS, LENS], "extrinsics": places}))
    data, samples, position, angle = [], [], np.array([400.0, -259.0, 12.0]), 0.7
    for index in range(4):
        R, keys = _rotation(angle), []
        for name, rotation in zip(names, (None, AHEAD, LEFT)):
            is_lidar = rotation is None
            stem = f"1556919593820{index}"
            path = folder / (f"point_cloud/{name}/{stem}.npz" if is_lidar else f"rgb/{name}/{stem}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            value = {"filename": str(path.relative_to(folder)), "annotations": {}}
            if is_lidar:
                np.savez_compressed(path, data=np.array(POINTS, np.float32))
                value |= {"point_format": ["X", "Y", "Z", "INTENSITY"], "point_fields": [],
                          "pose": _pose(position - 0.5 * R[:, 0], _product(angle, places[0]["rotation"]))}
            else:
                image = np.random.default_rng(index).integers(0, 255, (HEIGHT, WIDTH, 3), dtype=np.uint8)
                cv2.imwrite(str(path), image)
                value |= {"width": WIDTH, "height": HEIGHT, "channels": 3,
                          "pose": _pose(position + R @ CAMERA_AT, _product(angle, rotation))}
            keys.append(f"{name}-{index}")
            at_us = 200_000 + 100_000 * index - 50_000 * is_lidar
            data.append({"key": keys[-1], "datum": {"point_cloud" if is_lidar else "image": value},
                         "id": {"name": name, "timestamp": f"2019-05-15T00:38:58.{at_us:06d}Z", "index": "0", "log": ""}})
        samples.append({"calibration_key": "abc", "datum_keys": keys, "id": {}})
        position, angle = position + R[:, 0], angle + TURN
    (folder / "scene_123.json").write_text(json.dumps({"name": "", "data": data, "samples": samples}))
    return folder


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return _write_scene(tmp_path / "ddad" / "000150")


def test_a_scene_becomes_a_drive(scene: Path, tmp_path: Path) -> None:
    drive = open_drive(convert_scene(scene_file(scene), tmp_path / "out", with_truth=True))
    assert (len(drive), drive.width, drive.height) == (4, WIDTH, HEIGHT) and np.allclose(np.diff(drive.times_s), 0.1)
    assert drive.intrinsics.as_list() == [FX, FX, 30.0, 10.0]
    for index in range(4):
        sparse, truth = drive.depth(index, "sparse"), drive.depth(index)
        assert np.argwhere(sparse > 0).tolist() == [[10, 25]]  # u = 30 + 40 * -1.0 / 7.9 = 24.94, v = 10
        assert sparse[10, 25] == pytest.approx(10 - 0.5 - 1.6, abs=1 / 256)
        assert np.argwhere(truth > 0).tolist() == [[10, 24]] and truth[10, 24] == pytest.approx(11.85, abs=1 / 256)  # as published
    moved = np.linalg.inv(drive.poses[0]) @ drive.poses[1]
    turned = np.array([[np.cos(TURN), 0, -np.sin(TURN)], [0, 1, 0], [np.sin(TURN), 0, np.cos(TURN)]])  # left, about y down
    assert np.allclose(moved[:3, :3], turned, atol=1e-6)
    text = (drive.path / "drive.toml").read_text()
    assert "camera_height_m = 1.4" in text and "camera_forward_m = 1.600, camera_left_m = 0.100" in text


@pytest.mark.parametrize("camera", ["CAMERA_01", "camera_05"])
def test_speed_is_the_vehicles_whichever_way_the_camera_looks(scene: Path, tmp_path: Path, camera: str) -> None:
    drive = open_drive(convert_scene(scene_file(scene), tmp_path / "out", camera))
    table = np.loadtxt(drive.path / "odometry.csv", delimiter=",", skiprows=1)
    assert table[0, 1] == pytest.approx(10.0, abs=1e-3) and np.allclose(table[:, 2], 1.0, atol=1e-3)  # left is positive
    assert not drive.has("depth") and drive.has("sparse")
    chord = np.linalg.norm(drive.poses[2, :3, 3] - drive.poses[1, :3, 3])
    assert drive.odometry.distance_m(drive.times_s[1], drive.times_s[2], 1.6, 0.1) == pytest.approx(chord, rel=0.01)


def test_a_split_becomes_drives_and_validation_is_named_so(scene: Path, tmp_path: Path) -> None:
    _write_scene(scene.parent / "000000")
    file = scene.parent / "ddad.json"
    file.write_text(json.dumps({"scene_splits": {"0": {"filenames": ["000000/scene_123.json"]},
                                                 "1": {"filenames": ["000150/scene_123.json"]}}}))
    names = [folder.name for split in ("train", "val") for folder in convert_split(file, split, tmp_path / "ddad_drives")]
    assert names == ["ddad_drives_000000", "ddad_drives_000150_val"]
    before = (tmp_path / "ddad_drives" / names[0] / "drive.toml").stat()
    convert_split(file, "train", tmp_path / "ddad_drives")  # finds its own drive again, and no other's
    assert (tmp_path / "ddad_drives" / names[0] / "drive.toml").stat() == before
    for changed in ({"camera": "CAMERA_05"}, {"with_truth": True}):
        with pytest.raises(DriveError, match="exists already"):
            convert_split(file, "train", tmp_path / "ddad_drives", **changed)
    file.write_text(json.dumps({"scene_splits": {"0": {"filenames": []}}}))
    for split, message in (("train", "split train lists no scene"), ("val", "scene_splits: has no '1'; it has 0")):
        with pytest.raises(DriveError, match=message):
            convert_split(file, split, tmp_path / "other")


def _edit(path: Path, change) -> None:
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))


def _image(table: dict, index: int = 1) -> dict:
    return table["data"][3 * index + 1]["datum"]["image"]


def _break_scene(scene: Path, fault: str) -> None:
    cloud, image = scene / "point_cloud/LIDAR/15569195938201.npz", scene / "rgb/CAMERA_01/15569195938201.png"
    table, calibration = scene / "scene_123.json", scene / "calibration/abc.json"
    changes = {
        "nan pose": (table, lambda t: _image(t)["pose"]["translation"].update(x=float("nan"))),
        "text pose": (table, lambda t: _image(t)["pose"]["translation"].update(x="east")),
        "no pose": (table, lambda t: _image(t).pop("pose")),
        "rotation": (table, lambda t: _image(t)["pose"]["rotation"].update(qw=0.9)),
        "clock": (table, lambda t: t["data"][4]["id"].update(timestamp="2019-05-15T00:38:58.1Z")),
        "time": (table, lambda t: t["data"][4]["id"].update(timestamp="noon")),
        "no lidar datum": (table, lambda t: t["samples"][1]["datum_keys"].pop(0)),
        "unknown datum": (table, lambda t: t["data"].pop(4)),
        "no samples": (table, lambda t: t["samples"].clear()),
        "format": (table, lambda t: t["data"][3]["datum"]["point_cloud"].update(point_format=["X", "Y"])),
        "nan lens": (calibration, lambda t: t["intrinsics"][1].update(cx="NaN")),
        "distortion": (calibration, lambda t: t["intrinsics"][1].update(k1=0.1)),
        "short calibration": (calibration, lambda t: t["extrinsics"].pop()),
    }
    if fault in changes:
        _edit(*changes[fault])
    elif fault == "short scan":
        cloud.write_bytes(cloud.read_bytes()[:-40])
    elif fault == "empty scan":
        cloud.write_bytes(b"")
    elif fault == "other array":
        np.savez(cloud, points=np.zeros((3, 4)))
    elif fault == "columns":
        np.savez(cloud, data=np.zeros((3, 2), np.float32))
    elif fault == "nan scan":
        np.savez(cloud, data=np.full((3, 4), np.nan, np.float32))
    elif fault == "size":
        cv2.imwrite(str(image), np.zeros((HEIGHT, WIDTH + 1, 3), np.uint8))
    elif fault == "short scene":
        table.write_text(table.read_text()[:-100])
    else:
        {"no scan": cloud, "no image": image, "no calibration": calibration}[fault].unlink()


@pytest.mark.parametrize(("fault", "message"), [
    ("nan pose", r"scene_123.json: data 4 \(CAMERA_01\): translation: x is nan"), ("text pose", "x is 'east', expected a number"),
    ("no pose", "CAMERA_01.*has no 'pose'"), ("rotation", "quaternion of length"), ("clock", "does not come after the frame before"),
    ("time", "'noon' is not a time"), ("no lidar datum", "sample 1: has no 'LIDAR'"), ("unknown datum", "has no 'CAMERA_01-1'"),
    ("no samples", "lists no sample"), ("format", "point_format is X, Y, expected"), ("nan lens", "CAMERA_01: cx is 'NaN'"),
    ("distortion", "k1 is 0.1; only pinhole"), ("short calibration", "3 names, 3 intrinsics and 2 extrinsics"),
    ("short scan", "8201.npz: no points can be read"), ("empty scan", "8201.npz: no points can be read"),
    ("other array", "8201.npz: no points can be read.*data"), ("columns", r"`data` is float32 \(3, 2\)"),
    ("nan scan", r"holds no finite point \(of 3\)"), ("size", "is 63x20, expected 62x20"), ("short scene", "cut short"),
    ("no scan", "8201.npz: cannot be read"), ("no image", "8201.png: missing"), ("no calibration", "abc.json: cannot be read")])
def test_damaged_scenes_are_refused_and_leave_nothing(scene: Path, tmp_path: Path, fault: str, message: str) -> None:
    _break_scene(scene, fault)
    with pytest.raises(DriveError, match=message):
        convert_scene(scene_file(scene), tmp_path / "out" / "drive")
    assert not list(tmp_path.glob("out/*"))


def test_a_camera_that_is_not_there_is_refused_with_those_that_are(scene: Path, tmp_path: Path) -> None:
    with pytest.raises(DriveError, match="has no 'CAMERA_09'; it has LIDAR, CAMERA_01, CAMERA_05"):
        convert_scene(scene_file(scene), tmp_path / "out", "camera_09")


def test_command_converts_and_explains(scene: Path, tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[1]
    for folder, status, words in ((scene, 0, str(tmp_path / "out")), (scene, 1, "exists already"), (scene.parent, 1, "of one scene")):
        done = subprocess.run([sys.executable, "-m", "depthtrain.data.ddad", "scene", "--root", str(folder), "--out",
                               str(tmp_path / "out")], cwd=root, capture_output=True, text=True)
        assert done.returncode == status and words in (done.stderr if status else done.stdout)
