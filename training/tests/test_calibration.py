"""What confidence is calibrated on: frames that training leaves out, no kind of place more often than another."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from conftest import write_drive
from depthtrain.calibration import FRAMES_PER_SOURCE, held_out_frames
from depthtrain.config import Recipe, load_recipe
from test_training import RECIPE


@pytest.fixture
def recipe(tmp_path: Path) -> Recipe:
    """One source of thirty drives, one of a single drive, one without depth; a fifth of each is held out."""
    for number in range(30):
        write_drive(tmp_path / f"street_{number:02}", frames=5)
    write_drive(tmp_path / "lab", frames=10)
    write_drive(tmp_path / "road", frames=5, with_depth=False)
    (tmp_path / "recipe.toml").write_text(RECIPE.format(drive=tmp_path / "lab", steps=3))
    loaded = load_recipe(tmp_path / "recipe.toml")
    group = loaded.groups[0]
    sources = tuple(dataclasses.replace(group.sources[0], drive=str(tmp_path / name)) for name in ("street_*", "lab", "road"))
    return dataclasses.replace(loaded, calibration_share=0.2, groups=(dataclasses.replace(group, sources=sources),))


def test_many_drives_of_one_source_count_no_more_than_its_share(recipe: Recipe) -> None:
    frames = [(drive.name, index) for drive, index in held_out_frames(recipe)]
    streets = [frame for frame in frames if frame[0].startswith("street")]
    assert len(streets) == FRAMES_PER_SOURCE and len(set(streets)) == FRAMES_PER_SOURCE
    assert {index for _, index in streets} == {4} and {streets[0][0], streets[-1][0]} == {"street_00", "street_29"}
    assert [frame for frame in frames if frame not in streets] == [("lab", 8), ("lab", 9)]


def test_a_source_in_two_groups_is_taken_once(recipe: Recipe) -> None:
    doubled = dataclasses.replace(recipe, groups=recipe.groups * 2)
    assert len(list(held_out_frames(doubled))) == len(list(held_out_frames(recipe)))
