"""KITTI raw recordings (synced and rectified): whole drives, and the single frames of published splits."""

from __future__ import annotations

import dataclasses
import re
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np

from depthtrain.data.drive import DEPTH_UNITS_PER_METRE, DriveError
from depthtrain.data.drive_writer import DriveHeader, DriveWriter
from depthtrain.data.kitti import CAMERA_HEIGHT_M, LICENCE
from depthtrain.data.kitti.calibration import ColourCamera, colour_camera, project_velodyne, read_velodyne, rigid

EARTH_RADIUS_M = 6378137.0
OXTS_VALUES = 30
TRUTHS = ("none", "velodyne", "annotated")
SPLIT_LINE = re.compile(r"^(\d{4}_\d\d_\d\d)/(\S+)\s+(\d+)(?:\s+([lr]))?$")


@dataclasses.dataclass(frozen=True)
class Recording:
    """One raw drive on disk and its rig."""

    folder: Path
    camera: ColourCamera
    T_reference_velodyne: np.ndarray
    T_velodyne_imu: np.ndarray | None

    @property
    def T_camera_imu(self) -> np.ndarray | None:
        """Left colour camera from the inertial unit; None without its calibration file."""
        if self.T_velodyne_imu is None:
            return None
        return (self.camera.T_camera_reference @ self.camera.rectification @ self.T_reference_velodyne @ self.T_velodyne_imu)

    def image(self, name: str, side: str = "image_02") -> Path:
        """Path of an image by its ten digits, whichever format it was stored in."""
        for suffix in (".png", ".jpg"):
            path = self.folder / side / "data" / (name + suffix)
            if path.exists():
                return path
        raise DriveError(f"{self.folder / side / 'data' / name}.png: missing (nor is there a .jpg)")

    def depth(self, name: str, truth: str, annotated: Path | None) -> np.ndarray | None:
        """Truth (H, W) metres, 0 = none; None where the annotated set leaves a frame out."""
        if truth == "velodyne":
            points = read_velodyne(self.folder / "velodyne_points" / "data" / f"{name}.bin")
            return project_velodyne(points, self.camera, self.T_reference_velodyne, as_published=True)
        return annotated_depth(annotated, self.folder.name, name) if truth == "annotated" and annotated else None


def open_recording(root: Path, drive: str) -> Recording:
    """A drive such as 2011_09_26_drive_0001_sync under `root`/2011_09_26. Raises DriveError for what is missing."""
    date = root / drive[:10]
    folder = date / drive
    if not (folder / "image_02" / "data").is_dir():
        raise DriveError(f"{folder}/image_02/data: missing (is {root} the folder that holds 2011_09_26 and the like?)")
    imu = date / "calib_imu_to_velo.txt"
    return Recording(folder, colour_camera(date / "calib_cam_to_cam.txt"), rigid(date / "calib_velo_to_cam.txt"),
                     rigid(imu) if imu.exists() else None)


def convert_drive(root: Path, drive: str, out: Path, truth: str = "none", annotated: Path | None = None) -> Path:
    """A whole drive as a sequence: stereo images, velodyne as sparse/, speed and poses from the inertial unit."""
    recording = open_recording(root, drive)
    camera, names = recording.camera, sorted(path.stem for path in (recording.folder / "image_02" / "data").iterdir())
    times = timestamps(recording.folder / "image_02" / "timestamps.txt", len(names))
    times -= times[0]
    motion = oxts(recording.folder / "oxts" / "data", names) if (recording.folder / "oxts").is_dir() else None
    poses = camera_poses(motion, recording.T_camera_imu) if motion is not None and recording.T_camera_imu is not None else None
    has_right = (recording.folder / "image_03" / "data").is_dir()
    scans = recording.folder / "velodyne_points" / "data"
    missing = [name for name in names if not (scans / f"{name}.bin").exists()] if scans.is_dir() else []
    note = "speed, yaw rate and poses from OXTS" if motion is not None else "no OXTS"
    with DriveWriter(out, _header(out.name, "sequence", camera, f"KITTI raw {drive}",
                                  note + (f"; {len(missing)} frames without velodyne" if missing else ""))) as writer:
        for index, name in enumerate(names):
            sparse = None
            if scans.is_dir():
                sparse = np.zeros((camera.height, camera.width), np.float32) if name in missing else project_velodyne(
                    read_velodyne(scans / f"{name}.bin"), camera, recording.T_reference_velodyne)
            depth = recording.depth(name, truth, annotated) if not (truth == "velodyne" and name in missing) else None
            if truth != "none" and depth is None:
                depth = np.zeros((camera.height, camera.width), np.float32)
            writer.add(recording.image(name), times[index], recording.image(name, "image_03") if has_right else None, depth,
                       sparse, poses[index] if poses is not None else None)
        rows = np.column_stack([times, motion[:, 8], motion[:, 22]]) if motion is not None else None
        return writer.finish(rows)


