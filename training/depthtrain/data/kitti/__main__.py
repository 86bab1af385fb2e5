"""Converts KITTI to drive folders.

    python -m depthtrain.data.kitti raw --root KITTI_RAW --drive 2011_09_26_drive_0001_sync --out drives/kitti_0001
    python -m depthtrain.data.kitti split --root KITTI_RAW --file test_files.txt --truth velodyne --out drives/eigen
    python -m depthtrain.data.kitti odometry --root KITTI_ODOMETRY --sequence 06 --out drives/kitti_06
    python -m depthtrain.data.kitti stereo2015 --root KITTI_2015 --out drives/stereo2015
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from depthtrain.data.drive import DriveError
from depthtrain.data.kitti.odometry import convert_sequence
from depthtrain.data.kitti.raw import TRUTHS, convert_drive, convert_split
from depthtrain.data.kitti.stereo import convert_stereo


def main() -> None:
    arguments = _parser().parse_args()
    if getattr(arguments, "truth", "") == "annotated" and arguments.annotated is None:
        sys.exit("--truth annotated needs --annotated, the folder of data_depth_annotated")
    try:
        folders, left_out = _convert(arguments)
    except DriveError as error:
        sys.exit(f"error: {error}")
    for folder in folders:
        print(folder)
    if left_out:
        print(f"{left_out} frames of the split have no truth in {arguments.annotated} and were left out")


def _convert(arguments: argparse.Namespace) -> tuple[list[Path], int]:
    if arguments.layout == "raw":
        return [convert_drive(arguments.root, arguments.drive, arguments.out, arguments.truth, arguments.annotated)], 0
    if arguments.layout == "split":
        return convert_split(arguments.root, arguments.file, arguments.out, arguments.truth, arguments.annotated)
    if arguments.layout == "odometry":
        return [convert_sequence(arguments.root, arguments.sequence, arguments.out)], 0
    return convert_stereo(arguments.root, arguments.out, not arguments.non_occluded), 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    layouts = parser.add_subparsers(dest="layout", required=True)
    raw = layouts.add_parser("raw", help="one synced and rectified drive")
    raw.add_argument("--drive", required=True)
    raw.add_argument("--truth", choices=TRUTHS, default="none")
    split = layouts.add_parser("split", help="the frames of a split file (`date/drive frame l` per line) with truth")
    split.add_argument("--file", type=Path, required=True)
    split.add_argument("--truth", choices=TRUTHS[1:], required=True)
    odometry = layouts.add_parser("odometry", help="one odometry sequence")
    odometry.add_argument("--sequence", required=True)
    stereo = layouts.add_parser("stereo2015", help="the training images of stereo 2015")
    stereo.add_argument("--non-occluded", action="store_true", help="truth only where the right camera sees too")
    for layout in (raw, split, odometry, stereo):
        layout.add_argument("--root", type=Path, required=True)
        layout.add_argument("--out", type=Path, required=True)
    for layout in (raw, split):
        layout.add_argument("--annotated", type=Path, help="data_depth_annotated, the accumulated truth")
    return parser


if __name__ == "__main__":
    main()
