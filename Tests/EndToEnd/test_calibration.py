"""Calibrations in the field: checked, put in place, taken back, never in halves."""
import os
import pathlib
import shutil
import signal
import subprocess

import pytest
from conftest import MODEL, simulator
from daemon import DEPTHCTL, TOP, depthctl, depthctl_json
from subscriber import status, stream

SIM = (TOP / "calib" / "sim.yaml").read_text()
KALIBR = """cam0:
  camera_model: pinhole
  distortion_coeffs: [-0.05, 0.01, 0.0002, -0.0003]
  distortion_model: radtan
  intrinsics: [415.0, 415.5, 318.0, 240.5]
  resolution: [640, 480]
cam1:
  camera_model: pinhole
  distortion_coeffs: [0.0, 0.0, 0.0, 0.0]
  distortion_model: equidistant
  intrinsics: [300.0, 300.0, 319.5, 239.5]
  resolution: [640, 480]
"""


def content(path):
    """A file's text without the line that says when it was written."""
    lines = pathlib.Path(path).read_text().splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.fixture
def place(launch):
    """A daemon, not started, whose configuration names a calibration file of its own."""
    daemon = launch(simulator(camera={"calibration": "calib/front.yaml", "width": 320, "height": 240}))
    (daemon.folder / "calib").mkdir()
    daemon.calibration = daemon.folder / "calib" / "front.yaml"
    daemon.calibration.write_text(SIM)
    daemon.options = ["--config", daemon.config, "--endpoint", daemon.endpoints]
    return daemon


def candidate(place, text=None, name="new.yaml"):
    path = place.folder / name
    path.write_text(text or SIM.replace("420.0", "411.18"))
    return path


def test_check_says_what_a_calibration_would_change(place):
    report = depthctl_json("calib", "check", candidate(place), *place.options, "--json")
    assert report["verdict"] == "usable" and not report["in_use"]
    assert report["change"]["depth_ratio_median"] == pytest.approx(0.979, abs=1e-6)
    assert report["frame_width"] == 320 and report["width"] == 640
    text = depthctl("calib", "check", candidate(place), *place.options).stdout
    assert "depth -2.1 %" in text and "scaled by 0.5" in text


def test_check_of_the_one_in_use_needs_no_file(place):
    report = depthctl_json("calib", "check", *place.options, "--json")
    assert report["in_use"] and report["verdict"] == "usable"


@pytest.mark.parametrize(
    "text, code, words",
    [
        (None, 2, "does not exist"),
        (SIM.replace("  data: [420.0", "  data: [420.0, ["), 2, "line 7"),
        (SIM.replace("image_height: 480", "image_height: 360"), 2, "another shape"),
        (SIM.replace("420.0, 239.5", "520.0, 239.5"), 1, "differ by"),
    ],
    ids=["missing", "unparsable", "another size", "unequal focal lengths"],
)
def test_what_is_wrong_with_a_calibration_reads_differently_each_time(place, text, code, words):
    path = place.folder / "absent.yaml" if text is None else candidate(place, text)
    for command in ("check", "apply"):
        done = depthctl("calib", command, path, *place.options, check=False)
        assert done.returncode == code, done.stdout + done.stderr
        assert words in done.stdout + done.stderr
        assert content(place.calibration) == content(TOP / "calib" / "sim.yaml")


def test_a_doubtful_calibration_is_applied_only_on_demand(place):
    doubtful = candidate(place, SIM.replace("420.0, 239.5", "520.0, 239.5"))
    assert "--anyway" in depthctl("calib", "apply", doubtful, *place.options, check=False).stderr
    depthctl("calib", "apply", doubtful, *place.options, "--anyway")
    assert "520.0" in place.calibration.read_text()


