"""Frames that a report keeps out of training, as the infinite-depth filter writes it."""

from __future__ import annotations

import csv

from depthtrain.config import file_path
from depthtrain.strict_toml import RecipeError

COLUMNS = ("drive", "index", "file", "verdict", "below_ground_px", "camera_height", "normal_x", "normal_y", "normal_z")


def read_exclusions(name: str) -> dict[str, frozenset[int]]:
    """Indices to leave out by drive folder name, from a report's rows whose verdict is "drop".

    Raises RecipeError when the file is missing or is not such a report.
    """
    path, dropped = file_path(name), {}
    try:
        with path.open(newline="") as handle:
            reader = csv.DictReader(handle)
            if reader.fieldnames != list(COLUMNS):
                raise RecipeError(f"{path}: columns are {reader.fieldnames}, expected {list(COLUMNS)}")
            for row in reader:
                if row["verdict"] == "drop":
                    dropped.setdefault(row["drive"], set()).add(int(row["index"]))
    except OSError as error:
        raise RecipeError(f"exclude = {name!r}: {path} cannot be read ({error.strerror}); make it with "
                          "python -m depthtrain.infinite_filter") from error
    return {drive: frozenset(indices) for drive, indices in dropped.items()}
