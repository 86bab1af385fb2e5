"""What can be evaluated: a checkpoint, a bundle, or anybody's ONNX file, all as one predictor with its depth convention."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from depthtrain.config import ModelRecipe, group_sizes
from depthtrain.data.sparsity import Points
from depthtrain.prediction import Predictor, network_predictor

OUTPUTS = ("disparity", "inverse_depth", "depth")
PLAIN_SIZES = ((640, 192), (480, 256), (416, 320))
"""(width, height) at which a plain ONNX network of free size runs, here as in `depthctl eval`."""


class ModelError(ValueError):
    """A model that cannot be evaluated; the message names the file and what is missing."""


@dataclasses.dataclass(frozen=True)
class Model:
    """A predictor, the convention of its disparity, and how its log_sigma becomes the standard deviation of ln(depth).

    `sizes` are the (width, height) that it was trained at, or the only one that its graph takes.
    """

    predict: Predictor
    recipe: ModelRecipe
    sigma_of: Callable[[np.ndarray], np.ndarray]
    sizes: tuple[tuple[int, int], ...]


def open_model(checkpoint: Path | None = None, bundle: Path | None = None, onnx: Path | None = None) -> Model:
    """Opens whichever is given. A checkpoint's sigma is not calibrated: the Laplace scale times the root of 2."""
    if checkpoint is not None:
        return _from_checkpoint(checkpoint)
    if bundle is not None:
        from depthtrain.bundle import open_bundle
        opened = open_bundle(bundle)
        return Model(opened.predictor(), opened.model, opened.calibrated_sigma, opened.sizes)
    if onnx is not None:
        return _from_onnx(onnx)
    raise ModelError("no checkpoint, bundle or ONNX file was named")


def _from_checkpoint(path: Path) -> Model:
    from depthtrain.checkpoint import load_completion, load_network
    network, recipe = load_network(path)
    san = load_completion(path, recipe) if recipe.losses.completion > 0 else None
    return Model(network_predictor(network, san), recipe.model, lambda log_sigma: np.sqrt(2) * np.exp(log_sigma),
                 group_sizes(recipe))


def _from_onnx(path: Path) -> Model:
    """A plain single-file network; its `metadata_props` are read as docs/bundle.md says."""
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    entries = {key.removeprefix("depthd."): value for key, value in session.get_modelmeta().custom_metadata_map.items()
               if key.startswith("depthd.")}
    source, output = session.get_inputs()[0].name, session.get_outputs()[0].name
    kind = entries.get("output") or _kind_of(output, path)
    if kind not in OUTPUTS:
        raise ModelError(f"{path}: output {output!r} does not say what it is; set the metadata entry depthd.output to one of "
                         f"{', '.join(OUTPUTS)}")
    try:
        limits = ((float(entries.get("min_depth_m", 0.1)), float(entries.get("max_depth_m", 100.0)))
                  if kind == "disparity" else (1.0, float("inf")))
        mean, std = (_same(entries.get(f"normalisation_{name}", usual), path) for name, usual in (("mean", "0"), ("std", "1")))
        recipe = ModelRecipe(architecture=path.stem, min_depth_m=limits[0], max_depth_m=limits[1],
                             canonical_fx_px=float(entries.get("canonical_fx_px", 0.0)), mean=mean, std=std)
    except ValueError as error:
        raise ModelError(f"{path}: metadata cannot be read ({error})") from error

    def predict(image: np.ndarray, points: Points | None = None) -> tuple[np.ndarray, None]:
        if points is not None:
            raise ModelError(f"{path}: a plain ONNX network cannot use range points; evaluate a bundle or a checkpoint")
        values = session.run([output], {source: image})[0][0, 0]
        return (1.0 / values if kind == "depth" else values), None

    height, width = session.get_inputs()[0].shape[2:]
    is_fixed = isinstance(height, int) and isinstance(width, int)
    return Model(predict, recipe, np.exp, ((width, height),) if is_fixed else PLAIN_SIZES)


def _kind_of(output: str, path: Path) -> str | None:
    """What an output is by its name, or by the sigmoid that makes it (resampling after it does not count)."""
    if "inv" in output.lower():
        return "inverse_depth"
    import onnx
    makers = {name: node for node in onnx.load(path).graph.node for name in node.output}
    maker = makers.get(output)
    while maker is not None and maker.op_type in ("Resize", "Upsample", "Identity"):
        maker = makers.get(maker.input[0])
    if "disp" in output.lower() or (maker is not None and maker.op_type == "Sigmoid"):
        return "disparity"
    return "depth" if "depth" in output.lower() else None


def _same(text: str, path: Path) -> float:
    values = {float(part) for part in text.split(",")}
    if len(values) != 1:
        raise ModelError(f"{path}: this evaluator expects equal normalisation for all channels, found {text}")
    return values.pop()
