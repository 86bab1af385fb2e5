"""Exports a checkpoint to a bundle folder: graphs, calibration, measurements, model card.

    python -m depthtrain.export --checkpoint training/runs/lite/checkpoint.pt --out models/lite
"""

from __future__ import annotations

import argparse
import datetime
import subprocess
from pathlib import Path

import numpy as np
import torch
from torch import nn

from depthtrain.bundle import FORMAT_VERSION, open_bundle, write_description
from depthtrain.calibration import Calibration, calibrate
from depthtrain.card import model_card
from depthtrain.checkpoint import load_network
from depthtrain.config import Recipe, drive_path, source_drives
from depthtrain.data.drive import open_drive
from depthtrain.evaluate import evaluate_drive, network_predictor
from depthtrain.networks.rpr_lite import SKIP_NAMES, RPrLite
from depthtrain.onnxfile import export_graph


class EncoderGraph(nn.Module):
    """image -> f_s and the skips, as a flat tuple."""

    def __init__(self, network: RPrLite) -> None:
        super().__init__()
        self.encoder = network.encoder

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        f_s, skips = self.encoder(image)
        return (f_s, *skips)


class DecoderGraph(nn.Module):
    """f_o and the skips -> disparity and log_sigma at input size."""

    def __init__(self, network: RPrLite) -> None:
        super().__init__()
        self.decoder = network.decoder

    def forward(self, f_o: torch.Tensor, *skips: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        out = self.decoder(f_o, list(skips))
        return out["disparity"], out["log_sigma"]


def export_graphs(network: RPrLite, folder: Path) -> None:
    """Writes encoder.onnx and decoder.onnx with free height and width (multiples of 32)."""
    network = network.eval().to(memory_format=torch.contiguous_format)
    image = torch.zeros(1, 3, 128, 416)
    encoder, decoder = EncoderGraph(network), DecoderGraph(network)
    with torch.no_grad():
        features = encoder(image)
    export_graph(encoder, (image,), folder / "encoder.onnx", ["image"], ["f_s", *SKIP_NAMES], dynamic=True)
    export_graph(decoder, features, folder / "decoder.onnx", ["f_o", *SKIP_NAMES], ["disparity", "log_sigma"], dynamic=True)


def input_sizes(recipe: Recipe) -> list[list[int]]:
    """The sizes the recipe trains, widest group first, without repeats."""
    return [list(size) for size in dict.fromkeys((group.width, group.height) for group in recipe.groups)]


def git_commit() -> str:
    """Commit of the working tree, or "unknown" outside a repository."""
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else "unknown"


def verify(network: RPrLite, folder: Path, sizes: list[list[int]]) -> float:
    """Largest difference in disparity between PyTorch and the bundle under ONNX Runtime. Raises ValueError above 1e-4."""
    predict, worst = open_bundle(folder).predictor(), 0.0
    for width, height in sizes:
        image = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(width))
        with torch.no_grad():
            expected = network(image)["disparity"][0, 0].numpy()
        worst = max(worst, float(np.abs(predict(image.numpy())[0] - expected).max()))
    if worst > 1e-4:
        raise ValueError(f"{folder}: exported graphs differ from PyTorch by {worst:.2e}")
    return worst


def export(checkpoint: Path, folder: Path) -> None:
    """Writes the whole bundle and checks it against the network it came from."""
    network, recipe = load_network(checkpoint)
    if not isinstance(network, RPrLite):
        raise ValueError(f"{recipe.model.architecture}: only rpr-lite has the split that a bundle needs")
    steps = int(torch.load(checkpoint, map_location="cpu", weights_only=True)["step"])
    folder.mkdir(parents=True, exist_ok=True)
    export_graphs(network, folder)
    predict = network_predictor(network)
    calibration = calibrate(predict, recipe)
    measured = {Path(name).name: evaluate_drive(predict, open_drive(drive_path(name)), recipe.model)
                for name in recipe.validation}
    description = describe(recipe, calibration, measured, steps)
    (folder / "MODEL_CARD.md").write_text(model_card(recipe, description, calibration))
    write_description(folder, description)
    worst = verify(network, folder, description["input_sizes"])
    print(f"{folder}: exported at step {steps}; largest difference from PyTorch {worst:.1e}")


def describe(recipe: Recipe, calibration: Calibration, measured: dict, steps: int) -> dict:
    """bundle.json without the hashes."""
    model = recipe.model
    drives = sorted(folder.name for folder in source_drives(recipe))
    return {"format_version": FORMAT_VERSION, "name": recipe.name, "architecture": model.architecture,
            "input_sizes": input_sizes(recipe), "normalisation": {"mean": [model.mean] * 3, "std": [model.std] * 3},
            "disparity_to_depth": {"min_depth_m": model.min_depth_m, "max_depth_m": model.max_depth_m},
            "canonical_fx_px": model.canonical_fx_px, "initial_scale": round(calibration.initial_scale, 5),
            "initial_scale_log_sigma": round(calibration.initial_scale_log_sigma, 4),
            "confidence": {"kind": "log_sigma", "a": round(calibration.a, 5), "b": round(calibration.b, 5)},
            "files": {}, "provenance": {"recipe": f"training/recipes/{recipe.name}.toml", "git_commit": git_commit(),
                                        "drives": drives, "steps": steps,
                                        "date": datetime.date.today().isoformat()},
            "measured": rounded(measured)}


def rounded(value):
    """Copies nested dictionaries with numbers rounded to five decimals."""
    if isinstance(value, dict):
        return {key: rounded(item) for key, item in value.items()}
    return round(value, 5) if isinstance(value, float) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    export(arguments.checkpoint, arguments.out)


if __name__ == "__main__":
    main()
