"""Range points of other sensors: into the frames they belong to, and what is wrong with them told, never fatal."""
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from conftest import MODEL, simulator
from daemon import DEPTHCTL, TOP, Daemon, depthctl, toml, wait_until
from ranges import LIDAR, Sensor, calibration, message, now_ns, scan, seen_points
from subscriber import status, stream


def configured(endpoint, folder, sensors=(LIDAR,), **tables):
    """A daemon on the simulator that listens for range points."""
    (folder / "front.yaml").write_text(calibration(sensors, width=320))
    tables.setdefault("camera", {}).setdefault("calibration", str(folder / "front.yaml"))
    # A busy machine may take its time between a frame and the points that a test makes of it.
    tables.setdefault("sparse", {}).update(source=f"zmq:{endpoint}", max_age_ms=3000)
    return simulator(**tables)


@pytest.fixture
def endpoint(tmp_path):
    return f"ipc://{tmp_path}/points.sock"


def sparse(daemon):
    return daemon.ask("status")["result"]["sparse"]


def component(health, name="sparse"):
    return next(part for part in health["components"] if part["name"] == name)


def wait_for(daemon, code, meanwhile=lambda: None, timeout=60):
    """The component once it has the code; `meanwhile()` is called between messages."""

    def is_so(received):
        meanwhile()
        return component(received[1])["code"] == code

    with status(daemon, "health/") as subscriber:
        return component(subscriber.receive_until(is_so, timeout)[1])


def reload(daemon, **tables):
    for table, entries in tables.items():
        daemon.tables.setdefault(table, {}).update(entries)
    daemon.config.write_text(toml(daemon.tables))
    return json.loads(
        depthctl("reload", "--json", "--endpoint", daemon.endpoints, check=False).stdout.splitlines()[-1])


def follow(daemon, sensor, is_done, make=lambda frame: scan(seen_points(frame), stamp_ns=frame.captured)):
    """Sends what the truth of each frame shows, with that frame's stamp, until `is_done(unscaled header)`."""
    with stream(daemon, "front/truth/") as truth, stream(daemon, "front/unscaled/") as depth:
        for _ in range(600):
            sensor.send(make(truth.receive()))
            header = depth.receive().header
            if is_done(header):
                return header
    raise AssertionError(f"it did not come to pass; {sparse(daemon)}")


def predicting(folder):
    """The shipped model without its completion network."""
    bundle = folder / "predicting"
    shutil.copytree(MODEL, bundle, ignore=shutil.ignore_patterns("san.safetensors"))
    manifest = json.loads((bundle / "bundle.json").read_text())
    manifest["files"].pop("san.safetensors", None)
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    return bundle


def test_points_of_another_sensor_land_where_the_camera_sees_them(launch, endpoint, tmp_path):
    # Without a constant the scale is learned, from the points alone. Completed frames teach it too, but predicting them
    # again takes its share of the time, and the robot drives on meanwhile.
    tables = configured(
        endpoint, tmp_path, model={"path": str(predicting(tmp_path))},
        scale={"constant": None, "use_photometric": False, "use_height": False, "use_pose": False})
    with Sensor(endpoint) as sensor:
        daemon = launch(tables).start()
        follow(daemon, sensor, lambda header: "sparse" in header["scale"]["sources"] and header["scale"]["sigma"] < 0.1)
        now = sparse(daemon)
        assert now["messages"] > 0 and sum(now["rejected_messages"].values()) == 0
        placed = now["placed"]
        assert placed["kept"] > 0.6 * sum(placed.values()), placed
        # What the truth says of the very same frames: the points were compared with the right pixels.
        with stream(daemon, "front/truth/", "front/unscaled/") as both:
            frames = {}
            while not any(len(pair) == 2 for pair in frames.values()):
                frame = both.receive()
                frames.setdefault(frame.captured, {})[frame.header["type"]] = frame
            pair = next(pair for pair in frames.values() if len(pair) == 2)
        ratio = np.median(
            (pair["truth"].array / pair["unscaled"].array)[np.isfinite(pair["truth"].array) & np.isfinite(pair["unscaled"].array)])
        learned = pair["unscaled"].header["scale"]["value"]
        assert abs(np.log(learned / ratio)) < 0.25, (learned, ratio)


