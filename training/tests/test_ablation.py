"""The bench of experiments: its measures, its statistics, and that it finds finished runs again."""

from __future__ import annotations

import dataclasses
import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from conftest import write_drive
from depthtrain.ablate.bank_sizes import line
from depthtrain.ablate.bench import SUPERVISED, Bench, Errors, Experiment, Outcome, frame_errors, result_path, store
from depthtrain.ablate.exchange import Runs
from depthtrain.ablate.supervision import near_thin
from depthtrain.ablate.table import effect, note, results, row
from depthtrain.checkpoint import read
from depthtrain.config import Source


def test_an_effect_is_the_mean_paired_difference_with_its_standard_error() -> None:
    """By hand: differences -0.2, -0.1, -0.3 and -0.2 around a mean of 2 without."""
    found = effect([(1.0, 0.8), (2.0, 1.9), (3.0, 2.7), (2.0, 1.8)])
    assert (found.without, found.with_method) == (pytest.approx(2.0), pytest.approx(1.8))
    assert found.change == pytest.approx(-0.1) and found.error == pytest.approx(math.sqrt(0.02 / 3) / 2 / 2)
    assert found.verdict == "yes" and effect([(0.8, 1.0), (1.9, 2.0), (2.7, 3.0), (1.8, 2.0)]).verdict == "**no**"


def test_what_the_seeds_do_not_agree_on_is_undecided() -> None:
    assert effect([(1.0, 0.8), (1.0, 1.1), (1.0, 0.7), (1.0, 1.0)]).verdict == "undecided"
    assert effect([(1.0, 0.1)]).verdict == "undecided"
    assert effect([(1.0, 0.9), (1.0, 0.88)]).verdict == "undecided"  # 11 standard errors; two pairs need 12.7


def test_the_spread_between_seeds_does_not_count_when_pairs_agree() -> None:
    assert effect([(1.0, 0.9), (2.0, 1.9), (0.5, 0.4)]).verdict == "yes"


def test_frame_errors_by_their_formulae() -> None:
    truth = np.array([[1.0, 2.0, 4.0, np.nan], [8.0, 100.0, 16.0, np.nan]])  # five count: one unknown, one beyond 80 m
    found = frame_errors(2 * truth, truth)
    assert (found.log, found.shape, found.scale) == (pytest.approx(math.log(2)), pytest.approx(0), pytest.approx(math.log(2)))
    assert found.abs_rel == pytest.approx(1.0) and found.scaled_abs_rel == pytest.approx(0)
    assert frame_errors(np.where(truth == 4.0, 8.0, truth), truth).log == pytest.approx(math.log(2) / 5)
    assert frame_errors(2 * np.where(truth == 8.0, 16.0, truth), truth).scaled_abs_rel == pytest.approx(0.2)


def test_thin_things_are_found_and_wide_ones_are_not() -> None:
    truth = np.full((120, 300), 20.0)
    truth[20:100, 60:70], truth[20:100, 150:260] = 5.0, 5.0
    near = near_thin(truth)
    assert near[60, 65] and near[60, 56] and not near[60, 200] and not near[60, 110]


def test_finished_runs_are_found_again_and_those_of_another_recipe_are_not(tmp_path: Path) -> None:
    bench = Bench(2, tmp_path / "bench", shrink=100)
    source = Source(str(write_drive(tmp_path / "tiny", frames=6)), 1.0)
    recipe = bench.recipe("run", [source], SUPERVISED, batch=1)
    assert recipe.name == "run-2" and recipe.optimisation.seed == 2
    checkpoint = bench.trained(recipe)
    assert checkpoint == tmp_path / "bench" / "runs" / "run-2" / "checkpoint.pt" and read(checkpoint)["step"] == 2
    before = checkpoint.stat().st_mtime_ns
    assert bench.trained(recipe) == checkpoint and checkpoint.stat().st_mtime_ns == before
    changed = dataclasses.replace(recipe, losses=dataclasses.replace(SUPERVISED, gradient=0.5))
    bench.trained(changed, init=Path(shutil.copy(checkpoint, tmp_path / "start.pt")))
    assert "gradient = 0.5" in read(checkpoint)["recipe"]


def test_an_experiment_may_have_more_pairs_and_other_seeds_than_the_rest(tmp_path: Path) -> None:
    entry = Experiment("fresh", "", "", "", lambda bench: Outcome(0, 0), pairs=5, first_seed=11)
    assert list(entry.seeds()) == [11, 12, 13, 14, 15] and list(entry.seeds(2)) == [11, 12]
    for seed in (1, 11, 12):
        store(entry.name, seed, Outcome(1.0, seed / 10), 60, tmp_path)
    assert [result["with"] for result in results(entry, tmp_path)] == [1.1, 1.2]  # seed 1 was another set-up's


def test_a_row_is_made_of_all_seeds_that_have_a_result(tmp_path: Path) -> None:
    entry = Experiment("method", "The method", "its measure", "the start has {start:.2f}", lambda bench: Outcome(0, 0))
    for seed, (without, with_method, start) in enumerate(((1.0, 0.8, 3.0), (2.0, 1.9, 4.0), (3.0, 2.7, 5.0)), start=1):
        store(entry.name, seed, Outcome(without, with_method, {"start": start}), 60, tmp_path)
    assert result_path("method", 3, tmp_path).exists()
    found = results(entry, tmp_path)
    assert row(entry, found) == "| method | The method | its measure | 2.0000 | 1.8000 | -10.0% ± 2.9% (3) | undecided |"
    assert "| -20.0% (one pair) | undecided |" in row(entry, found[:1])
    assert note(entry, found) == "- **method** (3.0 min of one core; by seed -20.0%, -5.0%, -10.0%): the start has 4.00"


def test_a_line_of_bank_sizes_has_the_means_over_the_seeds(tmp_path: Path) -> None:
    class Judge:
        def __init__(self, log: float) -> None:
            self.log = log

        def errors(self, checkpoint: Path, drives: list[str], references: Path | None) -> Errors:
            gain = 0.5 if (checkpoint, references) == (Path("fused"), Path("bank")) else 1.0
            return Errors(gain * self.log, 0.2, 0.0, 0.3, 0.25)

    runs = [Runs(Judge(log), Path("control"), Path("fused"), Path("home"), Path("away")) for log in (0.6, 0.8)]
    assert line(0, "none", runs, lambda each: None) == "| 0 | none | 0.700 ± 0.100 | 0.200 | 0.300 | 0.250 |"
    assert line(4096, "plain", runs, lambda each: Path("bank")).startswith("| 4,096 | plain | 0.350 ± 0.050 |")