def test_apply_and_rollback_lead_back_without_a_daemon(place):
    before = place.calibration.read_text()
    assert "no daemon runs" in depthctl("calib", "apply", candidate(place), *place.options).stdout
    assert "411.18" in place.calibration.read_text()
    listed = depthctl("calib", "rollback", "--list", *place.options).stdout
    assert len(listed.splitlines()) == 1 and "calib_id" in listed
    depthctl("calib", "rollback", *place.options)
    assert place.calibration.read_text() == before
    done = depthctl("calib", "rollback", *place.options, check=False)
    assert done.returncode != 0 and "no calibration before" in done.stderr


def test_apply_repairs_a_configuration_whose_calibration_is_broken(place):
    place.calibration.write_text("image_width: [")
    depthctl("calib", "apply", candidate(place), *place.options)
    depthctl("check", "--config", place.config)


def test_a_kalibr_chain_is_imported_camera_by_camera(place):
    chain = candidate(place, KALIBR, "camchain.yaml")
    out = place.folder / "cam1.yaml"
    assert "cam0, cam1" in depthctl("calib", "import", chain, "--out", out, check=False).stderr
    depthctl("calib", "import", f"{chain}#cam1", "--out", out)
    assert "distortion_model: equidistant" in out.read_text()
    depthctl("calib", "import", f"{chain}#cam0", "--out", out, "--name", "front")
    report = depthctl_json("calib", "check", out, *place.options, "--json")
    assert report["K"] == [415.0, 415.5, 318.0, 240.5] and report["format"] == "ROS camera_info"


def test_a_mount_is_stated_kept_over_a_new_calibration_and_rolled_back(place):
    depthctl("calib", "mount", "--height", "0.62", "--pitch", "8", *place.options)
    mount = depthctl_json("calib", "check", *place.options, "--json")["mount"]
    assert mount == {"height_m": 0.62, "pitch_deg": pytest.approx(8), "roll_deg": 0, "yaw_deg": 0}
    depthctl("calib", "mount", "--forward", "0.3", "--left", "-0.05", "--yaw", "2", *place.options)
    mount = depthctl_json("calib", "check", *place.options, "--json")["mount"]
    assert mount["height_m"] == 0.62 and mount["yaw_deg"] == pytest.approx(2)
    assert (mount["forward_m"], mount["left_m"]) == (0.3, -0.05)
    depthctl("calib", "apply", candidate(place), *place.options)
    assert depthctl_json("calib", "check", *place.options, "--json")["mount"]["height_m"] == 0.62
    for _ in range(3):
        depthctl("calib", "rollback", *place.options)
    assert "mount" not in depthctl_json("calib", "check", *place.options, "--json")


def test_a_configuration_without_a_calibration_file_says_how_to_name_one(launch):
    daemon = launch(simulator())
    done = depthctl(
        "calib", "apply", TOP / "calib" / "sim.yaml", "--config", daemon.config, "--endpoint", daemon.endpoints,
        check=False)
    assert done.returncode != 0 and "calibration = " in done.stderr


@pytest.fixture(scope="session")
def killer(tmp_path_factory):
    """A library that kills its process after a number of steps."""
    compiler = shutil.which("cc") or shutil.which("clang")
    if not compiler:
        pytest.skip("there is no C compiler")
    library = tmp_path_factory.mktemp("killer") / "killer.so"
    source = pathlib.Path(__file__).with_name("killer.c")
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
    return library


