"""What the daemon says about itself, and who may listen how."""
import os
import signal
import subprocess
import sys
import time

from conftest import simulator
from subscriber import latest, status, stream


def test_info_and_calibration_are_sent_to_every_new_subscriber(running):
    for _ in range(3):
        with status(running, "info/") as subscriber:
            topic, info = subscriber.receive(10)
        assert topic == "info/" and info["v"] == 1 and info["type"] == "info"
        with status(running, "calib/") as subscriber:
            topic, calibration = subscriber.receive(10)
        assert topic == "calib/" and calibration["camera"] == "front"


def test_info_names_what_runs(running):
    with status(running, "info/") as subscriber:
        info = subscriber.receive()[1]
    assert info["pid"] == running.process.pid
    camera = info["cameras"][0]
    assert (camera["name"], camera["source"]) == ("front", "sim:street")
    assert "front/depth/" in camera["topics"] and "front/unscaled/" in camera["topics"]
    with stream(running, "front/depth/") as subscriber:
        header = subscriber.receive().header
    assert header["boot_id"] == info["boot_id"]
    assert header["model"]["name"] == info["model"]["name"]
    # Headers carry the beginning of the hash.
    assert info["model"]["hash"].startswith(header["model"]["hash"]) and len(header["model"]["hash"]) >= 16


def test_health_says_that_depth_flows_and_how_fast(running):
    with status(running, "health/") as subscriber:
        health = subscriber.receive_until(
            lambda received: received[1].get("frames", 0) > 5 and "rate_hz" in received[1])[1]
    assert health["verdict"] in ("ok", "degraded")
    assert health["rate_hz"] > 0
    assert health["latency"]["p50_ms"] <= health["latency"]["p99_ms"]


def test_the_control_socket_answers_and_refuses_with_reasons(running):
    assert running.ask("status")["ok"] is True
    refusal = running.ask("dance")
    assert refusal["ok"] is False
    assert refusal["error"]["code"] == "unknown_request" and "status" in refusal["error"]["text"]


def test_metric_topics_are_silent_without_a_scale_and_unscaled_is_there(launch):
    daemon = launch(simulator(scale={"constant": None})).start()
    with stream(daemon, "front/depth/", "front/depth16/", "front/points/") as metric:
        with stream(daemon, "front/unscaled/") as subscriber:
            header = subscriber.receive_many(8)[-1].header
        assert metric.is_silent(0.5)
    assert header["scale"]["state"] in ("unscaled", "converging")
    assert "unscaled" in header["degraded"]
    assert header["unit"] == "network"
    with status(daemon, "health/") as subscriber:
        # A busy machine may lack odometry or speed for a moment, which is told first.
        health = subscriber.receive_until(lambda received: "scale" in received[1].get("reason", ""))[1]
    assert health["verdict"] == "degraded"


SLOW_READER = """
import sys, time, zmq
socket = zmq.Context().socket(zmq.SUB)
socket.setsockopt(zmq.RCVHWM, 1)
socket.setsockopt(zmq.SUBSCRIBE, b"front/")
socket.connect(sys.argv[1])
socket.recv_multipart()
print("receiving", flush=True)
time.sleep(600)
"""


def test_stuck_and_killed_subscribers_do_not_hold_up_the_others(running):
    def frames_per_second():
        with stream(running, "front/unscaled/") as subscriber:
            subscriber.receive()
            began = time.monotonic()
            subscriber.receive_many(15)
            return 15 / (time.monotonic() - began)

    before = frames_per_second()
    readers = [
        subprocess.Popen([sys.executable, "-c", SLOW_READER, running.endpoint("stream")], stdout=subprocess.PIPE)
        for _ in range(3)
    ]
    try:
        for reader in readers:
            assert reader.stdout.readline() == b"receiving\n"
        os.kill(readers[0].pid, signal.SIGSTOP)
        readers[1].kill()
        # Every topic is computed now, which costs something; being held up would mean no frames at all.
        assert frames_per_second() > before / 4
    finally:
        for reader in readers:
            reader.kill()
            reader.wait()
            reader.stdout.close()
    assert frames_per_second() > before / 4
    assert running.process.poll() is None


def test_subscribers_that_come_and_go_in_a_hurry_leave_the_daemon_well(running):
    for _ in range(20):
        with stream(running, "front/depth/"), latest(running, "front/preview/"), status(running, ""):
            pass
    with stream(running, "front/depth/") as subscriber:
        subscriber.receive_many(3)
