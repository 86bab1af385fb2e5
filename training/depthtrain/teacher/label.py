"""Writes a teacher's labels, depth and trust, for every frame of drives; other recipes take them with `pseudo = NAME`.

    python -m depthtrain.teacher.label --checkpoint training/runs/teacher/checkpoint.pt --drive kitti_odom00 --drive highway

Frames that have this teacher's label already are kept unless --again, so an interrupted run goes on where it stopped; labels of
another teacher under the same name are made anew.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from depthtrain.checkpoint import CheckpointError
from depthtrain.config import matching_drives
from depthtrain.data.drive import Drive, DriveError, open_drive
from depthtrain.data.labels import keep_labels_of, label_path, write_label
from depthtrain.strict_toml import RecipeError
from depthtrain.teacher.inference import TeacherEye


def label_drive(eye: TeacherEye, drive: Drive, name: str, again: bool = False) -> dict[str, float]:
    """Labels every frame; returns how many were written, how many of those with neighbours, and their mean trust."""
    written, together, trusts = 0, 0, []
    replaced = keep_labels_of(eye.sha256, name, drive)
    if replaced > 0:
        print(f"{drive.name}: {replaced} labels {name!r} were another teacher's and are made anew", flush=True)
    for index in range(len(drive)):
        if label_path(name, drive, index).with_suffix(".trust.png").exists() and not again:
            continue
        look = eye.look(drive, index)
        depth_m, trust = eye.depth_m(look, drive)
        write_label(name, drive, index, depth_m, trust)
        written, together = written + 1, together + look.used_neighbours
        trusts.append(float(trust.mean()))
        if written % 50 == 0:
            print(f"  {drive.name}: {index + 1}/{len(drive)}", flush=True)
    return {"written": written, "with_neighbours": together, "trust": float(np.mean(trusts)) if trusts else float("nan")}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--drive", required=True, action="append", help="as recipes name drives; patterns too (repeatable)")
    parser.add_argument("--name", default="teacher", help="what recipes call these labels (pseudo = NAME)")
    parser.add_argument("--again", action="store_true", help="label frames anew that have a label")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    try:
        eye = TeacherEye(arguments.checkpoint)
        for name in arguments.drive:
            for folder in matching_drives(name):
                drive = open_drive(folder)
                result = label_drive(eye, drive, arguments.name, arguments.again)
                print(f"{drive.name}: {result['written']} labels, {result['with_neighbours']} of them with neighbours, "
                      f"mean trust {result['trust']:.2f}", flush=True)
    except (CheckpointError, DriveError, RecipeError) as error:
        print(f"label: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
