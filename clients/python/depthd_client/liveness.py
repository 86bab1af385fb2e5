"""The three questions to ask before trusting a topic."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Liveness:
    #: A frame came within the last ten periods (at least half a second).
    alive: bool
    #: Frames come at 90 % of the nominal rate or faster; true while the nominal rate is unknown.
    rate_ok: bool
    #: The daemon said, within the last three seconds, that this camera delivers.
    valid: bool

    @property
    def good(self) -> bool:
        return self.alive and self.rate_ok and self.valid

    @classmethod
    def judge(
        cls,
        since_frame_s: float | None,
        rate_hz: float | None,
        nominal_rate_hz: float | None,
        since_health_s: float | None,
        down: bool,
    ) -> Liveness:
        """Applies the rules; None = never seen or unknown."""
        longest = max(0.5, 10 / nominal_rate_hz) if nominal_rate_hz else 1.0
        return cls(
            alive=since_frame_s is not None and since_frame_s < longest,
            rate_ok=not nominal_rate_hz or (rate_hz or 0.0) >= 0.9 * nominal_rate_hz,
            valid=since_health_s is not None and since_health_s < 3 and not down,
        )