@pytest.mark.parametrize("command", ["apply", "rollback"])
def test_a_calibration_is_whole_wherever_its_writer_is_killed(killer, tmp_path, command):
    """Killed at every request that changes files and after every byte: none is left out."""
    first, last = content(TOP / "calib" / "sim.yaml"), content(TOP / "calib" / "sim-distorted.yaml")
    template = tmp_path / "template"
    (template / "calib").mkdir(parents=True)
    (template / "config.toml").write_text('[camera]\nsource = "sim:street"\ncalibration = "calib/front.yaml"\n')
    shutil.copy(TOP / "calib" / "sim.yaml", template / "calib" / "front.yaml")
    shutil.copy(TOP / "calib" / "sim-distorted.yaml", template / "new.yaml")
    apply = ["apply", "new.yaml"]
    options = ["--config", "config.toml", "--endpoint", "run"]

    def run(arguments, folder, **environment):
        done = subprocess.run(
            [DEPTHCTL, "calib", *arguments, *options], capture_output=True, text=True, cwd=folder,
            env={**os.environ, "LD_PRELOAD": str(killer), **environment})
        assert done.returncode == 0, done.stderr

    def run_in_each(arguments, steps, **environment):
        """The wait status of each run."""
        run(arguments, tmp_path, KILL_EACH=str(tmp_path / "each"), KILL_STEPS=str(steps), **environment)
        return [int(line) for line in (tmp_path / "each" / "outcomes").read_text().split()]

    if command == "rollback":
        run(apply, template)
        first, last = last, first
    shutil.copytree(template, tmp_path / "once")
    run(apply if command == "apply" else [command], tmp_path / "once", KILL_COUNT=str(tmp_path / "steps"))
    steps = int((tmp_path / "steps").read_text())
    assert steps > 500, "the writer's steps are not seen"
    folders = [tmp_path / "each" / str(number) for number in range(steps + 1)]
    for folder in folders:
        shutil.copytree(template, folder)
    outcomes = run_in_each(apply if command == "apply" else [command], steps)
    assert outcomes == [signal.SIGKILL] * steps + [0]
    seen = []
    for folder in folders:
        calib = folder / "calib"
        seen.append(content(calib / "front.yaml"))
        assert seen[-1] in (first, last), f"torn after {folder.name} of {steps} steps"
        for generation in (calib / "generations").glob("front.yaml.[0-9]*"):
            if generation.suffix[1:].isdigit():
                assert content(generation) in (first, last), f"a torn generation after {folder.name} steps"
    # One moment divides the old from the new.
    assert seen == sorted(seen, key=lambda text: text == last) and seen[0] == first and seen[-1] == last
    # The next one finds nothing in its way, and can be taken back.
    assert set(run_in_each(apply, steps, KILL_NONE="1")) == {0}
    assert all(content(folder / "calib" / "front.yaml") == content(template / "new.yaml") for folder in folders)


def test_apply_and_rollback_reach_the_running_daemon_without_a_gap(place):
    place.start()
    with stream(place, "front/unscaled/") as subscriber:
        before = subscriber.receive().header
        applied = depthctl("calib", "apply", candidate(place), *place.options)
        assert "reload: applied" in applied.stdout
        after = subscriber.receive_until(lambda message: message.header["calib_id"] != before["calib_id"]).header
        assert after["generation"] > before["generation"]
        assert after["K"][0] == pytest.approx(before["K"][0] * 0.979, rel=1e-3)
        depthctl("calib", "rollback", *place.options)
        subscriber.receive_until(lambda message: message.header["calib_id"] == before["calib_id"])


def test_a_mount_reaches_the_running_daemon(place):
    place.start()
    with status(place, "calib/") as subscriber:
        assert "mount" not in subscriber.receive()[1]
        done = depthctl("calib", "mount", "--height", "0.62", "--pitch", "-8", *place.options)
        assert "reload: applied" in done.stdout and "0.62 m" in done.stdout
        message = subscriber.receive_until(lambda received: "mount" in received[1])[1]
    assert message["mount"]["height_m"] == pytest.approx(0.62)


def test_a_calibration_the_daemon_refuses_is_put_back(place):
    place.start()
    before = place.calibration.read_text()
    # The calibration is good, the model is gone: nothing of it is taken over.
    place.config.write_text(place.config.read_text().replace(str(MODEL), "absent"))
    done = depthctl(
        "calib", "apply", candidate(place), "--endpoint", place.endpoints, "--config", place.config, check=False)
    assert done.returncode != 0 and "put back" in done.stdout
    assert place.calibration.read_text() == before
