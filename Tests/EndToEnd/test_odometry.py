"""Odometry as a robot sends it, right and wrong; the CAN bus itself is tested in the virtual machine."""
import json
import threading
import time

import pytest
import zmq
from conftest import simulator
from daemon import depthctl, toml, wait_until
from subscriber import status, stream

SPEED_AND_YAW = {"speed": "0x1A0 7|16@0+ (0.01,0) km/h", "yaw_rate": "0x1A4 0|16@1- (0.001,0) rad/s"}


class Robot:
    """A publisher of odometry that says what `speed` tells it, fifty times a second."""

    def __init__(self, endpoint):
        self.speed = lambda count: 1.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(endpoint,))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join()

    def _run(self, endpoint):
        with zmq.Context.instance().socket(zmq.PUB) as publisher:
            publisher.setsockopt(zmq.LINGER, 0)
            publisher.bind(endpoint)
            count = 0
            while not self._end.wait(0.02):
                now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
                publisher.send_string(
                    json.dumps(
                        {"clock": "monotonic", "stamp": {"sec": now // 10**9, "nsec": now % 10**9},
                         "linear": [self.speed(count), 0, 0], "angular": [0, 0, 0.1]}))
                count += 1


def odometry(daemon):
    return daemon.ask("status")["result"]["odometry"]


def wait_for(daemon, code):
    def is_so(received):
        return any(part["code"] == code for part in received[1].get("components", []))

    with status(daemon, "health/") as subscriber:
        return subscriber.receive_until(is_so)[1]


def reload(daemon, **tables):
    for table, entries in tables.items():
        daemon.tables.setdefault(table, {}).update(entries)
    daemon.config.write_text(toml(daemon.tables))
    answer = depthctl("reload", "--json", "--endpoint", daemon.endpoints, check=False)
    return json.loads(answer.stdout.splitlines()[-1])


def test_status_shows_what_the_robot_does_and_outliers_are_not_believed(launch, tmp_path):
    endpoint = f"ipc://{tmp_path}/odometry.sock"
    daemon = launch(simulator(odometry={"source": f"zmq:{endpoint}"})).start()
    with Robot(endpoint) as robot:
        wait_until(lambda: "speed_mps" in odometry(daemon))
        now = odometry(daemon)
        assert (now["speed_mps"], now["yaw_rate_rps"], now["implausible"]) == (1.0, 0.1, 0)
        robot.speed = lambda count: 90.0 if count % 10 == 0 else 1.0
        wait_for(daemon, "odometry_implausible")
        now = odometry(daemon)
        assert now["implausible"] > 0 and now["speed_mps"] == 1.0 and "odometry.max_speed_mps" in now["problem"]
        # A robot that can.
        assert reload(daemon, odometry={"max_speed_mps": 95.0, "max_acceleration_mps2": 1000.0})["verdict"] == "applied"
        robot.speed = lambda count: 90.0
        wait_until(lambda: odometry(daemon)["speed_mps"] == 90.0)


def test_the_configured_offset_moves_the_stamps_of_odometry(launch, tmp_path):
    endpoint = f"ipc://{tmp_path}/odometry.sock"
    daemon = launch(simulator(odometry={"source": f"zmq:{endpoint}", "max_age_ms": 60000})).start()
    with Robot(endpoint):
        wait_until(lambda: "age_ms" in odometry(daemon))
        answer = reload(daemon, odometry={"time_offset_ms": -900.0})
        assert [change["reload"] for change in answer["changes"]] == ["live"]
        wait_until(lambda: odometry(daemon).get("age_ms", 0) >= 900)


@pytest.mark.parametrize("late_s", [0.08, -0.08])
def test_images_that_turn_show_by_how_much_odometry_is_late(launch, tmp_path, late_s):
    drive = tmp_path / "drive"
    depthctl("simulate", "--world", "yard", "--frames", "450", "--rate", "10", "--size", "320x240", "--seed", "2",
             "--out", str(drive))
    head, *rows = (drive / "odometry.csv").read_text().splitlines()
    moved = [f"{float(row.split(',')[0]) + late_s:.4f},{row.split(',', 1)[1]}" for row in rows]
    (drive / "odometry.csv").write_text("\n".join([head, *moved]) + "\n")
    daemon = launch(simulator(camera={"source": f"drive:{drive}"}, drive={"pace": "as_fast_as_possible"})).start()
    wait_until(lambda: "ms" in odometry(daemon).get("time_offset", {}))
    found = odometry(daemon)["time_offset"]
    assert abs(found["ms"] + 1000 * late_s) < max(25, 3 * found["sigma_ms"]), found
    assert found["correlation"] > 0.9


def test_a_bus_that_is_not_there_is_told_and_depth_flows(launch, tmp_path):
    daemon = launch(simulator(odometry={"source": "can:nosuchcan"}, **{"odometry.can": SPEED_AND_YAW})).start()
    health = wait_for(daemon, "odometry_can_absent")
    part = next(part for part in health["components"] if part["name"] == "odometry")
    assert part["level"] == "error" and "nosuchcan" in part["text"] and "ip -br link" in part["remedy"]
    assert odometry(daemon)["can"]["interface"] == "nosuchcan" and "no network interface" in odometry(daemon)["can"]["fault"]
    with stream(daemon, "front/depth/") as frames:
        assert "no_odometry" in frames.receive().header["degraded"]
        endpoint = f"ipc://{tmp_path}/odometry.sock"
        with Robot(endpoint):
            answer = reload(daemon, odometry={"source": f"zmq:{endpoint}"})
            assert answer["verdict"] == "applied"
            wait_for(daemon, "odometry_ok")
            assert "can" not in odometry(daemon)


@pytest.mark.parametrize("can, words", [
    ({}, "odometry.can.speed is missing"),
    ({"speed": SPEED_AND_YAW["speed"]}, "odometry.can.yaw_rate is missing"),
    ({**SPEED_AND_YAW, "speed": "0x1A0 7|16@0+ (0.01,0) knots"}, "odometry.can.speed has the unit \"knots\""),
    ({**SPEED_AND_YAW, "speed": "416 7|16@0+ (0.01,0) m/s"}, "odometry.can.speed has the identifier \"416\""),
])
def test_signals_that_make_no_odometry_are_refused(launch, can, words):
    daemon = launch(simulator(odometry={"source": "can:can0"}, **{"odometry.can": can}))
    done = depthctl("check", "--config", daemon.config, check=False)
    assert done.returncode == 2 and words in done.stdout + done.stderr
