"""KITTI stereo 2015: single moments with accurate disparity."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from depthtrain.data.drive import DriveError
from depthtrain.data.drive_writer import DriveHeader, DriveWriter
from depthtrain.data.kitti import CAMERA_HEIGHT_M, LICENCE
from depthtrain.data.kitti.calibration import ColourCamera, colour_camera

DISPARITY_UNITS_PER_PIXEL = 256.0


def convert_stereo(root: Path, out: Path, occluded: bool = True) -> list[Path]:
    """`root`/training as drives of stills with depth = fx * baseline / disparity, one drive per image size and camera.

    With `occluded` pixels that the right camera cannot see count too (disp_occ_0, as D1-all does), else disp_noc_0.
    """
    folder, kind = root / "training", "disp_occ_0" if occluded else "disp_noc_0"
    if not (folder / "image_2").is_dir():
        raise DriveError(f"{folder}/image_2: missing (is {root} the folder that holds training/ and testing/?)")
    images = sorted((folder / "image_2").glob("*_10.png"))
    if not images:
        raise DriveError(f"{folder}/image_2: holds no *_10.png")
    groups: dict[tuple, list[tuple[Path, ColourCamera]]] = {}
    for image in images:
        size = _size_of(image)
        camera = colour_camera(folder / "calib_cam_to_cam" / f"{image.stem.removesuffix('_10')}.txt", size)
        key = (*size, *(round(value, 4) for value in (*camera.intrinsics.as_list(), camera.baseline_m)))
        groups.setdefault(key, []).append((image, camera))
    folders = []
    for number, ((width, height, *_), members) in enumerate(groups.items()):
        camera, target = members[0][1], out / f"{out.name}_{width}x{height}_{number}"
        header = DriveHeader(target.name, "stills", width, height, LICENCE, f"KITTI stereo 2015 training set, {kind}",
                             "depth = fx * baseline / disparity", camera.intrinsics, camera.baseline_m, CAMERA_HEIGHT_M)
        with DriveWriter(target, header) as writer:
            for image, _ in members:
                writer.add(image, right=folder / "image_3" / image.name,
                           depth_m=disparity_depth(folder / kind / image.name, camera.intrinsics.fx * camera.baseline_m))
            folders.append(writer.finish())
    return folders


def disparity_depth(path: Path, factor: float) -> np.ndarray:
    """Depth (H, W) float32 metres, 0 = none, of a disparity PNG (uint16, pixels x 256); `factor` is fx times baseline."""
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None or raw.dtype != np.uint16 or raw.ndim != 2:
        raise DriveError(f"{path}: missing, or not a uint16 disparity PNG")
    disparity = raw.astype(np.float64) / DISPARITY_UNITS_PER_PIXEL
    return np.where(raw > 0, factor / np.maximum(disparity, 1e-9), 0).astype(np.float32)


def _size_of(path: Path) -> tuple[int, int]:
    image = cv2.imread(str(path))
    if image is None:
        raise DriveError(f"{path}: unreadable image")
    return image.shape[1], image.shape[0]
