"""Which points an evaluation gives to the completion network: the same ones for the same seed, in any language."""

from __future__ import annotations

import dataclasses

import numpy as np

from depthtrain.data.drive import Drive, DriveError

BEAM_BINS = 64
_MASK = (1 << 64) - 1


@dataclasses.dataclass(frozen=True)
class SparseRequest:
    """`count` random points, or as many beams, of a frame's `sparse/` (of `depth/` where a drive has no range sensor)."""

    count: int
    beams: bool = False
    seed: int = 1

    @classmethod
    def parse(cls, text: str, seed: int = 1) -> "SparseRequest":
        """`500` or `beams:16`. Raises ValueError for anything else."""
        kind, _, number = text.rpartition(":")
        if kind not in ("", "beams") or not number.isdigit() or int(number) == 0:
            raise ValueError(f"--sparse {text!r}: expected a number of points such as 500, or beams:16")
        if kind == "beams" and int(number) > BEAM_BINS:
            raise ValueError(f"--sparse {text!r}: at most {BEAM_BINS} beams")
        return cls(int(number), kind == "beams", seed)

    def points(self, drive: Drive, index: int) -> np.ndarray:
        """Chosen points (H, W) metres, NaN = none. Raises DriveError for a drive with neither sparse/ nor depth/."""
        kind = "sparse" if drive.has("sparse") else "depth"
        if not drive.has(kind):
            raise DriveError(f"{drive.path}: has neither sparse/ nor depth/ to take points from")
        measured = drive.depth(index, kind)
        chosen = self._beams(measured, drive) if self.beams else self._random(measured, index)
        return np.where(chosen, measured, np.nan).astype(np.float32)

    def _random(self, measured: np.ndarray, index: int) -> np.ndarray:
        """The `count` pixels with the smallest SplitMix64 of (seed, frame, pixel), pixels numbered row by row."""
        places = np.flatnonzero(measured > 0)
        state = (self.seed * 0x9E3779B97F4A7C15 + (index << 32)) & _MASK
        order = np.argsort(split_mix(places.astype(np.uint64) + np.uint64(state)), kind="stable")[:self.count]
        chosen = np.zeros(measured.size, bool)
        chosen[places[order]] = True
        return chosen.reshape(measured.shape)

    def _beams(self, measured: np.ndarray, drive: Drive) -> np.ndarray:
        """Elevation (row, without intrinsics) from the frame's lowest to its highest point in 64 bins; `count` of them, evenly
        spread."""
        v, u = np.nonzero(measured > 0)
        chosen = np.zeros(measured.shape, bool)
        if not len(v):
            return chosen
        angle = -v.astype(np.float64)
        if drive.intrinsics:
            K = drive.intrinsics
            angle = -np.arctan((v - K.cy) / K.fy / np.hypot(1.0, (u - K.cx) / K.fx))
        span = max(float(angle.max() - angle.min()), 1e-9)
        bins = np.minimum(((angle - angle.min()) / span * BEAM_BINS).astype(int), BEAM_BINS - 1)
        wanted = [(2 * beam + 1) * BEAM_BINS // (2 * self.count) for beam in range(self.count)]
        keep = np.isin(bins, wanted)
        chosen[v[keep], u[keep]] = True
        return chosen


def split_mix(values: np.ndarray) -> np.ndarray:
    """SplitMix64's output for each 64-bit state (wrapping arithmetic). Source: Steele et al. 2014."""
    with np.errstate(over="ignore"):
        z = values.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))
