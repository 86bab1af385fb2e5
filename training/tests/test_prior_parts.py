"""A build of a reference set that is interrupted goes on where it was, and only there."""

from __future__ import annotations

import dataclasses
import errno
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from tqdm import tqdm

from conftest import write_drive
from depthtrain.config import Recipe, load_recipe
from depthtrain.data.drive import Drive
from depthtrain.priors import __main__ as command
from depthtrain.priors.build import build_references
from depthtrain.priors.references import PriorError, open_references
from depthtrain.safetensors import TensorFileError
from depthtrain.teacher.inference import Look
from test_training import RECIPE

FRAMES, CELLS = 7, 24


class Eye:
    """Stands in for a teacher: what it sees follows from drive and frame, and `interrupted_at` is the look that never ends."""

    name = "eye"

    def __init__(self, recipe: Recipe, interrupted_at: int | None = None, sha256: str = "aa") -> None:
        self.recipe, self.interrupted_at, self.sha256, self.looks = recipe, interrupted_at, sha256, 0

    def size_for(self, drive: Drive) -> tuple[int, int]:
        return drive.width, drive.height

    def look(self, drive: Drive, index: int) -> Look:
        if self.looks == self.interrupted_at:
            raise KeyboardInterrupt
        self.looks += 1
        seed = int.from_bytes(drive.name.encode()[-2:]) + index
        values = torch.rand(10, drive.height, drive.width, generator=torch.Generator().manual_seed(seed))
        return Look(values[2:, ::16, ::16], values[0], 0.4 + 0.2 * values[1], 1.0, False)


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("depthtrain.priors.parts.PART_FRAMES", 3)
    for name in ("d1", "d2"):
        write_drive(tmp_path / name, frames=FRAMES)
    (tmp_path / "recipe.toml").write_text(RECIPE.format(drive=tmp_path / "d1", steps=2))
    return tmp_path


def _build(work: Path, out: str = "set", **changes) -> Eye:
    recipe = load_recipe(work / "recipe.toml")
    eye = Eye(recipe, changes.pop("interrupted_at", None), changes.pop("sha256", "aa"))
    drives = changes.pop("drives", ["d1", "d2"])
    build_references(eye, [str(work / name) for name in drives], changes.pop("student", recipe), work / out, **changes)
    return eye


@pytest.mark.parametrize("interrupted_at", [1, 6, 11])
def test_an_interrupted_build_goes_on_to_the_same_bytes(work: Path, interrupted_at: int) -> None:
    assert _build(work, "whole").looks == 2 * FRAMES
    with pytest.raises(KeyboardInterrupt):
        _build(work, interrupted_at=interrupted_at)
    assert not (work / "set").exists()
    kept = {1: 0, 6: 6, 11: 10}[interrupted_at]  # parts of 3, 3 and 1 frames a drive
    assert _build(work).looks == 2 * FRAMES - kept
    assert (work / "set").read_bytes() == (work / "whole").read_bytes()
    assert not [path for path in work.iterdir() if path.name.startswith("set.")]


def test_the_bar_counts_every_frame_once_after_an_interruption_too(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bars = []

    class Bar(tqdm):
        def __init__(self, **settings) -> None:
            super().__init__(**{**settings, "disable": False, "file": io.StringIO()})
            bars.append(self)

    monkeypatch.setattr("depthtrain.priors.build.tqdm", Bar)
    with pytest.raises(KeyboardInterrupt):
        _build(work, interrupted_at=8)
    _build(work)
    assert [(bar.n, bar.total) for bar in bars] == [(8, 2 * FRAMES), (2 * FRAMES, 2 * FRAMES)]


def test_what_else_lies_among_the_parts_stays(work: Path) -> None:
    (work / "set.parts").mkdir()
    (work / "set.parts" / "notes.txt").write_text("mine")
    _build(work)
    assert [path.name for path in (work / "set.parts").iterdir()] == ["notes.txt"]


def test_references_know_their_drive_frame_and_cell(work: Path) -> None:
    _build(work, every=2)
    opened = open_references(work / "set").tensors
    assert np.array(opened["drive"]).tolist() == np.repeat([0, 1], 4 * CELLS).tolist()
    assert np.array(opened["frame"]).tolist() == np.tile(np.repeat([0, 2, 4, 6], CELLS), 2).tolist()
    assert np.array(opened["cell"]).tolist() == np.tile(np.arange(CELLS), 8).tolist()
    assert opened.metadata["every"] == "2" and opened.metadata["drives"] == '["d1", "d2"]'


@pytest.mark.parametrize("change", ["teacher", "unit", "trust", "every", "drive", "order"])
def test_parts_of_another_build_are_not_taken(work: Path, change: str) -> None:
    with pytest.raises(KeyboardInterrupt):
        _build(work, interrupted_at=3)
    recipe = load_recipe(work / "recipe.toml")
    nearer = dataclasses.replace(recipe, model=dataclasses.replace(recipe.model, max_depth_m=50.0))
    if change == "drive":
        camera = work / "d1" / "camera.yaml"
        camera.write_text(camera.read_text() + "\n")
    eye = _build(work, **{"teacher": {"sha256": "bb"}, "unit": {"student": nearer}, "trust": {"minimum_trust": 0.1},
                          "every": {"every": 2}, "drive": {}, "order": {"drives": ["d2", "d1"]}}[change])
    assert eye.looks == 2 * (4 if change == "every" else FRAMES)


def test_another_drive_more_takes_what_there_is(work: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _build(work, drives=["d1"], interrupted_at=6)
    assert _build(work).looks == 2 * FRAMES - 6


def test_a_damaged_part_is_made_anew(work: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        _build(work, interrupted_at=3)
    (part,) = (work / "set.parts").glob("*.safetensors")
    part.write_bytes(part.read_bytes()[:-1])
    assert _build(work).looks == 2 * FRAMES


def test_a_set_without_references_is_not_written(work: Path) -> None:
    with pytest.raises(PriorError, match="set: the teacher trusts no cell by 0.9 or more; choose a smaller --minimum-trust"):
        _build(work, minimum_trust=0.9)
    assert not (work / "set").exists()


def test_a_full_disk_keeps_what_was_built(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(KeyboardInterrupt):
        _build(work, interrupted_at=4)
    with monkeypatch.context() as patch, pytest.raises(TensorFileError, match="cannot be written: No space left on device"):
        patch.setattr("os.fsync", full)
        _build(work)
    assert not (work / "set").exists() and _build(work).looks == 2 * FRAMES - 3


def test_the_command_says_that_it_can_go_on(work: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    monkeypatch.setattr(command, "TeacherEye", lambda _: Eye(load_recipe(work / "recipe.toml"), interrupted_at=4))
    monkeypatch.setattr("sys.argv", ["priors", "build", "--teacher", "t", "--student", str(work / "recipe.toml"), "--drive",
                                     str(work / "d1"), "--out", str(work / "set")])
    assert command.main() == 130
    assert "interrupted; what was built is kept, the same command goes on from there" in capsys.readouterr().err
