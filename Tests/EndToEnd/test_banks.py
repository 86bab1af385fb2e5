"""Prior banks: in use, exchanged, refused, lost; and the tool that looks at them."""
import hashlib
import json
import resource
import shutil
import signal
import subprocess

import numpy as np
import pytest
from bank import Bank
from conftest import MODEL, simulator
from daemon import DEPTHCTL, depthctl, depthctl_json, wait_until
from subscriber import status, stream
from test_diagnosis import component, wait_for
from test_models import rehash
from test_refusals import check
from test_reload import assert_unbroken, read_until, reload, rewrite


@pytest.fixture
def bundle(tmp_path):
    """A copy of the shipped bundle with a bank of its own, and the bank's id."""
    folder = shutil.copytree(MODEL, tmp_path / "bundle")
    (folder / "priors.safetensors").unlink(missing_ok=True)
    identity = Bank(folder).write(folder / "priors.safetensors")
    description = json.loads((folder / "bundle.json").read_text())
    description["files"]["priors.safetensors"] = ""
    (folder / "bundle.json").write_text(json.dumps(description))
    rehash(folder)
    return folder, identity


def spoiled(bank, kind):
    """Contents that are no bank."""
    content = bank.bytes()
    if kind == "truncated":
        return content[:-1000]
    if kind == "foreign":
        return b"not a tensor file, but long enough to be taken for the beginning of one"
    if kind == "NaN":
        bank.tensors["value_heads"][3, 5] = np.nan
    elif kind == "empty":
        bank = Bank(MODEL, count=0)
    elif kind == "narrow":
        bank.tensors["key_pixel"] = bank.tensors["key_pixel"][:, :32].copy()
    elif kind == "other encoder":
        bank.metadata["encoder_sha256"] = "ab" * 32
    return bank.bytes()


WORDS = {"truncated": "truncated", "foreign": "not a safetensors file", "NaN": "value_heads", "empty": "M = 0",
         "narrow": "key_pixel", "other encoder": "abababababababab"}


def test_a_bundles_own_bank_is_fused_and_named_everywhere(launch, bundle):
    folder, identity = bundle
    daemon = launch(simulator(model={"path": str(folder)})).start()
    with stream(daemon, "front/depth/") as subscriber, status(daemon, "info/") as info:
        header = subscriber.receive().header
        assert header["model"]["bank"] == identity and header["mode"] == "prediction"
        assert 0 <= header["priors"]["entropy"] <= 1 and "distance" not in header["priors"]
        assert info.receive()[1]["model"]["bank"] == identity
    assert daemon.ask("status")["result"]["bank"] == identity
    assert daemon.ask("model.show")["result"]["bank"] == identity
    assert identity in component(wait_for(daemon, "bank", "bank_ok"), "bank")["text"]
    text = depthctl("tail", "depth", "--count", "1", "--endpoint", daemon.endpoints).stdout
    assert "priors entropy" in text


def test_a_bank_is_exchanged_between_two_frames(launch, tmp_path):
    first, second = (Bank(MODEL, seed=seed).write(tmp_path / f"{seed}.safetensors") for seed in (1, 2))
    daemon = launch(simulator(priors={"bank": "off"})).start()
    with stream(daemon, "front/depth/") as subscriber:
        assert "bank" not in subscriber.receive().header["model"]
        for name, identity in ((str(tmp_path / "1.safetensors"), first), (str(tmp_path / "2.safetensors"), second),
                               ("off", None)):
            rewrite(daemon, priors={"bank": name})
            code, answer = reload(daemon)
            assert (code, answer["verdict"]) == (0, "applied"), answer
            assert [change["key"] for change in answer["changes"]] == ["priors.bank"]
            messages = read_until(subscriber, lambda header: header["model"].get("bank") == identity)
            assert_unbroken(messages)
            # Compared on live frames first, as models are.
            assert answer["comparison"]["frames"] >= 1


def test_a_bank_replaced_under_its_name_is_a_change(launch, tmp_path):
    path = tmp_path / "bank.safetensors"
    Bank(MODEL).write(path)
    daemon = launch(simulator(priors={"bank": str(path)})).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        assert reload(daemon)[1]["verdict"] == "unchanged"
        identity = Bank(MODEL, seed=5).write(path)
        assert reload(daemon)[1]["verdict"] == "applied"
        assert_unbroken(read_until(subscriber, lambda header: header["model"]["bank"] == identity))


