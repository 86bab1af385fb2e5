"""The drive folder: the product's one recording format, read strictly.

Layout: drive.toml, camera.yaml (optional), frames.csv, frames/, and optionally right/, depth/, sparse/,
odometry.csv, poses.csv. Depth is uint16 PNG, metres x 256, 0 = none. Errors name the file that is at fault.
"""

from __future__ import annotations

import csv
import dataclasses
import tomllib
from pathlib import Path

import cv2
import numpy as np
import yaml

from depthtrain.data.odometry import Odometry
from depthtrain.geometry import Intrinsics

DEPTH_UNITS_PER_METRE = 256.0


class DriveError(ValueError):
    """A drive folder that breaks the format; the message starts with the offending path."""


@dataclasses.dataclass(frozen=True)
class Drive:
    """Index of one drive folder. Pixels are read on demand; poses are (N, 4, 4) world-from-camera in metres."""

    path: Path
    name: str
    width: int
    height: int
    times_s: np.ndarray
    files: tuple[str, ...]
    intrinsics: Intrinsics | None
    poses: np.ndarray | None
    odometry: Odometry | None
    stereo_baseline_m: float | None
    licence: str

    def __len__(self) -> int:
        return len(self.files)

    def image(self, index: int, side: str = "frames") -> np.ndarray:
        """RGB image (H, W, 3) uint8 of the left (`frames`) or right (`right`) camera."""
        return self.decoded(self.encoded(index, side), index, side)

    def encoded(self, index: int, side: str = "frames") -> np.ndarray:
        """The compressed bytes of an image. Raises DriveError when the file is missing or empty."""
        path = self.path / side / self.files[index]
        try:
            content = np.fromfile(path, dtype=np.uint8)
        except OSError as error:
            raise DriveError(f"{path}: missing or unreadable image ({error.strerror}); frames.csv lists it as frame "
                             f"{index}") from error
        if len(content) == 0:
            raise DriveError(f"{path}: empty file (an interrupted copy?); copy the drive again")
        return content

    def decoded(self, content: np.ndarray, index: int, side: str = "frames") -> np.ndarray:
        """RGB (H, W, 3) uint8 of compressed bytes. Raises DriveError when they are no image or one of another size."""
        path, image = self.path / side / self.files[index], cv2.imdecode(content, cv2.IMREAD_COLOR)
        if image is None:
            raise DriveError(f"{path}: missing or unreadable image: {len(content)} bytes that are no complete picture")
        if image.shape[:2] != (self.height, self.width):
            raise DriveError(f"{path}: is {image.shape[1]}x{image.shape[0]}, drive.toml says {self.width}x{self.height}")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

    def has(self, kind: str) -> bool:
        """Whether the drive holds `depth`, `sparse` or `right` images."""
        return (self.path / kind).is_dir()

    def held_out(self, share: float) -> range:
        """The frames that training leaves out so that what it made can be measured on them: the last `share` of a drive with depth,
        none of a drive without, on which nothing could be measured."""
        count = len(self)
        return range(count - round(count * share) if self.has("depth") else count, count)

    def depth(self, index: int, kind: str = "depth") -> np.ndarray:
        """Depth along the optical axis (H, W) float32 metres, NaN = unknown; `kind` is `depth` or `sparse`."""
        path = self.path / kind / (Path(self.files[index]).stem + ".png")
        raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if raw is None:
            raise DriveError(f"{path}: missing or unreadable depth image")
        if raw.dtype != np.uint16 or raw.shape != (self.height, self.width):
            raise DriveError(f"{path}: expected uint16 {self.width}x{self.height}, found {raw.dtype} {raw.shape}")
        return np.where(raw > 0, raw.astype(np.float32) / DEPTH_UNITS_PER_METRE, np.nan).astype(np.float32)

    def classes(self, index: int, folder: str) -> np.ndarray:
        """Class numbers (H, W) uint8 from `folder`, 255 = unknown; all unknown when the drive has no such folder.

        Raises DriveError for an image that is missing from the folder, or of another size or type.
        """
        if not (self.path / folder).is_dir():
            return np.full((self.height, self.width), 255, np.uint8)
        path = self.path / folder / (Path(self.files[index]).stem + ".png")
        raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if raw is None or raw.dtype != np.uint8 or raw.shape != (self.height, self.width):
            found = "missing or unreadable" if raw is None else f"{raw.dtype} {raw.shape}"
            raise DriveError(f"{path}: expected one 8-bit class number per pixel, {self.width}x{self.height}; found {found}")
        return raw


def open_drive(path: str | Path) -> Drive:
    """Reads the index files of a drive folder. Raises DriveError when one is missing or malformed."""
    path = Path(path)
    header = _header(path / "drive.toml")
    times, files = _frames(path / "frames.csv", int(header["frames"]))
    poses = _poses(path / "poses.csv", len(files)) if (path / "poses.csv").exists() else None
    odometry = _odometry(path / "odometry.csv") if (path / "odometry.csv").exists() else None
    camera = path / "camera.yaml"
    intrinsics = _intrinsics(camera, header["width"], header["height"]) if camera.exists() else None
    baseline = header.get("stereo_baseline_m")
    return Drive(path, header["name"], header["width"], header["height"], times, files, intrinsics, poses, odometry,
                 float(baseline) if baseline is not None else None, header["licence"])


