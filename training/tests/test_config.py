"""Recipes are strict: what is not understood is refused with the key's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from depthtrain import strict_toml
from depthtrain.config import RecipeError, load_recipe

GOOD = """
name = "t"
[model]
[optimisation]
steps = 5
[losses]
[augmentation]
[[groups]]
name = "g"
width = 64
height = 32
batch = 1
weight = 1
[[groups.sources]]
drive = "d"
weight = 1.0
"""


def _load(tmp_path: Path, text: str):
    (tmp_path / "r.toml").write_text(text)
    return load_recipe(tmp_path / "r.toml")


def test_good_recipe(tmp_path: Path) -> None:
    recipe = _load(tmp_path, GOOD)
    assert recipe.groups[0].sources[0].drive == "d" and recipe.groups[0].weight == 1.0


@pytest.mark.parametrize(("old", "new", "words"), [
    ("steps = 5", "stepz = 5", "did you mean 'steps'"),
    ("steps = 5", 'steps = "5"', "expected int"),
    ("steps = 5", "learning_rate = 0.1", "missing key 'steps'"),
    ("width = 64", "width = 60", "multiple of 32"),
    ('drive = "d"', 'drive = "kitti2015_val"', "validation"),
    ('drive = "d"', 'drive = "d"\nsupervision = "magic"', "supervision"),
    ("steps = 5", "steps = 5\npose_rate = 0.0", "pose_rate"),
    ("[losses]", "[photometric]\npose_warmup_steps = 5\n[losses]", "fewer than optimisation.steps"),
    ("[losses]", "[photometric]\npose_warmup_steps = 3\n[losses]", "no source learns poses"),
    ("[losses]", "[losses]\nside_heads = 3", "list"),
    ("[losses]", "[losses", "r.toml"),
])
def test_bad_recipe_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(RecipeError, match=words):
        _load(tmp_path, GOOD.replace(old, new))


def test_shipped_recipes_load() -> None:
    recipes = sorted((Path(__file__).parents[1] / "recipes").glob("*.toml"))
    assert recipes
    for path in recipes:
        load_recipe(path)


def test_a_recipe_written_back_reads_as_the_same_recipe(tmp_path: Path) -> None:
    for path in sorted((Path(__file__).parents[1] / "recipes").glob("*.toml")):
        recipe = load_recipe(path)
        (tmp_path / "copy.toml").write_text(strict_toml.dump(recipe))
        assert load_recipe(tmp_path / "copy.toml") == recipe
