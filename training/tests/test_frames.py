"""What training keeps of a drive in memory: truths, the most recent ones, within a limit."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from conftest import write_drive
from depthtrain.config import Source
from depthtrain.data.frames import DriveFrames, RecentTruths, Truth


def _truth(value: float) -> Truth:
    return Truth(np.full((10, 10), value, np.float16), np.ones((10, 10), np.float16))


def test_truths_stay_within_the_limit_and_the_least_recently_used_goes_first() -> None:
    truths, made = RecentTruths(limit_bytes=3 * 400), []

    def of(number: int) -> float:
        return float(truths.of((number,), lambda: made.append(number) or _truth(number)).inverse[0, 0])

    assert [of(number) for number in (1, 2, 3, 1, 4)] == [1, 2, 3, 1, 4] and truths.bytes == 1200
    assert of(1) == 1 and of(3) == 3 and made == [1, 2, 3, 4]
    assert of(2) == 2 and made == [1, 2, 3, 4, 2]


def test_a_truth_larger_than_the_limit_is_still_given() -> None:
    truths = RecentTruths(limit_bytes=1)
    assert truths.of(("large",), lambda: _truth(7)).inverse[0, 0] == 7


def test_two_threads_may_ask_at_once() -> None:
    truths = RecentTruths(limit_bytes=2 * 400)  # so that nearly every question evicts what the other thread asks for

    def ask(seed: int) -> bool:
        order = np.random.default_rng(seed).integers(0, 6, 20_000)
        return all(truths.of((number,), lambda: _truth(number)).inverse[0, 0] == number for number in order.tolist())

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            assert all(pool.map(ask, range(4)))
    finally:
        sys.setswitchinterval(interval)
    assert truths.bytes <= truths.limit_bytes


@pytest.fixture
def drive(tmp_path: Path) -> Path:
    return write_drive(tmp_path / "tiny")


def test_groups_share_a_truth_only_where_they_merge_it_alike(drive: Path) -> None:
    truths = RecentTruths()
    plain, again, sky = (DriveFrames(Source(str(drive), 1.0, **more), drive, 0.0, truths=truths)
                         for more in ({}, {"zoom_max": 2.0}, {"empty_depth_m": 80.0}))
    assert plain.truth(1) is again.truth(1)
    assert sky.truth(1).inverse[0, 0] == pytest.approx(1 / 80, rel=1e-3) and plain.truth(1).weight[0, 0] == 0
