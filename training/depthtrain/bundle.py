"""The model bundle: a folder with ONNX graphs and bundle.json. Reading is strict; docs/bundle.md is the specification.

bundle.json lists the SHA-256 of every other file, so a bundle is either exactly what was exported or refused.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from depthtrain.completion_file import FILE_NAME, read_completion
from depthtrain.config import ModelRecipe
from depthtrain.data.sparsity import Points

FORMAT_VERSION = 1
KEYS = {"format_version", "name", "architecture", "input_sizes", "normalisation", "disparity_to_depth", "canonical_fx_px",
        "initial_scale", "initial_scale_log_sigma", "confidence", "files", "provenance", "measured"}
OPTIONAL_KEYS = {"pose"}
NESTED_KEYS = {"normalisation": {"mean", "std"}, "disparity_to_depth": {"min_depth_m", "max_depth_m"},
               "confidence": {"kind", "a", "b"}, "provenance": {"recipe", "git_commit", "drives", "steps", "date"},
               "pose": {"input_divisor", "transform", "distance_m", "rotation_deg", "log_norm_sigma", "log_norm_bias_sigma",
                        "provenance", "measured"}}
BANK_NAME = "priors.safetensors"
POSE_NAME = "pose.onnx"
POSE_TRANSFORM = "later_from_earlier"
REQUIRED_FILES = {"encoder.onnx", "decoder.onnx", "MODEL_CARD.md"}


class BundleError(ValueError):
    """A bundle that must not be used; the message names the file and what is wrong with it."""


@dataclasses.dataclass(frozen=True)
class Bundle:
    """An opened, verified bundle. `description` is bundle.json as read."""

    path: Path
    description: dict
    model: ModelRecipe

    @property
    def sizes(self) -> tuple[tuple[int, int], ...]:
        """The (width, height) that the model was trained at."""
        return tuple((width, height) for width, height in self.description["input_sizes"])

    def calibrated_sigma(self, log_sigma: np.ndarray) -> np.ndarray:
        """Standard deviation of log depth: exp(a * log_sigma + b)."""
        confidence = self.description["confidence"]
        return np.exp(confidence["a"] * log_sigma + confidence["b"])

    def predictor(self) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]:
        """Runs both graphs with ONNX Runtime: image (1, 3, H, W) -> disparity and log_sigma (None without), each (H, W).

        Features are fused with the prior bank, if the bundle holds one. With range points as a second argument
        (sparsity.Points) it completes, if the bundle holds a completion network.
        """
        return graph_predictor(self.path)


def session_options():
    """Quiet, and as many threads as PyTorch was given: two that spin would wait for each other on a busy machine."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = torch.get_num_threads()
    return options


def pose_predictor(bundle: Path) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Runs a folder's pose.onnx with ONNX Runtime: two frames (1, 6, h, w), the earlier first -> axis-angle and translation (3,)
    of later-from-earlier for the canonical camera. Raises BundleError for a file that is no pose network."""
    import onnxruntime
    path = bundle / POSE_NAME
    try:
        session = onnxruntime.InferenceSession(str(path), session_options(), providers=["CPUExecutionProvider"])
    except Exception as error:  # ONNX Runtime has no public base class for its errors
        raise BundleError(f"{path}: not an ONNX network, or one cut short ({str(error).splitlines()[0]})") from error
    names = [value.name for value in (*session.get_inputs(), *session.get_outputs())]
    if names != ["pair", "axis_angle", "translation_m"]:
        raise BundleError(f"{path}: a pose network makes axis_angle and translation_m of pair; found {', '.join(names)}")

    def predict(pair: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        axis_angle, translation = session.run(None, {"pair": pair})
        return axis_angle[0].astype(np.float64), translation[0].astype(np.float64)

    return predict


def graph_predictor(folder: Path, completes: bool = True) -> Callable[[np.ndarray], tuple[np.ndarray, np.ndarray | None]]:
    """Predictor of a folder's encoder.onnx and decoder.onnx, with prior fusion between them when there is a bank, and
    unless it is not to complete with the completion network, which may then be of any format."""
    import onnxruntime
    from depthtrain.priors.bank import open_bank
    options = session_options()
    encoder, decoder = (onnxruntime.InferenceSession(str(folder / name), options, providers=["CPUExecutionProvider"])
                        for name in ("encoder.onnx", "decoder.onnx"))
    encoder_names, decoder_names = ([output.name for output in graph.get_outputs()] for graph in (encoder, decoder))

    completion = read_completion(folder / FILE_NAME) if completes and (folder / FILE_NAME).exists() else None
    bank = open_bank(folder / BANK_NAME, sha256(folder / "encoder.onnx")) if (folder / BANK_NAME).exists() else None

    def predict(image: np.ndarray, points: Points | None = None) -> tuple[np.ndarray, np.ndarray | None]:
        features = dict(zip(encoder_names, encoder.run(None, {"image": image})))
        f_s = features.pop("f_s")
        features["f_o"] = f_s if bank is None else bank.fuse(torch.from_numpy(f_s)).f_o.numpy()
        if points is not None:
            if completion is None:
                raise BundleError(f"{folder / FILE_NAME}: missing; without it the bundle cannot use range points")
            features = completion.fuse(features, points.depth, points.count)
        out = dict(zip(decoder_names, decoder.run(None, features)))
        disparity = out["disparity"][0, 0]
        if points is not None and completion is not None:
            disparity = completion.anchor(disparity, points.depth, points.count)
        return disparity, out["log_sigma"][0, 0] if "log_sigma" in out else None

    return predict


def sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def write_description(folder: Path, description: dict) -> None:
    """Adds the hashes of the folder's files to `description` and writes bundle.json."""
    files = sorted(path.name for path in folder.iterdir() if path.is_file() and path.name != "bundle.json")
    complete = {**description, "files": {name: sha256(folder / name) for name in files}}
    _check_keys(folder / "bundle.json", complete)
    (folder / "bundle.json").write_text(json.dumps(complete, indent=2, sort_keys=False) + "\n")


