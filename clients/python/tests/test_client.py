"""The client against a live publisher over real ZeroMQ."""

from __future__ import annotations

import time
from typing import Callable

import pytest
from conftest import StubDaemon

from depthd_client import DepthClient, Liveness, standard_directory


def eventually(condition: Callable[[], bool], seconds: float = 5.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


@pytest.mark.parametrize("queue", [None, 100])
def test_frames_arrive_once_each_in_order_and_young(directory: str, queue: int | None) -> None:
    with DepthClient(directory) as client:
        # Subscribing before the daemon exists is no error.
        depth = client.subscribe("front/depth/", queue=queue)
        assert depth.stale(after_s=10)
        daemon = StubDaemon(directory)
        last = 0
        for _ in range(20):
            frame = depth.next(timeout_s=5)
            assert frame is not None and frame.seq > last
            last = frame.seq
            age = frame.age_s()
            assert age is not None and 0 <= age < 0.5
            assert (frame.depth == frame.seq).all()
        assert not depth.stale(after_s=1)
        daemon.stop()


def test_gaps_are_counted_and_damage_dropped(directory: str, daemon: StubDaemon) -> None:
    with DepthClient(directory) as client:
        depth = client.subscribe("front/depth", queue=1000)
        first = depth.next(timeout_s=5)
        assert first is not None
        daemon.skip = {first.seq + 10, first.seq + 11}
        daemon.damage = {first.seq + 20}
        seen = []
        while not seen or seen[-1] < first.seq + 30:
            frame = depth.next(timeout_s=5)
            assert frame is not None
            seen.append(frame.seq)
        assert not {first.seq + 10, first.seq + 11, first.seq + 20} & set(seen)
        assert depth.lost == 3 and depth.malformed == 1
        assert "describes 32" in str(depth.last_error)


def test_a_lost_daemon_is_noticed_and_its_successor_found(directory: str) -> None:
    with DepthClient(directory) as client:
        depth = client.subscribe("front/depth/")
        daemon = StubDaemon(directory)
        assert eventually(lambda: client.liveness(depth).good and depth.received > 20)
        daemon.stop()
        assert eventually(lambda: not client.liveness(depth).alive)
        assert depth.stale(after_s=0.3)
        daemon = StubDaemon(directory)
        assert eventually(lambda: client.liveness(depth).alive)
        assert depth.restarts == 1
        daemon.stop()


def test_a_camera_that_is_down_is_not_valid(directory: str, daemon: StubDaemon) -> None:
    daemon.verdict = "down"
    with DepthClient(directory) as client:
        depth = client.subscribe("front/depth/")
        assert eventually(lambda: "front" in client.status.health and depth.newest is not None)
        liveness = client.liveness(depth)
        assert liveness.alive and not liveness.valid and not liveness.good
        assert client.status.info is not None and client.status.info["version"] == "stub"


def test_requests_are_answered(directory: str, daemon: StubDaemon) -> None:
    with DepthClient(directory) as client:
        assert client.ask("status", timeout_s=5) == {"up": True}
        with pytest.raises(RuntimeError, match="unknown_request"):
            client.ask("dance", timeout_s=5)


def test_a_missing_daemon_is_reported_in_time(directory: str) -> None:
    with DepthClient(directory) as client, pytest.raises(TimeoutError):
        client.ask("status", timeout_s=0.1)


def test_frames_can_be_iterated(directory: str, daemon: StubDaemon) -> None:
    with DepthClient(directory) as client:
        for count, frame in enumerate(client.subscribe("front/depth/")):
            assert frame.scale_state == "locked"
            if count == 3:
                break


@pytest.mark.parametrize(
    ("since_frame", "rate", "nominal", "since_health", "down", "expected"),
    [
        (0.1, 30, 30, 1, False, (True, True, True)),
        (0.1, 26, 30, 1, False, (True, False, True)),
        (0.6, 30, 30, 1, False, (False, True, True)),
        (0.1, 30, 30, 4, False, (True, True, False)),
        (0.1, 30, 30, 1, True, (True, True, False)),
        (4, 1, 1, 1, False, (True, True, True)),
        (None, None, None, None, False, (False, True, False)),
    ],
)
def test_liveness_follows_its_three_rules(
    since_frame: float | None,
    rate: float | None,
    nominal: float | None,
    since_health: float | None,
    down: bool,
    expected: tuple[bool, bool, bool],
) -> None:
    judged = Liveness.judge(since_frame, rate, nominal, since_health, down)
    assert (judged.alive, judged.rate_ok, judged.valid) == expected


def test_the_directory_follows_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", "/run/a:/run/b")
    assert standard_directory() == "/run/a"
    monkeypatch.setenv("DEPTHD_DIRECTORY", "/srv/depth")
    assert standard_directory() == "/srv/depth"
