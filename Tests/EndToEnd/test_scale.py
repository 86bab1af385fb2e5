"""The scale: told, set by hand, learned, kept over restarts; metric topics silent until it is known."""
import hashlib
import json
import shutil

import numpy as np
import onnx
import pytest
from conftest import MODEL, simulator
from daemon import depthctl, depthctl_json, wait_until
from onnx import TensorProto, helper, numpy_helper
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


def seeing(daemon):
    """Starts a daemon and waits for its first depth."""
    daemon.start()
    with stream(daemon, "front/unscaled/") as subscriber:
        subscriber.receive()
    return daemon


def observers(daemon):
    return {observer["source"]: observer for observer in scale(daemon).get("observers", [])}


@pytest.fixture
def bundle_with_pose(tmp_path):
    """The shipped bundle beside a pose network that always says: 0.3 m ahead."""
    bundle = shutil.copytree(MODEL, tmp_path / "posed")
    tensors = [numpy_helper.from_array(np.zeros((6, 3), np.float32), "none"),
               numpy_helper.from_array(np.zeros(3, np.float32), "still"),
               numpy_helper.from_array(np.array([0, 0, -0.3], np.float32), "ahead")]
    nodes = [helper.make_node("GlobalAveragePool", ["pair"], ["means"], name="pool"),
             helper.make_node("Flatten", ["means"], ["flat"], name="flat")]
    nodes += [helper.make_node("Gemm", ["flat", "none", answer], [output], name=output)
              for answer, output in (("still", "axis_angle"), ("ahead", "translation_m"))]
    graph = helper.make_graph(
        nodes, "pose", [helper.make_tensor_value_info("pair", TensorProto.FLOAT, [1, 6, "h", "w"])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 3]) for name in ("axis_angle", "translation_m")],
        tensors)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), bundle / "pose.onnx")
    description = json.loads((bundle / "bundle.json").read_text())
    description["files"]["pose.onnx"] = hashlib.sha256((bundle / "pose.onnx").read_bytes()).hexdigest()
    description["pose"] = {
        "input_divisor": 2, "transform": "later_from_earlier", "distance_m": [0.1, 5.0], "rotation_deg": 15.0,
        "log_norm_sigma": 0.2, "log_norm_bias_sigma": 0.1, "provenance": {}, "measured": {}}
    (bundle / "bundle.json").write_text(json.dumps(description))
    return bundle


def test_the_pose_network_observes_and_can_be_switched_off(launch, bundle_with_pose):
    daemon = seeing(launch(learning(model={"path": str(bundle_with_pose)})))
    # The same answer both ways contradicts itself.
    wait_until(lambda: "forward and backward motion" in observers(daemon).get("pose", {}).get("reason", ""))
    assert observers(daemon)["pose"]["rejected"] > 0
    rewrite(daemon, scale={"use_pose": False})
    depthctl("reload", "--endpoint", daemon.endpoints)
    answer = scale(daemon)
    validate("answer_scale", answer)
    wait_until(lambda: "scale.use_pose" in observers(daemon)["pose"].get("reason", ""))


def test_a_model_without_a_pose_network_says_so(launch):
    daemon = seeing(launch(learning()))
    pose = observers(daemon)["pose"]
    assert (pose["verdict"], pose["reason"]) == ("none", "the model has no pose network")
    assert "pose        the model has no pose network" in depthctl("scale", "--endpoint", daemon.endpoints).stdout


def test_range_points_of_the_source_observe_the_scale(launch):
    daemon = seeing(launch(learning(simulation={"range_beams": 16})))
    wait_until(lambda: observers(daemon).get("points", {}).get("passed", 0) > 2)
    # What measures depth itself goes before everything else.
    wait_until(lambda: "sparse" in scale(daemon)["sources"])
