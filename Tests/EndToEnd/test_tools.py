"""What a person types, against a running daemon."""
import json
import shutil
import subprocess
import time

import numpy as np
from conftest import simulator
from daemon import DEPTHCTL, depthctl, depthctl_json
from PIL import Image
from subscriber import stream


def test_the_swift_client_receives_what_python_receives(running):
    done = depthctl("tail", "--endpoint", running.endpoints, "front/depth/", "--count", 3, "--json")
    headers = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(headers) >= 3
    with stream(running, "front/depth/") as subscriber:
        header = subscriber.receive().header
    for key in ("K", "width", "height", "boot_id", "model", "frame"):
        assert headers[0][key] == header[key]


def test_status_is_one_json_object(running):
    result = depthctl_json("status", "--endpoint", running.endpoints, "--json")
    assert result["health"]["verdict"] in ("ok", "degraded")


def test_status_of_a_daemon_that_is_not_there_fails_with_words(tmp_path):
    done = depthctl("status", "--endpoint", tmp_path, check=False)
    assert done.returncode != 0 and str(tmp_path) in done.stderr


def test_a_snapshot_shows_image_and_depth(running, tmp_path):
    path = tmp_path / "snapshot.png"
    depthctl("snapshot", "--endpoint", running.endpoints, "--out", path)
    picture = Image.open(path)
    picture.load()
    assert picture.format == "PNG" and picture.width > picture.height
    assert np.asarray(picture.convert("L")).std() > 5


def test_a_recording_of_the_topics_is_a_drive_that_replays(running, launch, tmp_path):
    folder = tmp_path / "drive"
    depthctl("record", "--endpoint", running.endpoints, "--frames", 4, "--out", folder)
    assert len((folder / "frames.csv").read_text().splitlines()) >= 5
    assert len((folder / "odometry.csv").read_text().splitlines()) >= 2
    daemon = launch(simulator(camera={"source": f"drive:{folder}"}, drive={"loop": True})).start()
    with stream(daemon, "front/depth/") as subscriber:
        message = subscriber.receive()
    with stream(running, "front/depth/") as subscriber:
        np.testing.assert_allclose(message.header["K"], subscriber.receive().header["K"], rtol=1e-6)


def test_a_recording_whose_recorder_was_killed_can_be_completed(running, launch, tmp_path):
    folder = tmp_path / "drive"
    recorder = subprocess.Popen([DEPTHCTL, "record", "--endpoint", running.endpoints, "--out", folder])
    deadline = time.monotonic() + 60
    while not ((folder / "frames.csv").exists() and len((folder / "frames.csv").read_text().splitlines()) > 3):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    recorder.kill()
    recorder.wait()
    with open(folder / "frames.csv", "a") as file:
        file.write("4,0.4")
    done = depthctl("check", "--config", launch(simulator(camera={"source": f"drive:{folder}"})).config, check=False)
    assert "--complete" in done.stdout + done.stderr
    depthctl("record", "--complete", "--out", folder)
    daemon = launch(simulator(camera={"source": f"drive:{folder}"}, drive={"loop": True})).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()


def test_check_names_what_is_wrong_with_the_configuration(launch):
    daemon = launch(simulator())
    assert "front" in depthctl("check", "--config", daemon.config).stdout
    shutil.copy(daemon.config, daemon.folder / "bad.toml")
    with open(daemon.folder / "bad.toml", "a") as file:
        file.write("\n[nonsense]\n")
    done = depthctl("check", "--config", daemon.folder / "bad.toml", check=False)
    assert done.returncode != 0 and "nonsense" in done.stderr + done.stdout


def test_devices_lists_cameras_or_says_that_there_are_none():
    assert depthctl("devices").stdout.strip()