def test_a_broken_or_foreign_bank_is_refused_and_the_old_one_goes_on(launch, tmp_path):
    good, bad = tmp_path / "good.safetensors", tmp_path / "bad.safetensors"
    identity = Bank(MODEL).write(good)
    daemon = launch(simulator(priors={"bank": str(good)})).start()
    ours = json.loads((MODEL / "bundle.json").read_text())["files"]["encoder.onnx"][:16]
    with stream(daemon, "front/depth/") as subscriber:
        messages = [subscriber.receive()]
        for kind, word in WORDS.items():
            bad.write_bytes(spoiled(Bank(MODEL), kind))
            rewrite(daemon, priors={"bank": str(bad)})
            code, answer = reload(daemon)
            reasons = " ".join(answer["reasons"])
            assert (code, answer["verdict"]) == (2, "refused"), (kind, answer)
            assert word in reasons and str(bad) in reasons, (kind, reasons)
            assert kind != "other encoder" or ours in reasons and "lite" in reasons
        messages += subscriber.receive_many(2)
        assert_unbroken(messages)
        assert messages[-1].header["model"]["bank"] == identity and messages[-1].header["generation"] == 0


def test_a_bank_lost_while_running_changes_nothing(launch, tmp_path):
    path = tmp_path / "bank.safetensors"
    identity = Bank(MODEL).write(path)
    daemon = launch(simulator(priors={"bank": str(path)})).start()
    with stream(daemon, "front/depth/") as subscriber:
        subscriber.receive()
        path.write_bytes(b"")
        path.unlink()
        messages = subscriber.receive_many(5)
        code, answer = reload(daemon)
        assert (code, answer["verdict"]) == (2, "refused") and str(path) in answer["reasons"][0]
        messages += subscriber.receive_many(2)
    assert_unbroken(messages)
    assert messages[-1].header["model"]["bank"] == identity
    assert "priors_off" not in messages[-1].header["degraded"]


@pytest.mark.parametrize("kind", ["truncated", "missing"])
def test_an_unusable_bank_at_start_leaves_depth_flowing_and_says_why(launch, tmp_path, kind):
    path = tmp_path / "bank.safetensors"
    if kind != "missing":
        path.write_bytes(spoiled(Bank(MODEL), kind))
    daemon = launch(simulator(priors={"bank": str(path)}))
    code, text = check(daemon.config)
    assert code == 2 and str(path) in text
    daemon.start()
    with stream(daemon, "front/depth/") as subscriber:
        header = subscriber.receive().header
        assert "priors_off" in header["degraded"] and "bank" not in header["model"]
        message = wait_for(daemon, "bank", "bank_failed")
        assert message["verdict"] == "degraded" and str(path) in message["reason"]
        identity = Bank(MODEL).write(path)
        assert reload(daemon)[1]["verdict"] == "applied"
        messages = read_until(subscriber, lambda header: header["model"].get("bank") == identity)
        assert_unbroken(messages)
        assert "priors_off" not in messages[-1].header["degraded"]
    wait_for(daemon, "bank", "bank_ok")


def test_frames_unlike_the_banks_domain_are_flagged_and_others_not(launch, tmp_path):
    path = tmp_path / "bank.safetensors"
    Bank(MODEL).write(path)
    daemon = launch(simulator(priors={"bank": str(path)})).start()
    with stream(daemon, "front/depth/", "front/confidence/") as subscriber:
        seen = subscriber.receive().header
        assert "out_of_domain" not in seen["degraded"]
        Bank(MODEL).know(seen["priors"], width=100).write(path)
        assert reload(daemon)[1]["verdict"] == "applied"
        header = read_until(subscriber, lambda header: "distance" in header["priors"])[-1].header
        assert header["priors"]["distance"] < 1 and "out_of_domain" not in header["degraded"]
        usual = {**seen["priors"], "best": seen["priors"]["best"] + 5}
        Bank(MODEL).know(usual, width=0.1, deviation=0.01).write(path)
        assert reload(daemon)[1]["verdict"] == "applied"
        header = read_until(subscriber, lambda header: "out_of_domain" in header["degraded"])[-1].header
        assert header["priors"]["distance"] > 1.5
        # Random priors contradict the network everywhere, and this bank says that it never does.
        assert header["conf"]["mean"] < seen["conf"]["mean"]
    message = wait_for(daemon, "bank", "bank_out_of_domain")
    assert message["verdict"] == "degraded" and "out_of_domain" in message["degraded"]


