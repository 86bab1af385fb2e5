"""Scenes in the layout of the Dataset Governance Policy (DGP), in which DDAD is distributed.

    SCENE/scene_HASH.json        samples (which datums belong together) and datums (file, time, pose in the world)
    SCENE/calibration/KEY.json   intrinsics and place on the vehicle of every sensor, by name
    SCENE/rgb/CAMERA/*.png       (or .jpg), SCENE/point_cloud/LIDAR/*.npz with an array `data` of a row per point

Poses map sensor to world and are those of each sensor's own moment; the vehicle's axes are x forward, y left, z up. Sensor
names are found whatever their case. Source: the schema files of the DGP repository (sample, geometry, image, point_cloud).
"""

from __future__ import annotations

import dataclasses
import json
import math
import zipfile
import zlib
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from depthtrain.data.drive import DriveError
from depthtrain.geometry import Intrinsics

PINHOLE = ("fx", "fy", "cx", "cy")


@dataclasses.dataclass(frozen=True)
class Sensor:
    """A sensor's place on the vehicle, and its intrinsics; those of a lidar are zero."""

    T_vehicle_sensor: np.ndarray
    intrinsics: Intrinsics


@dataclasses.dataclass(frozen=True)
class Datum:
    """One file of one sensor. `size` is (width, height) of an image, `channels` the columns of a point cloud."""

    path: Path
    at: datetime
    T_world_sensor: np.ndarray
    size: tuple[int, int] = (0, 0)
    channels: tuple[str, ...] = ()

    def points(self) -> np.ndarray:
        """Points (N, 3) metres in the sensor's axes; returns that are not finite are left out.

        Raises DriveError for a file that is missing, cut short, or without a finite point.
        """
        try:
            with np.load(self.path) as content:
                data = content["data"]
        except OSError as error:
            raise DriveError(f"{self.path}: cannot be read ({error.strerror or error})") from error
        except (ValueError, EOFError, KeyError, TypeError, AttributeError, zipfile.BadZipFile, zlib.error) as error:
            raise DriveError(f"{self.path}: no points can be read: an npz with an array `data` is expected, found a file cut "
                             f"short or something else ({error})") from error
        if data.ndim != 2 or data.shape[1] < len(self.channels) or data.dtype.kind not in "fiu":
            raise DriveError(f"{self.path}: `data` is {data.dtype} {data.shape}, expected a row per point with "
                             f"{', '.join(self.channels)}")
        points = data[:, [self.channels.index(axis) for axis in "XYZ"]].astype(np.float64)
        points = points[np.isfinite(points).all(axis=1)]
        if len(points) == 0:
            raise DriveError(f"{self.path}: holds no finite point (of {len(data)})")
        return points


@dataclasses.dataclass(frozen=True)
class Sample:
    """What the sensors saw at about one time: datums and sensors by their names in upper case."""

    where: str
    datums: dict[str, Datum]
    sensors: dict[str, Sensor]

    def datum(self, name: str) -> Datum:
        """Raises DriveError when the sample lacks the sensor."""
        return _entry(self.datums, name.upper(), self.where)

    def sensor(self, name: str) -> Sensor:
        """Raises DriveError when the sample's calibration lacks the sensor."""
        return _entry(self.sensors, name.upper(), f"{self.where}: its calibration")


def scene_file(folder: Path) -> Path:
    """The scene_HASH.json of a scene's folder. Raises DriveError when there is none, or more than one."""
    files = sorted(folder.glob("scene_*.json"))
    if len(files) != 1:
        raise DriveError(f"{folder}: holds {len(files)} files scene_*.json, expected one (is it the folder of one scene, with "
                         "calibration/ and rgb/?)")
    return files[0]


def read_scene(path: Path) -> list[Sample]:
    """The samples of a scene in their order. Raises DriveError that names the file and the entry at fault."""
    table = _read(path)
    stored = {}
    for index, entry in enumerate(_list(table, "data", path)):
        where = f"{path}: data {index}"
        stored[_entry(entry, "key", where)] = (where, entry)
    calibrations: dict[str, dict[str, Sensor]] = {}
    samples = []
    for index, entry in enumerate(_list(table, "samples", path)):
        where = f"{path}: sample {index}"
        key = _entry(entry, "calibration_key", where)
        if key not in calibrations:
            calibrations[key] = read_calibration(path.parent / "calibration" / f"{key}.json")
        datums = {}
        for name in _entry(entry, "datum_keys", where):
            datum_where, content = _entry(stored, name, where)
            sensor = _entry(_entry(content, "id", datum_where), "name", datum_where)
            datums[str(sensor).upper()] = _datum(content, path.parent, f"{datum_where} ({sensor})")
        samples.append(Sample(where, datums, calibrations[key]))
    if not samples:
        raise DriveError(f"{path}: lists no sample")
    return samples


