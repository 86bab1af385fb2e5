"""Labels of a drive: a teacher's depth of every frame, or what motion shows of it, with how far each pixel is trusted.

Cached beside the hints, under `.cache/labels/<name>/<drive>/`: NNNNNN.png holds inverse depth as uint16, 1/m x 4096 (at 80 m
a step is 1.6 m, at 8 m it is 1.6 cm), NNNNNN.trust.png trust as uint8, 255 = full; `teacher.sha256` says whose they are.
depthtrain.teacher.label writes a teacher's, depthtrain.data.motion_labels those named MOTION.
"""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from depthtrain.data.drive import Drive, DriveError

MOTION = "motion"
UNITS = 4096.0
OWNER = "teacher.sha256"


def label_path(name: str, drive: Drive, index: int) -> Path:
    """Where a frame's inverse depth is kept, under $DEPTHD_CACHE, else the repository's .cache; its trust lies beside it."""
    root = Path(os.environ.get("DEPTHD_CACHE") or Path(__file__).resolve().parents[3] / ".cache")
    return root / "labels" / name / drive.path.name / (Path(drive.files[index]).stem + ".png")


def keep_labels_of(sha256: str, name: str, drive: Drive) -> int:
    """Makes the folder of a drive's labels the teacher's whose weights have this hash: labels of any other are removed, so that
    none of theirs stays among the new ones. Returns how many were."""
    folder = label_path(name, drive, 0).parent
    owner = folder / OWNER
    if owner.exists() and owner.read_text().strip() == sha256:
        return 0
    others = sorted(folder.glob("*.trust.png"))
    for trust in others:
        trust.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    owner.write_text(sha256 + "\n")
    return len(others)


def write_label(name: str, drive: Drive, index: int, depth_m: np.ndarray, trust: np.ndarray) -> None:
    """Keeps depth (H, W) metres and trust (H, W) in [0, 1]. Raises DriveError when the disk refuses."""
    path = label_path(name, drive, index)
    path.parent.mkdir(parents=True, exist_ok=True)
    inverse = np.clip(np.round(UNITS / depth_m), 1, 65535).astype(np.uint16)
    coded_trust = np.round(np.clip(trust, 0, 1) * 255).astype(np.uint8)
    for target, image in ((path, inverse), (path.with_suffix(".trust.png"), coded_trust)):
        if not cv2.imwrite(str(target), image):
            raise DriveError(f"{target}: cannot be written (disk full?)")


def read_label(name: str, drive: Drive, index: int) -> tuple[np.ndarray, np.ndarray]:
    """Inverse depth (H, W) 1/m and trust (H, W) in [0, 1], float16. Raises DriveError when the frame has no label."""
    path = label_path(name, drive, index)
    inverse, trust = (cv2.imread(str(item), cv2.IMREAD_UNCHANGED) for item in (path, path.with_suffix(".trust.png")))
    for item, found in ((path, inverse), (path.with_suffix(".trust.png"), trust)):
        if found is None:
            maker = "data.motion_labels" if name == MOTION else f"teacher.label --name {name}"
            raise DriveError(f"{item}: no label {name!r}; run python -m depthtrain.{maker} --drive {drive.path}")
        if found.shape != (drive.height, drive.width):
            raise DriveError(f"{item}: is {found.shape[1]}x{found.shape[0]}, the drive's frames are {drive.width}x{drive.height}")
    return (inverse / UNITS).astype(np.float16), (trust / 255.0).astype(np.float16)