def test_a_depth_image_in_the_published_frame_needs_no_entry(launch, endpoint, tmp_path):
    def image(frame):
        header, depth = frame.header, frame.array
        thin = np.zeros(depth.shape, "<u2")
        known = np.isfinite(depth[::7, ::5]) & (depth[::7, ::5] < 60)
        thin[::7, ::5] = np.where(known, np.nan_to_num(depth[::7, ::5], posinf=0) * 1000, 0)
        return message(
            thin.tobytes(), stamp_ns=frame.captured, frame=header["frame"], encoding="16UC1",
            width=header["width"], height=header["height"], K=header["K"])

    with Sensor(endpoint) as sensor:
        daemon = launch(configured(endpoint, tmp_path, sensors=())).start()
        follow(daemon, sensor, lambda header: "sparse_stale" not in header["degraded"], image)
        follow(daemon, sensor, lambda header: sparse(daemon)["last_frame"]["points"]["kept"] > 100, image)
        counts = sparse(daemon)["last_frame"]["points"]
        # The robot drove on between two frames; nearly everything is still in the image.
        assert counts["kept"] > 0.8 * sum(counts.values())


def test_points_that_stop_are_stale_and_recover(launch, endpoint, tmp_path):
    with Sensor(endpoint) as sensor:
        daemon = launch(configured(endpoint, tmp_path)).start()
        wait_for(daemon, "sparse_missing")
        with stream(daemon, "front/depth/") as frames:
            assert "sparse_stale" in frames.receive().header["degraded"]
        follow(daemon, sensor, lambda header: "sparse_stale" not in header["degraded"])
        part = wait_for(daemon, "sparse_stale")
        assert part["level"] == "stale" and '"lidar"' in part["text"]
        with status(daemon, "health/") as health:
            assert "sparse_stale" in health.receive()[1]["degraded"]
        with stream(daemon, "front/depth/") as frames:
            assert "sparse_stale" in frames.receive().header["degraded"]
        follow(daemon, sensor, lambda header: "sparse_stale" not in header["degraded"])
        follow(daemon, sensor, lambda header: component(daemon.ask("status")["result"]["health"])["code"] == "sparse_ok")


def completing(folder):
    """The shipped model with a completion network: its own, or one of random weights."""
    files = json.loads((MODEL / "bundle.json").read_text())["files"]
    if "san.safetensors" in files:
        return MODEL
    vectors = pathlib.Path(os.environ.get("DEPTHD_VECTORS", TOP / ".vectors"))
    weights = vectors / "completion-rpr-lite-416x128" / "san.safetensors"
    if not weights.exists():
        pytest.skip(f"{weights} is not there: make vectors")
    bundle = folder / "bundle"
    shutil.copytree(MODEL, bundle)
    shutil.copy(weights, bundle)
    manifest = json.loads((bundle / "bundle.json").read_text())
    manifest["files"]["san.safetensors"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    return bundle


def modes(daemon, sensor, count, points):
    """How `count` frames were made; with each truth frame `points` of it are sent, or nothing."""
    headers = []
    with stream(daemon, "front/truth/") as truth, stream(daemon, "front/unscaled/") as depth:
        for _ in range(count):
            frame = truth.receive()
            if points:
                sensor.send(scan(seen_points(frame, points), stamp_ns=frame.captured))
            headers.append(depth.receive().header)
    return headers


def test_points_complete_depth_while_they_come(launch, endpoint, tmp_path):
    tables = configured(endpoint, tmp_path, model={"path": str(completing(tmp_path))})
    tables["sparse"]["max_age_ms"] = 500
    with Sensor(endpoint) as sensor:
        daemon = launch(tables).start()
        with stream(daemon, "front/depth/") as frames:
            assert frames.receive().header["mode"] == "prediction"
        header = follow(daemon, sensor, lambda header: header["mode"] == "completion")
        assert 80 <= header["sparse_points"] <= 2000 and 0 <= header["sparse_age_ms"] <= 500
        assert "sparse_stale" not in header["degraded"]
        wait_until(lambda: sparse(daemon)["completed_frames"] > 0)
        # Points thin out: the network is not asked, depth goes on, and points are still there for the frame.
        few = lambda frame: scan(seen_points(frame, 30), stamp_ns=frame.captured)
        follow(
            daemon, sensor, lambda header: header["mode"] == "prediction" and "sparse_stale" not in header["degraded"], few)
        follow(
            daemon, sensor, lambda header: component(daemon.ask("status")["result"]["health"])["code"] == "sparse_few", few)
        follow(daemon, sensor, lambda header: header["mode"] == "completion")
        # Points stop: no frame is completed with points older than allowed, and every frame comes.
        headers = modes(daemon, sensor, 20, points=0)
        assert headers[-1]["mode"] == "prediction" and "sparse_stale" in headers[-1]["degraded"]
        assert all(header.get("sparse_age_ms", 0) <= 500 for header in headers)
        sequence = [header["seq"] for header in headers]
        assert sequence == list(range(sequence[0], sequence[0] + 20))
        # And they come back.
        follow(daemon, sensor, lambda header: header["mode"] == "completion")
        assert reload(daemon, sparse={"complete": False})["verdict"] == "applied"
        follow(daemon, sensor, lambda header: header["generation"] == 1 and header["mode"] == "prediction")
        assert all(header["mode"] == "prediction" for header in modes(daemon, sensor, 5, points=1000))


def renamed(folder, source):
    """A bundle with another name: another model to the daemon, and the same depth."""
    bundle = shutil.copytree(source, folder / "renamed")
    description = json.loads((bundle / "bundle.json").read_text())
    description["name"] = "renamed"
    (bundle / "bundle.json").write_text(json.dumps(description))
    return bundle


def test_models_are_compared_by_their_predictions_while_points_come(launch, endpoint, tmp_path):
    model = completing(tmp_path)
    tables = configured(endpoint, tmp_path, model={"path": str(model)})
    with Sensor(endpoint) as sensor:
        daemon = launch(tables).start()
        # Points at half the distance: completed depth is half of what either model predicts.
        half = lambda frame: scan(0.5 * seen_points(frame), stamp_ns=frame.captured)
        follow(daemon, sensor, lambda header: header["mode"] == "completion", half)
        command = [DEPTHCTL, "model", "exchange", renamed(tmp_path, model), "--json", "--endpoint", daemon.endpoints]
        exchange = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)
        completed = set()

        def is_exchanged(header):
            completed.add((header["model"]["name"], header["mode"]))
            return header["model"]["name"] == "renamed" and header["mode"] == "completion"

        follow(daemon, sensor, is_exchanged, half)
        answer = json.loads(exchange.communicate(timeout=60)[0].splitlines()[-1])
        assert answer["verdict"] == "applied", answer
        comparison = answer["comparison"]
        assert comparison["log_correlation"] > 0.999 and abs(comparison["depth_ratio"] - 1) < 0.001
        assert ("lite", "completion") in completed


