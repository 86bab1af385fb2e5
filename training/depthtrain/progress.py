"""How far a run is: the share of its schedule, its pace, what is left, and the mean loss terms since the last report."""

from __future__ import annotations

import datetime
import time

import torch


class Progress:
    """Counts steps against a schedule. `share` runs from 0 to 1, by steps or, if sooner, by `minutes`."""

    def __init__(self, step: int, steps: int, minutes: float | None) -> None:
        self.steps = steps
        self.share = self._begun = step / steps
        self._first = step
        self._step = step
        self._started = time.monotonic()
        self._minutes = minutes
        self._terms: dict[str, list[torch.Tensor]] = {}
        self._done: dict[str, float] = {}

    def add(self, step: int, group: str, terms: dict[str, torch.Tensor]) -> None:
        """Notes that `step` steps are done, the last with these terms."""
        self._step = step
        elapsed = (time.monotonic() - self._started) / (60 * self._minutes) if self._minutes else 0.0
        self.share = max(step / self.steps, self._begun + (1 - self._begun) * elapsed)
        for name, value in terms.items():
            self._terms.setdefault(f"{group}.{name}", []).append(value.detach())

    def report(self, rate: float) -> dict[str, float]:
        """Prints the means since the last report with pace and time left; returns them with both."""
        pace = (time.monotonic() - self._started) / max(self._step - self._first, 1)
        means = {name: float(torch.stack(values).mean()) for name, values in sorted(self._terms.items())}
        self._terms = {}
        left_s = pace * (self.steps - self._step)
        if self._minutes:
            left_s = min(left_s, max(0.0, 60 * self._minutes - (time.monotonic() - self._started)))
        print(f"step {self._step}/{self.steps}  {self.share:.0%}  {pace:.2f} s/step  "
              f"{datetime.timedelta(seconds=round(left_s))} left  " +
              "  ".join(f"{name} {value:.4f}" for name, value in means.items()), flush=True)
        return {**means, "learning_rate": rate, "seconds_per_step": pace}

    def is_due(self, what: str, every_s: float, is_last: bool) -> bool:
        """Whether `every_s` seconds have passed since `what` was last due; always in the last step."""
        now = time.monotonic()
        if is_last or now - self._done.get(what, self._started) > every_s:
            self._done[what] = now
            return True
        return False
