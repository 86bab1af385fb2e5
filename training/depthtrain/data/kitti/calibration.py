"""KITTI's calibration files, and the velodyne projected with them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from depthtrain.data.drive import DriveError
from depthtrain.geometry import Intrinsics


def read_entries(path: Path) -> dict[str, np.ndarray]:
    """`name: numbers` lines of a calibration file; other lines (dates) are skipped. Raises DriveError when it is missing."""
    try:
        lines = path.read_text().splitlines()
    except OSError as error:
        raise DriveError(f"{path}: cannot be read ({error.strerror})") from error
    entries = {}
    for line in lines:
        name, separator, numbers = line.partition(":")
        try:
            values = np.array([float(part) for part in numbers.split()])
        except ValueError:
            continue
        if separator and len(values):
            entries[name.strip()] = values
    return entries


def matrix(entries: dict[str, np.ndarray], name: str, shape: tuple[int, int], path: Path) -> np.ndarray:
    """One entry as a matrix. Raises DriveError when it is missing, of another length or not finite."""
    values = entries.get(name)
    if values is None:
        raise DriveError(f"{path}: has no entry {name!r}; it has {', '.join(entries) or 'none'}")
    if values.size != shape[0] * shape[1] or not np.isfinite(values).all():
        raise DriveError(f"{path}: entry {name!r} has {values.size} numbers, expected {shape[0] * shape[1]} finite ones")
    return values.reshape(shape)


def rigid(path: Path) -> np.ndarray:
    """(4, 4) of a file with entries R and T (calib_velo_to_cam.txt, calib_imu_to_velo.txt)."""
    entries, pose = read_entries(path), np.eye(4)
    pose[:3, :3], pose[:3, 3] = matrix(entries, "R", (3, 3), path), matrix(entries, "T", (3, 1), path)[:, 0]
    return pose


@dataclasses.dataclass(frozen=True)
class ColourCamera:
    """The left colour camera (2) of a rectified rig. T_camera_reference moves points from camera 0 to it, metres."""

    intrinsics: Intrinsics
    width: int
    height: int
    projection: np.ndarray
    rectification: np.ndarray
    baseline_m: float

    @property
    def T_camera_reference(self) -> np.ndarray:
        """Camera 2 from rectified camera 0: a shift along the rectified axes."""
        pose = np.eye(4)
        pose[:3, 3] = np.linalg.solve(self.projection[:, :3], self.projection[:, 3])
        return pose


def colour_camera(path: Path, size: tuple[int, int] | None = None) -> ColourCamera:
    """Cameras 2 and 3 of calib_cam_to_cam.txt; `size` (width, height) where the file holds none."""
    entries = read_entries(path)
    left, right = (matrix(entries, f"P_rect_0{camera}", (3, 4), path) for camera in (2, 3))
    rectification = np.eye(4)
    rectification[:3, :3] = matrix(entries, "R_rect_00", (3, 3), path) if "R_rect_00" in entries else np.eye(3)
    if size is None:
        width, height = matrix(entries, "S_rect_02", (1, 2), path)[0]
        size = (int(width), int(height))
    return camera_of(left, right, rectification, size)


def camera_of(left: np.ndarray, right: np.ndarray, rectification: np.ndarray, size: tuple[int, int]) -> ColourCamera:
    """A rig from the projections (3, 4) of its two colour cameras."""
    intrinsics = Intrinsics(left[0, 0], left[1, 1], left[0, 2], left[1, 2])
    baseline = float((left[0, 3] - right[0, 3]) / left[0, 0])
    return ColourCamera(intrinsics, size[0], size[1], left, rectification, baseline)


def read_velodyne(path: Path) -> np.ndarray:
    """Points (N, 3) metres, x forward, y left, z up. Raises DriveError for a missing or truncated file."""
    try:
        data = np.fromfile(path, dtype="<f4")
    except OSError as error:
        raise DriveError(f"{path}: cannot be read ({error.strerror})") from error
    if data.size == 0 or data.size % 4 or path.stat().st_size % 4:
        raise DriveError(f"{path}: {path.stat().st_size} bytes is not a whole number of points (16 bytes each): truncated?")
    points = data.reshape(-1, 4)[:, :3].astype(np.float64)
    return points[np.isfinite(points).all(axis=1)]


def project_velodyne(points: np.ndarray, camera: ColourCamera, T_reference_velodyne: np.ndarray,
                     as_published: bool = False) -> np.ndarray:
    """Depth map (H, W) float32 metres, 0 = none; the nearest of several returns in a pixel stays.

    Depth is along the optical axis and pixel (0, 0) is the centre of the first. `as_published` repeats the truth of the
    Eigen split instead: depth is the velodyne's forward distance, and pixel indices are one less (they count from 1).
    """
    ahead = points[points[:, 0] >= 0]
    homogeneous = np.concatenate([ahead, np.ones((len(ahead), 1))], axis=1)
    image = camera.projection @ camera.rectification @ T_reference_velodyne @ homogeneous.T
    front = image[2] > 0.1
    image, ahead = image[:, front], ahead[front]
    offset = 1 if as_published else 0
    u, v = (np.round(image[axis] / image[2]).astype(np.int64) - offset for axis in (0, 1))
    depth = ahead[:, 0] if as_published else image[2]
    inside = (u >= 0) & (u < camera.width) & (v >= 0) & (v < camera.height)
    u, v, depth = u[inside], v[inside], depth[inside]
    out = np.zeros((camera.height, camera.width), np.float32)
    order = np.argsort(-depth, kind="stable")
    out[v[order], u[order]] = depth[order]
    return out
