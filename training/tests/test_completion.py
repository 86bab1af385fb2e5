"""Joint prediction and completion: learns what the image cannot say, survives a resume, and is exported as trained."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from conftest import write_drive
from depthtrain.bundle import BundleError, open_bundle, write_description
from depthtrain.checkpoint import CheckpointError, load_completion, load_network, read
from depthtrain.completion_export import export_to_bundle
from depthtrain.completion_file import read_completion
from depthtrain.completion_vectors import CASES, random_completion, write_completion_vectors
from depthtrain.config import Completion as Settings
from depthtrain.config import LossWeights, ModelRecipe, load_recipe
from depthtrain.data.sparsity import Points, random_points, thin
from depthtrain.export import export, export_graphs
from depthtrain.methods.completion import Completion
from depthtrain.networks.diffnet import DIFFNet
from depthtrain.networks.rpr_lite import RPrLite
from depthtrain.networks.san import MIN_POINTS
from depthtrain.prediction import complete, network_predictor
from depthtrain.priors.fusion import FusedNetwork, References
from depthtrain.safetensors import open_tensors
from depthtrain.strict_toml import RecipeError
from depthtrain.train import train
from depthtrain.vectors import picture, randomise
from one_batch import batch_of, objective
from test_training import RECIPE


FROZEN = """
[completion]
frozen_network = true
empty = 0.0
"""


def ambiguous_batch():
    """Two samples that look the same and differ in depth by a factor of two: only points can tell them apart."""
    batch, depth = batch_of(photometric=False)
    depth = torch.cat([depth[:1], 2 * depth[:1]])
    same = {name: getattr(batch, name)[:1].repeat(2, 1, 1, 1) for name in ("image", "clean")}
    return dataclasses.replace(batch, depth=depth, **same), depth


def points_of(depth: torch.Tensor, count: int) -> list[Points]:
    rng, drawn = np.random.default_rng(5), []
    for sample in depth[:, 0].numpy():
        sparse = np.zeros_like(sample)
        chosen = rng.choice(sample.size, count, replace=False)
        sparse.ravel()[chosen] = sample.ravel()[chosen]
        drawn.append(Points(sparse, count))
    return drawn


def test_points_tell_apart_what_looks_the_same() -> None:
    """Overfits one batch: the prediction cannot do better than a factor of 1.4, the completion can."""
    batch, depth = ambiguous_batch()
    torch.set_num_threads(1)
    learner = objective(LossWeights(completion=1.0), completion=Settings(empty=0.0, scale_log_sigma=0.0))
    optimiser = torch.optim.Adam(learner.parameters(), lr=3e-3)
    for number in range(80):
        optimiser.param_groups[0]["lr"] = 3e-3 * min(1.0, 2 - number / 40)
        terms = learner.train()(batch, number)
        optimiser.zero_grad()
        sum(terms.values()).backward()
        optimiser.step()
    assert {"completion", "completion_sigma", "completion_features"} <= terms.keys()
    network, san = learner.networks["depth"].train(), learner.networks["san"].train()
    errors = {}
    for count in (0, 60, 600):
        drawn = points_of(depth, count) if count else [Points(np.zeros((64, 96), np.float32), 0)] * 2
        sparse = torch.from_numpy(np.stack([points.depth for points in drawn]))[:, None]
        with torch.no_grad():
            f_s, skips = network.encode(batch.image)
            out = san.complete(network, f_s, skips, sparse, torch.full((2,), count))
        predicted = 1 / (1 / 100 + (10 - 1 / 100) * out["disparity"])
        errors[count] = float(((predicted - depth).abs() / depth).mean())
    assert errors[0] > 0.25 and errors[600] < 0.15 and errors[60] < errors[0]


def test_settings_reach_the_draw() -> None:
    batch, _ = batch_of(photometric=False)
    learner = objective(LossWeights(completion=1.0), completion=Settings(empty=1.0))
    assert not any(name.startswith("completion") for name in learner(batch, 0))
    method = Completion(objective(LossWeights(completion=1.0), completion=Settings(empty=0.0, scale_log_sigma=0.3)).recipe)
    points, counts, factor = method.draw(batch, np.random.default_rng(1))
    again = method.draw(batch, np.random.default_rng(1))
    assert all(torch.equal(a, b) for a, b in zip((points, counts, factor), again)) and (factor != 1).all()
    given = points > 0
    ratio = points / (batch.depth * factor[:, None, None, None])
    assert float((ratio[given].log().abs() < 0.1).float().mean()) > 0.9
    batch.weight *= 0.4  # hints and sky are no measurements
    assert int(method.draw(batch, np.random.default_rng(1))[1].sum()) == 0


def test_networks_without_a_place_for_points_are_refused() -> None:
    recipe = objective(LossWeights()).recipe
    with pytest.raises(RecipeError, match="hr-depth has no place for range points"):
        Completion(dataclasses.replace(recipe, model=ModelRecipe(architecture="hr-depth")))


def test_diffnet_completes_too() -> None:
    batch, _ = ambiguous_batch()
    learner = objective(LossWeights(completion=1.0), ModelRecipe("diffnet", mean=0.0, std=1.0), completion=Settings(empty=0.0))
    sum(learner(batch, 1).values()).backward()
    san = learner.networks["san"]
    assert all(projection.weight.grad.abs().max() > 0 for projection in san.projections)
    assert san.attachments[3].channels == DIFFNet.feature_channels
    assert {attachment.target for attachment in san.attachments} <= {"f_o", *DIFFNet.skip_names}


def test_points_join_after_the_priors() -> None:
    """A network with prior fusion gives its fused features to completion, and without points it is what it was."""
    torch.manual_seed(0)
    references = References(torch.randn(20, 64), torch.rand(20))
    network = FusedNetwork(RPrLite(), references).eval()
    image = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        plain, few = network(image), complete(network, random_completion("rpr-lite", 1), image, Points(np.zeros((64, 96)), 0))
        f_o, _ = network.encode(image)
        assert torch.equal(few["disparity"], plain["disparity"])
        assert torch.equal(f_o, network.fusion(network.network.encode(image)[0], references).f_o)


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("completion")
    drive = write_drive(root / "tiny", frames=8)
    for steps, resume in ((2, False), (4, True)):
        text = RECIPE.format(drive=drive, steps=steps).replace("[losses]", "[losses]\ncompletion = 1.0")
        (root / "recipe.toml").write_text(text)
        train(root / "recipe.toml", root / "run", resume, **({"accept_changes": True} if resume else {}))
    export(root / "run" / "checkpoint.pt", root / "lite")
    return root


def test_run_resumes_and_its_bundle_completes_as_pytorch_does(run: Path) -> None:
    assert read(run / "run" / "checkpoint.pt")["step"] == 4
    bundle, (network, recipe) = open_bundle(run / "lite"), load_network(run / "run" / "checkpoint.pt")
    san = load_completion(run / "run" / "checkpoint.pt", recipe)
    image = picture((96, 64), seed=2, is_normalised=True)
    depth = np.tile(np.linspace(2, 8, 96, dtype=np.float32), (64, 1))
    points = random_points(depth, depth > 0, depth / 8, np.random.default_rng(3), empty=0.0)
    with torch.no_grad():
        expected = complete(network, san, torch.from_numpy(image), points)["disparity"][0, 0].numpy()
    found, plain = bundle.predictor()(image, points)[0], bundle.predictor()(image)[0]
    assert np.abs(found - expected).max() < 1e-4
    assert np.array_equal(bundle.predictor()(image, Points(points.depth, 49))[0], plain)
    assert np.array_equal(network_predictor(network, san)(image)[0], network_predictor(network)(image)[0])


def test_bundle_without_the_file_says_so(run: Path, tmp_path: Path) -> None:
    description = json.loads((run / "lite" / "bundle.json").read_text())
    for item in (run / "lite").iterdir():
        if item.name != "san.safetensors":
            (tmp_path / item.name).write_bytes(item.read_bytes())
    del description["files"]["san.safetensors"]
    (tmp_path / "bundle.json").write_text(json.dumps(description))
    with pytest.raises(BundleError, match="san.safetensors: missing"):
        open_bundle(tmp_path).predictor()(picture((96, 64), 1, True), Points(np.zeros((64, 96), np.float32), 90))


def test_golden_vectors_hold_what_they_say(tmp_path: Path) -> None:
    network = randomise(RPrLite(), 3, (96, 64))
    write_completion_vectors(tmp_path, network, "rpr-lite", picture((160, 128), 4, True), 4)
    meta, completion = json.loads((tmp_path / "meta.json").read_text()), read_completion(tmp_path / "san.safetensors")
    assert set(meta["cases"]) == set(CASES) and meta["inputs"] == ["f_o", *RPrLite.skip_names]
    maps = {name: np.load(tmp_path / f"{name}.npy") for name in meta["inputs"]}
    for case, facts in meta["cases"].items():
        folder = tmp_path / case
        points, thinned = np.load(folder / "points.npy"), np.load(folder / "thinned.npy")
        assert facts["count"] == int((points > 0).sum()) and np.array_equal(thin(points), thinned)
        for stride, addition in zip(meta["strides"], completion.additions(thinned)):
            expected = np.load(folder / f"addition_{stride}.npy")[0]
            assert np.abs(addition - expected).max() <= facts["absolute_tolerance"][f"addition_{stride}"]
        fused = completion.fuse(maps, points, facts["count"])
        with torch.no_grad():
            tensors = {name: torch.from_numpy(value) for name, value in fused.items()}
            out = network.decode(tensors["f_o"], [tensors[name] for name in RPrLite.skip_names])["disparity"].numpy()
        if facts["count"] >= MIN_POINTS:
            assert np.abs(out - np.load(folder / "disparity.npy")).max() > 1e-3  # it is not anchored yet
        out = completion.anchor(out[0, 0], points, facts["count"])
        assert np.abs(out - np.load(folder / "disparity.npy")).max() <= facts["absolute_tolerance"]["disparity"]
        assert (facts["count"] < 50) == np.array_equal(np.load(folder / "disparity.npy"), np.load(tmp_path / "none/disparity.npy"))


@pytest.fixture(scope="module")
def frozen(run: Path, tmp_path_factory) -> Path:
    """A run beside the frozen network of `run`, across a resume and the step at which statistics settle."""
    root = tmp_path_factory.mktemp("frozen")
    recipe, text = root / "recipe.toml", RECIPE.format(drive=run / "tiny", steps=6)
    recipe.write_text(text.replace("[losses]", FROZEN + "[losses]\ncompletion = 1.0"))
    train(recipe, root / "run", init=run / "run" / "checkpoint.pt")
    recipe.write_text(recipe.read_text().replace("steps = 6", "steps = 8"))
    train(recipe, root / "run", resume=True, accept_changes=True)
    return root / "run" / "checkpoint.pt"


def test_a_frozen_network_keeps_every_bit_while_completion_learns(run: Path, frozen: Path) -> None:
    before, after = read(run / "run" / "checkpoint.pt"), read(frozen)
    for part in ("networks", "averages"):
        assert all(torch.equal(value, before["averages"]["depth"][name]) for name, value in after[part]["depth"].items())
        assert not all(torch.equal(value, before["averages"]["san"][name]) for name, value in after[part]["san"].items())


def test_its_export_changes_nothing_but_completion(run: Path, frozen: Path, tmp_path: Path) -> None:
    bundle = Path(shutil.copytree(run / "lite", tmp_path / "lite"))
    before = {item.name: item.read_bytes() for item in bundle.iterdir()}
    export_to_bundle(frozen, bundle)
    after = {item.name: item.read_bytes() for item in bundle.iterdir()}
    assert {name for name in after if after[name] != before[name]} == {"san.safetensors", "MODEL_CARD.md", "bundle.json"}
    card = (bundle / "MODEL_CARD.md").read_text()
    assert card.count("## Completion from range points") == 1 and "| `tiny` |" in card
    assert open_tensors(bundle / "san.safetensors").metadata["provenance.steps"] == "8"
    export_to_bundle(frozen, bundle)
    assert (bundle / "MODEL_CARD.md").read_text() == card
    with pytest.raises(CheckpointError, match="its depth network learned too"):
        export_to_bundle(run / "run" / "checkpoint.pt", bundle)
    description = json.loads((bundle / "bundle.json").read_text())
    export_graphs(RPrLite(), bundle)
    write_description(bundle, description)
    with pytest.raises(BundleError, match="holds another depth network"):
        export_to_bundle(frozen, bundle)


def test_a_frozen_network_needs_something_that_learns(tmp_path: Path) -> None:
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE.format(drive="any", steps=1) + FROZEN)
    with pytest.raises(RecipeError, match="losses.completion is 0: nothing would learn"):
        load_recipe(path)
