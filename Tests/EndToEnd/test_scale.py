"""The scale: told, set by hand, learned, kept over restarts; metric topics silent until it is known."""
import json

import pytest
from conftest import simulator
from daemon import depthctl, depthctl_json, wait_until
from subscriber import stream
from test_control import validate
from test_reload import rewrite


def learning(**tables):
    """Nothing is known of the scale beforehand."""
    return simulator(scale={"constant": None}, **tables)


def scale(daemon, *arguments):
    return depthctl_json("scale", *arguments, "--json", "--endpoint", daemon.endpoints)


def refusals(daemon):
    events = daemon.ask("events")["result"]["events"]
    return [event["text"] for event in events if event["code"] == "scale_refused"]


def state_file(daemon):
    return daemon.state / "scale.json"


def test_a_configured_constant_is_shown_and_nothing_is_learned(running):
    with stream(running, "front/depth/") as subscriber:
        subscriber.receive()
    answer = scale(running)
    validate("answer_scale", answer)
    assert (answer["state"], answer["value"], answer["sources"]) == ("locked", 1.0, ["constant"])
    reply = running.ask("scale.set", value=2.0)
    assert reply["error"]["code"] == "not_learning" and "scale.constant" in reply["error"]["text"]


def test_metric_topics_wait_for_the_scale_and_follow_it_without_a_restart(launch):
    daemon = launch(learning()).start()
    with stream(daemon, "front/unscaled/") as unscaled, stream(daemon, "front/depth/") as depth:
        header = unscaled.receive().header
        assert header["scale"]["state"] in ("unscaled", "converging") and "unscaled" in header["degraded"]
        answer = scale(daemon, "set", "1.5", "--sigma", "0.02")
        validate("answer_scale_set", answer)
        assert answer["state"] == "locked" and "constant" in answer["sources"]
        message = depth.receive()
        assert message.header["scale"]["state"] == "locked"
        assert message.header["scale"]["value"] == pytest.approx(1.5, rel=0.05)
        # The spread of a frame joins what is not known of the scale and the network's own scatter.
        assert message.header["scale"]["sigma"] == pytest.approx((0.02**2 + 0.08**2) ** 0.5, rel=0.2)
        answer = scale(daemon, "reset")
        assert answer["state"] == "unscaled" and not state_file(daemon).exists()
    history = scale(daemon, "history")
    validate("answer_scale_history", history)
    assert {"unscaled", "locked"} <= {entry["state"] for entry in history["entries"]}


def test_a_restart_goes_on_locked_with_the_first_frame_and_wider(launch):
    daemon = launch(learning()).start()
    with stream(daemon, "front/unscaled/") as subscriber:
        subscriber.receive()
    scale(daemon, "set", "1.5", "--sigma", "0.02")
    daemon.stop()
    assert json.loads(state_file(daemon).read_text())["key"]["resolution"]
    daemon.start()
    with stream(daemon, "front/unscaled/") as subscriber:
        header = subscriber.receive().header
        assert header["scale"]["state"] == "locked"
        assert header["scale"]["value"] == pytest.approx(1.5, rel=0.05)
        assert header["scale"]["sigma"] > 0.09
    wait_until(lambda: "scale restored" in daemon.log)


@pytest.mark.parametrize("damage", ["truncated", "foreign", "absurd", "old"])
def test_a_stored_scale_that_is_not_ours_is_refused_with_its_reason(launch, damage):
    daemon = launch(learning()).start()
    with stream(daemon, "front/unscaled/") as subscriber:
        subscriber.receive()
    scale(daemon, "set", "1.5")
    daemon.stop()
    text = state_file(daemon).read_text()
    stored = json.loads(text)
    if damage == "foreign":
        stored["key"]["model"] = "0" * 64
    if damage == "absurd":
        stored["log_scale"] = 9.0
    if damage == "old":
        stored["time"] -= 40 * 86400
    state_file(daemon).write_text(text[: len(text) // 2] if damage == "truncated" else json.dumps(stored))
    daemon.start()
    with stream(daemon, "front/unscaled/") as subscriber:
        assert subscriber.receive().header["scale"]["state"] in ("unscaled", "converging")
    wait_until(lambda: refusals(daemon))
    reasons = refusals(daemon)
    word = {"truncated": "damaged", "foreign": "model", "absurd": "absurd", "old": "days old"}[damage]
    assert len(reasons) == 1 and word in reasons[0]
    assert reasons[0] in daemon.log


def test_the_scale_survives_a_rebuild_of_the_pipeline(launch):
    daemon = launch(learning()).start()
    with stream(daemon, "front/unscaled/") as subscriber:
        subscriber.receive()
    scale(daemon, "set", "1.5")
    for change in ({"camera": {"frame_id": "another_optical"}}, {"scale": {"lock_sigma": 0.05}}):
        rewrite(daemon, **change)
        depthctl("reload", "--endpoint", daemon.endpoints)
        assert scale(daemon)["state"] == "locked"
