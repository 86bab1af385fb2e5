"""NYUv2's official test images, as the usual extraction leaves them, to a drive of stills.

    python -m depthtrain.data.nyu --root official_splits/test --out drives/nyuv2

Expects rgb_NNNNN.jpg (or .png) and sync_depth_NNNNN.png (uint16 millimetres, 0 = none) side by side, in any folders.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import cv2
import numpy as np

from depthtrain.data.drive import DriveError
from depthtrain.data.drive_writer import DriveHeader, DriveWriter
from depthtrain.geometry import Intrinsics

SIZE = (640, 480)
INTRINSICS = Intrinsics(518.8579, 519.4696, 325.5824, 253.7362)  # the colour camera of the toolbox
LICENCE = "NYU Depth V2, research"


def convert(root: Path, out: Path) -> Path:
    """One drive with every pair below `root`, by number. Raises DriveError for a missing or odd depth image."""
    images = sorted((path for path in root.rglob("rgb_*") if path.suffix in (".jpg", ".png")), key=lambda path: path.stem)
    if not images:
        raise DriveError(f"{root}: holds no rgb_NNNNN.jpg")
    header = DriveHeader(out.name, "stills", *SIZE, LICENCE, "NYUv2, official test images", "depth in-painted by its authors",
                         INTRINSICS)
    with DriveWriter(out, header) as writer:
        for image in images:
            writer.add(image, depth_m=_depth(image.with_name(f"sync_depth_{image.stem.removeprefix('rgb_')}.png")))
        return writer.finish()


def _depth(path: Path) -> np.ndarray:
    raw = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    if raw is None or raw.dtype != np.uint16 or raw.ndim != 2:
        raise DriveError(f"{path}: missing, or not a uint16 PNG of millimetres")
    return raw.astype(np.float32) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        print(convert(arguments.root, arguments.out))
    except DriveError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
