"""`make train-smoke`: every recipe that ships trains a few steps, on tiny drives written here, and its checkpoint loads."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from conftest import write_drive
from depthtrain.checkpoint import load_network, read
from depthtrain.config import ModelRecipe, Recipe, drive_path, load_recipe
from depthtrain.data.drive import open_drive
from depthtrain.data.hints import make_hints
from depthtrain.data.labels import write_label
from depthtrain.data.simulated import FAMILIES
from depthtrain.priors.references import ReferenceWriter, convention_of
from depthtrain.train import train

RECIPES = sorted((Path(__file__).parents[1] / "recipes").glob("*.toml"))


def tiny(recipe: Recipe, drive: Path, teacher: Path, steps: int = 3) -> Recipe:
    """The recipe with every drive replaced, one sample per batch, and a few steps that pass the freezing of statistics."""
    groups = tuple(dataclasses.replace(group, batch=1, sources=tuple(
        dataclasses.replace(source, drive=str(drive), weight=1.0) for source in group.sources)) for group in recipe.groups)
    optimisation = dataclasses.replace(recipe.optimisation, steps=steps, threads=1, freeze_statistics_step=min(2, recipe.optimisation.freeze_statistics_step),
                                       freeze_statistics_batches=1)
    if recipe.photometric.pose_warmup_steps > 0:
        recipe = dataclasses.replace(recipe, photometric=dataclasses.replace(recipe.photometric, pose_warmup_steps=1))
    if recipe.priors.references:
        priors = dataclasses.replace(recipe.priors, references=str(random_references(drive.parent, recipe.model)), apart=1)
        recipe = dataclasses.replace(recipe, priors=priors)
    return dataclasses.replace(recipe, groups=groups, validation=(str(drive),), optimisation=optimisation, exclude="",
                               distillation=dataclasses.replace(recipe.distillation, teacher=str(teacher)))


def random_references(folder: Path, model: ModelRecipe, count: int = 10, frames: int = 6) -> Path:
    """A reference set of noise, of every frame of the drive "tiny"."""
    rng, path = np.random.default_rng(0), folder / "references.safetensors"
    with ReferenceWriter(path) as writer:
        for frame in range(frames):
            writer.add(rng.random((count, 64)), rng.random(count) * 0.1, np.ones(count), 0, frame, np.arange(count))
        writer.finish({"teacher": "none", "teacher_sha256": "0", "drives": '["tiny"]', **convention_of(model)})
    return path


@pytest.mark.parametrize("path", RECIPES, ids=[path.stem for path in RECIPES])
def test_recipe_trains_and_its_checkpoint_loads(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPTHD_CACHE", str(tmp_path / "cache"))
    drive = write_drive(tmp_path / "tiny", frames=6, width=192, height=96, with_everything=True)
    recipe, teacher = load_recipe(path), tmp_path / "teacher"
    for kind in {source.hints for group in recipe.groups for source in group.sources if source.hints}:
        make_hints(kind, open_drive(drive))
    for name in {source.pseudo for group in recipe.groups for source in group.sources if source.pseudo}:
        for index in range(6):
            write_label(name, open_drive(drive), index, np.full((96, 192), 5.0), np.full((96, 192), 0.5))
    if recipe.losses.distillation > 0:
        plain = dataclasses.replace(recipe, losses=dataclasses.replace(recipe.losses, distillation=0.0))
        train(tiny(plain, drive, teacher, steps=1), teacher)
    train(tiny(recipe, drive, teacher / "checkpoint.pt"), tmp_path / "run")
    assert read(tmp_path / "run" / "checkpoint.pt")["step"] == 3
    network, loaded = load_network(tmp_path / "run" / "checkpoint.pt")
    assert loaded.model == recipe.model and not network.training
    terms = {line.split(",")[1] for line in (tmp_path / "run" / "losses.csv").read_text().splitlines()[1:]}
    assert any("." in term for term in terms)


def test_recipes_name_simulator_drives_that_can_be_made() -> None:
    names = {source.drive for path in RECIPES for group in load_recipe(path).groups for source in group.sources}
    families = {f"./.sim-drives/{family.name}_*" for family in FAMILIES}
    assert {name for name in names if name.startswith("./")} <= families
    assert all(drive_path(name).is_absolute() for name in names)
