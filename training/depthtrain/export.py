"""Exports a checkpoint to a bundle folder: graphs, calibration, measurements, model card.

    python -m depthtrain.export --checkpoint training/runs/lite/checkpoint.pt --out models/lite
"""

from __future__ import annotations

import argparse
import datetime
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

from depthtrain.bundle import (BANK_NAME, FORMAT_VERSION, POSE_NAME, graph_predictor, sha256, write_description)
from depthtrain.calibration import Calibration, calibrate
from depthtrain.card import imported_card, model_card
from depthtrain.checkpoint import load_companion, load_completion, load_network, read
from depthtrain.completion_file import FILE_NAME, read_completion, write_completion
from depthtrain.config import ModelRecipe, Recipe, drive_path, group_sizes, learns_poses, source_drives
from depthtrain.data.drive import open_drive
from depthtrain.evaluate import evaluate_drive, nearest_size
from depthtrain.import_checkpoint import ARCHITECTURES, Imported
from depthtrain.networks.registry import POSE_NETWORKS
from depthtrain.networks.san import SparseAuxiliaryNetwork
from depthtrain.networks.split import SplitNetwork
from depthtrain.onnxfile import export_graph
from depthtrain.priors.bank import open_bank, rewrite_metadata, write_bank
from depthtrain.priors.build import held_out_images
from depthtrain.priors.domain import KEY as DOMAIN_KEY, measure
from depthtrain.priors.fusion import FusedNetwork
from depthtrain.priors.references import open_references
from depthtrain.run_folder import git_commit
from depthtrain.teacher.network import Teacher
from depthtrain.verification import verify


DOMAIN_FRAMES = 50
"""Of each drive, to measure what is usual in a bank's domain."""


