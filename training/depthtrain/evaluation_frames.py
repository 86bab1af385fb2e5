"""Frames with truth, from drives and from Make3D's own files, whose truth is far coarser than its images."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np

from depthtrain.data.drive import Drive, DriveError
from depthtrain.data.sparse_request import SparseRequest

MAKE3D_IMAGE = (1704, 2272)
MAKE3D_ROWS = (710, 1562)
MAKE3D_GRID = (55, 305)
MAKE3D_GRID_ROWS = (17, 38)


@dataclasses.dataclass(frozen=True)
class EvaluationFrame:
    """An RGB image (H, W, 3) uint8 and its truth in metres, of any size, NaN or 0 = unknown.

    `fx_px` is the image's, None = unknown; `points_m` (of the image's and the truth's size) are given to completion and not
    scored, `is_beside` says that their sensor stood beside the camera; `disparity_factor` is fx times baseline of a stereo pair.
    """

    name: str
    image: np.ndarray
    truth_m: np.ndarray
    fx_px: float | None = None
    points_m: np.ndarray | None = None
    disparity_factor: float | None = None
    is_beside: bool = False


def drive_frames(drive: Drive, indices: Iterable[int], sparse: SparseRequest | None = None) -> Iterator[EvaluationFrame]:
    """Frames of a drive with depth/, with range points where they are asked for."""
    fx_px = drive.intrinsics.fx if drive.intrinsics else None
    factor = drive.stereo_baseline_m * fx_px if drive.stereo_baseline_m and fx_px else None
    for index in indices:
        yield EvaluationFrame(f"{drive.name}/{drive.files[index]}", drive.image(index), drive.depth(index), fx_px,
                              sparse.points(drive, index) if sparse else None, factor, drive.has("sparse"))


def make3d_frames(root: Path) -> Iterator[EvaluationFrame]:
    """The 134 test images: the middle 852 of 2272 rows, and rows 17 to 38 of the 55x305 laser grid, which lie there.

    Expects root/Test134/img-*.jpg and root/Gridlaserdata/depth_sph_corr-*.mat, as distributed. Raises DriveError naming the
    file that is missing or of another size. Source: monodepth2's authors' evaluation.
    """
    images = sorted((root / "Test134").glob("img-*.jpg"))
    if not images:
        raise DriveError(f"{root}/Test134: holds no img-*.jpg")
    for path in images:
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None or image.shape[:2] != MAKE3D_IMAGE[::-1]:
            found = "unreadable" if image is None else f"{image.shape[1]}x{image.shape[0]}"
            raise DriveError(f"{path}: is {found}, expected {MAKE3D_IMAGE[0]}x{MAKE3D_IMAGE[1]}")
        laser = root / "Gridlaserdata" / f"depth_sph_corr-{path.stem.removeprefix('img-')}.mat"
        grid = laser_grid(laser)[slice(*MAKE3D_GRID_ROWS)]
        yield EvaluationFrame(f"make3d/{path.name}", cv2.cvtColor(image[slice(*MAKE3D_ROWS)], cv2.COLOR_BGR2RGB), grid)


def laser_grid(path: Path) -> np.ndarray:
    """Distance (55, 305) float32 metres of a Make3D laser file. Needs scipy, which nothing else here does."""
    try:
        from scipy.io import loadmat
    except ImportError:
        raise DriveError(f"{path}: Make3D's files need scipy (pip install scipy)") from None
    try:
        grid = loadmat(str(path))["Position3DGrid"]
    except (OSError, KeyError, ValueError) as error:
        raise DriveError(f"{path}: no Make3D laser grid can be read ({error})") from error
    if grid.shape != (*MAKE3D_GRID, 4):
        raise DriveError(f"{path}: Position3DGrid is {grid.shape}, expected {(*MAKE3D_GRID, 4)}")
    return grid[:, :, 3].astype(np.float32)
