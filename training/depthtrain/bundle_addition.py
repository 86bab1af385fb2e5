"""The command line of programs that add a trained network to a finished depth bundle."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from depthtrain.bundle import BundleError
from depthtrain.checkpoint import CheckpointError
from depthtrain.data.drive import DriveError
from depthtrain.strict_toml import RecipeError


def run(program: str, description: str, add: Callable[[Path, Path], None]) -> int:
    """Reads --checkpoint and --bundle and calls `add` with them. Returns the exit status; what is wrong with a file is one line
    on standard error, which `program` begins."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--bundle", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    try:
        add(arguments.checkpoint, arguments.bundle)
    except (CheckpointError, BundleError, DriveError, RecipeError, ValueError, OSError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return 1
    return 0
