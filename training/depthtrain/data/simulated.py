"""Generates simulator drives: many places, few widely spaced frames, varied cameras.

Every drive has its own seed, focal length, height and pitch; the held-out ones (`*_val`) have seeds that no training drive
has. Folders that exist already are kept. The trainer calls `generate_missing`, so drives that a recipe names as
`./.sim-drives/...` come to be when they are first needed.

    python -m depthtrain.data.simulated --depthctl bin/depthctl --out .sim-drives
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import os
import random
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from depthtrain.config import Recipe
from depthtrain.strict_toml import RecipeError

FOLDER = ".sim-drives"


@dataclasses.dataclass(frozen=True)
class DriveFamily:
    """Drives of one world and image size; ranges are (low, high) for each drive's own draw."""

    name: str
    world: str
    seeds: range
    frames: int
    size: str
    fx_px: tuple[float, float]
    height_m: tuple[float, float]
    pitch_deg: tuple[float, float]
    rate_hz: float
    options: tuple[str, ...] = ()


FAMILIES = (
    DriveFamily("street_wide", "street", range(1, 5), 45, "416x128", (241.7, 241.7), (1.65, 1.65), (0, 0), 1.5),
    DriveFamily("street_wide", "street", range(5, 15), 45, "416x128", (200, 320), (0.5, 2.0), (-1, 6), 1.5),
    DriveFamily("street_std", "street", range(21, 26), 40, "320x240", (150, 300), (0.3, 1.6), (-2, 10), 1.5),
    DriveFamily("corridor_std", "corridor", range(31, 41), 40, "320x240", (150, 300), (0.2, 1.4), (-2, 15), 2.0),
    DriveFamily("yard_std", "yard", range(51, 61), 40, "320x240", (150, 300), (0.2, 1.6), (-2, 12), 2.0),
    DriveFamily("yard_wide", "yard", range(71, 75), 35, "416x128", (180, 300), (0.4, 1.8), (-1, 6), 2.0),
    DriveFamily("corridor_wide", "corridor", range(81, 84), 35, "416x128", (180, 300), (0.3, 1.5), (-1, 6), 2.0),
    DriveFamily("beams_wide", "street", range(111, 115), 90, "416x128", (220, 280), (0.8, 1.8), (0, 4), 8.0,
                ("--sparse-beams", "4", "--camera-forward", "0.5")),
    # Frames near enough to each other for pairs with baselines of 0.1 to 1.5 m.
    DriveFamily("pairs_street_wide", "street", range(121, 133), 60, "416x128", (200, 320), (0.5, 2.0), (-1, 6), 12.0),
    DriveFamily("pairs_street_std", "street", range(141, 149), 60, "320x240", (150, 300), (0.3, 1.8), (-2, 10), 12.0),
    DriveFamily("pairs_corridor_std", "corridor", range(151, 163), 60, "320x240", (150, 300), (0.2, 1.4), (-2, 15), 4.0),
    DriveFamily("pairs_corridor_wide", "corridor", range(171, 176), 60, "416x128", (180, 300), (0.3, 1.5), (-1, 6), 4.0),
    DriveFamily("pairs_yard_std", "yard", range(181, 193), 60, "320x240", (150, 300), (0.2, 1.6), (-2, 12), 4.0),
    DriveFamily("pairs_yard_wide", "yard", range(201, 207), 60, "416x128", (180, 300), (0.4, 1.8), (-1, 6), 4.0),
    # Many places with few frames each: what a small network lacks most.
    DriveFamily("street_many_wide", "street", range(3001, 3091), 20, "416x128", (190, 330), (0.4, 2.0), (-1, 6), 0.7),
    DriveFamily("yard_many_wide", "yard", range(3101, 3131), 20, "416x128", (180, 300), (0.3, 1.8), (-1, 6), 1.0),
    DriveFamily("corridor_many_wide", "corridor", range(3151, 3181), 20, "416x128", (180, 300), (0.3, 1.5), (-1, 6), 1.0),
    DriveFamily("street_many_std", "street", range(3201, 3241), 20, "320x240", (150, 320), (0.3, 1.8), (-2, 10), 0.7),
    DriveFamily("corridor_many_std", "corridor", range(3251, 3311), 20, "320x240", (150, 320), (0.2, 1.6), (-2, 15), 1.0),
    DriveFamily("yard_many_std", "yard", range(3321, 3371), 20, "320x240", (150, 320), (0.2, 1.6), (-2, 12), 1.0),
)
PAIRS = ("--frames", "120", "--rate", "10")
HELD_OUT = (("sim_street_val", "street", 901, ()), ("sim_corridor_val", "corridor", 902, ()), ("sim_yard_val", "yard", 903, ()),
            ("sim_street_wide_val", "street", 904, ("--size", "416x128", "--fx", "241.7", "--camera-height", "1.65")),
            ("sim_pairs_street_val", "street", 905, PAIRS), ("sim_pairs_corridor_val", "corridor", 906, PAIRS),
            ("sim_pairs_yard_val", "yard", 907, PAIRS),
            ("sim_pairs_street_wide_val", "street", 908, (*PAIRS, "--size", "416x128", "--fx", "241.7")))


