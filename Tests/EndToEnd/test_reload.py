"""Reload: one verdict in four places, all or nothing, and not a frame lost."""
import json
import os
import random
import shutil
import signal
import threading
import time

import pytest
import zmq
from conftest import RATE_HZ, simulator
from daemon import TOP, depthctl, toml, wait_until
from subscriber import PATIENCE_S, status, stream


def reload(daemon, *options):
    """`depthctl reload --json`: its exit code and verdict."""
    done = depthctl("reload", "--json", "--endpoint", daemon.endpoints, *options, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def rewrite(daemon, **tables):
    """Changes keys of the daemon's file; None takes a key away."""
    for table, entries in tables.items():
        present = daemon.tables.setdefault(table, {})
        present.update(entries)
        for key in [key for key, value in present.items() if value is None]:
            del present[key]
    replace(daemon.config, toml(daemon.tables))


def replace(path, text):
    """Saves a file whole, as editors do."""
    draft = path.with_suffix(".draft")
    draft.write_text(text)
    os.replace(draft, path)


def wait_for_event(subscriber, code):
    return subscriber.receive_until(lambda received: received[1].get("code") == code)[1]


def drops(message):
    """Frames that were captured, or should have been, and became no message, since the daemon started."""
    return sum(message.header["drops"].values())


def assert_unbroken(messages, rate_hz=RATE_HZ):
    """One story: sequence numbers go on where they were, no time runs backwards, and what is missing is told.

    A sequence number may be missing: ZeroMQ drops for a reader that a busy machine holds up. A frame without one is
    counted in `drops`.
    """
    for before, after in zip(messages, messages[1:]):
        assert after.header["seq"] > before.header["seq"]
        assert after.captured > before.captured
        assert drops(after) >= drops(before)
        missing = round((after.captured - before.captured) * 1e-9 * rate_hz) - 1
        told = after.header["seq"] - before.header["seq"] - 1 + drops(after) - drops(before)
        assert missing <= told, f"{missing} frames are missing and {told} told after {before.header}"


def read_until(subscriber, is_right):
    """All messages up to and including the first for which `is_right(header)` holds."""
    messages = []
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        messages.append(subscriber.receive())
        if is_right(messages[-1].header):
            return messages
    raise AssertionError(f"not within {PATIENCE_S} s; the last header was {messages[-1].header}")


def test_a_live_key_is_applied_between_two_frames(launch):
    daemon = launch(simulator(depth={"max_m": 80.0})).start()
    with stream(daemon, "front/depth/") as subscriber, status(daemon, "event/", "info/") as events:
        assert subscriber.receive().header["generation"] == 0
        rewrite(daemon, depth={"max_m": 20.0})
        code, answer = reload(daemon)
        assert (code, answer["verdict"], answer["generation"]) == (0, "applied", 1)
        assert answer["changes"] == [{"key": "depth.max_m", "old": "80.0", "new": "20.0", "reload": "live"}]
        messages = read_until(subscriber, lambda header: header["generation"] == 1)
        assert_unbroken(messages)
        assert all(m.header["range"][1] == (20.0 if m.header["generation"] else 80.0) for m in messages)
        event = wait_for_event(events, "reload_applied")
        assert "depth.max_m: 80.0 -> 20.0 (live)" in event["text"]
    assert "depth.max_m: 80.0 -> 20.0 (live)" in daemon.log
    with status(daemon, "info/") as subscriber:
        assert subscriber.receive()[1]["generation"] == 1
    assert reload(daemon)[1]["verdict"] == "unchanged"


def test_a_rebuild_key_swaps_the_pipeline_without_a_gap(launch):
    daemon = launch(simulator(model={"input_size": "416x128"})).start()
    with stream(daemon, "front/depth/") as subscriber:
        assert subscriber.receive().header["width"] == 416
        rewrite(daemon, model={"input_size": "320x96"}, camera={"frame_id": "other_optical"})
        code, answer = reload(daemon)
        assert (code, answer["verdict"]) == (0, "applied"), answer
        assert {change["reload"] for change in answer["changes"]} == {"rebuild"}
        messages = read_until(subscriber, lambda header: header["generation"] == 1)
        assert_unbroken(messages)
        last = messages[-1].header
        assert (last["width"], last["height"], last["frame"]) == (320, 96, "other_optical")


def test_another_source_is_swapped_in_and_subscribers_stay(launch):
    daemon = launch(simulator()).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        rewrite(daemon, camera={"source": "sim:yard", "width": 416, "height": 128})
        code, answer = reload(daemon)
        assert (code, answer["verdict"]) == (0, "applied"), answer
        messages = read_until(subscriber, lambda header: header["generation"] == 1)
        assert_unbroken(messages)
    with status(daemon, "info/") as subscriber:
        assert subscriber.receive()[1]["cameras"][0]["source"] == "sim:yard"


@pytest.mark.parametrize(
    "change, words",
    [
        ({"depth": {"max_m": -1.0}}, ["depth.max_m", "0.01 to 1000.0"]),
        ({"depth": {"maxm": 5.0}}, ["maxm"]),
        ({"camera": {"calibration": "nowhere.yaml"}}, ["nowhere.yaml"]),
        ({"camera": {"source": "drive:nowhere"}}, ["nowhere"]),
        ({"camera": {"source": "v4l2:/dev/video-nowhere"}}, ["video-nowhere"]),
        ({"camera": {"source": "sim:nowhere"}}, ["sim:nowhere"]),
        ({"model": {"path": "nowhere"}}, ["nowhere"]),
        ({"model": {"input_size": "100x100"}}, ["100x100"]),
        ({"exchange": {"frames": 101}}, ["exchange.frames", "0 to 100"]),
        # No restart is advised into what would not run.
        ({"camera": {"name": "rear"}, "model": {"path": "nowhere"}}, ["nowhere"]),
        ({"camera": {"name": "rear", "source": "v4l2:/dev/video-nowhere"}}, ["video-nowhere"]),
    ],
)
def test_what_is_wrong_is_refused_in_four_places_and_changes_nothing(launch, change, words):
    daemon = launch(simulator()).start()
    with stream(daemon, "front/depth/") as subscriber, status(daemon, "event/") as events:
        subscriber.receive()
        rewrite(daemon, **change)
        code, answer = reload(daemon)
        assert (code, answer["verdict"], answer["generation"]) == (2, "refused", 0)
        event = wait_for_event(events, "reload_refused")
        for word in words:
            assert any(word in reason for reason in answer["reasons"]), answer
            assert word in event["text"] and word in daemon.log
        messages = subscriber.receive_many(3)
        assert_unbroken(messages)
        assert messages[-1].header["generation"] == 0


def test_a_file_that_is_no_toml_is_refused_with_its_place(launch):
    daemon = launch(simulator()).start()
    replace(daemon.config, daemon.config.read_text() + "\n[depth\n")
    code, answer = reload(daemon)
    assert code == 2 and answer["verdict"] == "refused"
    lines = daemon.config.read_text().count("\n")
    assert f"config.toml:{lines}:" in answer["reasons"][0]


def test_a_calibration_replaced_under_its_name_is_a_change(launch):
    daemon = launch(simulator())
    calibration = daemon.folder / "front.yaml"
    shutil.copy(TOP / "calib" / "sim.yaml", calibration)
    rewrite(daemon, camera={"calibration": "front.yaml"})
    daemon.start()
    with stream(daemon, "front/depth/") as subscriber, status(daemon, "calib/") as calibrations:
        before = subscriber.receive().header["calib_id"]
        assert calibrations.receive()[1]["calib_id"] == before
        shutil.copy(TOP / "calib" / "sim-distorted.yaml", calibration)
        code, answer = reload(daemon)
        assert (code, answer["verdict"]) == (0, "applied"), answer
        assert answer["changes"][0]["key"] == "camera.calibration"
        messages = read_until(subscriber, lambda header: header["generation"] == 1)
        assert_unbroken(messages)
        after = messages[-1].header["calib_id"]
        assert after != before
        assert calibrations.receive_until(lambda received: received[1]["calib_id"] == after)


def test_a_key_that_needs_a_restart_is_told_and_nothing_is_applied(launch):
    daemon = launch(simulator(depth={"max_m": 80.0})).start()
    rewrite(daemon, depth={"max_m": 20.0}, camera={"name": "rear"})
    code, answer = reload(daemon)
    assert (code, answer["verdict"], answer["generation"]) == (3, "restart_needed", 0)
    assert "camera.name" in answer["reasons"][0] and "restart" in answer["reasons"][0]
    with stream(daemon, "front/depth/") as subscriber:
        header = subscriber.receive().header
    assert header["range"][1] == 80.0 and header["generation"] == 0


def test_a_dry_run_says_what_would_happen_and_does_not(launch):
    daemon = launch(simulator()).start()
    rewrite(daemon, preprocessing={"fit": "stretch"})
    code, answer = reload(daemon, "--dry-run")
    assert (code, answer["verdict"], answer["generation"]) == (0, "applicable", 0)
    assert answer["changes"][0]["key"] == "preprocessing.fit"
    assert reload(daemon)[1]["generation"] == 1


def test_a_hangup_reloads(launch):
    daemon = launch(simulator()).start()
    with status(daemon, "event/") as events, stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        rewrite(daemon, depth={"min_m": 0.5})
        daemon.process.send_signal(signal.SIGHUP)
        assert "signal" in wait_for_event(events, "reload_applied")["text"]
        replace(daemon.config, "nonsense")
        daemon.process.send_signal(signal.SIGHUP)
        wait_for_event(events, "reload_refused")
        assert read_until(subscriber, lambda header: header["generation"] == 1)[-1].header["range"][0] == 0.5


def test_a_hangup_during_the_start_is_no_end_and_reloads_after_it(launch):
    """The daemon reads its file from a pipe, so that it is surely starting when the signal comes."""
    daemon = launch(simulator(depth={"max_m": 80.0}))
    text = daemon.config.read_text()
    daemon.config.unlink()
    os.mkfifo(daemon.config)
    daemon.launch()
    with open(daemon.config, "w") as pipe:
        rewrite(daemon, depth={"max_m": 20.0})
        daemon.process.send_signal(signal.SIGHUP)
        pipe.write(text)
    with stream(daemon, "front/depth/") as subscriber:
        header = read_until(subscriber, lambda header: header["generation"] == 1)[-1].header
    assert header["range"][1] == 20.0
    wait_until(lambda: "reload (signal)" in daemon.log)


def test_damaged_choices_of_commands_are_set_aside_loudly(launch):
    daemon = launch(simulator())
    daemon.state.mkdir()
    (daemon.state / "overrides.json").write_text('{"entries":{"model.pa')
    daemon.start()
    with status(daemon, "health/") as health, stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        message = health.receive_until(lambda received: received[1]["verdict"] == "degraded")[1]
    assert "overrides.json" in message["reason"] and "overrides.json.damaged" in daemon.log
    assert (daemon.state / "overrides.json.damaged").exists()
    assert reload(daemon)[0] == 0
    with status(daemon, "health/") as health:
        health.receive_until(lambda received: "overrides.json" not in str(received[1].get("reason")))


def test_a_watched_calibration_is_taken_over_when_saved(launch):
    daemon = launch(simulator(reload={"watch": True, "debounce_ms": 50}))
    calibration = daemon.folder / "front.yaml"
    shutil.copy(TOP / "calib" / "sim.yaml", calibration)
    rewrite(daemon, camera={"calibration": "front.yaml"})
    daemon.start()
    with stream(daemon, "front/depth/") as subscriber:
        before = subscriber.receive().header["calib_id"]
        replace(calibration, (TOP / "calib" / "sim-distorted.yaml").read_text())
        after = read_until(subscriber, lambda header: header["generation"] == 1)[-1].header["calib_id"]
    assert after != before
    wait_until(lambda: "reload (watch)" in daemon.log)


def test_saving_the_file_reloads_when_the_watch_is_on(launch):
    daemon = launch(simulator(reload={"watch": True, "debounce_ms": 50})).start()
    with status(daemon, "event/") as events, stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        rewrite(daemon, depth={"max_m": 30.0})
        assert "watch" in wait_for_event(events, "reload_applied")["text"]
        read_until(subscriber, lambda header: header["generation"] == 1)
        # Half a file is refused; the whole one is taken.
        replace(daemon.config, daemon.config.read_text()[:40])
        wait_for_event(events, "reload_refused")
        rewrite(daemon, depth={"max_m": 40.0})
        assert "40.0" in wait_for_event(events, "reload_applied")["text"]
        assert read_until(subscriber, lambda header: header["generation"] == 2)


def test_the_log_level_is_live(launch):
    daemon = launch(simulator()).start()
    assert "ready" in daemon.log
    rewrite(daemon, log={"level": "error"}, depth={"max_m": 50.0})
    assert reload(daemon)[0] == 0
    quiet = len(daemon.log)
    rewrite(daemon, depth={"max_m": 51.0})
    assert reload(daemon)[0] == 0
    assert "51.0" not in daemon.log[quiet:]


def test_systemd_is_told_of_a_reload(launch, tmp_path):
    from daemon import NotifySocket

    notify = NotifySocket(tmp_path / "notify")
    daemon = launch(simulator(), environment={"NOTIFY_SOCKET": notify.path}).start()
    notify.wait_for("READY=1")
    notify.lines.clear()
    rewrite(daemon, depth={"max_m": 30.0})
    assert reload(daemon)[0] == 0
    notify.wait_for("RELOADING=1")
    notify.wait_for("READY=1")
    assert any(line.startswith("MONOTONIC_USEC=") for line in notify.lines)


def test_an_ended_recording_is_left_for_another_source(launch, tmp_path):
    drive = tmp_path / "drive"
    depthctl("simulate", "--world", "street", "--frames", "3", "--out", drive)
    tables = simulator(camera={"source": f"drive:{drive}"}, drive={"pace": "as_fast_as_possible"})
    daemon = launch(tables).start()
    with status(daemon, "event/", "health/") as events:
        events.receive_until(lambda received: "ended" in str(received[1].get("reason")))
    rewrite(daemon, camera={"source": "sim:street"})
    assert reload(daemon)[1]["verdict"] == "applied"
    with stream(daemon, "front/depth/") as subscriber:
        assert subscriber.receive().header["generation"] == 1


def test_a_source_that_opens_and_never_delivers_gives_way_to_the_old_one(launch, tmp_path):
    drive = tmp_path / "drive"
    depthctl("simulate", "--world", "street", "--frames", "3", "--out", drive)
    for picture in (drive / "frames").iterdir():
        picture.write_bytes(picture.read_bytes()[:200])
    daemon = launch(simulator()).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        rewrite(daemon, camera={"source": f"drive:{drive}"}, drive={"loop": True})
        code, answer = reload(daemon)
        assert (code, answer["verdict"], answer["generation"]) == (2, "refused", 0), answer
        assert "delivered no frame" in answer["reasons"][0] and str(drive) in answer["reasons"][0]
        # What the trial cost is told, and the old source goes on.
        now = time.monotonic_ns()
        messages = [subscriber.receive()]
        while messages[-1].captured < now:
            messages.append(subscriber.receive())
        assert_unbroken(messages)
        assert messages[-1].header["generation"] == 0


def storm(daemon, texts):
    """A hundred reloads within ten seconds, good and broken in turn; their answers."""
    waiting, answers = [], []
    for number in range(100):
        replace(daemon.config, "broken [" if number % 2 else texts[number // 2 % len(texts)])
        socket = zmq.Context.instance().socket(zmq.REQ)
        socket.setsockopt(zmq.LINGER, 0)
        socket.connect(daemon.endpoint("control"))
        socket.send_json({"request": "reload"})
        waiting.append(socket)
        time.sleep(0.08)
    for socket in waiting:
        assert socket.poll(120_000)
        answers.append(socket.recv_json()["result"]["verdict"])
        socket.close()
    return answers


def variants(daemon):
    """Good texts of the daemon's file: most differ in a live key, some in one that makes a new pipeline."""
    live = [toml({**daemon.tables, "depth": {"max_m": 20.0 + i}}) for i in range(40)]
    rebuilt = [toml({**daemon.tables, "preprocessing": {"vertical_offset": i / 10}}) for i in range(10)]
    return live + rebuilt


def read_during(subscriber, daemon, work):
    """All messages from before `work()` to after it and a reload that ends it; and what `work` returned."""
    results = []
    thread = threading.Thread(target=lambda: results.append(work()))
    messages = [subscriber.receive()]
    thread.start()
    while thread.is_alive():
        messages.append(subscriber.receive())
    thread.join()
    replace(daemon.config, variants(daemon)[-1])
    last = reload(daemon)[1]["generation"]
    messages += read_until(subscriber, lambda header: header["generation"] == last)
    return messages, results[0]


def assert_verdicts(verdicts):
    assert len(verdicts) == 100
    assert set(verdicts) <= {"applied", "unchanged", "refused"}
    assert {"applied", "refused"} <= set(verdicts)


def test_a_storm_of_reloads_loses_no_frame(launch, tmp_path):
    """While every frame of a recording must be processed."""
    drive = tmp_path / "drive"
    depthctl("simulate", "--world", "street", "--frames", "4", "--rate", RATE_HZ, "--out", drive)
    tables = simulator(
        camera={"source": f"drive:{drive}"}, drive={"pace": "as_fast_as_possible", "loop": True})
    daemon = launch(tables).start()
    with stream(daemon, "front/depth/") as subscriber:
        messages, verdicts = read_during(subscriber, daemon, lambda: storm(daemon, variants(daemon)))
    assert_verdicts(verdicts)
    assert_unbroken(messages)
    generations = [message.header["generation"] for message in messages]
    assert generations == sorted(generations)
    # Every captured frame became a message: none was lost in the source, on the way or for want of a pipeline.
    assert messages[-1].header["drops"] == {"camera": 0, "pipeline": 0}


def test_a_storm_of_reloads_costs_a_live_camera_no_more_than_one(launch):
    # So slow that a busy machine alone costs hardly a frame.
    rate_hz = 1.0
    daemon = launch(simulator(simulation={"rate_hz": rate_hz})).start()
    with stream(daemon, "front/depth/") as subscriber:
        before, _ = read_during(subscriber, daemon, lambda: time.sleep(10))
        frames = camera_frames(daemon)
        during, verdicts = read_during(subscriber, daemon, lambda: storm(daemon, variants(daemon)))
        frames = camera_frames(daemon) - frames
        now = time.monotonic_ns()
        during.append(subscriber.receive_until(lambda message: message.captured > now))
    assert_verdicts(verdicts)
    for messages in (before, during):
        assert_unbroken(messages, rate_hz)
    # If each of a hundred reloads cost one, every frame would be lost.
    assert drops(during[-1]) - drops(during[0]) <= drops(before[-1]) - drops(before[0]) + 2
    # Each frame that the camera delivered became a message or is counted.
    told = [message.header["seq"] + message.header["drops"]["pipeline"] for message in (before[-1], during[-1])]
    assert frames <= told[1] - told[0]


def camera_frames(daemon):
    return daemon.ask("status")["result"]["camera"]["frames"]


# The last good configuration


def test_a_broken_file_at_start_is_answered_with_the_last_good_one_loudly(launch):
    daemon = launch(simulator(depth={"max_m": 33.0})).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
    wait_until_stored(daemon)
    daemon.stop()
    good = daemon.config.read_text()
    replace(daemon.config, good.replace("max_m = 33.0", "max_m = \"far\""))
    daemon.start()
    with stream(daemon, "front/depth/") as subscriber, status(daemon, "health/") as health:
        assert subscriber.receive().header["range"][1] == 33.0
        message = health.receive_until(lambda received: received[1]["verdict"] == "degraded")[1]
        assert "max_m" in message["reason"] and "ran last" in message["reason"]
    assert "max_m" in daemon.log
    events = (daemon.state / "events.jsonl").read_text()
    assert "config_fallback" in events
    # The file is still broken; then it is mended.
    assert reload(daemon)[1]["verdict"] == "refused"
    replace(daemon.config, good)
    assert reload(daemon)[0] == 0
    with status(daemon, "health/") as health:
        health.receive_until(lambda received: "ran last" not in str(received[1].get("reason")))


def test_without_a_last_good_configuration_a_broken_file_is_an_error(launch):
    daemon = launch(simulator(depth={"max_m": -1.0})).launch()
    assert daemon.wait() == 2
    assert "max_m" in daemon.log


def test_a_daemon_never_starts_with_what_another_one_ran(launch):
    """Both use one state folder, as two daemons of one user do by default."""
    other = launch(simulator()).start()
    wait_until_stored(other)
    other.stop()
    daemon = launch(simulator(depth={"max_m": -1.0}, state={"directory": str(other.state)})).launch()
    assert daemon.wait() == 2
    assert "max_m" in daemon.log


def test_a_model_that_went_missing_is_answered_with_the_last_good_configuration(launch, tmp_path):
    daemon = launch(simulator()).start()
    wait_until_stored(daemon)
    daemon.stop()
    rewrite(daemon, model={"path": str(tmp_path / "gone")})
    daemon.start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
    assert "gone" in daemon.log


def stored_for(daemon):
    """What the state folder keeps of the daemon's own configuration; None if nothing."""
    path, first = daemon.state / "config.last-good.toml", f"# ran last, from {daemon.config}\n"
    if not path.exists():
        return None
    text = path.read_text()
    assert text.startswith(first)
    return text.removeprefix(first)


def wait_until_stored(daemon):
    wait_until(lambda: stored_for(daemon) == daemon.config.read_text())


def test_a_kill_at_any_moment_leaves_a_whole_last_good_configuration(launch):
    # With few frames a reload is as fast as can be: the kill often meets the saving.
    daemon = launch(simulator(simulation={"rate_hz": 0.2}))
    texts = {toml({**daemon.tables, "depth": {"max_m": 20.0 + i}}) for i in range(40)}
    chance = random.Random(8)
    for _ in range(6):
        replace(daemon.config, chance.choice(sorted(texts)))
        daemon.start()
        wait_until(lambda: stored_for(daemon) is not None)
        stop = threading.Event()

        def hammer():
            while not stop.is_set():
                replace(daemon.config, chance.choice(sorted(texts)))
                try:
                    daemon.process.send_signal(signal.SIGHUP)
                except ProcessLookupError:
                    return
                time.sleep(0.01)

        thread = threading.Thread(target=hammer)
        thread.start()
        time.sleep(chance.uniform(0.2, 0.8))
        daemon.process.kill()
        daemon.process.wait()
        stop.set()
        thread.join()
        assert stored_for(daemon) in texts
    replace(daemon.config, daemon.config.read_text() + "broken [")
    daemon.start()
    assert daemon.ask("status")["ok"]