def read_calibration(path: Path) -> dict[str, Sensor]:
    """Sensors by name in upper case. Raises DriveError for a short table, and for cameras that are no pinholes."""
    table, sensors = _read(path), {}
    names, intrinsics, extrinsics = (_list(table, key, path) for key in ("names", "intrinsics", "extrinsics"))
    if not len(names) == len(intrinsics) == len(extrinsics):
        raise DriveError(f"{path}: {len(names)} names, {len(intrinsics)} intrinsics and {len(extrinsics)} extrinsics; expected "
                         "as many of each")
    for name, camera, place in zip(names, intrinsics, extrinsics):
        where = f"{path}: {name}"
        bent = [key for key, value in camera.items() if key not in (*PINHOLE, "fov") and value not in (0, 0.0)]
        if bent:
            raise DriveError(f"{where}: {bent[0]} is {camera[bent[0]]}; only pinhole cameras without distortion are converted: "
                             "undistort the images first")
        sensors[str(name).upper()] = Sensor(_pose(place, where), Intrinsics(*_numbers(camera, PINHOLE, where)))
    return sensors


def split_scenes(path: Path, split: str) -> list[Path]:
    """Scene files of a dataset file's split, "train" or "val". Raises DriveError when it has none."""
    entry = _entry(_entry(_read(path), "scene_splits", path), {"train": "0", "val": "1"}[split], f"{path}: scene_splits")
    names = _list(entry, "filenames", f"{path}: split {split}")
    if not names:
        raise DriveError(f"{path}: split {split} lists no scene")
    return [path.parent / name for name in names]


def _datum(entry: dict, folder: Path, where: str) -> Datum:
    value = _entry(entry, "datum", where)
    text = str(_entry(_entry(entry, "id", where), "timestamp", where))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise DriveError(f"{where}: {text!r} is not a time") from None
    at = at if at.tzinfo else at.replace(tzinfo=timezone.utc)
    if "image" in value:
        image = value["image"]
        size = tuple(int(number) for number in _numbers(image, ("width", "height"), where))
        return Datum(folder / _entry(image, "filename", where), at, _pose(_entry(image, "pose", where), where), size)
    cloud = _entry(value, "point_cloud", where)
    channels = tuple(_list(cloud, "point_format", where))
    if not {"X", "Y", "Z"} <= set(channels):
        found = ", ".join(map(str, channels)) or "empty"
        raise DriveError(f"{where}: point_format is {found}, expected X, Y and Z among others")
    return Datum(folder / _entry(cloud, "filename", where), at, _pose(_entry(cloud, "pose", where), where), channels=channels)


def _pose(entry: dict, where: str) -> np.ndarray:
    """(4, 4) of a translation and a unit quaternion."""
    pose = np.eye(4)
    pose[:3, 3] = _numbers(_entry(entry, "translation", where), ("x", "y", "z"), f"{where}: translation")
    w, x, y, z = _numbers(_entry(entry, "rotation", where), ("qw", "qx", "qy", "qz"), f"{where}: rotation")
    length = math.hypot(w, x, y, z)
    if abs(length - 1) > 1e-3:
        raise DriveError(f"{where}: rotation is a quaternion of length {length:.4f}, expected 1")
    w, x, y, z = w / length, x / length, y / length, z / length
    pose[:3, :3] = [[1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                    [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                    [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)]]
    return pose


def _read(path: Path) -> dict:
    try:
        table = json.loads(path.read_text())
    except OSError as error:
        raise DriveError(f"{path}: cannot be read ({error.strerror})") from error
    except ValueError as error:
        raise DriveError(f"{path}: is no JSON, or cut short ({error})") from error
    if not isinstance(table, dict):
        raise DriveError(f"{path}: holds a {type(table).__name__}, expected an object")
    return table


def _entry(table: dict, key: str, where: str | Path):
    if not isinstance(table, dict) or key not in table:
        has = ", ".join(map(str, list(table)[:8])) if isinstance(table, dict) else type(table).__name__
        raise DriveError(f"{where}: has no {key!r}; it has {has or 'nothing'}")
    return table[key]


def _list(table: dict, key: str, where: str | Path) -> list:
    value = _entry(table, key, where)
    if not isinstance(value, list):
        raise DriveError(f"{where}: {key} is a {type(value).__name__}, expected a list")
    return value


def _numbers(table: dict, keys: tuple[str, ...], where: str) -> list[float]:
    values = []
    for key in keys:
        value = _entry(table, key, where)
        try:
            values.append(float(value))
        except (TypeError, ValueError):
            raise DriveError(f"{where}: {key} is {value!r}, expected a number") from None
        if not math.isfinite(values[-1]):
            raise DriveError(f"{where}: {key} is {value!r}, which is not finite")
    return values