def convert_split(root: Path, split: Path, out: Path, truth: str, annotated: Path | None = None) -> tuple[list[Path], int]:
    """The single frames of a split file as drives of stills, one per camera, with truth.

    Lines are `date/drive frame side`. Returns the drives and how many frames the annotated set leaves out. Raises DriveError
    naming the line that cannot be read, or the file that is missing.
    """
    groups: dict[tuple, list[tuple[Recording, str]]] = {}
    recordings: dict[str, Recording] = {}
    for drive, name in split_frames(split):
        if drive not in recordings:
            recordings[drive] = open_recording(root, drive)
        camera = recordings[drive].camera
        groups.setdefault((drive[:10], camera.width, camera.height), []).append((recordings[drive], name))
    folders, left_out = [], 0
    for (date, _, _), frames in groups.items():
        folder = out / f"{out.name}_{date}"
        with DriveWriter(folder, _header(folder.name, "stills", frames[0][0].camera, f"KITTI raw, {split.name}",
                                         f"truth: {truth}")) as writer:
            added = 0
            for recording, name in frames:
                depth = recording.depth(name, truth, annotated)
                if depth is None:
                    left_out += 1
                    continue
                writer.add(recording.image(name), depth_m=depth)
                added += 1
            if added:
                folders.append(writer.finish())
    return folders, left_out


def split_frames(path: Path) -> list[tuple[str, str]]:
    """(drive, ten digits) of every line of a split file; right-camera lines are refused, for their truth is the left's."""
    frames = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip():
            continue
        parts = SPLIT_LINE.match(line.strip())
        if parts is None or parts[4] == "r":
            raise DriveError(f"{path}:{number}: {line!r} is not `date/drive frame l`")
        frames.append((parts[2], f"{int(parts[3]):010d}"))
    if not frames:
        raise DriveError(f"{path}: lists no frame")
    return frames


def annotated_depth(annotated: Path, drive: str, name: str) -> np.ndarray | None:
    """Accumulated truth (H, W) metres of the depth benchmark (train/ or val/), None where it has no such frame."""
    if not any((annotated / part).is_dir() for part in ("train", "val")):
        raise DriveError(f"{annotated}: holds neither train/ nor val/ (is it data_depth_annotated?)")
    for part in ("train", "val"):
        path = annotated / part / drive / "proj_depth" / "groundtruth" / "image_02" / f"{name}.png"
        if path.exists():
            raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
            if raw is None or raw.dtype != np.uint16:
                raise DriveError(f"{path}: expected a uint16 PNG")
            return raw.astype(np.float32) / np.float32(DEPTH_UNITS_PER_METRE)
    return None


def timestamps(path: Path, expected: int) -> np.ndarray:
    """Seconds of each line since the epoch's start of day; strictly increasing. Raises DriveError naming the line."""
    try:
        lines = [line for line in path.read_text().splitlines() if line.strip()]
    except OSError as error:
        raise DriveError(f"{path}: cannot be read ({error.strerror})") from error
    if len(lines) != expected:
        raise DriveError(f"{path}: {len(lines)} times for {expected} images")
    seconds = []
    for number, line in enumerate(lines, 1):
        try:
            whole, _, fraction = line.strip().partition(".")
            at = (datetime.fromisoformat(whole) - datetime(2000, 1, 1)).total_seconds() + float(f"0.{fraction or 0}")
        except ValueError:
            raise DriveError(f"{path}:{number}: {line!r} is not a time") from None
        if seconds and at <= seconds[-1]:
            raise DriveError(f"{path}:{number}: the clock goes back by {seconds[-1] - at:.3f} s")
        seconds.append(at)
    return np.array(seconds)


def oxts(folder: Path, names: list[str]) -> np.ndarray:
    """(N, 30) values of the inertial unit. Raises DriveError for a missing, short or non-finite record."""
    rows = []
    for name in names:
        path = folder / f"{name}.txt"
        try:
            values = [float(part) for part in path.read_text().split()]
        except OSError as error:
            raise DriveError(f"{path}: cannot be read ({error.strerror})") from error
        except ValueError as error:
            raise DriveError(f"{path}: {error}") from error
        if len(values) < OXTS_VALUES or not np.isfinite(values[:OXTS_VALUES]).all():
            raise DriveError(f"{path}: {len(values)} values, expected {OXTS_VALUES} finite ones")
        rows.append(values[:OXTS_VALUES])
    return np.array(rows)


def camera_poses(motion: np.ndarray, T_camera_imu: np.ndarray) -> np.ndarray:
    """World from camera (N, 4, 4): Mercator position and attitude of the inertial unit, as in KITTI's development kit."""
    latitude, longitude, altitude, roll, pitch, yaw = (motion[:, column] for column in range(6))
    scale = np.cos(np.radians(latitude[0]))
    position = np.stack([scale * np.radians(longitude) * EARTH_RADIUS_M,
                         scale * EARTH_RADIUS_M * np.log(np.tan(np.radians(90 + latitude) / 2)), altitude], axis=1)
    poses = np.tile(np.eye(4), (len(motion), 1, 1))
    for pose, r, p, y, t in zip(poses, roll, pitch, yaw, position - position[0]):
        pose[:3, :3] = _about("z", y) @ _about("y", p) @ _about("x", r)
        pose[:3, 3] = t
    return poses @ np.linalg.inv(T_camera_imu)


def _about(axis: str, angle: float) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return np.array({"x": [[1, 0, 0], [0, c, -s], [0, s, c]], "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]],
                     "z": [[c, -s, 0], [s, c, 0], [0, 0, 1]]}[axis])


def _header(name: str, kind: str, camera: ColourCamera, origin: str, note: str) -> DriveHeader:
    return DriveHeader(name, kind, camera.width, camera.height, LICENCE, origin, note, camera.intrinsics, camera.baseline_m,
                       CAMERA_HEIGHT_M)
