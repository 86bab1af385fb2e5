"""DDAD's scenes, as they are distributed, to drive folders: one per scene and camera.

    python -m depthtrain.data.ddad scene --root ddad_train_val/000000 --out drives/ddad_000000
    python -m depthtrain.data.ddad split --file ddad_train_val/ddad.json --split val --truth --out drives/ddad

The lidar becomes `sparse/`, with `--truth` also `depth/`, exactly as the published evaluation projects it. Poses are the
dataset's; speed and yaw rate are computed from them at the vehicle's origin, on the ground below the rear axle.
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from pathlib import Path

import numpy as np

from depthtrain.data.dgp import Sample, read_scene, scene_file, split_scenes
from depthtrain.data.drive import DriveError
from depthtrain.data.drive_writer import DriveHeader, DriveWriter
from depthtrain.data.odometry import motion_of
from depthtrain.geometry import Intrinsics

LICENCE = "DDAD, CC BY-NC-SA 4.0 (non-commercial, attribution, share alike)"
FRONT, LIDAR = "CAMERA_01", "LIDAR"
T_VEHICLE_OPTICAL = np.array([[0.0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
"""A camera at the vehicle's origin that looks ahead: x right, y down, z forward."""


def convert_scene(path: Path, out: Path, camera: str = FRONT, with_truth: bool = False) -> Path:
    """A scene (its scene_HASH.json) as a sequence of one camera. Raises DriveError that names what is missing or wrong."""
    samples = read_scene(path)
    sensor, first = samples[0].sensor(camera), samples[0].datum(camera)
    forward_m, left_m, height_m = (float(value) for value in sensor.T_vehicle_sensor[:3, 3])
    note = f"camera_forward_m = {forward_m:.3f}, camera_left_m = {left_m:.3f}; speed and yaw rate from poses"
    header = DriveHeader(out.name, "sequence", *first.size, LICENCE, origin_of(path, camera), note, sensor.intrinsics,
                         camera_height_m=round(height_m, 3))
    times, vehicle = [], []
    with DriveWriter(out, header) as writer:
        for sample in samples:
            if sample.sensor(camera).intrinsics != sensor.intrinsics:
                raise DriveError(f"{sample.where}: the intrinsics of {camera} change within the scene")
            image = sample.datum(camera)
            points = camera_points(sample, camera)
            times.append((image.at - first.at).total_seconds())
            vehicle.append(image.T_world_sensor @ np.linalg.inv(sample.sensor(camera).T_vehicle_sensor) @ T_VEHICLE_OPTICAL)
            truth = published_depth(points, sensor.intrinsics, first.size) if with_truth else None
            writer.add(image.path, times[-1], None, truth, project(points, sensor.intrinsics, first.size), image.T_world_sensor)
        return writer.finish(motion_of(np.array(vehicle), np.array(times)) if len(times) > 1 else None)


def convert_split(path: Path, split: str, out: Path, camera: str = FRONT, with_truth: bool = False) -> list[Path]:
    """All scenes of a split ("train", "val") of a dataset file, in folders below `out`; called again, it goes on where it was
    interrupted. Those of "val" end in `_val`, which keeps recipes from training on them."""
    folders, ending = [], "_val" if split == "val" else ""
    for scene in split_scenes(path, split):
        folder = out / f"{out.name}_{scene.parent.name}{ending}"
        if not is_converted(folder, scene, camera, with_truth):
            convert_scene(scene, folder, camera, with_truth)
        folders.append(folder)
    return folders


def origin_of(scene: Path, camera: str) -> str:
    """What drive.toml says the drive was made of."""
    return f"DDAD scene {scene.parent.name}, {camera.upper()}"


def is_converted(folder: Path, scene: Path, camera: str, with_truth: bool) -> bool:
    """Whether a drive is the finished conversion of this scene, this camera, with or without truth."""
    try:
        origin = tomllib.loads((folder / "drive.toml").read_text()).get("origin")
    except (OSError, tomllib.TOMLDecodeError):
        return False
    return origin == origin_of(scene, camera) and (folder / "depth").is_dir() == with_truth


def camera_points(sample: Sample, camera: str) -> np.ndarray:
    """Lidar points (N, 3) metres in the camera's axes at the image's moment, by way of the world."""
    lidar, image = sample.datum(LIDAR), sample.datum(camera)
    T_camera_lidar = np.linalg.inv(image.T_world_sensor) @ lidar.T_world_sensor
    return lidar.points() @ T_camera_lidar[:3, :3].T + T_camera_lidar[:3, 3]


def project(points: np.ndarray, intrinsics: Intrinsics, size: tuple[int, int]) -> np.ndarray:
    """Depth map (H, W) float32 metres, 0 = none: nearest pixel, and the nearest of several returns in it stays."""
    points = points[points[:, 2] > 0.1]
    points = points[np.argsort(-points[:, 2], kind="stable")]
    return _drawn(np.round(_pixels(points, intrinsics)), points[:, 2], size)


def published_depth(points: np.ndarray, intrinsics: Intrinsics, size: tuple[int, int]) -> np.ndarray:
    """As `project`, but as DGP makes DDAD's truth: pixels are cut off, not rounded, and the last return in the file stays."""
    points = points[points[:, 2] > 0]
    return _drawn(np.trunc(_pixels(points, intrinsics)), points[:, 2], size)


def _pixels(points: np.ndarray, intrinsics: Intrinsics) -> np.ndarray:
    scale, centre = (intrinsics.fx, intrinsics.fy), (intrinsics.cx, intrinsics.cy)
    return points[:, :2] / points[:, 2:] * scale + centre


def _drawn(pixels: np.ndarray, depth: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    inside = ((pixels >= 0) & (pixels < size)).all(axis=1)
    u, v = pixels[inside].astype(np.int64).T
    out = np.zeros((size[1], size[0]), np.float32)
    out[v, u] = depth[inside]
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    layouts = parser.add_subparsers(dest="layout", required=True)
    scene = layouts.add_parser("scene", help="one scene")
    scene.add_argument("--root", type=Path, required=True, help="the scene's folder, with calibration/, rgb/ and point_cloud/")
    split = layouts.add_parser("split", help="every scene of a split")
    split.add_argument("--file", type=Path, required=True, help="ddad.json")
    split.add_argument("--split", choices=("train", "val"), required=True)
    for layout in (scene, split):
        layout.add_argument("--camera", default=FRONT, help=f"default {FRONT}, the one that looks ahead")
        layout.add_argument("--truth", action="store_true", help="also write depth/, as the published evaluation projects it")
        layout.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        if arguments.layout == "scene":
            folders = [convert_scene(scene_file(arguments.root), arguments.out, arguments.camera, arguments.truth)]
        else:
            folders = convert_split(arguments.file, arguments.split, arguments.out, arguments.camera, arguments.truth)
    except DriveError as error:
        sys.exit(f"error: {error}")
    for folder in folders:
        print(folder)


if __name__ == "__main__":
    main()