class EncoderGraph(nn.Module):
    """image -> f_s and the skips, as a flat tuple."""

    def __init__(self, network: SplitNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        f_s, skips = self.network.encode(image)
        return (f_s, *skips)


class DecoderGraph(nn.Module):
    """f_o and the skips -> disparity and, where the network has it, log_sigma, at input size."""

    def __init__(self, network: SplitNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, f_o: torch.Tensor, *skips: torch.Tensor) -> tuple[torch.Tensor, ...]:
        out = self.network.decode(f_o, list(skips))
        return tuple(out[name] for name in ("disparity", "log_sigma") if name in out)


def export_graphs(network: SplitNetwork, folder: Path) -> None:
    """Writes encoder.onnx and decoder.onnx with free height and width (multiples of 32)."""
    network = network.eval().to(memory_format=torch.contiguous_format)
    image = torch.zeros(1, 3, 128, 416)
    encoder, decoder = EncoderGraph(network), DecoderGraph(network)
    with torch.no_grad():
        features = encoder(image)
        outputs = ["disparity", "log_sigma"][:len(decoder(*features))]
    export_graph(encoder, (image,), folder / "encoder.onnx", ["image"], ["f_s", *network.skip_names], dynamic=True)
    export_graph(decoder, features, folder / "decoder.onnx", ["f_o", *network.skip_names], outputs, dynamic=True)


def export_pose(network: nn.Module, folder: Path) -> None:
    """Writes pose.onnx: two normalised frames in temporal order (1, 6, H, W) -> axis_angle and translation_m (1, 3).

    Both are of later-from-earlier: they map coordinates of the earlier camera to the later one's. Raises ValueError when ONNX
    Runtime and PyTorch disagree by more than 1e-5.
    """
    import onnxruntime
    network = network.eval().to(memory_format=torch.contiguous_format)
    pair = torch.randn(1, 6, 128, 416, generator=torch.Generator().manual_seed(3))
    export_graph(network, (pair,), folder / POSE_NAME, ["pair"], ["axis_angle", "translation_m"], dynamic=True)
    session = onnxruntime.InferenceSession(str(folder / POSE_NAME), providers=["CPUExecutionProvider"])
    with torch.no_grad():
        worst = max(float(np.abs(found - expected.numpy()).max())
                    for found, expected in zip(session.run(None, {"pair": pair.numpy()}), network(pair)))
    if worst > 1e-5:
        raise ValueError(f"{folder / 'pose.onnx'}: differs from PyTorch by {worst:.2e}")


def export(checkpoint: Path, folder: Path) -> None:
    """Writes the whole bundle, prior bank included, and checks it against the network it came from. What is measured, and what
    confidence is calibrated on, are the written files."""
    trained, recipe = load_network(checkpoint)
    network, fusion = (trained.network, trained.fusion) if isinstance(trained, FusedNetwork) else (trained, None)
    if isinstance(network, Teacher):
        raise ValueError(f"{checkpoint}: a teacher is no model for a robot; see python -m depthtrain.teacher.export")
    steps = int(read(checkpoint)["step"])
    folder.mkdir(parents=True, exist_ok=True)
    for optional in (BANK_NAME, FILE_NAME, POSE_NAME):  # of an earlier model in the same folder
        (folder / optional).unlink(missing_ok=True)
    export_graphs(network, folder)
    if fusion is not None:
        write_bank(folder / BANK_NAME, fusion, open_references(drive_path(recipe.priors.references)),
                   recipe.model.architecture, folder / "encoder.onnx")
        bank = open_bank(folder / BANK_NAME, sha256(folder / "encoder.onnx"))
        limits = recipe.model.min_depth_m, recipe.model.max_depth_m
        if usual := measure(network, bank, held_out_images(recipe, most=DOMAIN_FRAMES), *limits):
            rewrite_metadata(folder / BANK_NAME, {DOMAIN_KEY: usual})
    if learns_poses(recipe):
        pose_network = POSE_NETWORKS[recipe.model.pose]()
        export_pose(load_companion(checkpoint, "pose", pose_network), folder)
    if recipe.losses.completion > 0:
        export_completion(load_completion(checkpoint, recipe), folder / FILE_NAME)
    predict = graph_predictor(folder)
    calibration = calibrate(predict, recipe)
    measured = {}
    for drive in (open_drive(drive_path(name)) for name in recipe.validation):
        size = nearest_size(drive.width, drive.height, group_sizes(recipe))
        measured[drive.path.name] = evaluate_drive(predict, drive, recipe.model, size)
    description = describe(recipe, calibration, measured, steps)
    parameters = sum(parameter.numel() for parameter in trained.parameters())
    (folder / "MODEL_CARD.md").write_text(model_card(recipe, description, calibration, parameters))
    write_description(folder, description)
    worst = verify(network, folder, description["input_sizes"])
    print(f"{folder}: exported at step {steps}; largest difference from PyTorch {worst:.1e}")


def export_completion(san: SparseAuxiliaryNetwork, path: Path, origin: dict[str, str] | None = None) -> None:
    """Writes the completion network, with where it comes from. Raises ValueError when what was written differs from PyTorch by more than 1e-4."""
    write_completion(path, san, origin)
    rng = np.random.default_rng(0)
    points = np.where(rng.random((64, 96)) < 0.05, rng.uniform(1, 50, (64, 96)), 0).astype(np.float32)
    with torch.no_grad():
        expected = san.additions(torch.from_numpy(points)[None, None])
    for found, wanted in zip(read_completion(path).additions(points), expected):
        worst = float(np.abs(found - wanted[0].numpy()).max())
        if worst > 1e-4 * max(1.0, float(wanted.abs().max())):
            raise ValueError(f"{path}: differs from PyTorch by {worst:.2e}")


def export_imported(imported: Imported, architecture: str, folder: Path, initial_scale: float,
                    canonical_fx_px: float | None) -> None:
    """Writes a bundle around published weights, whose scale is unknown (standard deviation of its logarithm 1)."""
    folder.mkdir(parents=True, exist_ok=True)
    export_graphs(imported.network, folder)
    if imported.pose_network is not None:
        export_pose(imported.pose_network, folder)
    model = imported.model
    description = bundle_json(folder.name, architecture, [[imported.width, imported.height]], model,
                              Calibration.unknown(initial_scale),
                              {"recipe": f"published {architecture} checkpoint", "drives": [], "steps": 0}, {})
    description["canonical_fx_px"] = round(canonical_fx_px or model.canonical_fx_px, 3)
    (folder / "MODEL_CARD.md").write_text(imported_card(description, ARCHITECTURES[architecture].licence))
    write_description(folder, description)
    worst = verify(imported.network, folder, description["input_sizes"])
    print(f"{folder}: imported; largest difference from PyTorch {worst:.1e}")


def describe(recipe: Recipe, calibration: Calibration, measured: dict, steps: int) -> dict:
    """bundle.json of a trained network, without the hashes."""
    drives = sorted(folder.name for folder in source_drives(recipe))
    return bundle_json(recipe.name, recipe.model.architecture, [list(size) for size in group_sizes(recipe)],
                       recipe.model, calibration,
                       {"recipe": f"training/recipes/{recipe.name}.toml", "drives": drives, "steps": steps}, measured)


def bundle_json(name: str, architecture: str, sizes: list[list[int]], model: ModelRecipe, calibration: Calibration,
                origin: dict, measured: dict) -> dict:
    """bundle.json without the hashes; `origin` is its provenance less commit and date."""
    return {"format_version": FORMAT_VERSION, "name": name, "architecture": architecture, "input_sizes": sizes,
            "normalisation": {"mean": [model.mean] * 3, "std": [model.std] * 3},
            "disparity_to_depth": {"min_depth_m": model.min_depth_m, "max_depth_m": model.max_depth_m},
            "canonical_fx_px": model.canonical_fx_px, "initial_scale": round(calibration.initial_scale, 5),
            "initial_scale_log_sigma": round(calibration.initial_scale_log_sigma, 4),
            "confidence": {"kind": "log_sigma", "a": round(calibration.a, 5), "b": round(calibration.b, 5)},
            "files": {}, "provenance": {"git_commit": git_commit(), "date": datetime.date.today().isoformat(), **origin},
            "measured": rounded(measured)}


def rounded(value):
    """Copies nested dictionaries with numbers rounded to five decimals."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return round(value, 5) if isinstance(value, float) else value


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    try:
        export(arguments.checkpoint, arguments.out)
    except (ValueError, OSError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
