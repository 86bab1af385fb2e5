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
    speed_mps: np.ndarray | None
    stereo_baseline_m: float | None
    licence: str

    def __len__(self) -> int:
        return len(self.files)

    def image(self, index: int, side: str = "frames") -> np.ndarray:
        """RGB image (H, W, 3) uint8 of the left (`frames`) or right (`right`) camera."""
        path = self.path / side / self.files[index]
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise DriveError(f"{path}: missing or unreadable image")
        if image.shape[:2] != (self.height, self.width):
            raise DriveError(f"{path}: is {image.shape[1]}x{image.shape[0]}, drive.toml says {self.width}x{self.height}")
        return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)

    def has(self, kind: str) -> bool:
        """Whether the drive holds `depth`, `sparse` or `right` images."""
        return (self.path / kind).is_dir()

    def depth(self, index: int, kind: str = "depth") -> np.ndarray:
        """Depth along the optical axis (H, W) float32 metres, NaN = unknown; `kind` is `depth` or `sparse`."""
        path = self.path / kind / (Path(self.files[index]).stem + ".png")
        raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
        if raw is None:
            raise DriveError(f"{path}: missing or unreadable depth image")
        if raw.dtype != np.uint16 or raw.shape != (self.height, self.width):
            raise DriveError(f"{path}: expected uint16 {self.width}x{self.height}, found {raw.dtype} {raw.shape}")
        return np.where(raw > 0, raw.astype(np.float32) / DEPTH_UNITS_PER_METRE, np.nan).astype(np.float32)


def open_drive(path: str | Path) -> Drive:
    """Reads the index files of a drive folder. Raises DriveError when one is missing or malformed."""
    path = Path(path)
    header = _header(path / "drive.toml")
    times, files = _frames(path / "frames.csv", int(header["frames"]))
    poses = _poses(path / "poses.csv", len(files)) if (path / "poses.csv").exists() else None
    speed = _speed(path / "odometry.csv", times) if (path / "odometry.csv").exists() else None
    camera = path / "camera.yaml"
    intrinsics = _intrinsics(camera, header["width"], header["height"]) if camera.exists() else None
    baseline = header.get("stereo_baseline_m")
    return Drive(path, header["name"], header["width"], header["height"], times, files, intrinsics, poses, speed,
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
    times = np.array([float(row["time_s"]) if row["time_s"] else np.nan for row in rows])
    if np.any(np.diff(times[~np.isnan(times)]) <= 0):
        raise DriveError(f"{path}: time_s does not increase")
    return times, tuple(row["file"] for row in rows)


def _poses(path: Path, expected: int) -> np.ndarray:
    names = [f"t{row}{column}" for row in range(3) for column in range(4)]
    rows = _rows(path, ["time_s", *names])
    if len(rows) != expected:
        raise DriveError(f"{path}: {len(rows)} poses for {expected} frames")
    poses = np.tile(np.eye(4), (expected, 1, 1))
    poses[:, :3, :] = np.array([[float(row[name]) for name in names] for row in rows]).reshape(-1, 3, 4)
    return poses


def _speed(path: Path, frame_times_s: np.ndarray) -> np.ndarray:
    rows = _rows(path, ["time_s", "speed_mps", "yaw_rate_radps"])
    if not rows:
        raise DriveError(f"{path}: no rows")
    times = [float(row["time_s"]) for row in rows]
    return np.interp(frame_times_s, times, [float(row["speed_mps"]) for row in rows])


def _intrinsics(path: Path, width: int, height: int) -> Intrinsics:
    try:
        camera = yaml.safe_load(path.read_text())
        matrix = [float(value) for value in camera["camera_matrix"]["data"]]
        size = (camera["image_width"], camera["image_height"])
    except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise DriveError(f"{path}: not a ROS camera_info file ({error})") from error
    if size != (width, height):
        raise DriveError(f"{path}: is for {size[0]}x{size[1]}, drive.toml says {width}x{height}")
    if any(abs(value) > 0 for value in camera.get("distortion_coefficients", {}).get("data", [])):
        raise DriveError(f"{path}: frames must be rectified (zero distortion)")
    return Intrinsics(matrix[0], matrix[4], matrix[2], matrix[5])
