"""A drive in which a vehicle ahead keeps its distance: the scene that teaches holes to networks trained by reprojection.

Made from any drive with exact depth by drawing the back of a van, on the road and at one distance, into every frame; nearer
things hide it. The copy has truth for the vehicle too.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np

from depthtrain.data.drive import DEPTH_UNITS_PER_METRE, DriveError, open_drive

STRETCH = 20  # frames with, then frames without
WIDTH_M, HEIGHT_M, CLEARANCE_M = 1.9, 1.9, 0.25
DIRT_PX, DIRT_LEVELS = 9.0, 35.0  # of a back drawn 190 pixels wide; finer or fainter, and nothing is left of it in a small image


def add_leader(source: Path, target: Path, distance_m: float, camera_height_m: float, seed: int, every: int = 1) -> Path:
    """Copies the drive `source` to `target` with a leader `distance_m` ahead in every `every`-th stretch of STRETCH frames.

    Raises DriveError for a drive without depth or intrinsics, or when the disk refuses.
    """
    drive = open_drive(source)
    if drive.intrinsics is None or not drive.has("depth"):
        raise DriveError(f"{source}: a leader needs camera.yaml and depth/")
    shutil.copytree(source, target, dirs_exist_ok=True)
    rng, camera = np.random.default_rng(seed), drive.intrinsics
    picture = _van(rng)
    left = round(camera.cx + camera.fx * (rng.uniform(-0.15, 0.15) - WIDTH_M / 2) / distance_m)
    bottom = round(camera.cy + camera.fy * (camera_height_m - CLEARANCE_M) / distance_m)
    size = (max(2, round(camera.fx * WIDTH_M / distance_m)), max(2, round(camera.fy * HEIGHT_M / distance_m)))
    drawn = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    rows = slice(max(0, bottom - size[1]), min(drive.height, bottom))
    columns = slice(max(0, left), min(drive.width, left + size[0]))
    patch = drawn[rows.start - (bottom - size[1]):rows.stop - (bottom - size[1]), columns.start - left:columns.stop - left]
    for index in range(len(drive)):
        if (index // STRETCH) % every:
            continue
        image, depth = drive.image(index), drive.depth(index)
        window = depth[rows, columns]
        visible = ~(window < distance_m)  # unknown is sky
        shade = 1.0 + 0.03 * rng.standard_normal()
        image[rows, columns][visible] = np.clip(patch.astype(np.float32) * shade, 0, 255).astype(np.uint8)[visible]
        window[visible] = distance_m
        coded = np.where(np.isfinite(depth), depth * DEPTH_UNITS_PER_METRE, 0).round().clip(0, 65535).astype(np.uint16)
        name = drive.files[index]
        frame, truth = target / "frames" / name, target / "depth" / (Path(name).stem + ".png")
        are_written = (cv2.imwrite(str(frame), cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, 95]),
                       cv2.imwrite(str(truth), coded))
        if not all(are_written):
            raise DriveError(f"{frame} or {truth}: cannot be written (disk full?)")
    return target


def leader_mask(depth_m: np.ndarray, distance_m: float) -> np.ndarray:
    """Pixels (H, W) of truth that belong to a leader at this distance: exactly on its plane."""
    return np.abs(depth_m - distance_m) < 1.0 / DEPTH_UNITS_PER_METRE


def _van(rng: np.random.Generator) -> np.ndarray:
    """The back of a van, (190, 190, 3) uint8: body, window, lamps, plate, bumper, dirty enough that a tenth of its size shows it."""
    image = np.zeros((190, 190, 3), np.float32)
    image[:] = rng.uniform(60, 200, 3)
    image[20:85, 20:170] = rng.uniform(20, 60, 3)
    cv2.line(image, (95, 15), (95, 160), tuple(float(value) for value in rng.uniform(10, 50, 3)), 2)
    for column in (4, 168):
        image[90:135, column:column + 18] = (170, 20, 20)
    image[125:140, 70:120] = (230, 230, 220)
    image[160:190] = 35
    image += _blotches(rng, DIRT_PX, DIRT_LEVELS)
    return image.clip(0, 255).astype(np.uint8)


def _blotches(rng: np.random.Generator, size_px: float, levels: float) -> np.ndarray:
    """Noise of this size and standard deviation, (190, 190, 3) float32."""
    noise = cv2.GaussianBlur(rng.standard_normal((190, 190, 3)).astype(np.float32), (0, 0), size_px)
    return noise * (levels / noise.std())