def commands(depthctl: str, out: Path) -> list[tuple[Path, list[str]]]:
    """Folder and command line of every drive, the same on every call."""
    rng, result = random.Random(5), []
    for family in FAMILIES:
        for seed in family.seeds:
            folder = out / f"{family.name}_{seed}"
            camera = ["--fx", f"{rng.uniform(*family.fx_px):.1f}", "--camera-height", f"{rng.uniform(*family.height_m):.2f}",
                      f"--camera-pitch={rng.uniform(*family.pitch_deg):.1f}"]
            sensor = ["--noise", f"{rng.uniform(0.5, 4):.1f}", "--exposure-swing", f"{rng.uniform(0, 0.5):.2f}"]
            result.append((folder, [depthctl, "simulate", "--world", family.world, "--seed", str(seed), "--frames",
                                    str(family.frames), "--rate", str(family.rate_hz), "--size", family.size,
                                    "--out", str(folder), *camera, *sensor, *family.options]))
    for name, world, seed, options in HELD_OUT:
        length = () if "--frames" in options else ("--frames", "30", "--rate", "1")
        result.append((out / name, [depthctl, "simulate", "--world", world, "--seed", str(seed), "--out", str(out / name),
                                    *length, *options]))
    return result


def generate_missing(recipe: Recipe) -> None:
    """Makes the simulator drives that the recipe names under `./.sim-drives/` and that do not exist yet.

    Raises RecipeError as `generate_named` does.
    """
    generate_named([source.drive for group in recipe.groups for source in group.sources] + list(recipe.validation))


def generate_named(names: Iterable[str]) -> None:
    """Makes those of the drives, named as in recipes, that are the simulator's and do not exist yet.

    Uses $DEPTHCTL, else bin/depthctl of the repository, else the one on the path. Raises RecipeError when none is there, or
    when a name is not one of the families above.
    """
    root = Path(__file__).resolve().parents[3]
    for name in dict.fromkeys(name for name in names if name.startswith(f"./{FOLDER}/")):
        pattern = Path(name).name
        if any(folder.is_dir() for folder in (root / FOLDER).glob(pattern)):
            continue
        depthctl = find_depthctl(root, name)
        wanted = [entry for entry in commands(depthctl, root / FOLDER) if fnmatch.fnmatch(entry[0].name, pattern)]
        if not wanted:
            known = ", ".join(f"{family.name}_*" for family in FAMILIES)
            raise RecipeError(f"drive {name}: no such folder, and not one that is generated on demand ({known})")
        print(f"{name}: generating {len(wanted)} simulator drives with {depthctl}", flush=True)
        generate(wanted)


def find_depthctl(root: Path, name: str) -> str:
    """The simulator's command. Raises RecipeError that says how to get it."""
    chosen = os.environ.get("DEPTHCTL")
    for candidate in [chosen] if chosen else [str(root / "bin" / "depthctl"), "depthctl"]:
        found = shutil.which(candidate)
        if found:
            return found
    raise RecipeError(f"drive {name}: does not exist yet, and depthctl, which generates it, was not found "
                      f"({chosen or 'bin/depthctl or on the path'}); run `make build`, or set DEPTHCTL")


def generate(wanted: list[tuple[Path, list[str]]]) -> None:
    """Runs the commands of folders that are not there yet. Raises RecipeError with the simulator's own message."""
    for folder, command in wanted:
        if not (folder / "drive.toml").exists():
            folder.parent.mkdir(parents=True, exist_ok=True)
            result = subprocess.run(command, capture_output=True, text=True)
            if result.returncode != 0:
                raise RecipeError(f"{folder}: {' '.join(command)} failed ({result.returncode}): {result.stderr.strip()[-500:]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--depthctl", default="bin/depthctl")
    parser.add_argument("--out", type=Path, default=Path(FOLDER))
    arguments = parser.parse_args()
    generate(commands(arguments.depthctl, arguments.out))


if __name__ == "__main__":
    main()
