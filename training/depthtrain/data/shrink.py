"""A smaller copy of a drive, for experiments that should not spend their time on decoding large pictures."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import tomllib
import yaml

from depthtrain.data.drive import DEPTH_UNITS_PER_METRE, open_drive
from depthtrain.data.views import whole_view


def shrink_drive(source: Path, target: Path, width: int) -> Path:
    """Copies a drive at `width` pixels: images by area, truth as mean inverse depth, intrinsics to match. Returns `target`."""
    drive = open_drive(source)
    height = round(drive.height * width / drive.width)
    view = whole_view((drive.width, drive.height), (width, height))
    sides = [side for side in ("frames", "right") if side == "frames" or drive.has(side)]
    kinds = [kind for kind in ("depth", "sparse") if drive.has(kind)]
    for folder in (*sides, *kinds):
        (target / folder).mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(drive.files):
        for side in sides:
            small = cv2.cvtColor(view.image(drive.image(index, side)) * 255, cv2.COLOR_RGB2BGR)
            cv2.imwrite(str(target / side / name), small.round().astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 95])
        for kind in kinds:
            depth = drive.depth(index, kind)
            known = (depth > 0).astype(np.float32)
            inverse, weight = view.inverse_depth(1.0 / np.where(known > 0, depth, 1.0), known)
            coded = np.where(weight > 0, DEPTH_UNITS_PER_METRE / np.maximum(inverse, 1e-4), 0).round().clip(0, 65535)
            cv2.imwrite(str(target / kind / (Path(name).stem + ".png")), coded.astype(np.uint16))
    for table in ("frames.csv", "poses.csv", "odometry.csv"):
        if (source / table).exists():
            shutil.copyfile(source / table, target / table)
    if drive.intrinsics:
        camera = yaml.safe_load((source / "camera.yaml").read_text())
        fx, fy, cx, cy = view.intrinsics(drive.intrinsics).as_list()
        camera.update(image_width=width, image_height=height)
        camera["camera_matrix"]["data"] = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]
        for key in ("projection_matrix", "rectification_matrix"):
            camera.pop(key, None)
        (target / "camera.yaml").write_text(yaml.safe_dump(camera))
    header = {**tomllib.loads((source / "drive.toml").read_text()), "name": target.name, "width": width, "height": height}
    text = "".join(f"{key} = {_toml(value)}\n" for key, value in header.items())
    (target / "drive.toml").write_text(text)  # last: a folder with it is complete
    return target


def _toml(value: object) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' if isinstance(value, str) else str(value).lower()
