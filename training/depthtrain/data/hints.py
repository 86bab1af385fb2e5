"""Depth hints: proposals made before training, from stereo pairs (semi-global matching).

A hint is a guess with known failure modes, so it gets less weight than a measurement and has to pass a left-right
check. Hints are cached as depth PNGs (metres x 256) under `.cache/hints`. Source of the matcher's settings: Depth
Hints (ICCV 2019), block sizes made odd.

    python -m depthtrain.data.hints --drive kitti_odom06
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from depthtrain.config import drive_path
from depthtrain.data.drive import DEPTH_UNITS_PER_METRE, Drive, DriveError, open_drive

HINT_WEIGHT = 0.4


def hint_path(kind: str, drive: Drive, index: int) -> Path:
    """Where a hint is cached: .cache/hints/<kind>/<drive>/NNNNNN.png in the repository root."""
    root = Path(__file__).resolve().parents[3] / ".cache" / "hints"
    return root / kind / drive.name / (Path(drive.files[index]).stem + ".png")


def read_hint(kind: str, drive: Drive, index: int) -> np.ndarray:
    """Cached hint (H, W) float32 metres, 0 = none. Raises DriveError when it was never computed."""
    path = hint_path(kind, drive, index)
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None:
        raise DriveError(f"{path}: no {kind} hint; run python -m depthtrain.data.hints --kind {kind} --drive ...")
    return raw.astype(np.float32) / DEPTH_UNITS_PER_METRE


def write_hint(kind: str, drive: Drive, index: int, depth_m: np.ndarray) -> None:
    """Caches a hint (H, W) metres; values outside (0, 255) m become "none"."""
    path = hint_path(kind, drive, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    coded = np.where((depth_m > 0) & (depth_m < 255), depth_m * DEPTH_UNITS_PER_METRE, 0).astype(np.uint16)
    cv2.imwrite(str(path), coded)


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


def _match(left: np.ndarray, right: np.ndarray, disparities: int) -> np.ndarray:
    matcher = cv2.StereoSGBM_create(minDisparity=0, numDisparities=disparities, blockSize=3, P1=36, P2=288,
                                    disp12MaxDiff=-1, preFilterCap=63, uniquenessRatio=10, speckleWindowSize=100,
                                    speckleRange=2)
    pair = [cv2.copyMakeBorder(np.ascontiguousarray(image), 0, 0, disparities, 0, cv2.BORDER_REPLICATE)
            for image in (left, right)]
    return matcher.compute(*pair)[:, disparities:].astype(np.float32) / 16.0


def main() -> None:
    parser = argparse.ArgumentParser(description="Precompute depth hints of a drive.")
    parser.add_argument("--drive", required=True, action="append")
    for name in parser.parse_args().drive:
        drive = open_drive(drive_path(name))
        if not drive.has("right") or drive.stereo_baseline_m is None or drive.intrinsics is None:
            raise DriveError(f"{drive.path}: stereo hints need right/, camera.yaml and stereo_baseline_m")
        for index in range(len(drive)):
            depth = stereo_depth(drive.image(index), drive.image(index, "right"), drive.intrinsics.fx,
                                 drive.stereo_baseline_m)
            write_hint("stereo", drive, index, depth)
        print(f"{drive.name}: {len(drive)} stereo hints")


if __name__ == "__main__":
    main()
