"""What a field engineer asks: how is it, what is wrong, what happened, how fast, how good?"""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios
import time

import pytest
import zmq
from conftest import simulator
from daemon import DEPTHCTL, TOP, depthctl, depthctl_json
from subscriber import latest, status, stream

COMPONENTS = [
    "camera", "calibration", "decode", "model", "bank", "odometry", "scale", "sparse", "publish", "clock", "disk",
    "temperature",
]
NO_CAMERA = {"camera": {"source": "v4l2:/dev/video99"}, "odometry": {"source": "none"}}
CODES = set(re.findall(r"^\| `(\w+)` \|", (TOP / "docs" / "codes.md").read_text(), re.M))


def component(message, name):
    return next(part for part in message["components"] if part["name"] == name)


def wait_for(daemon, name, code):
    """The health message in which a component has a code."""
    with status(daemon, "health/") as subscriber:
        return subscriber.receive_until(
            lambda received: "components" in received[1] and component(received[1], name)["code"] == code)[1]


def test_health_judges_every_component_and_claims_nothing_for_what_is_not_there(running):
    with status(running, "health/") as subscriber:
        message = subscriber.receive_until(lambda received: received[1].get("frames", 0) > 5)[1]
    assert [part["name"] for part in message["components"]] == COMPONENTS
    assert {part["code"] for part in message["components"]} <= CODES
    levels = {part["name"]: part["level"] for part in message["components"]}
    assert levels["sparse"] == "off" and levels["calibration"] == "ok" and levels["scale"] == "ok"
    for part in message["components"]:
        assert part["level"] in ("ok", "off") or part["remedy"], part


def test_codes_are_documented_as_the_program_knows_them():
    assert depthctl("why", "--markdown").stdout == (TOP / "docs" / "codes.md").read_text()


def test_why_explains_a_code_and_knows_what_was_meant():
    entry = depthctl_json("why", "CAMERA-BUSY", "--json")
    assert entry["component"] == "camera" and "program" in entry["cause"] and "doctor" in entry["remedy"]
    done = depthctl("why", "camera_bussy", check=False)
    assert done.returncode != 0 and "camera_busy" in done.stderr


def test_a_missing_camera_is_an_error_of_the_camera_alone(launch):
    daemon = launch(simulator(**NO_CAMERA)).start()
    message = wait_for(daemon, "camera", "camera_absent")
    assert component(message, "camera")["level"] == "error" and component(message, "camera")["remedy"]
    assert component(message, "odometry")["code"] == "odometry_off"
    assert component(message, "decode")["level"] == "off" and component(message, "publish")["level"] == "off"


