"""Frames that a report keeps out of training, as the infinite-depth filter writes it."""

from __future__ import annotations

import csv

from depthtrain.config import file_path
from depthtrain.strict_toml import RecipeError

COLUMNS = ("drive", "index", "file", "verdict", "below_ground_px", "camera_height", "normal_x", "normal_y", "normal_z")


def read_exclusions(name: str) -> dict[str, frozenset[int]]:
    """Indices to leave out by drive folder name, from a report's rows whose verdict is "drop".

    Raises RecipeError when the file is missing, is not such a report, or breaks off.
    """
    path, dropped = file_path(name), {}
    try:
        with path.open(newline="") as handle:
            reader = csv.DictReader(handle)
            if reader.fieldnames != list(COLUMNS):
                raise RecipeError(f"{path}: columns are {reader.fieldnames}, expected {list(COLUMNS)}")
            for row in reader:
                if row["verdict"] == "drop" and row["index"].isdigit():
                    dropped.setdefault(row["drive"], set()).add(int(row["index"]))
                elif row["verdict"] not in ("drop", "keep", "unjudged") or not row["index"].isdigit():
                    raise RecipeError(f"{path}: line {reader.line_num} is no verdict on a frame (cut short?); make it anew with "
                                      "python -m depthtrain.infinite_filter")
    except OSError as error:
        raise RecipeError(f"exclude = {name!r}: {path} cannot be read ({error.strerror}); make it with "
                          "python -m depthtrain.infinite_filter") from error
    return {drive: frozenset(indices) for drive, indices in dropped.items()}


def check_exclusions(name: str, excluded: dict[str, frozenset[int]], folders: list[str]) -> None:
    """Raises RecipeError for a report that drops frames, but none of the recipe's drives: it is another recipe's, or a drive was
    renamed, and what it drops would be trained on."""
    if excluded and not excluded.keys() & set(folders):
        raise RecipeError(f"exclude = {name!r}: drops frames of {', '.join(sorted(excluded))}, none of which the recipe trains on; "
                          "make it anew for this recipe with python -m depthtrain.infinite_filter")
