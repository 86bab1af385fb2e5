"""Depth hints: proposals made before training, from stereo pairs (semi-global matching), cached under `.cache/hints`.

`stereo` hints pass a left-right check and fill the truth where nothing was measured, with less weight than a measurement.
`fused` hints are the best of twelve matchers per pixel, unchecked: the method `hints` asks the images, pixel by pixel, whether
to believe them (Watson et al., ICCV 2019).

    python -m depthtrain.data.hints --drive kitti_odom06 --kind fused
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import cv2
import numpy as np
import torch

from depthtrain.config import drive_path
from depthtrain.data.drive import DEPTH_UNITS_PER_METRE, Drive, DriveError, open_drive
from depthtrain.geometry import pixel_grid, sample
from depthtrain.losses.photometric import photometric_error

HINT_WEIGHT = 0.4
FUSED_SETTINGS = tuple((block_size, disparities) for block_size in (1, 3, 5) for disparities in (64, 96, 128, 160))


def hint_path(kind: str, drive: Drive, index: int) -> Path:
    """Where a hint is cached: hints/<kind>/<drive>/NNNNNN.png under $DEPTHD_CACHE, else .cache in the repository root."""
    root = Path(os.environ.get("DEPTHD_CACHE") or Path(__file__).resolve().parents[3] / ".cache")
    return root / "hints" / kind / drive.name / (Path(drive.files[index]).stem + ".png")


def read_hint(kind: str, drive: Drive, index: int) -> np.ndarray:
    """Cached hint (H, W) float32 metres, 0 = none. Raises DriveError when it was never computed, or for another drive's frames."""
    path = hint_path(kind, drive, index)
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None:
        raise DriveError(f"{path}: no {kind} hint; run python -m depthtrain.data.hints --kind {kind} --drive ...")
    if raw.dtype != np.uint16 or raw.shape != (drive.height, drive.width):
        raise DriveError(f"{path}: is {raw.dtype} {raw.shape[1]}x{raw.shape[0]}, expected uint16 {drive.width}x{drive.height}: hints of "
                         "another drive of this name? Run python -m depthtrain.data.hints again")
    return raw.astype(np.float32) / DEPTH_UNITS_PER_METRE


def write_hint(kind: str, drive: Drive, index: int, depth_m: np.ndarray) -> None:
    """Caches a hint (H, W) metres; values outside (0, 255) m become "none". Raises DriveError when the disk refuses."""
    path = hint_path(kind, drive, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    coded = np.where((depth_m > 0) & (depth_m < 255), depth_m * DEPTH_UNITS_PER_METRE, 0).astype(np.uint16)
    if not cv2.imwrite(str(path), coded):
        raise DriveError(f"{path}: cannot be written (disk full?)")


def stereo_depth(left: np.ndarray, right: np.ndarray, fx_px: float, baseline_m: float) -> np.ndarray:
    """Depth (H, W) metres, 0 = none, of a rectified RGB pair by semi-global matching with a left-right check."""
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (left, right)]
    disparities = 16 * int(np.ceil(left.shape[1] / 10 / 16))
    forward = _match(grey[0], grey[1], disparities)
    backward = _match(grey[1][:, ::-1], grey[0][:, ::-1], disparities)[:, ::-1]
    columns = np.arange(left.shape[1])[None, :] - np.round(forward).astype(int)
    seen = np.take_along_axis(backward, columns.clip(0, left.shape[1] - 1), axis=1)
    agreed = (forward > 0.5) & (columns >= 0) & (np.abs(seen - forward) <= 1.0)
    return np.where(agreed, fx_px * baseline_m / np.maximum(forward, 1e-3), 0.0).astype(np.float32)


