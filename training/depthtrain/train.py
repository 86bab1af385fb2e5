"""Trains a depth network from a recipe. Read `train` top to bottom: it is the whole story.

    python -m depthtrain.train --recipe training/recipes/lite.toml [--resume]
    torchrun --nproc-per-node 2 -m depthtrain.train --recipe training/recipes/diffnet.toml

Ctrl-C and SIGTERM save a checkpoint before they end the run; a power cut loses at most `checkpoint_every_s` seconds.
`--resume` continues with exactly the batches, weights and random numbers that the run would have gone on with.
"""

from __future__ import annotations

import argparse
import dataclasses
import signal
import sys
import threading
import tomllib
from pathlib import Path

import torch
from torch.nn.parallel import DistributedDataParallel

from depthtrain import checkpoint, strict_toml
from depthtrain.bundle import BundleError, open_bundle
from depthtrain.bundle_start import bundle_network
from depthtrain.checkpoint import Average, CheckpointError
from depthtrain.config import ModelRecipe, Recipe, drive_path, group_sizes, load_recipe
from depthtrain.data.batches import Sampler, prefetched
from depthtrain.data.drive import DriveError, open_drive
from depthtrain.data.simulated import generate_missing
from depthtrain.data.sparse_request import SparseRequest
from depthtrain.device import choose_place, compile_for
from depthtrain.evaluate import evaluate_drive, nearest_size, network_predictor
from depthtrain.methods import METHODS
from depthtrain.networks.registry import build_depth_network
from depthtrain.objective import Objective
from depthtrain.networks.san import build_completion
from depthtrain.priors.references import PriorError
from depthtrain.progress import Progress
from depthtrain.recipe_check import check
from depthtrain.run_folder import RunFolder
from depthtrain.schedule import freeze_statistics, learning_rate, parameter_groups, settle_statistics, statistics_batches
from depthtrain.strict_toml import RecipeError

VALIDATION_POINTS = 500
PATIENCE = 50  # steps in a row without a finite gradient before a run gives up


class TrainingError(RuntimeError):
    """A run that cannot go on; the message says what happened and what to try."""