def open_bundle(path: str | Path) -> Bundle:
    """Reads and verifies a bundle folder. Raises BundleError when anything is missing, unknown or altered."""
    path = Path(path)
    try:
        description = json.loads((path / "bundle.json").read_text())
    except FileNotFoundError:
        raise BundleError(f"{path / 'bundle.json'}: missing (is this a bundle folder?)") from None
    except json.JSONDecodeError as error:
        raise BundleError(f"{path / 'bundle.json'}: {error}") from error
    _check_keys(path / "bundle.json", description)
    if description["format_version"] != FORMAT_VERSION:
        raise BundleError(f"{path}: format_version {description['format_version']}, this reader knows {FORMAT_VERSION}")
    missing = REQUIRED_FILES - description["files"].keys()
    if missing:
        raise BundleError(f"{path}: files lacks {', '.join(sorted(missing))}")
    present = {item.name for item in path.iterdir() if item.is_file()} - {"bundle.json"}
    if present != description["files"].keys():
        raise BundleError(f"{path}: files listed and present differ in {sorted(present ^ description['files'].keys())}")
    for name, expected in description["files"].items():
        if sha256(path / name) != expected:
            raise BundleError(f"{path / name}: SHA-256 differs from bundle.json")
    depth, normal = description["disparity_to_depth"], description["normalisation"]
    if len(set(normal["mean"])) != 1 or len(set(normal["std"])) != 1:
        raise BundleError(f"{path}: this reader expects equal normalisation for all channels")
    model = ModelRecipe(description["architecture"], depth["min_depth_m"], depth["max_depth_m"],
                        description["canonical_fx_px"], normal["mean"][0], normal["std"][0])
    return Bundle(path, description, model)


def _check_keys(where: Path, description: dict) -> None:
    if description.keys() - OPTIONAL_KEYS != KEYS:
        raise BundleError(f"{where}: keys differ from the format in {sorted((description.keys() - OPTIONAL_KEYS) ^ KEYS)}")
    for name, keys in NESTED_KEYS.items():
        if name in description and description[name].keys() != keys:
            raise BundleError(f"{where}: {name} differs from the format in {sorted(description[name].keys() ^ keys)}")
    if "pose" in description:
        _check_pose(where, description["pose"], description["files"])


def _check_pose(where: Path, pose: dict, files: dict) -> None:
    if POSE_NAME not in files:
        raise BundleError(f"{where}: pose is given, but files does not list {POSE_NAME}")
    if pose["transform"] != POSE_TRANSFORM:
        raise BundleError(f"{where}: pose.transform {pose['transform']!r} is unknown; {POSE_TRANSFORM!r} is")
    low, high = pose["distance_m"]
    if not (1 <= pose["input_divisor"] <= 16 and 0 < low < high and pose["rotation_deg"] > 0 and pose["log_norm_sigma"] > 0
            and pose["log_norm_bias_sigma"] >= 0):
        raise BundleError(f"{where}: pose has a divisor outside 1 to 16, or a range or sigma that is not positive")