def fused_depth(left: np.ndarray, right: np.ndarray, fx_px: float, baseline_m: float) -> tuple[np.ndarray, list[float]]:
    """Depth (H, W) metres, 0 = none: per pixel the proposal, of twelve matchers', that best rebuilds the left image.

    Also returns the mean photometric error of each proposal and, last, of the fused one. Zero proposals take part, as
    published, and become "none" when they win. Source: Depth Hints, section 3.3; its even block size 2 is not one that
    OpenCV documents, hence 1, 3, 5.
    """
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (left, right)]
    proposals = []
    for block_size, disparities in FUSED_SETTINGS:
        disparity = _match(grey[0], grey[1], disparities, block_size, speckle_range=16)
        proposals.append(np.where(disparity > 0, fx_px * baseline_m / np.maximum(disparity, 1e-3), 0.0).astype(np.float32))
    stacked = np.stack(proposals)
    errors = _stereo_errors(left, right, stacked, fx_px * baseline_m)
    best = errors.argmin(axis=0)
    fused = np.take_along_axis(stacked, best[None], axis=0)[0]
    return fused, [float(error.mean()) for error in errors] + [float(errors.min(axis=0).mean())]


def _stereo_errors(left: np.ndarray, right: np.ndarray, depths_m: np.ndarray, fx_baseline: float) -> np.ndarray:
    """Photometric error (K, H, W) of the left image rebuilt from the right one by each of K depth maps; far where 0."""
    images = [torch.from_numpy(image.astype(np.float32).transpose(2, 0, 1)[None] / 255) for image in (left, right)]
    errors = []
    for depth in torch.from_numpy(depths_m):
        disparity = torch.where(depth > 0, fx_baseline / depth.clamp(min=1e-3), torch.zeros_like(depth))
        u, v = pixel_grid(*depth.shape, depth)
        errors.append(photometric_error(sample(images[1], torch.stack([u - disparity, v])[None]), images[0])[0, 0])
    return torch.stack(errors).numpy()


def _match(left: np.ndarray, right: np.ndarray, disparities: int, block_size: int = 3, speckle_range: int = 2) -> np.ndarray:
    """Disparity (H, W) pixels by OpenCV's semi-global matcher, at most 0 where none was found."""
    matcher = cv2.StereoSGBM_create(minDisparity=0, numDisparities=disparities, blockSize=block_size, P1=36, P2=288,
                                    disp12MaxDiff=-1, preFilterCap=63, uniquenessRatio=10, speckleWindowSize=100,
                                    speckleRange=speckle_range)
    pair = [cv2.copyMakeBorder(np.ascontiguousarray(image), 0, 0, disparities, 0, cv2.BORDER_REPLICATE)
            for image in (left, right)]
    return matcher.compute(*pair)[:, disparities:].astype(np.float32) / 16.0


def make_hints(kind: str, drive: Drive) -> None:
    """Computes and caches the hints of a stereo drive; prints what share of the pixels they cover.

    Raises DriveError for a drive without a right camera, intrinsics or baseline.
    """
    if not drive.has("right") or drive.stereo_baseline_m is None or drive.intrinsics is None:
        raise DriveError(f"{drive.path}: stereo hints need right/, camera.yaml and stereo_baseline_m")
    covered, errors = [], []
    for index in range(len(drive)):
        pair = (drive.image(index), drive.image(index, "right"), drive.intrinsics.fx, drive.stereo_baseline_m)
        if kind == "fused":
            depth, report = fused_depth(*pair)
            errors.append(report)
        else:
            depth = stereo_depth(*pair)
        write_hint(kind, drive, index, depth)
        covered.append(float((depth > 0).mean()))
    print(f"{drive.name}: {len(drive)} {kind} hints, {np.mean(covered):.0%} of the pixels")
    if errors:
        *single, fused = np.mean(errors, axis=0)
        for (block_size, disparities), error in zip(FUSED_SETTINGS, single):
            print(f"  block {block_size}, {disparities} disparities: photometric error {error:.4f}")
        print(f"  fused: {fused:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Precompute depth hints of stereo drives.")
    parser.add_argument("--drive", required=True, action="append")
    parser.add_argument("--kind", choices=("stereo", "fused"), default="stereo",
                        help="stereo: one matcher with a left-right check; fused: the best of twelve, for the method `hints`")
    arguments = parser.parse_args()
    for name in arguments.drive:
        make_hints(arguments.kind, open_drive(drive_path(name)))


if __name__ == "__main__":
    main()
