"""Runs the experiments, one process each, and writes the table. See the package for how to call it."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys
import time
from pathlib import Path

from depthtrain.ablate import MODULES
from depthtrain.ablate.bench import EXPERIMENTS, ROOT, RUNS, Bench, Experiment, result_path, store
from depthtrain.ablate.table import STUDENT_95, results, row, table

TABLE = ROOT / "docs" / "benchmarks" / "methods.md"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m depthtrain.ablate", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", metavar="NAME", help="run this experiment here (repeatable)")
    parser.add_argument("--again", action="store_true", help="measure anew what has a result; finished runs are found again")
    parser.add_argument("--seeds", type=int,
                        help="pairs of runs for each experiment, 2 to 10 (default: 3, more where an experiment says so)")
    parser.add_argument("--jobs", type=int, default=2, help="experiments at a time (default %(default)s)")
    parser.add_argument("--table", action="store_true", help="only write the table from the results that are there")
    arguments = parser.parse_args()
    for module in MODULES:
        importlib.import_module(f"depthtrain.ablate.{module}")
    unknown = [name for name in arguments.only or [] if name not in EXPERIMENTS]
    if unknown:
        parser.error(f"no experiment {', '.join(unknown)}; there are {', '.join(EXPERIMENTS)}")
    if arguments.seeds is not None and not 2 <= arguments.seeds <= len(STUDENT_95) + 1:
        parser.error(f"--seeds {arguments.seeds}: expected 2 to {len(STUDENT_95) + 1}; one pair has no standard error")
    if arguments.only:
        for name in arguments.only:
            run_one(EXPERIMENTS[name], arguments.seeds, arguments.again)
        return 0
    failed = [] if arguments.table else run_all(arguments.jobs, arguments.seeds, arguments.again)
    TABLE.write_text(table())
    print(f"{TABLE.relative_to(ROOT)}: written" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def run_one(entry: Experiment, pairs: int | None, again: bool) -> None:
    """Runs the seeds of one experiment that have no result yet, here, and keeps their results."""
    for seed in entry.seeds(pairs):
        if again or not result_path(entry.name, seed).exists():
            before_s = time.process_time()  # of this process: what else the machine does shall not count
            store(entry.name, seed, entry.run(Bench(seed)), time.process_time() - before_s)
    print(row(entry, results(entry)))


def run_all(jobs: int, pairs: int | None, again: bool) -> list[str]:
    """Runs what has not all its results yet, `jobs` processes at a time; returns the names that failed."""
    waiting = [name for name, entry in EXPERIMENTS.items()
               if again or not all(result_path(name, seed).exists() for seed in entry.seeds(pairs))]
    if waiting:
        print("the common bases, and drives that are missing", flush=True)
        Bench().base()
    running, failed = {}, []
    while waiting or running:
        while waiting and len(running) < jobs:
            name = waiting.pop(0)
            log = (RUNS / f"{name}.log").open("w")
            command = [sys.executable, "-m", "depthtrain.ablate", "--only", name]
            command += ["--seeds", str(pairs)] if pairs else []
            running[name] = subprocess.Popen(command + ["--again"] * again, stdout=log, stderr=log)
            print(f"{name}: started, log in {Path(log.name).relative_to(ROOT)}", flush=True)
        for name, process in list(running.items()):
            if process.poll() is not None:
                del running[name]
                entry, is_done = EXPERIMENTS[name], process.returncode == 0
                print(f"{name}: {row(entry, results(entry)) if is_done else 'FAILED, see its log'}", flush=True)
                failed += [name] if process.returncode else []
        time.sleep(1)
    return failed


if __name__ == "__main__":
    sys.exit(main())
