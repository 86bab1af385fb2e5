"""Methods and values switched on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from depthtrain import losses, strict_toml
from depthtrain.train import chosen_recipe
from test_config import GOOD


@pytest.mark.parametrize(("switches", "expected"), [
    ([("with", "berhu")], {"berhu": 0.5}), ([("without", "photometric"), ("set", "losses.silog=0.25")], {"photometric": 0, "silog": 0.25}),
    ([("with", "berhu"), ("without", "berhu")], {"berhu": 0}),
])
def test_command_line_switches(tmp_path: Path, switches: list, expected: dict) -> None:
    (tmp_path / "r.toml").write_text(GOOD)
    recipe = chosen_recipe(tmp_path / "r.toml", switches)
    assert {name: getattr(recipe.losses, name) for name in expected} == expected


@pytest.mark.parametrize(("switch", "words"), [
    (("with", "velocit"), "did you mean 'velocity'"), (("set", "losses.berh=1"), "did you mean 'berhu'"),
    (("set", "losses.berhu=much"), "expected float"), (("set", "losses.berhu"), "table.key=value"),
    (("set", "groups.name=3"), "not a table"), (("set", "optimisation.steps=0"), "steps"),
])
def test_bad_switches_are_refused(tmp_path: Path, switch: tuple[str, str], words: str) -> None:
    (tmp_path / "r.toml").write_text(GOOD)
    with pytest.raises(strict_toml.RecipeError, match=words):
        chosen_recipe(tmp_path / "r.toml", [switch])
