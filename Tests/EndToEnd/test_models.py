"""Models: what runs, and what is refused with which words."""
import hashlib
import json
import shutil

import numpy as np
import onnx
import pytest
from conftest import MODEL, simulator
from onnx import TensorProto, helper, numpy_helper
from subscriber import stream
from test_refusals import assert_no_depth, check, refuse
from test_reload import read_until, reload, rewrite


@pytest.fixture
def bundle(tmp_path):
    """A copy of the shipped bundle that a test may spoil."""
    return shutil.copytree(MODEL, tmp_path / "bundle")


def rehash(bundle):
    """Makes bundle.json list what the files now are."""
    description = json.loads((bundle / "bundle.json").read_text())
    for name in description["files"]:
        description["files"][name] = hashlib.sha256((bundle / name).read_bytes()).hexdigest()
    (bundle / "bundle.json").write_text(json.dumps(description))


def refused(launch, model, *words):
    """Both `--check` and a start refuse the model and say `words`."""
    daemon = launch(simulator(model={"path": str(model)}))
    code, text = check(daemon.config)
    assert code == 2, text
    for word in words:
        assert word in text, f"{word!r} is not said in:\n{text}"
    refuse(daemon, *words)


def small_network(operator="Sigmoid"):
    """A whole depth network in one file: a blurred brightness as inverse depth, at any size."""
    weight = numpy_helper.from_array(np.full((1, 3, 3, 3), 1 / 27, np.float32), "weight")
    bias = numpy_helper.from_array(np.array([0.2], np.float32), "bias")
    image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, "height", "width"])
    output = helper.make_tensor_value_info("disparity", TensorProto.FLOAT, [1, 1, "height", "width"])
    nodes = [
        helper.make_node("Conv", ["image", "weight", "bias"], ["mean"], name="blur", pads=[1, 1, 1, 1]),
        helper.make_node(operator, ["mean"], ["disparity"], name="bound"),
    ]
    graph = helper.make_graph(nodes, "depth", [image], [output], [weight, bias])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def test_a_plain_onnx_network_runs_in_the_daemon(launch, tmp_path):
    path = tmp_path / "network.onnx"
    onnx.save(small_network(), path)
    daemon = launch(simulator(model={"path": str(path), "input_size": "320x96"}, scale={"constant": None})).start()
    with stream(daemon, "front/unscaled/") as subscriber:
        message = subscriber.receive()
    assert (message.header["width"], message.header["height"]) == (320, 96)
    depth = message.array
    assert np.isfinite(depth).mean() > 0.9 and np.unique(depth).size > 100
    assert message.header["model"]["name"] == "network"


def test_a_file_that_differs_from_its_hash_is_refused(launch, bundle):
    with open(bundle / "decoder.onnx", "r+b") as file:
        file.seek(1000)
        file.write(b"\xff\x00\xff")
    refused(launch, bundle, "decoder.onnx", "SHA-256")


def test_a_truncated_network_is_refused(launch, bundle):
    path = bundle / "encoder.onnx"
    path.write_bytes(path.read_bytes()[:-5000])
    rehash(bundle)
    refused(launch, bundle, "encoder.onnx")


def test_a_truncated_plain_network_is_refused(launch, tmp_path):
    path = tmp_path / "network.onnx"
    path.write_bytes(small_network().SerializeToString()[:-40])
    refused(launch, path, "network.onnx")


def test_an_unknown_operator_is_named_with_its_node(launch, tmp_path):
    path = tmp_path / "network.onnx"
    path.write_bytes(small_network("Frobnicate").SerializeToString())
    refused(launch, path, "Frobnicate", "bound")


def test_a_network_with_impossible_shapes_gives_no_depth_and_says_why(launch, tmp_path):
    network = small_network()
    network.graph.initializer[0].CopyFrom(
        numpy_helper.from_array(np.zeros((1, 5, 3, 3), np.float32), "weight"))
    path = tmp_path / "network.onnx"
    path.write_bytes(network.SerializeToString())
    # Shapes are known only when the network is planned for the camera's frames: the daemon runs and says so.
    assert_no_depth(launch(simulator(model={"path": str(path)})), ["blur"])


@pytest.mark.parametrize("spoil,words", [
    (lambda folder: (folder / "bundle.json").unlink(), ["bundle.json"]),
    (lambda folder: (folder / "bundle.json").write_text("{"), ["bundle.json"]),
    (lambda folder: (folder / "decoder.onnx").unlink(), ["decoder.onnx"]),
    (lambda folder: (folder / "notes.txt").write_text("x"), ["notes.txt"]),
])
def test_an_incomplete_bundle_is_refused(launch, bundle, spoil, words):
    spoil(bundle)
    refused(launch, bundle, *words)


def test_a_bundle_of_a_newer_format_is_refused(launch, bundle):
    description = json.loads((bundle / "bundle.json").read_text())
    description["format_version"] = 99
    (bundle / "bundle.json").write_text(json.dumps(description))
    refused(launch, bundle, "99")


def test_a_model_written_over_with_its_own_bytes_is_loaded_anew_by_a_reload(launch, bundle):
    daemon = launch(simulator(model={"path": str(bundle)})).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        encoder = bundle / "encoder.onnx"
        encoder.write_bytes(encoder.read_bytes())
        rewrite(daemon, preprocessing={"fit": "stretch"})
        code, answer = reload(daemon)
        assert (code, answer["verdict"]) == (0, "applied"), answer
        assert sorted(change["key"] for change in answer["changes"]) == ["model.path", "preprocessing.fit"]
        read_until(subscriber, lambda header: header["generation"] == 1)


def test_a_missing_model_is_refused(launch, tmp_path):
    refused(launch, tmp_path / "nothing", "nothing")
