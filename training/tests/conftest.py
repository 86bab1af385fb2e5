"""Shared fixtures: a tiny drive folder written from scratch, so that no test needs recordings."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

torch.set_num_threads(1)  # two would wait for each other on a busy machine

CAMERA = """image_width: {width}
image_height: {height}
camera_name: test
camera_matrix:
  rows: 3
  cols: 3
  data: [{fx}, 0.0, {cx}, 0.0, {fx}, {cy}, 0.0, 0.0, 1.0]
distortion_model: plumb_bob
distortion_coefficients: {{rows: 1, cols: 5, data: [0.0, 0.0, 0.0, 0.0, 0.0]}}
"""


def write_drive(path: Path, frames: int = 4, width: int = 96, height: int = 64, with_depth: bool = True,
                with_everything: bool = False) -> Path:
    """A slanted textured wall seen by a camera that moves 0.1 m forward per frame.

    `with_everything` adds a right image (the left one 6 px on, so a wall at 80 * 0.5 / 6 m) and sparse/ with every 40th point.
    """
    for folder in ("frames", *(["depth"] if with_depth else []), *(["right", "sparse"] if with_everything else [])):
        (path / folder).mkdir(parents=True)
    (path / "drive.toml").write_text(
        ("stereo_baseline_m = 0.5\n" if with_everything else "") + f'name = "{path.name}"\nkind = "sequence"\nwidth = {width}\nheight = {height}\nnominal_rate_hz = 10\n'
        f'licence = "none"\norigin = "test"\nnote = ""\nframes = {frames}\n')
    (path / "camera.yaml").write_text(CAMERA.format(width=width, height=height, fx=80.0, cx=47.0, cy=31.5))
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.integers(0, 255, (height, width, 3), dtype=np.uint8), (0, 0), 1.5)
    names = ",".join(f"t{r}{c}" for r in range(3) for c in range(4))
    lines, poses, odometry = ["index,time_s,file"], [f"time_s,{names}"], ["time_s,speed_mps,yaw_rate_radps"]
    for index in range(frames):
        lines.append(f"{index},{index * 0.1:.1f},{index:06d}.jpg")
        poses.append(f"{index * 0.1:.1f},1,0,0,0,0,1,0,0,0,0,1,{index * 0.1}")
        odometry.append(f"{index * 0.1:.1f},1.0,0.0")
        cv2.imwrite(str(path / "frames" / f"{index:06d}.jpg"), texture)
        if with_everything:
            cv2.imwrite(str(path / "right" / f"{index:06d}.jpg"), np.roll(texture, -6, axis=1))
        if with_depth:
            depth = np.tile(np.linspace(2.0, 8.0, width), (height, 1)) - index * 0.1
            depth[:4] = 0
            cv2.imwrite(str(path / "depth" / f"{index:06d}.png"), np.round(depth * 256).astype(np.uint16))
        if with_everything:
            points = np.zeros((height, width), np.uint16)
            points.ravel()[::40] = 4 * 256
            cv2.imwrite(str(path / "sparse" / f"{index:06d}.png"), points)
    for name, rows in (("frames.csv", lines), ("poses.csv", poses), ("odometry.csv", odometry)):
        (path / name).write_text("\n".join(rows) + "\n")
    return path


def replace_in(path: Path, old: str, new: str) -> None:
    """Replaces text that must be in the file."""
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture
def drive_folder(tmp_path: Path) -> Path:
    return write_drive(tmp_path / "tiny")