def test_pixels_near_points_are_trusted_more(launch, endpoint, tmp_path):
    # Points of the left half alone.
    def left(frame):
        points = seen_points(frame, 4000)
        return scan(points[points[:, 1] > 0], stamp_ns=frame.captured)

    with Sensor(endpoint) as sensor:
        daemon = launch(configured(endpoint, tmp_path, model={"path": str(completing(tmp_path))})).start()
        with stream(daemon, "front/truth/") as truth, stream(daemon, "front/confidence/") as confidence:
            trust = {}
            for turn in range(600):
                frame = truth.receive()
                if turn > 0:
                    sensor.send(left(frame))
                seen = confidence.receive()
                width = seen.array.shape[1]
                trust.setdefault(seen.header["mode"], []).append(
                    [seen.array[:, :width // 3].mean(), seen.array[:, -width // 6:].mean()])
                if min(map(len, (trust.get("prediction", []), trust.get("completion", [])))) >= 3:
                    break
        before, after = (np.mean(trust[mode], axis=0) for mode in ("prediction", "completion"))
        assert after[0] > 1.5 * before[0] and after[0] - before[0] > 2 * abs(after[1] - before[1]), (before, after)


POINT = np.array([[4.0, 0.0, 0.0]])
HOUR_NS = 3600 * 10**9
BAD = {
    "wrong frame": ("unknown_frame", "sparse_unknown_frame", lambda: scan(POINT, frame="lidra"), "lidar"),
    "the future": ("future", "sparse_clock", lambda: scan(POINT, stamp_ns=now_ns() + 10**9), "in the future"),
    "an hour old": ("old", "sparse_clock", lambda: scan(POINT, stamp_ns=max(0, now_ns() - HOUR_NS)), "old when it came"),
    "a stamp from the beginning of time": ("old", "sparse_clock", lambda: scan(POINT, stamp_ns=0, clock="realtime"), "old"),
    "cut off": ("unreadable", "sparse_unreadable", lambda: scan(np.tile(POINT, (100, 1)))[:-5], "do not fit"),
    "a name too long": ("unreadable", "sparse_unreadable", lambda: scan(POINT, frame="l" * 65), "1 to 64 bytes"),
    "a count too high": ("unreadable", "sparse_unreadable", lambda: scan(POINT, count=2), "24"),
    "a count of billions": ("unreadable", "sparse_unreadable", lambda: scan(POINT, count=2**40), "count"),
    "a negative count": ("unreadable", "sparse_unreadable", lambda: scan(POINT, count=-1), "count"),
    "a payload longer than the message": (
        "unreadable", "sparse_unreadable", lambda: message(b"\0" * 12, payload_bytes=2**32 - 1), "do not fit"),
    "a header longer than the message": (
        "unreadable", "sparse_unreadable", lambda: message(b"\0" * 12, header_bytes=2**32 - 1), "do not fit"),
    "an image smaller than it says": (
        "unreadable", "sparse_unreadable",
        lambda: message(b"\0" * 12, encoding="16UC1", width=640, height=480, K=[1, 1, 0, 0]), "614400"),
    "no JSON": ("unreadable", "sparse_unreadable", lambda: message(b"\0" * 12).replace(b'"v"', b'"v', 1), ""),
    "garbage": ("unreadable", "sparse_unreadable", lambda: b"\xff" * 500, "DPT1"),
    "nothing": ("unreadable", "sparse_unreadable", lambda: b"", "0 bytes"),
}


@pytest.fixture(scope="module")
def listening(tmp_path_factory):
    """One daemon that takes points of a lidar, for every wrong message."""
    folder = tmp_path_factory.mktemp("ranges")
    endpoint = f"ipc://{folder}/points.sock"
    with Sensor(endpoint) as sensor, Daemon(configured(endpoint, folder)) as daemon:
        yield daemon.start(), sensor


@pytest.mark.parametrize("what", BAD)
def test_a_bad_message_of_range_points_is_counted_named_and_survived(listening, what):
    daemon, sensor = listening
    reason, code, make, words = BAD[what]
    before = sparse(daemon)["rejected_messages"][reason]

    def arrived():
        sensor.send(make())
        return sparse(daemon)["rejected_messages"][reason] > before

    wait_until(arrived)
    assert words in sparse(daemon)["problem"]
    # What came before is told for ten seconds; the worse is told first.
    part = wait_for(daemon, code, lambda: sensor.send(make()), timeout=90)
    assert part["level"] in ("warning", "error") and part["remedy"]
    with stream(daemon, "front/depth/") as frames:
        assert "sparse_stale" in frames.receive().header["degraded"]


def test_points_that_are_not_numbers_are_counted_and_left_out(listening):
    daemon, sensor = listening
    points = np.full((300, 3), np.nan)
    points[100:200, 1] = np.inf
    points[200:] = [5.0, 0.0, 0.0]

    def counted():
        sensor.send(scan(points))
        return sparse(daemon)["not_finite"] > 0

    wait_until(counted)
    now = sparse(daemon)
    assert now["not_finite"] * 3 == now["received"] * 2
    part = wait_for(daemon, "sparse_broken", lambda: sensor.send(scan(points)), timeout=90)
    assert "are no numbers" in part["text"]
    assert sparse(daemon)["last_frame"]["points"]["not_finite"] == 0


def test_a_million_points_are_thinned_not_refused(listening):
    daemon, sensor = listening
    points = np.random.default_rng(1).uniform((1, -3, -1), (30, 3, 2), (1_000_000, 3))
    message = scan(points)
    before = sparse(daemon)

    def counted():
        sensor.send(scan(points))
        return sparse(daemon)["received"] - before["received"] >= len(points)

    wait_until(counted)
    now = sparse(daemon)
    share = (now["thinned"] - before["thinned"]) / (now["received"] - before["received"])
    assert 0.9 < share < 0.95 and len(message) > 12_000_000
    with stream(daemon, "front/depth/") as frames:
        frames.receive()


def test_a_sensor_that_nobody_has_stated_is_taken_when_the_calibration_states_it(launch, endpoint, tmp_path):
    with Sensor(endpoint) as sensor:
        daemon = launch(configured(endpoint, tmp_path, sensors=())).start()
        part = wait_for(daemon, "sparse_no_extrinsics", lambda: sensor.send(scan(POINT)))
        assert part["level"] == "error" and "states no sensors" in part["text"]
        (tmp_path / "front.yaml").write_text(calibration((LIDAR,), width=320))
        assert "lidar: 0.05 m right, 0.12 m above" in depthctl(
            "calib", "check", tmp_path / "front.yaml", "--config", daemon.config).stdout
        answer = reload(daemon)
        assert answer["verdict"] == "applied", answer
        assert answer["changes"][0]["key"] == "camera.calibration" and "lidar" in answer["changes"][0]["new"]
        follow(daemon, sensor, lambda header: "sparse_stale" not in header["degraded"])


def test_an_uncalibrated_camera_has_no_place_for_points(launch, endpoint, tmp_path):
    # A recording without camera.yaml is the one source that is not calibrated.
    drive = tmp_path / "drive"
    depthctl("simulate", "--world", "street", "--frames", 3, "--size", "320x240", "--out", drive)
    (drive / "camera.yaml").unlink()
    tables = configured(
        endpoint, tmp_path, camera={"calibration": "", "source": f"drive:{drive}"}, drive={"loop": True})
    with Sensor(endpoint) as sensor:
        daemon = launch(tables).start()
        part = wait_for(daemon, "sparse_no_extrinsics", lambda: sensor.send(scan(POINT)))
        assert "no calibration" in part["text"]


@pytest.mark.parametrize("options", [("--sparse-beams", 16), ("--sparse-points", 500), ("--sparse-corners", 600)])
def test_points_of_a_recording_go_through_the_same_door(launch, tmp_path, options):
    drive = tmp_path / "drive"
    depthctl("simulate", "--world", "street", "--frames", 5, "--size", "320x240", "--out", drive, *options)
    daemon = launch(simulator(camera={"source": f"drive:{drive}"}, drive={"loop": True})).start()
    wait_until(lambda: sparse(daemon)["last_frame"]["points"]["kept"] > 80)
    now = sparse(daemon)
    assert now["last_frame"]["age_ms"] == 0 and now["placed"]["not_finite"] == 0
    wait_for(daemon, "sparse_ok")


def test_simulated_sensors_differ_as_configured(launch):
    daemon = launch(simulator(simulation={"range_points": 800, "range_outliers": 0.0, "range_sigma": 0.0})).start()
    wait_until(lambda: sparse(daemon)["last_frame"]["points"]["kept"] > 100)
    whole = sparse(daemon)["last_frame"]["points"]["kept"]
    assert reload(daemon, simulation={"range_half_blind": True})["verdict"] == "applied"
    wait_until(lambda: 0 < sparse(daemon)["last_frame"]["points"]["kept"] < 0.7 * whole)
    assert reload(daemon, simulation={"range_points": 0, "range_corners": 200})["verdict"] == "applied"
    wait_until(lambda: 0 < sparse(daemon)["last_frame"]["points"]["kept"] <= 200)
    assert reload(daemon, sparse={"source": "none"})["verdict"] == "applied"
    wait_for(daemon, "sparse_off")


def test_the_documents_sender_is_heard(launch, endpoint, tmp_path):
    text = (TOP / "docs" / "wire.md").read_text()
    program = re.search(r"```python3\n(.*?)```", text, re.S).group(1).replace("tcp://127.0.0.1:5600", endpoint)
    daemon = launch(configured(endpoint, tmp_path)).start()
    sender = subprocess.Popen([sys.executable, "-c", program])
    try:
        wait_until(lambda: sparse(daemon)["messages"] > 0)
        wait_until(lambda: sparse(daemon)["last_frame"]["points"]["kept"] > 0)
    finally:
        sender.kill()
        sender.wait()
    assert sum(sparse(daemon)["rejected_messages"].values()) == 0


def test_the_example_sender_is_heard(launch, endpoint, tmp_path):
    daemon = launch(configured(endpoint, tmp_path)).start()
    example = TOP / "clients" / "python" / "examples" / "send_points.py"
    sender = subprocess.Popen(
        [sys.executable, example, endpoint, "lidar", "6", "20"],
        env={"PYTHONPATH": str(example.parents[1]), "PATH": "/usr/bin:/bin"})
    try:
        wait_until(lambda: sparse(daemon)["last_frame"]["points"]["kept"] > 80)
        wait_for(daemon, "sparse_ok")
    finally:
        sender.kill()
        sender.wait()


def test_the_keys_of_range_points_are_checked(launch, tmp_path):
    broken = simulator(sparse={"source": "lidar:top", "max_age_ms": 10, "min_m": 5.0, "max_m": 1.0})
    daemon = launch(broken)
    done = depthctl("check", "--config", daemon.config, check=False)
    assert done.returncode != 0 and "sparse.source" in done.stdout + done.stderr
    daemon.tables["sparse"]["source"] = "none"
    daemon.config.write_text(toml(daemon.tables))
    text = depthctl("check", "--config", daemon.config, check=False)
    assert "sparse.max_m" in text.stdout + text.stderr
    assert "sparse.max_age_without_odometry_ms" in text.stdout + text.stderr