def test_the_tool_says_what_a_bank_holds_and_whether_it_is_sound(tmp_path):
    path = tmp_path / "bank.safetensors"
    identity = Bank(MODEL, count=100).write(path)
    info = depthctl_json("bank", "info", path, "--json")
    assert (info["id"], info["references"], info["drives"]) == (identity, 100, ["street"])
    assert info["depth_deciles"] == sorted(info["depth_deciles"]) and len(info["depth_deciles"]) == 11
    verdict = depthctl_json("bank", "verify", path, "--model", MODEL, "--json")
    assert verdict["sound"] and verdict["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    for kind, word in WORDS.items():
        path.write_bytes(spoiled(Bank(MODEL), kind))
        done = depthctl("bank", "verify", path, "--model", MODEL, check=False)
        assert done.returncode == 1 and word in done.stderr and str(path) in done.stderr, kind


def test_banks_are_merged_without_duplicates_and_compared(tmp_path):
    first, second, merged = (tmp_path / f"{name}.safetensors" for name in ("first", "second", "merged"))
    Bank(MODEL, count=40, seed=1).write(first)
    other = Bank(MODEL, count=60, seed=2, drive="corridor")
    mine = Bank(MODEL, count=40, seed=1)
    # Ten references of the first bank, by the name of their drive.
    for name in list(other.tensors)[:9]:
        other.tensors[name][50:] = mine.tensors[name][:10]
    other.tensors["drive"][50:] = 1
    other.metadata["drives"] = json.dumps(["corridor", "street"])
    other.write(second)
    answer = depthctl_json("bank", "merge", first, second, "--out", merged, "--json")
    assert (answer["references"], answer["duplicates"]) == (90, 10)
    again = tmp_path / "again.safetensors"
    depthctl("bank", "merge", first, second, "--out", again)
    assert again.read_bytes() == merged.read_bytes()
    assert depthctl_json("bank", "verify", merged, "--model", MODEL, "--json")["references"] == 90
    assert depthctl_json("bank", "info", merged, "--json")["drives"] == ["street", "corridor"]
    done = depthctl("bank", "diff", first, merged, "--json", check=False)
    found = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1 and (found["common"], found["only_first"], found["only_second"]) == (40, 0, 50)
    assert found["only_second_by_drive"] == {"corridor": 50} and not found["tensors"]
    assert depthctl("bank", "diff", merged, again).returncode == 0


def test_banks_of_different_models_are_not_merged(tmp_path):
    first, second, out = (tmp_path / f"{name}.safetensors" for name in ("first", "second", "out"))
    Bank(MODEL).write(first)
    for change, word in ((lambda bank: bank.metadata.update(encoder_sha256="ab" * 32), "abababababababab"),
                         (lambda bank: bank.tensors["query_pixel.bias"].__setitem__(0, 1.0), "query_pixel.bias")):
        other = Bank(MODEL, seed=3)
        change(other)
        other.write(second)
        done = depthctl("bank", "merge", first, second, "--out", out, check=False)
        assert done.returncode == 1 and word in done.stderr and str(first) in done.stderr and str(second) in done.stderr
        assert not out.exists()


def test_a_full_disk_leaves_the_old_bank_as_it_was(tmp_path):
    first, second, out = (tmp_path / f"{name}.safetensors" for name in ("first", "second", "out"))
    Bank(MODEL, seed=1).write(first)
    Bank(MODEL, seed=2).write(second)
    out.write_bytes(b"the old one")

    def no_room():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    done = subprocess.run([DEPTHCTL, "bank", "merge", first, second, "--out", out], capture_output=True, text=True,
                          preexec_fn=no_room)
    assert done.returncode == 1 and str(out) in done.stderr and "cannot be written" in done.stderr
    assert out.read_bytes() == b"the old one"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(path.name for path in (first, second, out))


def test_banks_are_built_elsewhere_and_the_tool_says_how():
    done = depthctl("bank", "build", "--drive", "mine", check=False)
    assert done.returncode != 0 and "depthtrain.priors build --drive mine" in done.stderr


def simulate(folder, world, seed):
    """A drive of twenty seconds."""
    depthctl("simulate", "--world", world, "--frames", 40, "--rate", 2, "--size", "320x240", "--seed", seed, "--out", folder)
    return folder


def domain_of(path):
    """What a bank says of its domain."""
    content = path.read_bytes()
    metadata = json.loads(content[8:8 + int.from_bytes(content[:8], "little")])["__metadata__"]
    return json.loads(metadata["in_domain"])


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    return simulate(tmp_path_factory.mktemp("drives") / "street", "street", 1)


def test_eval_says_what_the_search_costs_in_depth(street, tmp_path):
    bank = tmp_path / "bank.safetensors"
    # Keys without any structure: what a search by clusters leaves out shows.
    Bank(MODEL, count=2000, seed=3, gain=1).write(bank)
    searched = {search: depthctl_json("eval", "--bundle", MODEL, "--drive", street, "--bank", bank, "--search", search, "--json")
                for search in ("exact", "two_level")}
    usual = depthctl_json("eval", "--bundle", MODEL, "--drive", street, "--bank", bank, "--json")
    exact, quick = (searched[search]["unscaled"]["abs_rel"] for search in ("exact", "two_level"))
    assert usual == searched["exact"]
    assert quick != exact and quick == pytest.approx(exact, rel=0.05)
    refused = depthctl("eval", "--bundle", MODEL, "--drive", street, "--search", "all", check=False)
    assert refused.returncode != 0 and "exact" in refused.stderr and "two_level" in refused.stderr


def test_a_corridor_is_foreign_to_a_bank_that_knows_streets(launch, street, tmp_path):
    everything, known = tmp_path / "everything.safetensors", tmp_path / "known.safetensors"
    Bank(MODEL, count=1000, seed=3).write(everything)
    depthctl("bank", "select", "--model", MODEL, "--bank", everything, "--drive", street, "--count", 300, "--out", known)
    assert domain_of(known)["frames"] == 40
    base = simulator(priors={"bank": str(known)})
    # Another street than the one that was looked at.
    daemon = launch({**base, "simulation": {**base["simulation"], "seed": 2}}).start()
    with stream(daemon, "front/depth/") as subscriber:
        assert all("out_of_domain" not in message.header["degraded"] for message in subscriber.receive_many(30))
        rewrite(daemon, camera={"source": "sim:corridor"})
        assert reload(daemon)[1]["verdict"] == "applied"
        read_until(subscriber, lambda header: "out_of_domain" in header["degraded"])
    text = depthctl("tail", "depth", "--count", "1", "--endpoint", daemon.endpoints).stdout
    assert "distance" in text


def test_select_keeps_what_frames_look_at_the_same_to_the_byte(street, tmp_path):
    source = tmp_path / "source.safetensors"
    bank = Bank(MODEL, count=500, seed=4)
    # The first hundred references are strangers to every query.
    for name in ("key_pixel", "key_heads"):
        bank.tensors[name][:100] = 0
        bank.tensors[name][100:] *= 20
    bank.write(source)
    kept = {}
    for rule in ((), ("--stratified",)):
        outs = [tmp_path / f"{len(rule)}{threads}.safetensors" for threads in (1, 2)]
        for out, threads in zip(outs, (1, 2)):
            depthctl("bank", "select", "--model", MODEL, "--bank", source, "--drive", street, "--every", 4, "--count", 50,
                     "--threads", threads, "--out", out, *rule)
        assert outs[0].read_bytes() == outs[1].read_bytes()
        done = depthctl("bank", "diff", source, outs[0], "--json", check=False)
        found = json.loads(done.stdout.splitlines()[-1])
        assert (found["common"], found["only_second"]) == (50, 0) and not found["tensors"]
        info = depthctl_json("bank", "info", outs[0], "--json")
        assert info["references"] == 50 and info["domain_frames"] == 10
        assert info["selection"] == f"{'stratified' if rule else 'top'} 50 of 500"
        assert depthctl_json("bank", "verify", outs[0], "--model", MODEL, "--json")["sound"]
        kept[rule] = info["depth_deciles"]
    # Each tenth of the depths has its share in one, not in the other.
    assert kept[()] != kept[("--stratified",)]
    other = Bank(MODEL)
    other.metadata["encoder_sha256"] = "ab" * 32
    other.write(source)
    done = depthctl("bank", "select", "--model", MODEL, "--bank", source, "--drive", street, "--count", 5, "--out",
                    tmp_path / "out", check=False)
    assert done.returncode == 1 and "abababababababab" in done.stderr and not (tmp_path / "out").exists()


def test_a_bank_whose_domain_cannot_be_told_is_not_written(street, tmp_path):
    source, out = tmp_path / "source.safetensors", tmp_path / "out.safetensors"
    bank = Bank(MODEL, count=20)
    # Finite, each of them; the similarities that they make are not.
    bank.tensors["query_pixel.weight"][:] = 3e38
    bank.write(source)
    out.write_bytes(b"as it was")
    done = depthctl("bank", "select", "--model", MODEL, "--bank", source, "--drive", street, "--every", 20, "--count", 20,
                    "--out", out, check=False)
    assert done.returncode == 1 and "cannot be told from 2 frames" in done.stderr
    assert out.read_bytes() == b"as it was" and {path.name for path in tmp_path.iterdir()} == {source.name, out.name}


def test_an_interrupted_select_goes_on_to_the_same_bytes(street, tmp_path):
    source, whole, resumed = (tmp_path / f"{name}.safetensors" for name in ("source", "whole", "resumed"))
    # Large enough that a pass takes a while.
    Bank(MODEL, count=40_000, seed=6).write(source)
    command = ("bank", "select", "--model", MODEL, "--bank", source, "--drive", street, "--count", 50, "--out")
    depthctl(*command, whole)
    process = subprocess.Popen([DEPTHCTL, *map(str, command), resumed], stdout=subprocess.DEVNULL)
    stored = tmp_path / "resumed.safetensors.attention"
    wait_until(lambda: stored.exists() or process.poll() is not None)
    process.kill()
    process.wait()
    assert not resumed.exists()
    depthctl(*command, resumed)
    assert resumed.read_bytes() == whole.read_bytes() and not stored.exists()


def test_a_select_over_other_pictures_does_not_go_on_with_what_was_stored(street, tmp_path):
    source, fresh, resumed = (tmp_path / f"{name}.safetensors" for name in ("source", "fresh", "resumed"))
    Bank(MODEL, count=40_000, seed=6).write(source)
    drive = shutil.copytree(street, tmp_path / "drive")
    command = ("bank", "select", "--model", MODEL, "--bank", source, "--drive", drive, "--count", 50, "--out")
    process = subprocess.Popen([DEPTHCTL, *map(str, command), resumed], stdout=subprocess.DEVNULL)
    stored = tmp_path / "resumed.safetensors.attention"
    wait_until(lambda: stored.exists() or process.poll() is not None)
    process.kill()
    process.wait()
    # As many frames under the same names, and others.
    shutil.rmtree(drive)
    simulate(drive, "corridor", 3)
    depthctl(*command, fresh)
    depthctl(*command, resumed)
    assert resumed.read_bytes() == fresh.read_bytes()
    assert not stored.exists()


def test_a_select_without_frames_is_refused(street, tmp_path):
    source, out = tmp_path / "source.safetensors", tmp_path / "out.safetensors"
    Bank(MODEL).write(source)
    drive = shutil.copytree(street, tmp_path / "drive")
    (drive / "frames.csv").write_text((drive / "frames.csv").read_text().splitlines()[0] + "\n")
    (drive / "drive.toml").write_text((drive / "drive.toml").read_text().replace("frames = 40", "frames = 0"))
    (drive / "poses.csv").unlink()
    done = depthctl("bank", "select", "--model", MODEL, "--bank", source, "--drive", drive, "--count", 5, "--out", out, check=False)
    assert done.returncode == 1 and str(drive) in done.stderr and "no frames" in done.stderr, done.stderr
    assert not out.exists()
