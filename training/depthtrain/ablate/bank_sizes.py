"""Error against the number of references M of a new place's bank, for docs/benchmarks/prior-bank.md.

    python -m depthtrain.ablate.bank_sizes          # after python -m depthtrain.ablate --only priors, whose runs it judges
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from depthtrain.ablate.bench import EXPERIMENTS, Bench, Errors
from depthtrain.ablate.exchange import JUDGED, Runs, finished
from depthtrain.priors.references import open_references

SIZES = (64, 256, 1000, 4096)
HEAD = """| M | bank | log error | median-scaled | AbsRel | median-scaled |
|---|---|---|---|---|---|"""


def main() -> None:
    runs = [finished(Bench(seed)) for seed in EXPERIMENTS["priors"].seeds()]
    whole = open_references(runs[0].away).count
    print(HEAD)
    print(line(0, "none, the same steps", runs, lambda each: None))
    for size in SIZES:
        print(line(size, "new place, selected", runs, lambda each: each.bank("away", size)), flush=True)
    print(line(whole, "new place, all", runs, lambda each: each.away))
    print(line(open_references(runs[0].home).count, "the simulator's, all", runs, lambda each: each.home))


def line(count: int, bank: str, runs: list[Runs], bank_of: Callable[[Runs], Path | None]) -> str:
    """A row of the table: means over the seeds, of the run without a bank where `bank_of` says None, and the log error's
    standard error."""
    rows = [dataclasses.asdict(_errors(each, bank_of(each))) for each in runs]
    mean = {name: float(np.mean([row[name] for row in rows])) for name in rows[0]}
    error = float(np.std([row["log"] for row in rows], ddof=1)) / len(rows) ** 0.5
    return (f"| {count:,} | {bank} | {mean['log']:.3f} ± {error:.3f} | {mean['shape']:.3f} | {mean['abs_rel']:.3f} | "
            f"{mean['scaled_abs_rel']:.3f} |")


def _errors(runs: Runs, bank: Path | None) -> Errors:
    return runs.bench.errors(runs.control if bank is None else runs.fused, JUDGED, references=bank)


if __name__ == "__main__":
    main()