def train(recipe: Path | Recipe, folder: Path, resume: bool = False, minutes: float | None = None, device: str = "auto",
          init: Path | None = None, accept_changes: bool = False) -> None:
    """Runs a recipe to its last step.

    With `minutes` what is left of the schedule is compressed into that time when the steps alone would take longer. `init`
    starts from the weights of another checkpoint or of a bundle. A recipe that differs from the checkpoint's is refused on resuming, unless
    `accept_changes`; another architecture always is.
    """
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    settings, run = recipe.optimisation, RunFolder(folder)
    place = choose_place(device, settings.precision)
    torch.set_num_threads(settings.threads)
    torch.manual_seed(settings.seed)
    generate_missing(recipe)
    objective = Objective(recipe, place.amp_type).place(place.device)
    networks = objective.networks
    optimiser = torch.optim.AdamW(parameter_groups(networks, settings.weight_decay, settings.pose_rate, recipe.priors.rate),
                                  lr=settings.learning_rate)
    scaler = torch.amp.GradScaler(place.device.type, enabled=place.amp_type == torch.float16)
    step = warm_from = 0
    if init is not None:
        before = start_from(init, networks)
        if place.is_first and (changes := changed_convention(before, recipe.model)):
            print(f"{init}: predicts with another convention ({'; '.join(changes)}), which this run has to learn anew", flush=True)
    if resume:
        step, warm_from, averages = restore(run, recipe, networks, optimiser, scaler, accept_changes)
    else:
        averages = {name: Average.of(network, settings.ema_decay) for name, network in networks.items()}
    sampler = Sampler(recipe, settings.seed, stream=place.rank)
    if place.is_first:
        run.begin(recipe, str(place.device), is_fresh=not resume)
    batches = prefetched(sampler, first=step)
    if settings.compiled:
        compile_for(networks["depth"], place.device)
    learner = objective if place.world == 1 else DistributedDataParallel(objective, find_unused_parameters=True)
    clock, stop, failures = Progress(step, settings.steps, minutes), StopSignal(), 0

    while clock.share < 1 and not stop.is_set:
        group, batch = next(batches)
        for parameters in optimiser.param_groups:
            parameters["lr"] = parameters["rate"] * learning_rate(settings, step - warm_from, clock.share)
        objective.train()
        if objective.settling and step == settings.freeze_statistics_step:
            settled = networks[objective.settling]
            settled.load_state_dict(averages[objective.settling].state)
            batches_apart = statistics_batches(sampler, settings.freeze_statistics_batches, place.device)
            settle_statistics(settled, batches_apart, objective.run_every_mode)
            averages[objective.settling] = Average.of(settled, settings.ema_decay)
        if objective.settling and step >= settings.freeze_statistics_step:
            freeze_statistics(networks[objective.settling])
        terms = learner(batch.to(place.device), step)
        if take_step(terms, networks, optimiser, scaler, settings.gradient_clip):
            failures = 0
            for name, network in networks.items():
                averages[name].update(network, step)
        else:
            failures = refuse_to_diverge(failures + 1, step, terms)
        step += 1
        clock.add(step, group, terms if place.is_first else {})  # what nobody reports would be kept for ever
        clock.share, stop.is_set = place.agreed(clock.share, stop.is_set)
        is_last = clock.share >= 1 or stop.is_set
        if place.is_first and (step % 50 == 0 or is_last):
            run.add_losses(step, clock.report(optimiser.param_groups[0]["lr"]))
        if place.is_first and clock.is_due("checkpoint", settings.checkpoint_every_s, is_last):
            checkpoint.save(run.checkpoint, state_of(recipe, networks, averages, optimiser, scaler, step, warm_from))
        if place.is_first and clock.is_due("validate", settings.validate_every_s, clock.share >= 1):
            validate(recipe, averages, step, run)
    if place.is_first:
        print(f"{run.path}: stopped at step {step} of {settings.steps}" + ("; continue with --resume" if stop.is_set else ""))
    stop.restore()
    place.leave()


def take_step(terms: dict[str, torch.Tensor], networks: torch.nn.ModuleDict, optimiser: torch.optim.Optimizer,
              scaler: torch.amp.GradScaler, clip: float) -> bool:
    """Descends the sum of the terms, each network's gradient clipped on its own. False, and no step, if it is not finite."""
    optimiser.zero_grad(set_to_none=True)
    scaler.scale(sum(terms.values())).backward()
    scaler.unscale_(optimiser)
    norms = [torch.nn.utils.clip_grad_norm_(network.parameters(), clip) for network in networks.values()]
    is_finite = all(bool(torch.isfinite(norm)) for norm in norms)
    if is_finite or scaler.is_enabled():
        scaler.step(optimiser)  # an enabled scaler skips the step itself, and needs to see it to lower its scale
    scaler.update()
    return is_finite


def refuse_to_diverge(failures: int, step: int, terms: dict[str, torch.Tensor]) -> int:
    """Counts steps without a finite gradient; raises TrainingError when there are too many in a row."""
    if failures >= PATIENCE:
        values = ", ".join(f"{name} {float(value.detach()):.3g}" for name, value in terms.items())
        raise TrainingError(f"step {step}: no finite gradient for {failures} steps ({values}); lower learning_rate, or take "
                            "out the method whose term is not finite; the last checkpoint is from before")
    return failures


def state_of(recipe: Recipe, networks: torch.nn.ModuleDict, averages: dict[str, Average], optimiser: torch.optim.Optimizer,
             scaler: torch.amp.GradScaler, step: int, warm_from: int) -> dict:
    """Everything that `restore` needs, in checkpoint format 2."""
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []
    return {"version": checkpoint.VERSION, "architecture": recipe.model.architecture, "recipe": strict_toml.dump(recipe),
            "step": step, "warm_from": warm_from, "networks": {name: net.state_dict() for name, net in networks.items()},
            "averages": {name: average.state for name, average in averages.items()}, "optimiser": optimiser.state_dict(),
            "scaler": scaler.state_dict(), "random": {"cpu": torch.get_rng_state(), "cuda": cuda}}


