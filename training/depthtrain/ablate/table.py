"""The table of experiments: paired differences over the seeds, and what they allow to say."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path

import numpy as np

from depthtrain.ablate.bench import EXPERIMENTS, RUNS, Experiment, result_path

STUDENT_95 = (12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262)
"""Two-sided 95 % points of Student's t for 1 to 9 degrees of freedom."""
HEAD = """# What each method does to its own measure

`make ablate-small` makes this page in one go; `python -m depthtrain.ablate --only NAME` repeats one row. Protocol:
RPr-Lite at 192x64 (`teacher`: 384x128), 30 to 160 steps (`priors`: 400) of 4 images a judged run on one CPU thread, on
two real drives (`kitti2015_train`, `kitti_odom00`; `guided` also `kitti_odom06`) and two simulator drives (a street and
a yard), `priors` on the ten simulator drives of the base alone. Judged are the averaged weights, on `kitti2015_val` and
on simulator drives of other seeds, never on what a run learned from. Runs start from one common base, supervised for
450 steps on ten further simulator drives and for 250 more on these and the truth of `kitti2015_train`;
`self-distillation` and `priors` start from the first half of it, which has not seen a real picture, `hints` from random
weights.

The two runs of a pair share start, seed, order of the data and steps, and differ in the method (and what comes with
it) alone. `teacher`, `completion` and `sigma` compare two uses of one network: they say what the use is worth, not
what training with it does. Each method is judged by the measure that it is meant to improve; all are better when
lower. Log error is the mean of |ln predicted - ln true|: in the yard a few near things that are missed altogether
decide AbsRel, so that rows that count the yard are in log error. Where another measure that was looked at moved the
other way, the note has it.

Every pair is run with {seeds} seeds. The change is the mean paired difference, relative to the mean without; beside
it are its standard error and, in brackets, the number of pairs. "yes" and "no" need a 95 % interval (Student's t over
the seeds) that leaves out zero; else the row is undecided. The interval is about other runs from the same base and
with the same judged frames, not about other places, nor about methods trained to their end. Steps, rates and measures
were set before these results were seen: for velocity, hints and infinite-depth by trials on drives of other seeds, for
`self-distillation` and `priors` by trials with other seeds on a block of the training stills that they did not learn
from, for the others by judgement. [Earlier set-ups](methods-history.md), which had been judged on the same frames, are
kept apart; `self-distillation` and `priors` have seeds that none of them had.

| experiment | method | measure | without | with | change | moved as meant |
|---|---|---|---|---|---|---|
"""


@dataclasses.dataclass(frozen=True)
class Effect:
    """Means over `seeds` pairs, and the mean paired difference and its standard error, relative to the mean without."""

    without: float
    with_method: float
    change: float
    error: float
    seeds: int

    @property
    def verdict(self) -> str:
        """"yes", "**no**" or "undecided", by the 95 % interval of the change; a single pair decides nothing."""
        if self.seeds < 2 or abs(self.change) <= STUDENT_95[self.seeds - 2] * self.error:
            return "undecided"
        return "yes" if self.change < 0 else "**no**"


def effect(pairs: list[tuple[float, float]]) -> Effect:
    """The effect of (without, with) pairs, at most ten."""
    without, with_method = np.array(pairs, np.float64).T
    differences = (with_method - without) / without.mean()
    error = float(differences.std(ddof=1)) / math.sqrt(len(pairs)) if len(pairs) > 1 else float("inf")
    return Effect(float(without.mean()), float(with_method.mean()), float(differences.mean()), error, len(pairs))


def results(entry: Experiment, folder: Path = RUNS) -> list[dict]:
    """What the seeds of an experiment that are done have measured."""
    paths = [result_path(entry.name, seed, folder) for seed in entry.seeds(len(STUDENT_95) + 1)]
    return [json.loads(path.read_text()) for path in paths if path.exists()]


def row(entry: Experiment, done: list[dict]) -> str:
    """The table's line of an experiment with results."""
    found = effect([(result["without"], result["with"]) for result in done])
    spread = f"± {found.error:.1%} ({found.seeds})" if found.seeds > 1 else "(one pair)"
    return (f"| {entry.name} | {entry.method} | {entry.measure} | {found.without:.4f} | {found.with_method:.4f} | "
            f"{found.change:+.1%} {spread} | {found.verdict} |")


def note(entry: Experiment, done: list[dict]) -> str:
    """The experiment's note with the means of its further numbers."""
    means = {name: float(np.mean([result["further"][name] for result in done])) for name in done[0]["further"]}
    minutes = sum(result["seconds"] for result in done) / 60
    changes = ", ".join(f"{(result['with'] - result['without']) / result['without']:+.1%}" for result in done)
    return f"- **{entry.name}** ({minutes:.1f} min of one core; by seed {changes}): {entry.note.format(**means)}"


def table(folder: Path = RUNS) -> str:
    """The document: protocol, one line per experiment with results, and the notes."""
    done = {name: results(entry, folder) for name, entry in EXPERIMENTS.items()}
    present = {name: found for name, found in done.items() if found}
    missing = [name for name in EXPERIMENTS if name not in present]
    counts = sorted({len(found) for found in present.values()})
    text = HEAD.format(seeds=" to ".join(str(count) for count in dict.fromkeys(counts[:1] + counts[-1:])) or "no")
    text += "\n".join(row(EXPERIMENTS[name], found) for name, found in present.items()) + "\n"
    if present:
        text += "\n## Notes\n\n" + "\n".join(note(EXPERIMENTS[name], found) for name, found in present.items()) + "\n"
    text += f"\nNot run yet: {', '.join(missing)}; `make ablate-small` goes on with what is missing.\n" if missing else ""
    return text
