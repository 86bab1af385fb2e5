"""Runs the experiments, one process each, and writes the table. See the package for how to call it."""

from __future__ import annotations

import argparse
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

from depthtrain.ablate import MODULES
from depthtrain.ablate.bench import EXPERIMENTS, ROOT, RUNS, Bench, Experiment, result_path, store

TABLE = ROOT / "docs" / "benchmarks" / "methods.md"
UNDECIDED = 0.1
HEAD = """# What each method does to its own measure

`make ablate-small` makes this table; `python -m depthtrain.ablate --only NAME` repeats one row. Protocol: RPr-Lite at 192x64
(`teacher`: 384x128), 40 to 300 steps a run on one CPU thread, on two real drives (`kitti2015_train`, `kitti_odom00`; `guided`
and `priors` also `kitti_odom06`) and two simulator drives (a street and a yard). Judged on `kitti2015_val` and on simulator
drives of other seeds, where the row does not say otherwise. Most rows compare two runs that share seed, steps and start and
differ in the method (and what comes with it) alone; `teacher`, `completion` and `sigma` compare two uses of one network, so
they say what the use is worth and not what training with it does. `hints` and `self-distillation` start from random weights,
the others from one supervised base of 500 steps, which has seen truth of the real stills and of the training street.

Each method is judged by the measure that it is meant to improve; where another that was looked at moved against it, its note says.
These are directions from one seed and short runs of a small network: no accuracies, and nothing about a method trained to its
end. One run alone moves by 11 % from seed to seed (below), so changes below 10 % are called undecided, whatever their sign.

| experiment | method | measure | without | with | change | moved as meant |
|---|---|---|---|---|---|---|
"""

SEEDS = """
## Other seeds

Three rows were run again with other seeds for both of their runs and the same common start, not by the command above. The run
without self-distillation alone gave 0.455, 0.434 and 0.483. Changes:

| experiment | seed 1 (the table) | seed 2 | seed 3 |
|---|---|---|---|
| velocity | -80.7% | -80.6% | not run |
| hints | -9.4% | -3.5% | -3.5% |
| self-distillation | +3.0% | +9.5% | +2.6% |

So Depth Hints helped, and self-distillation harmed, each time, by about 5 % on average. Velocity supervision raised both AbsRel
of its note in seed 2 as well (0.717 to 1.840 unscaled, 0.806 to 1.303 median-scaled): what it holds is the scale; the shape,
in so short runs with learned poses, gets worse than at the start with it and without.
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m depthtrain.ablate", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="run this experiment in this process (repeatable)")
    parser.add_argument("--again", action="store_true", help="repeat experiments that have a result")
    parser.add_argument("--jobs", type=int, default=2, help="experiments at a time (default 2)")
    parser.add_argument("--table", action="store_true", help="only write the table from the results that are there")
    arguments = parser.parse_args()
    for module in MODULES:
        importlib.import_module(f"depthtrain.ablate.{module}")
    unknown = [name for name in arguments.only or [] if name not in EXPERIMENTS]
    if unknown:
        parser.error(f"no experiment {', '.join(unknown)}; there are {', '.join(EXPERIMENTS)}")
    if arguments.only:
        for name in arguments.only:
            run_one(EXPERIMENTS[name])
        return 0
    failed = [] if arguments.table else run_all(arguments.jobs, arguments.again)
    TABLE.write_text(table())
    print(f"{TABLE.relative_to(ROOT)}: written" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def run_one(entry: Experiment) -> None:
    """Runs one experiment here and keeps its result."""
    started = time.monotonic()
    outcome = entry.run(Bench())
    store(entry, outcome, time.monotonic() - started)
    print(row(entry))


def run_all(jobs: int, again: bool) -> list[str]:
    """Runs what has no result yet, `jobs` processes at a time; returns the names that failed."""
    waiting = [name for name in EXPERIMENTS if again or not result_path(name).exists()]
    if waiting:
        Bench().prepare_drives()
        Bench().base()
    running, failed = {}, []
    RUNS.mkdir(parents=True, exist_ok=True)
    while waiting or running:
        while waiting and len(running) < jobs:
            name = waiting.pop(0)
            log = (RUNS / f"{name}.log").open("w")
            running[name] = subprocess.Popen([sys.executable, "-m", "depthtrain.ablate", "--only", name], stdout=log, stderr=log)
            print(f"{name}: started, log in {Path(log.name).relative_to(ROOT)}", flush=True)
        for name, process in list(running.items()):
            if process.poll() is not None:
                del running[name]
                print(f"{name}: " + (row(EXPERIMENTS[name]) if process.returncode == 0 else "FAILED, see its log"), flush=True)
                failed += [name] if process.returncode else []
        time.sleep(1)
    return failed


def row(entry: Experiment) -> str:
    """The table's line of an experiment with a result."""
    result = json.loads(result_path(entry.name).read_text())
    without, with_method = result["without"], result["with"]
    change = (with_method - without) / abs(without) if without else float("nan")
    is_better = with_method < without if entry.lower_is_better else with_method > without
    verdict = "undecided" if abs(change) < UNDECIDED else "yes" if is_better else "**no**"
    return (f"| {entry.name} | {entry.method} | {entry.measure} ({'lower' if entry.lower_is_better else 'higher'} is better) | "
            f"{without:.4f} | {with_method:.4f} | {change:+.1%} | {verdict} |")


def table() -> str:
    """The document: protocol, one line per experiment with a result, and the notes."""
    done = [entry for entry in EXPERIMENTS.values() if result_path(entry.name).exists()]
    missing = [name for name in EXPERIMENTS if not result_path(name).exists()]
    results = {entry.name: json.loads(result_path(entry.name).read_text()) for entry in done}
    notes = [f"- **{name}** ({result['seconds'] / 60:.0f} min): {result['note']}" for name, result in results.items()
             if result["note"]]
    text = HEAD + "\n".join(row(entry) for entry in done) + "\n"
    text += "\n## Notes\n\n" + "\n".join(notes) + "\n" if notes else ""
    return text + SEEDS + (f"\nNot run: {', '.join(missing)}.\n" if missing else "")


if __name__ == "__main__":
    sys.exit(main())