def test_odometry_that_stops_is_stale_and_recovers(launch, tmp_path):
    endpoint = f"ipc://{tmp_path}/odometry.sock"
    daemon = launch(simulator(odometry={"source": f"zmq:{endpoint}"})).start()
    wait_for(daemon, "odometry", "odometry_missing")
    with zmq.Context.instance().socket(zmq.PUB) as publisher:
        publisher.setsockopt(zmq.LINGER, 0)
        publisher.bind(endpoint)

        def drive(until):
            with status(daemon, "health/") as subscriber:
                deadline = time.monotonic() + 60
                while time.monotonic() < deadline:
                    now = time.clock_gettime_ns(time.CLOCK_MONOTONIC)
                    publisher.send_string(
                        "odometry/" + json.dumps(
                            {"v": 1, "type": "odometry", "clock": "monotonic", "frame": "base_link",
                             "stamp": {"sec": now // 10**9, "nsec": now % 10**9},
                             "linear": [1.0, 0, 0], "angular": [0, 0, 0]}))
                    if subscriber.socket.poll(20):
                        message = subscriber.receive()[1]
                        if component(message, "odometry")["code"] == until:
                            return
            raise AssertionError(f"odometry did not become {until}")

        drive("odometry_ok")
        assert component(wait_for(daemon, "odometry", "odometry_stale"), "odometry")["level"] == "stale"
        drive("odometry_ok")


def test_events_outlive_a_killed_daemon(launch):
    daemon = launch(simulator()).start()
    daemon.stop(signal.SIGKILL)
    offline = depthctl("events", "--state", daemon.state, "--json").stdout.splitlines()
    assert [json.loads(line)["code"] for line in offline].count("started") == 1
    daemon.start()
    events = daemon.ask("events")["result"]["events"]
    codes = [event["code"] for event in events]
    assert codes.count("started") == 2 and set(codes) <= CODES
    assert len(daemon.ask("events", count=1)["result"]["events"]) == 1
    assert "started" in depthctl("events", "--endpoint", daemon.endpoints).stdout


@pytest.mark.parametrize("spoil", ["cut", "foreign"])
def test_a_damaged_event_log_is_set_aside_with_a_warning(launch, spoil):
    daemon = launch(simulator(**NO_CAMERA)).start()
    daemon.stop()
    log = daemon.state / "events.jsonl"
    before = log.read_bytes()
    log.write_bytes(before[:-20] if spoil == "cut" else b"\x00\xffno events\n")
    daemon.start()
    codes = [event["code"] for event in daemon.ask("events")["result"]["events"]]
    assert "events_set_aside" in codes and codes.count("started") == (2 if spoil == "cut" else 1)
    assert (daemon.state / "events.jsonl.damaged").read_bytes() != before
    assert "set aside" in daemon.log


def test_a_log_that_cannot_be_written_is_told_and_depth_flows_on(launch):
    daemon = launch(simulator())
    (daemon.state / "events.jsonl" / "in-the-way").mkdir(parents=True)
    (daemon.state / "events.jsonl.new").mkdir()
    daemon.start()
    message = wait_for(daemon, "disk", "disk_unwritable")
    assert component(message, "disk")["level"] == "error"
    wait_for(daemon, "publish", "publish_ok")


def test_doctor_takes_the_daemons_word(running):
    done = depthctl("doctor", "--endpoint", running.endpoints, "--config", running.config, "--json", check=False)
    report = json.loads(done.stdout.splitlines()[-1])
    assert {finding["code"] for finding in report["findings"]} <= CODES
    assert "daemon_absent" not in {finding["code"] for finding in report["findings"]}
    assert done.returncode == (2 if report["errors"] else 1 if report["warnings"] else 0)


def doctor(daemon):
    """Codes of what needs attention, and the whole report."""
    done = depthctl("doctor", "--endpoint", daemon.endpoints, "--config", daemon.config, "--json", check=False)
    report = json.loads(done.stdout.splitlines()[-1])
    found = {finding["code"] for finding in report["findings"] if finding["level"] not in ("ok", "off")}
    assert done.returncode == (2 if report["errors"] else 1 if report["warnings"] else 0)
    for finding in report["findings"]:
        assert finding["code"] in CODES and finding["cause"]
    return found, report


@pytest.mark.parametrize(
    "tables, code",
    [
        (NO_CAMERA, "camera_absent"),
        ({"camera": {"calibration": "absent.yaml"}}, "calibration_missing"),
        ({"camera": {"calibration": "broken.yaml"}}, "calibration_unparsable"),
        ({"camera": {"calibration": "zero.yaml"}}, "calibration_invalid"),
        ({"camera": {"calibration": "wide.yaml"}}, "calibration_wrong_size"),
        ({"camera": {"calibration": "doubtful.yaml"}}, "calibration_implausible"),
        ({"model": {"path": "absent"}}, "model_unusable"),
        ({"scale": {"constant": None}}, "scale_unknown"),
        ({"nonsense": {}}, "configuration_refused"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_doctor_finds_without_a_daemon(launch, tables, code):
    sim = (TOP / "calib" / "sim.yaml").read_text()
    daemon = launch(simulator(**tables))
    (daemon.folder / "broken.yaml").write_text("image_width: [")
    (daemon.folder / "zero.yaml").write_text(sim.replace("420.0", "0.0"))
    (daemon.folder / "wide.yaml").write_text(sim.replace("image_height: 480", "image_height: 360"))
    (daemon.folder / "doubtful.yaml").write_text(sim.replace("420.0, 239.5", "520.0, 239.5"))
    found, report = doctor(daemon)
    assert {"daemon_absent", code} <= found
    assert all(finding["remedy"] for finding in report["findings"] if finding["level"] in ("warning", "error"))


def test_doctor_finds_a_missing_camera_with_a_daemon_and_without_calibration(launch):
    daemon = launch(simulator(**NO_CAMERA)).start()
    wait_for(daemon, "camera", "camera_absent")
    found, _ = doctor(daemon)
    assert {"camera_absent", "calibration_none"} <= found


def test_doctor_tells_a_daemon_that_hangs_from_one_that_is_not_there(launch):
    daemon = launch(simulator(**NO_CAMERA)).start()
    os.kill(daemon.process.pid, signal.SIGSTOP)
    found, _ = doctor(daemon)
    assert "daemon_silent" in found and "daemon_absent" not in found
    os.kill(daemon.process.pid, signal.SIGCONT)


def test_latency_adds_up(running):
    report = depthctl_json("latency", "--endpoint", running.endpoints, "--seconds", 3, "--json")
    stages = report["stages_ms"]
    assert report["frames"] > 0
    assert {"wait", "infer", "total", "transport", "age"} <= set(stages)
    for name, stage in stages.items():
        assert 0 <= stage["p50"] <= stage["p90"] <= stage["p99"] <= stage["max"], name
    assert stages["age"]["max"] >= stages["total"]["p50"]


def test_quality_measures_and_explains(running):
    report = depthctl_json("quality", "--endpoint", running.endpoints, "--frames", 5, "--json")
    assert report["frames"] == 5 and report["unit"] == "m"
    assert 0 <= report["fill_ratio"] <= 1 and report["distance"] > 0
    text = depthctl("quality", "--endpoint", running.endpoints, "--frames", 3, "--distance", 4).stdout
    assert "fill rate" in text and "against the true 4 m" in text


def test_mount_is_measured_on_the_simulators_ground(running):
    done = depthctl(
        "calib", "mount", "--frames", 8, "--endpoint", running.endpoints, "--config", running.config, check=False)
    # The street may be full of cars; then it says so.
    assert ("pitch" in done.stdout and "nothing is written" in done.stdout) or "no flat ground" in done.stderr


def screen(lines):
    assert len(lines) <= 24, lines
    assert all(len(line) <= 80 for line in lines), [line for line in lines if len(line) > 80]
    return "\n".join(lines)


def test_top_fits_one_screen(running):
    text = screen(depthctl("top", "--once", "--endpoint", running.endpoints).stdout.splitlines())
    for word in ("depthd", "front", "stage", "scale 1.000", "LOCKED", "odom", *COMPONENTS):
        assert word in text


def test_top_and_status_show_who_listens(launch):
    daemon = launch(simulator()).start()
    with stream(daemon, "front/depth/") as one, stream(daemon, "front/") as two, latest(daemon, "front/depth/") as three:
        for subscriber in (one, two, three):
            subscriber.receive()
        counts = daemon.ask("status")["result"]["subscribers"]
        assert {"topic": "front/depth/", "stream": 2, "latest": 1} in counts
        assert {"topic": "front/image/", "stream": 1, "latest": 0} in counts
        text = screen(depthctl("top", "--once", "--endpoint", daemon.endpoints).stdout.splitlines())
        assert "depth 3 (1)" in text and "unscaled 1 " in text
    deadline = time.monotonic() + 60
    while daemon.ask("status")["result"]["subscribers"]:
        assert time.monotonic() < deadline, "they are still counted"
        time.sleep(0.1)


def test_a_broken_configuration_that_was_passed_over_is_the_doctors_business(launch):
    daemon = launch(simulator())
    daemon.state.mkdir()
    (daemon.state / "overrides.json").write_text("half of it")
    daemon.start()
    with status(daemon, "health/") as subscriber:
        message = subscriber.receive_until(lambda received: received[1].get("components"))[1]
    found = component(message, "daemon")
    assert found["code"] == "config_fallback" and "overrides.json" in found["text"]
    done = depthctl("doctor", "--endpoint", daemon.endpoints, check=False)
    assert done.returncode == 1 and "config_fallback" in done.stdout
    # Told as an event once, at the start.
    assert sum("config_fallback" in line for line in (daemon.state / "events.jsonl").read_text().splitlines()) == 1


def test_a_start_that_goes_well_is_no_row_of_errors(launch):
    daemon = launch(simulator(odometry={"source": "none"})).start()
    with status(daemon, "event/", "health/") as subscriber:
        subscriber.receive_until(lambda received: received[1].get("verdict") == "ok")
    events = [json.loads(line) for line in (daemon.state / "events.jsonl").read_text().splitlines()]
    assert "health_down" not in [event["code"] for event in events]


def test_top_without_a_camera_and_without_a_daemon_says_so(launch, tmp_path):
    daemon = launch(simulator(**NO_CAMERA)).start()
    wait_for(daemon, "camera", "camera_absent")
    text = screen(depthctl("top", "--once", "--endpoint", daemon.endpoints).stdout.splitlines())
    assert "camera_absent" in text and "DOWN" in text and "no frames" in text
    assert "no daemon answers" in depthctl("top", "--once", "--endpoint", tmp_path).stdout


def test_top_in_a_terminal_of_80_by_24_ends_with_q(running):
    child, terminal = pty.fork()
    if child == 0:
        os.execve(DEPTHCTL, ["depthctl", "top", "--endpoint", str(running.endpoints)], {**os.environ, "TERM": "xterm"})
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    output = b""
    deadline = time.monotonic() + 60
    while output.count(b"\x1b[H") < 3 and time.monotonic() < deadline:
        if select.select([terminal], [], [], 0.2)[0]:
            output += os.read(terminal, 65536)
    os.write(terminal, b"q")
    while True:
        try:
            output += os.read(terminal, 65536)
        except OSError:
            break
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    text = output.decode()
    assert text.startswith("\x1b[?1049h") and text.rstrip().endswith("\x1b[?1049l")
    last = text.split("\x1b[H")[-1].split("\x1b[?25h")[0]
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", last).split("\n")
    assert "subs" in screen([line.rstrip("\r") for line in lines])
    # It leaves itself out of what it shows.
    assert "unscaled" not in last.split("subs")[1].split("\n")[0]