def _header(path: Path) -> dict:
    try:
        header = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise DriveError(f"{path}: missing (is this a drive folder?)") from None
    except tomllib.TOMLDecodeError as error:
        raise DriveError(f"{path}: {error}") from error
    for key, kind in (("name", str), ("width", int), ("height", int), ("frames", int), ("licence", str)):
        if not isinstance(header.get(key), kind):
            raise DriveError(f"{path}: key {key!r} is missing or not {kind.__name__}")
    return header


def _rows(path: Path, columns: list[str]) -> list[dict[str, str]]:
    try:
        with path.open(newline="") as handle:
            reader = csv.DictReader(handle)
            if reader.fieldnames != columns:
                raise DriveError(f"{path}: columns are {reader.fieldnames}, expected {columns}")
            return list(reader)
    except FileNotFoundError:
        raise DriveError(f"{path}: missing") from None


def _frames(path: Path, expected: int) -> tuple[np.ndarray, tuple[str, ...]]:
    rows = _rows(path, ["index", "time_s", "file"])
    if len(rows) != expected:
        raise DriveError(f"{path}: {len(rows)} frames, drive.toml says {expected}")
    if not rows:
        raise DriveError(f"{path}: no frames")
    timed = [row for row in rows if row["time_s"]]
    times = np.array([np.nan] * len(rows))
    times[[bool(row["time_s"]) for row in rows]] = _numbers(path, timed, ["time_s"])[:, 0]
    if np.any(np.diff(times[~np.isnan(times)]) <= 0):
        raise DriveError(f"{path}: time_s does not increase: the clock jumped back while recording; cut the drive there")
    return times, tuple(row["file"] for row in rows)


def _poses(path: Path, expected: int) -> np.ndarray:
    names = [f"t{row}{column}" for row in range(3) for column in range(4)]
    rows = _rows(path, ["time_s", *names])
    if len(rows) != expected:
        raise DriveError(f"{path}: {len(rows)} poses for {expected} frames")
    poses = np.tile(np.eye(4), (expected, 1, 1))
    poses[:, :3, :] = _numbers(path, rows, names).reshape(-1, 3, 4)
    rotation = poses[:, :3, :3]
    skew = np.abs(rotation @ rotation.transpose(0, 2, 1) - np.eye(3)).max(axis=(1, 2))
    if len(poses) and skew.max() > 0.01:
        raise DriveError(f"{path}: row {int(skew.argmax()) + 1}: the rotation is not one (R R^T is off by {skew.max():.2g}); "
                         "expected row-major 3x4 world-from-camera")
    return poses


def _odometry(path: Path) -> Odometry:
    names = ["time_s", "speed_mps", "yaw_rate_radps"]
    rows = _rows(path, names)
    if not rows:
        raise DriveError(f"{path}: no rows")
    times, speed, yaw_rate = _numbers(path, rows, names).T
    if np.any(np.diff(times) <= 0):
        row = int(np.argmax(np.diff(times) <= 0)) + 2
        raise DriveError(f"{path}: row {row}: time_s does not increase ({times[row - 2]} then {times[row - 1]}): the clock "
                         "jumped back while recording; cut the drive there")
    return Odometry(times, speed, yaw_rate)


def _numbers(path: Path, rows: list[dict[str, str]], names: list[str]) -> np.ndarray:
    """Finite numbers (rows, names). Raises DriveError with the row and column of the first that is not one."""
    values = np.empty((len(rows), len(names)))
    for number, row in enumerate(rows):
        for column, name in enumerate(names):
            try:
                values[number, column] = float(row[name])
            except (TypeError, ValueError):
                values[number, column] = np.nan
            if not np.isfinite(values[number, column]):
                raise DriveError(f"{path}: row {number + 1}: {name} is {row[name]!r}, expected a finite number; remove the "
                                 "file if the drive has no usable values")
    return values


def _intrinsics(path: Path, width: int, height: int) -> Intrinsics:
    try:
        camera = yaml.safe_load(path.read_text())
        matrix = [float(value) for value in camera["camera_matrix"]["data"]]
        size = (camera["image_width"], camera["image_height"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise DriveError(f"{path}: not a ROS camera_info file ({error})") from error
    if not all(np.isfinite(matrix)) or len(matrix) != 9 or matrix[0] <= 0 or matrix[4] <= 0:
        raise DriveError(f"{path}: camera_matrix is {matrix}, expected nine numbers with positive focal lengths")
    if size != (width, height):
        raise DriveError(f"{path}: is for {size[0]}x{size[1]}, drive.toml says {width}x{height}")
    if any(abs(value) > 0 for value in camera.get("distortion_coefficients", {}).get("data", [])):
        raise DriveError(f"{path}: frames must be rectified (zero distortion)")
    return Intrinsics(matrix[0], matrix[4], matrix[2], matrix[5])
