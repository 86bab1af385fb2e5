"""The table of bad input: each is refused, or survived, with words that say what to do."""
import os
import subprocess

import numpy as np
import pytest
from conftest import MODEL, simulator
from daemon import DEPTHD, TOP
from subscriber import is_down, status, stream

CALIBRATION = """image_width: {width}
image_height: {height}
camera_name: front
camera_matrix: {{rows: 3, cols: 3, data: [{fx}, 0, 320, 0, 500, 240, 0, 0, 1]}}
distortion_model: plumb_bob
distortion_coefficients: {{rows: 1, cols: 5, data: [0, 0, 0, 0, 0]}}
rectification_matrix: {{rows: 3, cols: 3, data: [1, 0, 0, 0, 1, 0, 0, 0, 1]}}
projection_matrix: {{rows: 3, cols: 4, data: [500, 0, 320, 0, 0, 500, 240, 0, 0, 0, 1, 0]}}
"""


def check(config):
    """`depthd --check`: exit code and everything it says."""
    done = subprocess.run([DEPTHD, "--config", config, "--check"], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def refuse(daemon, *words, code=None):
    """The daemon ends by itself, not by a signal, and its log contains every one of `words`."""
    ended = daemon.launch().wait()
    assert ended > 0 if code is None else ended == code, f"ended with {ended}:\n{daemon.log}"
    for word in words:
        assert word in daemon.log, f"{word!r} is not said in:\n{daemon.log}"


def test_an_endpoint_in_use_is_refused_and_the_first_daemon_goes_on(launch):
    first = launch(simulator()).start()
    second = launch(simulator(publish={"directory": str(first.endpoints)}))
    refuse(second, "in use", str(first.process.pid), "publish.directory")
    with stream(first, "front/depth/") as subscriber:
        subscriber.receive_many(2)


def test_a_tcp_port_in_use_is_refused(launch):
    import zmq

    with zmq.Context.instance().socket(zmq.PUB) as taken:
        port = taken.bind_to_random_port("tcp://127.0.0.1")
        daemon = launch(simulator(publish={"stream_tcp": f"tcp://127.0.0.1:{port}"}))
        refuse(daemon, str(port))


@pytest.mark.parametrize("table,key", [("publish", "directory"), ("state", "directory")])
def test_a_folder_that_cannot_be_written_is_named_with_its_key(launch, tmp_path, table, key):
    # A file stands where the folder should be made: not even root can write into that.
    (tmp_path / "file").write_text("")
    daemon = launch(simulator(**{table: {key: str(tmp_path / "file" / "folder")}}))
    refuse(daemon, str(tmp_path / "file"), "directory")


def test_every_problem_of_a_configuration_is_listed_at_once_with_its_place(launch):
    daemon = launch(simulator())
    daemon.config.write_text(
        '[camera]\nsource = "sim:street"\nrate_hs = 30\nname = 7\n\n[model]\n'
        f'path = "{MODEL}"\nthreads = "two"\n\n[modle]\npath = "x"\n')
    code, text = check(daemon.config)
    assert code == 2
    for place in (":3:", ":4:", ":8:", ":10:"):
        assert place in text, f"line {place} is not named in:\n{text}"
    for word in ("rate_hs", "rate_hz", "name", "threads", "modle", "model"):
        assert word in text
    refuse(daemon, "rate_hs", "threads", code=2)


@pytest.mark.parametrize("text,words", [
    ("[camera\n", [":1:"]),
    ('[camera]\nsource = "sim:street"\nsource = "sim:yard"\n', [":3:", "source"]),
    ('[camera]\nsource = "carrier-pigeon:front"\n', ["carrier-pigeon", "v4l2:", "drive:", "sim:"]),
    ('[camera]\nsource = "sim:moon"\n', ["moon", "street"]),
    ('[camera]\nsource = "sim:street"\nrate_hz = -3\n', [":3:", "rate_hz"]),
    ('[camera]\nsource = "sim:street"\n[scale]\nconstant = nan\n', [":4:", "constant"]),
    ('[camera]\nsource = "sim:street"\n[model]\ninput_size = "641"\n', [":4:", "WxH"]),
])
def test_wrong_values_are_refused_with_their_place_and_what_is_allowed(launch, text, words):
    daemon = launch(simulator())
    daemon.config.write_text(text)
    code, said = check(daemon.config)
    assert code == 2
    for word in words:
        assert word in said, f"{word!r} is not said in:\n{said}"


def test_a_missing_configuration_is_no_crash(tmp_path):
    code, text = check(tmp_path / "nothing.toml")
    assert code == 2 and "nothing.toml" in text


def test_a_right_configuration_passes_the_check(launch):
    code, text = check(launch(simulator()).config)
    assert code == 0, text


@pytest.mark.parametrize("fields,words", [
    ({"width": 1280, "height": 400}, ["1280x400", "320x240"]),
    ({"fx": ".nan"}, ["camera_matrix"]),
    ({"fx": "-5"}, ["camera_matrix"]),
])
def test_a_calibration_that_cannot_be_right_gives_no_depth_and_says_why(launch, tmp_path, fields, words):
    path = tmp_path / "front.yaml"
    path.write_text(CALIBRATION.format(**{"width": 640, "height": 480, "fx": 500, **fields}))
    daemon = launch(simulator(camera={"calibration": str(path)}))
    assert_no_depth(daemon, words)


@pytest.mark.parametrize("text,words", [
    (None, ["front.yaml"]),
    ("image_width: [640\n", ["front.yaml"]),
    ("image_width: 640\nimage_height: 480\n", ["camera_matrix"]),
])
def test_a_calibration_file_that_cannot_be_read_is_named(launch, tmp_path, text, words):
    path = tmp_path / "front.yaml"
    if text:
        path.write_text(text)
    assert_no_depth(launch(simulator(camera={"calibration": str(path)})), words)


def assert_no_depth(daemon, words):
    """Either the daemon refuses to start, or it runs, publishes no depth and its health says why."""
    code, text = check(daemon.config)
    daemon.launch()
    try:
        ended = daemon.process.wait(5)
        assert ended == 2 and code == 2
        text += daemon.log
    except subprocess.TimeoutExpired:
        with status(daemon, "health/") as subscriber, stream(daemon, "front/") as frames:
            health = subscriber.receive_until(is_down)[1]
            assert frames.is_silent(0.5)
        text = health["reason"]
    for word in words:
        assert word in text, f"{word!r} is not said in:\n{text}"


def test_garbage_on_the_control_socket_is_answered_and_survived(running):
    import zmq

    for garbage in (b"", b"{", b"\x00" * 1000, b'{"request":7}', b'["status"]', os.urandom(500)):
        with zmq.Context.instance().socket(zmq.REQ) as control:
            control.setsockopt(zmq.LINGER, 0)
            control.connect(running.endpoint("control"))
            control.send(garbage)
            assert control.poll(10_000), garbage[:20]
            assert control.recv_json()["ok"] is False
    assert running.ask("status")["ok"] is True


def test_garbage_on_the_odometry_endpoint_is_survived(launch, tmp_path):
    import zmq

    endpoint = f"ipc://{tmp_path}/odometry.sock"
    with zmq.Context.instance().socket(zmq.PUB) as publisher:
        publisher.bind(endpoint)
        daemon = launch(simulator(odometry={"source": f"zmq:{endpoint}"})).start()
        with stream(daemon, "front/unscaled/") as subscriber:
            for round in range(10):
                for garbage in (b"", b"{", b"{}", os.urandom(300), b'{"v":1e999}', b'{"linear":["x"]}'):
                    publisher.send(garbage)
                header = subscriber.receive().header
            assert "no_odometry" in header["degraded"] and "odom" not in header
        assert np.isfinite(header["valid_ratio"])


@pytest.mark.parametrize("name", ["Front", "front/left", "a-name-of-more-than-nineteen-bytes", "", "vorn é"])
def test_a_camera_name_that_cannot_stand_in_a_topic_is_refused(launch, name):
    code, text = check(launch(simulator(camera={"name": name})).config)
    assert code == 2 and "camera.name" in text


def test_an_address_that_other_machines_reach_needs_leave(launch):
    code, text = check(launch(simulator(publish={"stream_tcp": "tcp://0.0.0.0:5599"})).config)
    assert code == 2 and "allow_insecure" in text


def test_the_shipped_configuration_passes_the_check():
    code, text = check(TOP / "config.toml")
    assert code == 0, text
