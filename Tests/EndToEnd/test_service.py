"""Start, stop and what systemd hears."""
import os
import signal
import time

import pytest
from conftest import simulator
from daemon import NotifySocket, depthctl
from subscriber import is_down, status, stream

NO_CAMERA = {"camera": {"source": "v4l2:/dev/video99"}, "odometry": {"source": "none"}}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_daemon_cleanly_within_a_second(launch, number):
    daemon = launch(simulator()).start()
    with stream(daemon, "front/") as subscriber:
        subscriber.receive()
        code, seconds = daemon.stop(number)
    assert code == 0, daemon.log
    assert seconds < 1.0


def test_the_daemon_ends_within_a_second_without_a_camera_too(launch):
    daemon = launch(simulator(**NO_CAMERA)).start()
    code, seconds = daemon.stop()
    assert code == 0 and seconds < 1.0


def test_a_stuck_thread_does_not_keep_the_process_from_ending(launch, tmp_path):
    """The capture thread waits in open(2) for ever, as in a driver that does not return."""
    drive = tmp_path / "drive"
    depthctl("simulate", "--world", "street", "--frames", "3", "--out", drive)
    picture = sorted((drive / "frames").iterdir())[1]
    picture.unlink()
    os.mkfifo(picture)
    daemon = launch(simulator(camera={"source": f"drive:{drive}"})).start()
    deadline = time.monotonic() + 60
    while daemon.ask("status")["result"]["camera"]["frames"] == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    code, _ = daemon.stop()
    assert code == 1 and "stuck" in daemon.log


def test_the_same_endpoints_serve_again_after_a_stop_or_a_kill(launch):
    daemon = launch(simulator()).start()
    daemon.stop()
    daemon.start()
    daemon.stop(signal.SIGKILL)
    daemon.start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()


def test_ready_comes_without_a_camera_and_health_says_why_there_is_no_depth(launch, tmp_path):
    notify = NotifySocket(tmp_path / "notify")
    daemon = launch(simulator(**NO_CAMERA), {"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "2000000"}).launch()
    notify.wait_for("READY=1")
    with status(daemon, "health/") as subscriber:
        health = subscriber.receive_until(is_down)[1]
    assert "/dev/video99" in health["reason"]
    # Waiting for a camera is healthy: the watchdog is fed, and nobody restarts the daemon in vain.
    assert notify.collect(3).count("WATCHDOG=1") >= 2
    daemon.stop()
    notify.wait_for("STOPPING=1")
    assert notify.lines.index("READY=1") < notify.lines.index("STOPPING=1")


def test_ready_comes_when_every_socket_is_there(launch, tmp_path):
    notify = NotifySocket(tmp_path / "notify")
    daemon = launch(simulator(), {"NOTIFY_SOCKET": notify.path}).launch()
    notify.wait_for("READY=1")
    names = {path.name for path in daemon.endpoints.iterdir()}
    assert {"stream.sock", "latest.sock", "status.sock", "control.sock"} <= names
    assert daemon.ask("status")["ok"]


def test_the_watchdog_is_fed_while_frames_are_published(launch, tmp_path):
    notify = NotifySocket(tmp_path / "notify")
    daemon = launch(simulator(), {"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "2000000"}).launch()
    notify.wait_for("WATCHDOG=1")
    assert notify.lines.index("READY=1") < notify.lines.index("WATCHDOG=1")
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
    assert notify.collect(3).count("WATCHDOG=1") >= 2


def test_the_watchdog_starves_when_the_process_is_stopped(launch, tmp_path):
    notify = NotifySocket(tmp_path / "notify")
    daemon = launch(simulator(), {"NOTIFY_SOCKET": notify.path, "WATCHDOG_USEC": "1000000"}).launch()
    notify.wait_for("WATCHDOG=1")
    os.kill(daemon.process.pid, signal.SIGSTOP)
    notify.collect(0.5)
    assert "WATCHDOG=1" not in notify.collect(2)
    os.kill(daemon.process.pid, signal.SIGCONT)
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()


def test_systemd_status_is_one_line_for_a_person(launch, tmp_path):
    notify = NotifySocket(tmp_path / "notify")
    daemon = launch(simulator(), {"NOTIFY_SOCKET": notify.path}).launch()
    notify.wait_for("READY=1")
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive_many(3)
    lines = [line for line in notify.lines + notify.collect(2.5) if line.startswith("STATUS=")]
    assert lines and "fps" in lines[-1]


def test_abstract_notify_sockets_work(launch, tmp_path):
    name = f"\0depthd-test-{os.getpid()}"
    notify = NotifySocket(name)
    launch(simulator(**NO_CAMERA), {"NOTIFY_SOCKET": "@" + name[1:]}).launch()
    notify.wait_for("READY=1")
