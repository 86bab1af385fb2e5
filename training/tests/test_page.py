"""Pages that programs write a part of, and the tables of accuracy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from conftest import write_drive
from depthtrain import bench_accuracy, bench_steps
from depthtrain.bench_completion import PAGE as COMPLETION
from depthtrain.config import ModelRecipe
from depthtrain.page import rewrite


def test_only_what_lies_between_the_comments_is_rewritten(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("Before.\n\n<!-- tables: written by make x -->\n\nold\n\n<!-- end of tables -->\n\nAfter.\n")
    for text in ("| new |\n", "| new |"):
        rewrite(page, "tables", text)
        assert page.read_text() == "Before.\n\n<!-- tables: written by make x -->\n\n| new |\n\n<!-- end of tables -->\n\nAfter.\n"


@pytest.mark.parametrize("text", ["nothing", "<!-- tables: x -->", "<!-- end of tables --> <!-- tables: x -->"])
def test_a_page_without_its_comments_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    (tmp_path / "page.md").write_text(text)
    with pytest.raises(ValueError, match="page.md: has no part between"):
        rewrite(tmp_path / "page.md", "tables", "new")
    assert (tmp_path / "page.md").read_text() == text


@pytest.mark.parametrize("page, part", [(bench_accuracy.PAGE, "tables"), (COMPLETION, "accuracy")])
def test_the_pages_that_are_written_have_their_comments(page: Path, part: str) -> None:
    assert f"<!-- {part}: written by make " in page.read_text() and f"<!-- end of {part} -->" in page.read_text()


class _Exact:
    """As much of a bundle as is measured: says 2 m everywhere for the conftest drive's canonical camera."""

    def __init__(self, model: ModelRecipe) -> None:
        self.model, self.sizes = model, ((64, 64),)

    def predictor(self):
        inverse = (1 / 2.0 - 1 / self.model.max_depth_m) / (1 / self.model.min_depth_m - 1 / self.model.max_depth_m)
        return lambda image: (np.full(image.shape[2:], inverse, np.float32), np.full(image.shape[2:], -1.0, np.float32))

    @staticmethod
    def calibrated_sigma(log_sigma: np.ndarray) -> np.ndarray:
        return np.exp(log_sigma)


def test_tables_have_every_drive_and_every_distance(tmp_path: Path) -> None:
    drives = [str(write_drive(tmp_path / name, frames=2)) for name in ("near", "far")]
    results = bench_accuracy.measure(_Exact(ModelRecipe()), drives)
    found = bench_accuracy.tables(results)
    assert all(found.count(f"| `{name}` |") == 5 for name in ("near", "far"))
    for key, word in (("median_scaled", "median"), ("unscaled", "unscaled")):
        row = next(line for line in found.splitlines() if line.startswith("| `near` | 2 | 64x64 | ") and f" {word} " in line)
        assert row.split(" | ")[4:6] == [f"{results['near'][key][name]:.3f}" for name in ("abs_rel", "sq_rel")]
    assert results["near"]["unscaled"]["abs_rel"] != results["near"]["median_scaled"]["abs_rel"]
    assert "0-5 m" in found and "AUSE, mirrored" in found


def test_a_step_s_cost_is_said_over_the_first_way() -> None:
    assert bench_steps.table({"a": [1.0, 2.0, 4.0], "b": [0.5, 1.0, 3.0]})[2:] == ["| a | 2000 | 1.00 |", "| b | 1000 | 0.50 |"]
