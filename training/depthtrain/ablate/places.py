"""The drives of the bench: small copies of real ones, simulator drives, and copies of those with a leading vehicle."""

from __future__ import annotations

from pathlib import Path

from depthtrain.config import Source, drive_path
from depthtrain.data.leader import add_leader
from depthtrain.data.shrink import shrink_drive
from depthtrain.data.simulated import find_depthctl, generate

ROOT = Path(__file__).resolve().parents[3]
SIZE = (192, 64)
CAMERA_HEIGHT_M, CAMERA_FORWARD_M = 1.4, 0.8
STILLS = "./.sim-drives/ablate_kitti2015"  # kitti2015_train at 416x126: the same pictures, decoded ten times faster
BEAMS = ("--sparse-beams", "4")
MOVING, WALKING = ("--rate", "8", *BEAMS), ("--rate", "4", *BEAMS)  # 0.7 and 0.35 m from frame to frame
WIDELY_SPACED = ("--rate", "1", "--sparse-points", "2000")
DRIVES = {  # name: world, seed, frames, further options
    "street": ("street", 211, 90, MOVING), "yard": ("yard", 212, 60, WALKING),
    "street_val": ("street", 213, 48, WIDELY_SPACED), "yard_val": ("yard", 214, 48, WIDELY_SPACED),
    "street_moving_val": ("street", 215, 40, MOVING), "yard_moving_val": ("yard", 216, 40, WALKING),
    **{f"base_{world}_{seed}": (world, seed, 40, WIDELY_SPACED) for world, first in (("street", 221), ("yard", 231))
       for seed in range(first, first + 4)},
}
LEADERS = {  # name: drive, distance of the vehicle in metres, seed of its looks, in every n-th stretch of frames
    "base_van_1": ("base_street_224", 5.0, 11, 1), "base_van_2": ("base_yard_234", 9.0, 12, 1),
    "van_truth": ("base_street_223", 6.0, 5, 2), "van": ("street", 6.0, 5, 2), "van_val": ("street_val", 6.0, 5, 1),
}


def drive(name: str) -> str:
    """The name, for recipes, of one of the drives here."""
    return f"./.sim-drives/ablate_{name}"


BASE_DRIVES = tuple(drive(name) for name in (*DRIVES, *LEADERS) if name.startswith("base_"))
VALIDATION = (drive("street_val"), drive("yard_val"))
MIXED_VALIDATION = ("kitti2015_val", drive("street_val"))


def simulated(name: str, **changes) -> Source:
    """A training source of the "street" or the "yard"; `changes` are further fields of Source."""
    return Source(drive(name), 1.0, **{"empty_depth_m": 80.0, "camera_forward_m": CAMERA_FORWARD_M, **changes})


def prepare_drives() -> None:
    """Makes the drives that are missing."""
    if not _is_there(STILLS):
        shrink_drive(drive_path("kitti2015_train"), drive_path(STILLS), 2 * SIZE[0] + 32)
    missing = [name for name in DRIVES if not _is_there(drive(name))]
    depthctl = find_depthctl(ROOT, drive(missing[0])) if missing else ""
    for name in missing:
        world, seed, frames, options = DRIVES[name]
        folder = drive_path(drive(name))
        generate([(folder, [depthctl, "simulate", "--world", world, "--seed", str(seed), "--frames", str(frames), "--size",
                            "384x128", "--fx", "223", "--camera-height", str(CAMERA_HEIGHT_M), "--camera-forward",
                            str(CAMERA_FORWARD_M), *options, "--out", str(folder)])])
    for name, (source, distance_m, seed, every) in LEADERS.items():
        if not _is_there(drive(name)):
            add_leader(drive_path(drive(source)), drive_path(drive(name)), distance_m, CAMERA_HEIGHT_M, seed, every)


def _is_there(name: str) -> bool:
    return (drive_path(name) / "drive.toml").exists()