def restore(run: RunFolder, recipe: Recipe, networks: torch.nn.ModuleDict, optimiser: torch.optim.Optimizer,
            scaler: torch.amp.GradScaler, accept_changes: bool) -> tuple[int, int, dict[str, Average]]:
    """Puts a run back where its checkpoint left it: (step, first step of the warm-up, averages).

    Raises CheckpointError for a checkpoint of another architecture, of another recipe without `accept_changes`, or of
    format 1. After accepted changes the learning rate warms up again, and companions that are new start fresh.
    """
    path, content = run.checkpoint, checkpoint.read(run.checkpoint)
    if content["version"] < checkpoint.VERSION:
        raise CheckpointError(f"{path}: format 1 has no random state and no recipe to resume with; start a new run from its "
                              f"weights: --init {path} --run-folder ANOTHER")
    if content["architecture"] != recipe.model.architecture:
        raise CheckpointError(f"{path}: is of architecture {content['architecture']}, the recipe says "
                              f"{recipe.model.architecture}; use another --run-folder")
    try:
        before = strict_toml.build(Recipe, tomllib.loads(content["recipe"]), f"{path}: recipe")
        changes = strict_toml.differences(before, recipe)
    except RecipeError as error:
        changes = [str(error)]
    if changes and not accept_changes:
        raise CheckpointError(f"{path}: was made with another recipe ({'; '.join(changes)}); to continue with the changed one "
                              "add --accept-changes, to start anew leave out --resume or choose another --run-folder")
    averages, decay = {}, recipe.optimisation.ema_decay
    for name, network in networks.items():
        if name in content["networks"]:
            checkpoint.load_into(network, content["networks"][name], f"{path}: {name}")
            averages[name] = Average({key: value.to(next(network.parameters()).device)
                                      for key, value in content["averages"][name].items()}, decay)
        else:
            averages[name] = Average.of(network, decay)
    rates, groups = [group["rate"] for group in optimiser.param_groups], content["optimiser"]["param_groups"]
    if networks.keys() == content["networks"].keys() and len(rates) == len(groups):
        optimiser.load_state_dict(content["optimiser"])
        for group, rate in zip(optimiser.param_groups, rates):
            group["rate"] = rate
        scaler.load_state_dict(content["scaler"])
    torch.set_rng_state(content["random"]["cpu"])
    if torch.cuda.is_available() and len(content["random"]["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all(content["random"]["cuda"])
    return content["step"], content["step"] if changes else content["warm_from"], averages


def start_from(path: Path, networks: torch.nn.ModuleDict) -> ModelRecipe | None:
    """Weights-only start from a checkpoint of either format, the averaged depth network and companions it also has, or from a
    bundle's folder, whose plain depth network it takes. Returns what these were trained as; format 1 does not say it.

    A teacher, and a network with prior fusion, may start from the plain network that they hold."""
    if path.is_dir():
        bundle = open_bundle(path)
        before, states = bundle.model, {"depth": bundle_network(bundle).state_dict()}
    else:
        content = checkpoint.read(path)
        before, states = checkpoint.model_of(content, path), {**content["networks"], **content["averages"]}
    for name, network in networks.items():
        if states.get(name):
            checkpoint.load_start(network, states[name], f"{path}: {name}")
    return before


def changed_convention(before: ModelRecipe | None, now: ModelRecipe) -> list[str]:
    """What of the depth convention and of the normalisation of images differs, each as `key: before -> now`."""
    if before is None:
        return []
    return strict_toml.differences(before, dataclasses.replace(now, architecture=before.architecture, pose=before.pose))


def validate(recipe: Recipe, averages: dict[str, Average], step: int, run: RunFolder) -> None:
    """Scores the averaged network on the recipe's validation drives, adds to metrics.csv and redraws the curves. Beside a frozen
    network it is completion, with 500 points, that is scored."""
    network, san, points = build_depth_network(recipe), None, None
    network.load_state_dict({name: value.cpu() for name, value in averages["depth"].state.items()})
    if recipe.completion.frozen_network:
        san, points = build_completion(recipe.model), SparseRequest(VALIDATION_POINTS)
        san.load_state_dict({name: value.cpu() for name, value in averages["san"].state.items()})
        san.eval()
    predict = network_predictor(network.eval(), san)
    for name in recipe.validation:
        drive = open_drive(drive_path(name))
        size = nearest_size(drive.width, drive.height, group_sizes(recipe))
        result = evaluate_drive(predict, drive, recipe.model, size, sparse=points)
        run.add_metrics(step, name, result)
        median, unscaled = result["median_scaled"], result["unscaled"]
        print(f"  {name}: AbsRel {median['abs_rel']:.4f} d1 {median['d1']:.4f} median-scaled, "
              f"{unscaled['abs_rel']:.4f} {unscaled['d1']:.4f} unscaled", flush=True)
    run.draw()


class StopSignal:
    """Ctrl-C and SIGTERM as a flag that the loop reads between two steps."""

    def __init__(self) -> None:
        self.is_set = False
        self._before = {}
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._set)

    def _set(self, number: int, frame: object) -> None:
        self.is_set = True

    def restore(self) -> None:
        """Gives the signals back to whoever had them."""
        for number, handler in self._before.items():
            signal.signal(number, handler)


def chosen_recipe(path: Path, switches: list[tuple[str, str]]) -> Recipe:
    """A recipe with command-line switches applied in order: ("set", "losses.berhu=0.5"), ("with", name), ("without", name)."""
    recipe = load_recipe(path)
    for kind, value in switches:
        if kind in ("with", "without") and value not in METHODS:
            near = strict_toml.nearest(value, METHODS)
            raise RecipeError(f"--{kind} {value}: no such method{near}; one of {', '.join(METHODS)}")
        weight = METHODS[value].usual_weight if kind == "with" else 0.0
        recipe = strict_toml.override(recipe, value if kind == "set" else f"losses.{value}={weight}")
    check(recipe, path)
    return recipe


class _Switch(argparse.Action):
    """Collects --set, --with and --without in the order given."""

    def __call__(self, parser, namespace, value, option=None) -> None:
        namespace.switches = [*namespace.switches, (option[2:], value)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0], epilog="methods: " + "; ".join(
        f"{name} ({method.summary})" for name, method in METHODS.items()))
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--run-folder", dest="run", type=Path, help="run folder; default training/runs/<recipe name>")
    parser.add_argument("--resume", action="store_true", help="continue from the run folder's checkpoint")
    parser.add_argument("--accept-changes", action="store_true", help="resume although the recipe has changed since")
    parser.add_argument("--init", type=Path, help="start from the weights of this checkpoint, or bundle folder")
    parser.add_argument("--minutes", type=float, help="end, with the learning rate fully decayed, after this time at the latest")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.set_defaults(switches=[])
    parser.add_argument("--set", action=_Switch, metavar="TABLE.KEY=VALUE", help="override a recipe value (repeatable)")
    parser.add_argument("--with", action=_Switch, metavar="METHOD", help="switch a method on at its usual weight (repeatable)")
    parser.add_argument("--without", action=_Switch, metavar="METHOD", help="switch a method off (repeatable)")
    arguments = parser.parse_args()
    try:
        recipe = chosen_recipe(arguments.recipe, arguments.switches)
        run = arguments.run or Path(__file__).resolve().parents[1] / "runs" / recipe.name
        train(recipe, run, arguments.resume, arguments.minutes, arguments.device, arguments.init, arguments.accept_changes)
    except (RecipeError, DriveError, BundleError, CheckpointError, TrainingError, PriorError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"train: {error.filename or run}: {error.strerror or error}; the last checkpoint is as it was: make room, or give "
              "access, then continue with --resume", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
