"""Runs survive interruption, full disks and wrong checkpoints: they continue exactly or say what is wrong, where, and what to do."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from conftest import write_drive
from depthtrain import train as trainer
from depthtrain.checkpoint import CheckpointError, load_companion, load_network, read, save
from depthtrain.config import load_recipe
from depthtrain.device import Place, choose_place
from depthtrain.networks.posenet import PoseNetLight
from depthtrain.strict_toml import RecipeError
from depthtrain.train import TrainingError, main, train
from test_training import RECIPE


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    """Six steps, statistics frozen at the second; photometric with known poses and supervised."""
    drive = write_drive(tmp_path / "tiny", frames=8)
    (tmp_path / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=6))
    return tmp_path / "recipe.toml"


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    """A finished run of four steps; tests copy what they damage."""
    root = tmp_path_factory.mktemp("finished")
    (root / "recipe.toml").write_text(RECIPE.format(drive=write_drive(root / "tiny", frames=8), steps=4))
    train(root / "recipe.toml", root / "run")
    return root


def _stop_after(monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    done, take_step = [], trainer.take_step

    def counting(*arguments):
        done.append(1)
        if len(done) == steps:
            os.kill(os.getpid(), signal.SIGTERM)
        return take_step(*arguments)

    monkeypatch.setattr(trainer, "take_step", counting)


def _same(a: object, b: object) -> bool:
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    return torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b


def test_an_interrupted_run_ends_with_exactly_the_weights_of_an_uninterrupted_one(
        recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = signal.getsignal(signal.SIGTERM)
    train(recipe, tmp_path / "whole")
    with monkeypatch.context() as patch:
        _stop_after(patch, 3)
        train(recipe, tmp_path / "halved")
    assert read(tmp_path / "halved" / "checkpoint.pt")["step"] == 3 and signal.getsignal(signal.SIGTERM) == before
    (tmp_path / "halved" / "checkpoint.partial").write_bytes(b"half a checkpoint, from a power cut")
    train(recipe, tmp_path / "halved", resume=True)
    whole, halved = read(tmp_path / "whole" / "checkpoint.pt"), read(tmp_path / "halved" / "checkpoint.pt")
    assert all(_same(whole[key], halved[key]) for key in ("step", "networks", "averages", "optimiser", "random"))


def test_a_run_folder_explains_itself(finished: Path) -> None:
    run = finished / "run"
    start = json.loads((run / "run.json").read_text())[0]
    assert start["command"] and start["git_commit"] and start["device"] == "cpu"
    assert load_recipe(run / "recipe.toml") == load_recipe(finished / "recipe.toml")
    rows = [line.split(",") for line in (run / "losses.csv").read_text().splitlines()]
    assert rows[0] == ["step", "name", "value"] and {"only.photometric", "learning_rate", "seconds_per_step"} <= {row[1] for row in rows}
    assert (run / "curves.png").read_bytes()[1:4] == b"PNG" and len((run / "metrics.csv").read_text().splitlines()) == 2


def _copy(finished: Path, tmp_path: Path) -> Path:
    run = tmp_path / "run"
    run.mkdir()
    for item in (finished / "run").iterdir():
        (run / item.name).write_bytes(item.read_bytes())
    return run


def test_a_checkpoint_of_another_recipe_is_refused_with_the_difference_unless_accepted(finished: Path, tmp_path: Path) -> None:
    run, text = _copy(finished, tmp_path), (finished / "recipe.toml").read_text()
    (tmp_path / "recipe.toml").write_text(text.replace("steps = 4", "steps = 5").replace("[losses]", "[losses]\nberhu = 0.5"))
    with pytest.raises(CheckpointError, match=r"optimisation.steps: 4 -> 5; losses.berhu: 0.0 -> 0.5.*--accept-changes"):
        train(tmp_path / "recipe.toml", run, resume=True)
    train(tmp_path / "recipe.toml", run, resume=True, accept_changes=True)
    content = read(run / "checkpoint.pt")
    assert content["step"] == 5 and content["warm_from"] == 4


def test_a_checkpoint_of_another_architecture_is_always_refused(finished: Path, tmp_path: Path) -> None:
    run, text = _copy(finished, tmp_path), (finished / "recipe.toml").read_text()
    (tmp_path / "recipe.toml").write_text(text.replace("[model]", '[model]\narchitecture = "diffnet"'))
    with pytest.raises(CheckpointError, match="rpr-lite, the recipe says diffnet"):
        train(tmp_path / "recipe.toml", run, resume=True, accept_changes=True)
    with pytest.raises(CheckpointError, match="another architecture: .* tensors missing"):
        train(tmp_path / "recipe.toml", tmp_path / "new", init=run / "checkpoint.pt")
    (run / "recipe.toml").write_text((tmp_path / "recipe.toml").read_text())
    with pytest.raises(CheckpointError, match="belong to different runs"):
        load_network(run / "checkpoint.pt")


@pytest.mark.parametrize(("damage", "words"), [("missing", "no such checkpoint"), ("short", "cut short"), ("text", "not a checkpoint"),
                                               ("other", "format 'no version'"), ("future", "format 9")])
def test_a_damaged_checkpoint_is_named(finished: Path, tmp_path: Path, damage: str, words: str) -> None:
    run = _copy(finished, tmp_path)
    path = run / "checkpoint.pt"
    if damage == "missing":
        path.unlink()
    elif damage == "short":
        path.write_bytes(path.read_bytes()[:10_000])
    elif damage == "text":
        path.write_text("weights")
    else:
        torch.save({"version": 9} if damage == "future" else {"weights": torch.ones(1)}, path)
    with pytest.raises(CheckpointError, match=words) as caught:
        train(finished / "recipe.toml", run, resume=True)
    assert str(path) in str(caught.value)


def test_the_first_checkpoint_format_is_read_and_starts_new_runs(finished: Path, tmp_path: Path) -> None:
    run = _copy(finished, tmp_path)
    content = read(run / "checkpoint.pt")
    save(run / "checkpoint.pt", {"network": content["networks"]["depth"], "pose_network": content["networks"]["pose"],
                                 "optimiser": content["optimiser"], "average": content["averages"]["depth"], "step": 4})
    network, _ = load_network(run / "checkpoint.pt")
    assert _same(dict(network.state_dict()), dict(content["averages"]["depth"]))
    pose = load_companion(run / "checkpoint.pt", "pose", PoseNetLight())
    assert _same(dict(pose.state_dict()), dict(content["networks"]["pose"]))
    with pytest.raises(CheckpointError, match="--init"):
        train(finished / "recipe.toml", run, resume=True)
    train(finished / "recipe.toml", tmp_path / "new", init=run / "checkpoint.pt")
    assert read(tmp_path / "new" / "checkpoint.pt")["version"] == 2


def test_a_full_disk_names_the_path_and_leaves_the_last_checkpoint(finished: Path, tmp_path: Path) -> None:
    run = _copy(finished, tmp_path)
    content, before = read(run / "checkpoint.pt"), (run / "checkpoint.pt").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(CheckpointError, match=r"checkpoint.pt: cannot write .* the checkpoint before it is unchanged.*--resume"):
            save(run / "checkpoint.pt", content)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (run / "checkpoint.pt").read_bytes() == before and not (run / "checkpoint.partial").exists()


def test_a_run_that_diverges_stops_and_keeps_its_last_checkpoint(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "PATIENCE", 2)
    recipe.write_text(recipe.read_text().replace("steps = 6", "steps = 30\nlearning_rate = 1e30")
                      .replace("checkpoint_every_s = 0.0", "checkpoint_every_s = 1e6"))
    with pytest.raises(TrainingError, match="no finite gradient for 2 steps.*lower learning_rate"):
        train(recipe, tmp_path / "run")


def test_a_compiled_run_learns_the_same_and_names_its_weights_alike(
        recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compile_module, compiled = torch.nn.Module.compile, []

    def traced(module: torch.nn.Module, **options: object) -> None:
        """As compiled, but for the minutes that the C++ compiler would take."""
        compiled.append(module)
        compile_module(module, backend="eager", **options)

    monkeypatch.setattr(torch.nn.Module, "compile", traced)
    monkeypatch.setenv("CXX", sys.executable)  # it is asked for, but not run
    text = recipe.read_text()
    for name, line in (("plain", "[optimisation]"), ("compiled", "[optimisation]\ncompiled = true")):
        (tmp_path / f"{name}.toml").write_text(text.replace("[optimisation]", line))
        train(tmp_path / f"{name}.toml", tmp_path / name)
    names, losses = ([read_one(tmp_path / name) for name in ("plain", "compiled")] for read_one in (
        lambda run: sorted(read(run / "checkpoint.pt")["averages"]["depth"]), _losses))
    assert len(compiled) == 1 and names[0] == names[1]
    assert losses[1] == pytest.approx(losses[0], rel=1e-3, abs=1e-5) and len(losses[0]) > 3


def _losses(run: Path) -> dict[str, float]:
    """By name the mean of every loss term of a short run."""
    rows = [line.split(",") for line in (run / "losses.csv").read_text().splitlines()[1:]]
    return {name: float(value) for _, name, value in rows if "." in name}


def test_compiling_without_a_compiler_is_refused(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXX", "no-such-compiler")
    recipe.write_text(recipe.read_text().replace("[optimisation]", "[optimisation]\ncompiled = true"))
    with pytest.raises(RecipeError, match="no-such-compiler is not there; install g"):
        train(recipe, tmp_path / "run")


def test_devices_that_are_not_there_are_refused() -> None:
    if not torch.cuda.is_available():
        with pytest.raises(RecipeError, match="no GPU"):
            choose_place("cuda", "auto")
    with pytest.raises(RecipeError, match="needs a GPU"):
        choose_place("cpu", "float16")
    assert choose_place("cpu", "bfloat16").amp_type == torch.bfloat16 and choose_place("cpu", "auto").amp_type is None


def test_bfloat16_trains(recipe: Path, tmp_path: Path) -> None:
    recipe.write_text(recipe.read_text().replace("steps = 6", 'steps = 2\nprecision = "bfloat16"'))
    train(recipe, tmp_path / "run")
    weights = read(tmp_path / "run" / "checkpoint.pt")["networks"]["depth"]
    assert all(torch.isfinite(value).all() for value in weights.values())


def test_errors_on_the_command_line_are_one_line_and_exit_code_1(recipe: Path, tmp_path: Path) -> None:
    found = subprocess.run([sys.executable, "-m", "depthtrain.train", "--recipe", recipe, "--run-folder", tmp_path / "run", "--with", "berho"],
                           capture_output=True, text=True, cwd=Path(__file__).parents[1])
    assert found.returncode == 1 and "did you mean 'berhu'" in found.stderr and "Traceback" not in found.stderr


def test_a_run_folder_that_cannot_be_written_is_named(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                       capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setattr(sys, "argv", ["train", "--recipe", str(recipe), "--run-folder", str(tmp_path / "file" / "run")])
    assert main() == 1
    assert f"{tmp_path}/file/run: Not a directory" in capsys.readouterr().err


def test_a_process_that_reports_nothing_keeps_no_losses(recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Small tensors that stay among large ones that come and go split the heap: gigabytes in an hour."""
    kept, add = [], trainer.Progress.add
    monkeypatch.setattr(trainer, "choose_place", lambda *_: Place(torch.device("cpu"), rank=1, world=1, amp_type=None))
    monkeypatch.setattr(trainer.Progress, "add", lambda clock, step, group, terms: (kept.append(terms), add(clock, step, group, terms)))
    train(recipe, tmp_path / "second")
    assert kept == [{}] * 6


def test_two_processes_train_together(recipe: Path, tmp_path: Path) -> None:
    """torchrun on two CPU processes: both leave the loop, one writes, and the statistics are frozen on the way."""
    found = subprocess.run([sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m",
                            "depthtrain.train", "--recipe", recipe, "--run-folder", tmp_path / "run", "--device", "cpu"],
                           capture_output=True, text=True, cwd=Path(__file__).parents[1], env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert found.returncode == 0, found.stderr[-2000:]
    assert read(tmp_path / "run" / "checkpoint.pt")["step"] == 6 and len(json.loads((tmp_path / "run" / "run.json").read_text())) == 1
