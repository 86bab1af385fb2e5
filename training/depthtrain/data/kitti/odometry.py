"""KITTI odometry sequences: stereo images, times, poses, velodyne."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from depthtrain.data.drive import DriveError
from depthtrain.data.drive_writer import DriveHeader, DriveWriter
from depthtrain.data.kitti import CAMERA_HEIGHT_M, LICENCE
from depthtrain.data.kitti.calibration import camera_of, matrix, project_velodyne, read_entries, read_velodyne
from depthtrain.data.odometry import motion_of


def convert_sequence(root: Path, sequence: str, out: Path) -> Path:
    """`root`/sequences/NN as a drive, colour where there is colour, else grey; speed and yaw rate from the poses, if any."""
    folder = root / "sequences" / sequence
    left, right = ("image_2", "image_3") if (folder / "image_2").is_dir() else ("image_0", "image_1")
    if not (folder / left).is_dir():
        raise DriveError(f"{folder}: holds neither image_2 nor image_0 (is {root} the folder with sequences/ and poses/?)")
    images = sorted((folder / left).iterdir())
    times = _numbers(folder / "times.txt", len(images), 1)[:, 0]
    if (np.diff(times) <= 0).any():
        line = int(np.flatnonzero(np.diff(times) <= 0)[0]) + 2
        raise DriveError(f"{folder / 'times.txt'}:{line}: time does not increase")
    path = folder / "calib.txt"
    entries = read_entries(path)
    first = cv2.imread(str(images[0])) if images else None
    if first is None:
        raise DriveError(f"{folder / left}: has no readable image")
    names = ("P2", "P3") if left == "image_2" else ("P0", "P1")
    camera = camera_of(*(matrix(entries, name, (3, 4), path) for name in names), np.eye(4), (first.shape[1], first.shape[0]))
    known = root / "poses" / f"{sequence}.txt"
    poses = _camera_poses(known, len(images), camera.T_camera_reference) if known.exists() else None
    T_reference_velodyne = np.eye(4)
    if "Tr" in entries:
        T_reference_velodyne[:3] = matrix(entries, "Tr", (3, 4), path)
    scans = folder / "velodyne"
    if scans.is_dir() and "Tr" not in entries:
        raise DriveError(f"{path}: has no entry 'Tr', which velodyne/ needs; take the calibration files that have it")
    header = DriveHeader(out.name, "sequence", camera.width, camera.height, LICENCE, f"KITTI odometry sequence {sequence}",
                         "speed and yaw rate from ground-truth poses" if poses is not None else "no poses",
                         camera.intrinsics, camera.baseline_m, CAMERA_HEIGHT_M)
    with DriveWriter(out, header) as writer:
        for index, image in enumerate(images):
            sparse = project_velodyne(read_velodyne(scans / f"{image.stem}.bin"), camera, T_reference_velodyne) \
                if scans.is_dir() else None
            pair = folder / right / image.name if (folder / right).is_dir() else None
            writer.add(image, times[index], pair, None, sparse, poses[index] if poses is not None else None)
        return writer.finish(motion_of(poses, times) if poses is not None and len(poses) > 1 else None)


def _camera_poses(path: Path, count: int, T_camera_reference: np.ndarray) -> np.ndarray:
    """World from colour camera; the file has world from camera 0."""
    poses = np.tile(np.eye(4), (count, 1, 1))
    poses[:, :3] = _numbers(path, count, 12).reshape(-1, 3, 4)
    return poses @ np.linalg.inv(T_camera_reference)


def _numbers(path: Path, rows: int, columns: int) -> np.ndarray:
    try:
        lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
    except OSError as error:
        raise DriveError(f"{path}: cannot be read ({error.strerror})") from error
    if len(lines) != rows:
        raise DriveError(f"{path}: {len(lines)} lines for {rows} images")
    for number, line in enumerate(lines, 1):
        try:
            values = [float(part) for part in line]
        except ValueError as error:
            raise DriveError(f"{path}:{number}: {error}") from error
        if len(values) != columns or not np.isfinite(values).all():
            raise DriveError(f"{path}:{number}: expected {columns} finite numbers")
    return np.array([[float(part) for part in line] for line in lines])
