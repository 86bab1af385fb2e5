"""Writes drive folders: the same layout that the daemon records, from whatever a converter read."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import cv2
import numpy as np

from depthtrain.data.drive import DEPTH_UNITS_PER_METRE, DriveError
from depthtrain.geometry import Intrinsics

JPEG_OPTIONS = [cv2.IMWRITE_JPEG_QUALITY, 95, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]
CAMERA = """image_width: {width}
image_height: {height}
camera_name: {name}
camera_matrix:
  rows: 3
  cols: 3
  data: [{fx:.6f}, 0.0, {cx:.6f}, 0.0, {fy:.6f}, {cy:.6f}, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients:
  rows: 1
  cols: 5
  data: [0.0, 0.0, 0.0, 0.0, 0.0]
rectification_matrix:
  rows: 3
  cols: 3
  data: [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
projection_matrix:
  rows: 3
  cols: 4
  data: [{fx:.6f}, 0.0, {cx:.6f}, 0.0, 0.0, {fy:.6f}, {cy:.6f}, 0.0, 0.0, 0.0, 1.0, 0.0]
"""


@dataclasses.dataclass(frozen=True)
class DriveHeader:
    """What drive.toml and camera.yaml say."""

    name: str
    kind: str
    width: int
    height: int
    licence: str
    origin: str
    note: str
    intrinsics: Intrinsics
    stereo_baseline_m: float | None = None
    camera_height_m: float | None = None


class DriveWriter:
    """Collects frames under a temporary name; `finish` gives the folder its own, so no half-written drive is ever seen.

    Use it in a `with` block: leaving it by an error removes what was written. Raises DriveError for a folder that exists.
    """

    def __init__(self, folder: Path, header: DriveHeader) -> None:
        if folder.exists():
            raise DriveError(f"{folder}: exists already; remove it to convert again")
        self.folder, self.header = folder, header
        self._partial = folder.with_name(folder.name + ".partial")
        shutil.rmtree(self._partial, ignore_errors=True)
        (self._partial / "frames").mkdir(parents=True)
        self._times: list[float | None] = []
        self._poses: list[np.ndarray] = []

    def __enter__(self) -> "DriveWriter":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)

    def add(self, image: Path, time_s: float | None = None, right: Path | None = None, depth_m: np.ndarray | None = None,
            sparse_m: np.ndarray | None = None, world_from_camera: np.ndarray | None = None) -> None:
        """One frame: image files, depth (H, W) metres with 0 or NaN = none, pose (4, 4). Sizes are checked."""
        if time_s is not None and self._times and self._times[-1] is not None and time_s <= self._times[-1]:
            raise DriveError(f"{image}: its time {time_s:.6f} s does not come after the frame before ({self._times[-1]:.6f} s)")
        if world_from_camera is not None and not np.isfinite(world_from_camera).all():
            raise DriveError(f"{image}: its pose holds values that are not finite")
        stem = f"{len(self._times):06d}"
        self._store(image, self._partial / "frames" / f"{stem}.jpg")
        if right is not None:
            self._store(right, self._partial / "right" / f"{stem}.jpg")
        for kind, depth in (("depth", depth_m), ("sparse", sparse_m)):
            if depth is not None:
                self._store_depth(depth, self._partial / kind / f"{stem}.png")
        self._times.append(time_s)
        if world_from_camera is not None:
            self._poses.append(world_from_camera)

    def finish(self, odometry: np.ndarray | None = None) -> Path:
        """Writes the tables and names the folder; odometry is rows of (time_s, speed_mps, yaw_rate_radps)."""
        count = len(self._times)
        if not count:
            raise DriveError(f"{self.folder}: there is no frame to write")
        if self._poses and len(self._poses) != count:
            raise DriveError(f"{self.folder}: {len(self._poses)} poses for {count} frames")
        times = ["" if time is None else f"{time:.6f}" for time in self._times]
        self._write_table("frames.csv", "index,time_s,file", [f"{i},{time},{i:06d}.jpg" for i, time in enumerate(times)])
        if self._poses:
            names = ",".join(f"t{row}{column}" for row in range(3) for column in range(4))
            self._write_table("poses.csv", f"time_s,{names}", [",".join([time, *(f"{value:.9g}" for value in pose[:3].ravel())])
                                                               for time, pose in zip(times, self._poses)])
        if odometry is not None:
            self._write_table("odometry.csv", "time_s,speed_mps,yaw_rate_radps",
                              [f"{time:.6f},{speed:.5f},{yaw:.6f}" for time, speed, yaw in odometry])
        header, rate = self.header, self._rate()
        (self._partial / "camera.yaml").write_text(CAMERA.format(
            width=header.width, height=header.height, name=header.name, **dataclasses.asdict(header.intrinsics)))
        entries = {"name": header.name, "kind": header.kind, "width": header.width, "height": header.height,
                   "nominal_rate_hz": rate, "licence": header.licence, "origin": header.origin, "note": header.note,
                   "camera_height_m": header.camera_height_m, "stereo_baseline_m": header.stereo_baseline_m, "frames": count}
        (self._partial / "drive.toml").write_text("".join(
            f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in entries.items() if value is not None))
        self._partial.rename(self.folder)
        return self.folder

    def _rate(self) -> float:
        known = [time for time in self._times if time is not None]
        return round(1.0 / float(np.median(np.diff(known))), 4) if len(known) > 1 else 0

    def _store(self, source: Path, target: Path) -> None:
        """A JPEG's bytes as they are; anything else as JPEG of quality 95 without chroma subsampling."""
        image = cv2.imread(str(source), cv2.IMREAD_COLOR)
        if image is None:
            raise DriveError(f"{source}: missing or unreadable image")
        if image.shape[:2] != (self.header.height, self.header.width):
            raise DriveError(f"{source}: is {image.shape[1]}x{image.shape[0]}, expected {self.header.width}x{self.header.height}")
        target.parent.mkdir(exist_ok=True)
        if source.suffix.lower() in (".jpg", ".jpeg"):
            shutil.copyfile(source, target)
        elif not cv2.imwrite(str(target), image, JPEG_OPTIONS):
            raise DriveError(f"{target}: cannot be written")

    def _store_depth(self, depth_m: np.ndarray, target: Path) -> None:
        if depth_m.shape != (self.header.height, self.header.width):
            raise DriveError(f"{target}: depth is {depth_m.shape[1]}x{depth_m.shape[0]}, expected "
                             f"{self.header.width}x{self.header.height}")
        target.parent.mkdir(exist_ok=True)
        codes = np.round(np.nan_to_num(depth_m, posinf=0.0) * DEPTH_UNITS_PER_METRE)
        if not cv2.imwrite(str(target), np.where((codes > 0) & (codes < 65536), codes, 0).astype(np.uint16)):
            raise DriveError(f"{target}: cannot be written")

    def _write_table(self, name: str, header: str, rows: list[str]) -> None:
        (self._partial / name).write_text("\n".join([header, *rows]) + "\n")
