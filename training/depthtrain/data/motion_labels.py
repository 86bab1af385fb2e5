"""Labels of drives with known poses, made before training: what motion shows of depth, frame by frame.

They lie beside a teacher's labels under the name "motion" (depthtrain.data.labels), so that a source with `pseudo = "motion"`
learns from them where nothing was measured.

    python -m depthtrain.data.motion_labels --drive kitti_odom00
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from pathlib import Path

import cv2
import numpy as np

from depthtrain.config import drive_path
from depthtrain.data import motion_stereo
from depthtrain.data.drive import Drive, DriveError, open_drive
from depthtrain.data.labels import MOTION, keep_labels_of, label_path, write_label
from depthtrain.data.motion_stereo import Neighbour, agreement, depth_from_motion
from depthtrain.geometry import Intrinsics

WORKING_WIDTH = 416
BASELINES_M = (0.8, 1.6, 3.2)
"""Distances wanted of neighbours, before and after: short ones match easily, long ones tell far depths apart."""
FACTOR_FROM_WANTED = 2.0
"""How far from a wanted distance one that is there may be."""
SHORTEST_M = 0.2
REACH_FRAMES = 12
WITNESSES = 2
"""Neighbours whose own depth has to agree."""


class MotionLabeller:
    """The depth of a drive's frames, each computed once, at a working size."""

    def __init__(self, drive: Drive) -> None:
        if drive.poses is None or drive.intrinsics is None:
            raise DriveError(f"{drive.path}: labels from motion need poses.csv and camera.yaml")
        self.drive = drive
        scale = min(1.0, WORKING_WIDTH / drive.width)
        self.size = round(drive.width * scale), round(drive.height * scale)
        self.camera = _matrix(drive.intrinsics.resized(self.size[0] / drive.width, self.size[1] / drive.height))
        self._depths: dict[int, tuple[np.ndarray, np.ndarray]] = {}

    def label(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Inverse depth 1/m and trust of a frame at the drive's size, zero where fewer than WITNESSES neighbours agree."""
        inverse, trust = self.depth(index)
        votes = np.zeros(inverse.shape, np.int32)
        for other in self.neighbours(index):
            seen, seen_trust = self.depth(other)
            votes += agreement(inverse, self.camera, np.where(seen_trust > 0, seen, 0), self.motion(index, other))
        trust = np.where(votes >= WITNESSES, trust, 0).astype(np.float32)
        for done in [key for key in self._depths if key < index - REACH_FRAMES]:
            del self._depths[done]
        whole = self.drive.width, self.drive.height
        return (cv2.resize(inverse, whole, interpolation=cv2.INTER_NEAREST),
                cv2.resize(trust, whole, interpolation=cv2.INTER_NEAREST))

    def depth(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        """Inverse depth and trust (H, W) at the working size, unchecked against other frames."""
        if index not in self._depths:
            neighbours = [Neighbour(self._grey(other), self.motion(index, other)) for other in self.neighbours(index)]
            if neighbours:
                self._depths[index] = depth_from_motion(self._grey(index), self.camera, neighbours)
            else:
                self._depths[index] = tuple(np.zeros(self.size[::-1], np.float32) for _ in range(2))
        return self._depths[index]

    def neighbours(self, index: int) -> list[int]:
        """The frames before and after whose distance comes nearest to each of BASELINES_M; none where the camera stands."""
        chosen: list[int] = []
        for side in (range(index - 1, max(-1, index - REACH_FRAMES - 1), -1),
                     range(index + 1, min(len(self.drive), index + REACH_FRAMES + 1))):
            distances = {other: float(np.linalg.norm(self.motion(index, other)[:3, 3])) for other in side}
            for wanted in BASELINES_M:
                close = {other: abs(np.log(distance / wanted)) for other, distance in distances.items() if distance > SHORTEST_M}
                if close:
                    best = min(close, key=close.get)
                    if close[best] < np.log(FACTOR_FROM_WANTED) and best not in chosen:
                        chosen.append(best)
        return chosen

    def motion(self, index: int, other: int) -> np.ndarray:
        """The motion (4, 4) that maps coordinates of one frame to another's."""
        return np.linalg.inv(self.drive.poses[other]) @ self.drive.poses[index]

    def _grey(self, index: int) -> np.ndarray:
        return cv2.cvtColor(cv2.resize(self.drive.image(index), self.size, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)


def label_drive(drive: Drive) -> None:
    """Labels every frame; those that are there already, of this method and these frames, are kept. Prints what share is known."""
    labeller, covered = MotionLabeller(drive), []
    removed = keep_labels_of(_fingerprint(drive), MOTION, drive)
    if removed:
        print(f"{drive.name}: {removed} labels of an earlier method or of other poses removed")
    for index in range(len(drive)):
        if label_path(MOTION, drive, index).with_suffix(".trust.png").exists():
            continue
        inverse, trust = labeller.label(index)
        write_label(MOTION, drive, index, 1.0 / np.maximum(inverse, 1e-3), trust)
        covered.append(float((trust > 0).mean()))
        if len(covered) % 100 == 0:
            print(f"{drive.name}: {index + 1} of {len(drive)} frames, {np.mean(covered):.0%} of the pixels known", flush=True)
    kept = len(drive) - len(covered)
    share = f", {np.mean(covered):.0%} of the pixels known" if covered else ""
    print(f"{drive.name}: {len(covered)} labels made, {kept} kept{share}")


def _fingerprint(drive: Drive) -> str:
    """Changes with the code that makes labels, and with poses and camera of the drive."""
    digest = hashlib.sha256(drive.poses.tobytes() + _matrix(drive.intrinsics).tobytes())
    for source in (Path(motion_stereo.__file__), Path(__file__)):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _matrix(camera: Intrinsics) -> np.ndarray:
    return np.array([[camera.fx, 0, camera.cx], [0, camera.fy, camera.cy], [0, 0, 1]])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--drive", required=True, action="append")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    try:
        for name in arguments.drive:
            label_drive(open_drive(drive_path(name)))
    except DriveError as error:
        print(f"motion_labels: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
