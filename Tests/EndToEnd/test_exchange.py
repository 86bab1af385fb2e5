"""Exchange of the model: compared on live frames, swapped between two of them, refused when worse, rolled back."""
import json
import shutil

import onnx
import pytest
from conftest import MODEL, simulator
from daemon import depthctl, depthctl_json
from subscriber import status, stream
from test_models import small_network
from test_reload import assert_unbroken, read_until, reload, rewrite, wait_for_event


def model(daemon, *arguments):
    """`depthctl model …`: its exit code and answer."""
    done = depthctl("model", *arguments, "--json", "--endpoint", daemon.endpoints, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def renamed(tmp_path):
    """The shipped bundle under another name: as good as the original, and another hash."""
    bundle = shutil.copytree(MODEL, tmp_path / "renamed")
    description = json.loads((bundle / "bundle.json").read_text())
    description["name"] = "renamed"
    (bundle / "bundle.json").write_text(json.dumps(description))
    return bundle


@pytest.fixture
def worse(tmp_path):
    """A network that calls brightness inverse depth."""
    path = tmp_path / "worse.onnx"
    onnx.save(small_network(), path)
    return path


def memory_mb(daemon):
    for line in open(f"/proc/{daemon.process.pid}/status"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise AssertionError("the process has no VmRSS")


def test_a_good_model_is_compared_swapped_in_and_rolled_back(launch, renamed):
    daemon = launch(simulator()).start()
    with stream(daemon, "front/depth/") as subscriber, status(daemon, "event/") as events:
        assert subscriber.receive().header["model"]["name"] == "lite"
        code, answer = model(daemon, "exchange", renamed)
        assert (code, answer["verdict"]) == (0, "applied"), answer
        comparison = answer["comparison"]
        assert comparison["frames"] >= 1
        # The same weights on the same frames.
        assert comparison["log_correlation"] > 0.999 and abs(comparison["depth_ratio"] - 1) < 0.001
        assert "model exchange" in wait_for_event(events, "reload_applied")["text"]
        messages = read_until(subscriber, lambda header: header["model"]["name"] == "renamed")
        assert_unbroken(messages)
        shown = model(daemon, "show")[1]
        assert (shown["name"], shown["origin"], shown["path"]) == ("renamed", "exchange", str(renamed))
        assert shown["previous"] == str(MODEL)

        code, answer = model(daemon, "rollback")
        assert (code, answer["verdict"]) == (0, "applied"), answer
        assert_unbroken(read_until(subscriber, lambda header: header["model"]["name"] == "lite"))
        assert model(daemon, "show")[1]["origin"] == "configuration"


def test_a_worse_model_is_refused_with_the_reason_unless_forced(launch, worse):
    daemon = launch(simulator()).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        code, answer = model(daemon, "exchange", worse)
        assert (code, answer["verdict"], answer["generation"]) == (2, "refused", 0)
        assert any("correlation" in reason for reason in answer["reasons"]), answer
        # By the file it is no better.
        rewrite(daemon, model={"path": str(worse)})
        assert reload(daemon)[1]["verdict"] == "refused"
        assert_unbroken(subscriber.receive_many(2))
        code, answer = model(daemon, "exchange", worse, "--force")
        assert (code, answer["verdict"]) == (0, "applied"), answer
        read_until(subscriber, lambda header: header["model"]["name"] == "worse")


def test_a_broken_model_is_refused_and_the_old_one_goes_on(launch, renamed):
    with open(renamed / "encoder.onnx", "r+b") as file:
        file.seek(1000)
        file.write(b"\xff\x00\xff")
    daemon = launch(simulator()).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        code, answer = model(daemon, "exchange", renamed)
        assert code == 2 and "SHA-256" in answer["reasons"][0]
        code, answer = model(daemon, "exchange", renamed / "nowhere")
        assert code == 2 and "nowhere" in answer["reasons"][0]
        code, answer = model(daemon, "rollback")
        assert code == 2 and "nothing to roll back" in answer["reasons"][0]
        assert_unbroken(subscriber.receive_many(3))


def test_an_exchange_outlives_a_restart_and_ends_when_the_file_names_another(launch, renamed):
    daemon = launch(simulator()).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
    assert model(daemon, "exchange", renamed)[0] == 0
    daemon.stop()
    daemon.start()
    assert model(daemon, "show")[1]["name"] == "renamed"
    # A reload of the file as it was keeps the exchange.
    rewrite(daemon, depth={"max_m": 50.0})
    assert reload(daemon)[1]["changes"][0]["key"] == "depth.max_m"
    assert model(daemon, "show")[1]["name"] == "renamed"
    rewrite(daemon, model={"path": str(MODEL) + "/."})
    assert reload(daemon)[1]["verdict"] == "applied"
    assert model(daemon, "show")[1]["name"] == "lite"


def test_an_exchanged_model_that_went_missing_gives_way_to_the_configured_one(launch, renamed):
    daemon = launch(simulator()).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
    assert model(daemon, "exchange", renamed)[0] == 0
    daemon.stop()
    shutil.rmtree(renamed)
    daemon.start()
    assert model(daemon, "show")[1]["name"] == "lite"
    assert str(renamed) in daemon.log


def test_a_start_after_an_exchange_needs_the_configured_model_no_more(launch, renamed, tmp_path):
    configured = shutil.copytree(MODEL, tmp_path / "configured")
    daemon = launch(simulator(model={"path": str(configured)})).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
    assert model(daemon, "exchange", renamed)[0] == 0
    daemon.stop()
    shutil.rmtree(configured)
    daemon.start()
    with stream(daemon, "front/depth/") as subscriber:
        assert subscriber.receive().header["model"]["name"] == "renamed"
    assert "config_fallback" not in (daemon.state / "events.jsonl").read_text()
    # A reload needs it no more either.
    rewrite(daemon, depth={"max_m": 50.0})
    assert reload(daemon)[1]["verdict"] == "applied"
    assert model(daemon, "show")[1]["name"] == "renamed"


def test_a_model_replaced_in_its_folder_is_a_change(launch, renamed):
    daemon = launch(simulator(model={"path": str(renamed)})).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        description = json.loads((renamed / "bundle.json").read_text())
        description["name"] = "replaced"
        (renamed / "bundle.json").write_text(json.dumps(description))
        code, answer = reload(daemon)
        assert (code, answer["verdict"]) == (0, "applied"), answer
        assert "sha256" in answer["changes"][0]["new"]
        read_until(subscriber, lambda header: header["model"]["name"] == "replaced")


def test_many_exchanges_leave_the_memory_where_it_was(launch, renamed):
    daemon = launch(simulator(exchange={"frames": 1})).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        for number in range(16):
            code, answer = model(daemon, *(["exchange", renamed] if number == 0 else ["rollback"]))
            assert (code, answer["verdict"]) == (0, "applied"), answer
            if number == 3:
                settled = memory_mb(daemon)
        read_until(subscriber, lambda header: header["generation"] == 16)
        # One model and its plan are more than this.
        assert memory_mb(daemon) < settled + 15


def test_the_model_is_shown_for_people(running):
    text = depthctl("model", "show", "--endpoint", running.endpoints).stdout
    assert "lite" in text and "configuration" in text
    assert depthctl_json("model", "show", "--json", "--endpoint", running.endpoints)["name"] == "lite"
