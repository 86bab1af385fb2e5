"""Every recording plays through the daemon and yields depth."""
import csv
import json
import shutil
import subprocess

import numpy as np
import pytest
from conftest import MODEL, drives, need_data, simulator
from daemon import DATA, DEPTHD, depthctl, depthctl_json
from subscriber import is_down, status, stream

RECORDINGS = drives()


def playing(path, **tables):
    return simulator(camera={"source": f"drive:{path}"}, scale={"constant": None}, **tables)


@pytest.mark.skipif(not RECORDINGS, reason=f"no recordings in {DATA} (set DEPTHD_DATA)")
@pytest.mark.parametrize("drive", RECORDINGS, ids=lambda path: path.name)
def test_a_recording_plays_and_yields_depth(launch, drive):
    daemon = launch(playing(drive, drive={"loop": True})).start()
    has_camera = (drive / "camera.yaml").exists()
    with stream(daemon, "front/unscaled/") as subscriber:
        messages = subscriber.receive_many(3)
    for message in messages:
        depth = message.array
        assert np.isfinite(depth).mean() > 0.3
        assert depth[np.isfinite(depth)].std() > 0
        assert ("K" in message.header) == has_camera
        assert ("no_calibration" in message.header["degraded"]) == (not has_camera)
        assert message.header["clock"]["source"] == "recorded"


def test_a_recording_played_as_fast_as_possible_loses_no_frame(launch):
    drive = need_data("robot_lab_val")
    frames = len((drive / "frames.csv").read_text().splitlines()) - 1
    daemon = launch(playing(drive, drive={"loop": False, "pace": "as_fast_as_possible"})).launch()
    with status(daemon, "health/") as health:
        ended = health.receive_until(lambda received: "ended" in received[1].get("reason", ""))[1]
    assert ended["frames"] == frames
    assert ended["drops"] == {"camera": 0, "pipeline": 0}
    assert ended["verdict"] == "down"


def test_a_recording_without_loop_ends_and_the_daemon_says_so_and_lives(launch):
    drive = need_data("robot_lab_val")
    daemon = launch(playing(drive, drive={"loop": False, "pace": "as_fast_as_possible"})).launch()
    with status(daemon, "health/") as health:
        health.receive_until(lambda received: "ended" in received[1].get("reason", ""))
    assert daemon.process.poll() is None
    assert daemon.stop()[0] == 0


def test_the_depth_of_a_recording_carries_its_truth(launch):
    drive = need_data("indoor_7scenes_val")
    daemon = launch(playing(drive, drive={"loop": True})).start()
    with stream(daemon, "front/truth/") as subscriber:
        truth = subscriber.receive()
    known = np.isfinite(truth.array)
    assert 0.05 < known.mean() < 1 and truth.array[known].min() > 0.1


@pytest.mark.parametrize("spoil,words", [
    (lambda folder: (folder / "drive.toml").unlink(), ["drive.toml"]),
    (lambda folder: (folder / "frames.csv").unlink(), ["frames.csv"]),
    (lambda folder: shutil.rmtree(folder), ["drive"]),
])
def test_a_recording_that_cannot_be_read_is_no_crash(launch, tmp_path, spoil, words):
    folder = tmp_path / "drive"
    depthctl("simulate", "--world", "corridor", "--frames", 2, "--size", "320x240", "--out", folder)
    spoil(folder)
    daemon = launch(playing(folder))
    daemon.launch()
    try:
        assert daemon.process.wait(5) > 0
        text = daemon.log
    except subprocess.TimeoutExpired:
        with status(daemon, "health/") as health:
            text = health.receive_until(is_down)[1]["reason"]
    for word in words:
        assert word in text


def test_a_truncated_picture_in_a_recording_is_counted_and_the_rest_plays(launch, tmp_path):
    folder = tmp_path / "drive"
    depthctl("simulate", "--world", "corridor", "--frames", 6, "--size", "320x240", "--out", folder)
    broken = sorted((folder / "frames").iterdir())[2]
    broken.write_bytes(broken.read_bytes()[:200])
    daemon = launch(playing(folder, drive={"loop": True, "pace": "as_fast_as_possible"})).start()
    with stream(daemon, "front/unscaled/") as subscriber:
        last = subscriber.receive_many(12)[-1]
    assert last.header["drops"]["camera"] >= 1


def test_the_simulator_writes_a_recording_that_plays(launch, tmp_path):
    folder = tmp_path / "drive"
    depthctl("simulate", "--world", "yard", "--frames", 5, "--seed", 3, "--size", "320x240", "--out", folder)
    with open(folder / "frames.csv") as file:
        assert len(list(csv.DictReader(file))) == 5
    daemon = launch(playing(folder, drive={"loop": True})).start()
    with stream(daemon, "front/unscaled/", "front/truth/") as subscriber:
        kinds = {message.header["type"] for message in subscriber.receive_many(6)}
    assert kinds == {"unscaled", "truth"}


def test_accuracy_on_real_frames_is_what_the_model_card_says():
    drive = need_data("kitti2015_val")
    measured = json.loads((MODEL / "bundle.json").read_text())["measured"]["kitti2015_val"]
    result = depthctl_json("eval", "--bundle", MODEL, "--drive", drive, "--json")
    assert result["frames"] == measured["frames"]
    assert result["median_scaled"]["abs_rel"] <= 0.22
    for group in ("median_scaled", "unscaled"):
        for key in ("abs_rel", "sq_rel", "rmse", "rmse_log", "d1", "d2", "d3"):
            assert result[group][key] == pytest.approx(measured[group][key], rel=1e-3, abs=1e-3), (group, key)


def test_the_check_flag_accepts_a_recording(launch):
    daemon = launch(playing(need_data("robot_lab_val")))
    assert subprocess.run([DEPTHD, "--config", daemon.config, "--check"], timeout=60).returncode == 0
