"""From a network to metric depth at a frame's size, the one way that evaluation, calibration and the daemon share.

The whole frame is resized to the network's size by area averaging; the disparity is resized bilinearly to the frame's
size and then inverted; metres = network depth * fx / canonical fx, where fx belongs to the network's grid.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import cv2
import numpy as np
import torch

from depthtrain.config import ModelRecipe
from depthtrain.data.batches import normalise
from depthtrain.data.drive import Drive
from depthtrain.data.sparsity import Points, project, seen_by_camera
from depthtrain.data.views import whole_view
from depthtrain.geometry import disparity_to_depth
from depthtrain.networks.san import MIN_POINTS, SparseAuxiliaryNetwork
from depthtrain.point_reach import sigma_share

Predictor = Callable[..., tuple[np.ndarray, np.ndarray | None]]
"""Normalised image (1, 3, H, W) -> disparity and log_sigma, each (H, W) float32; no log_sigma from networks without one.
One that completes takes a second argument, sparsity.Points in the network's unit."""

SIZES = ((416, 128), (320, 192), (256, 192))
"""(width, height) of RPr-Lite's recipes: the default where a caller knows no sizes of its own."""


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Disparity in (0, 1) and log_sigma (H, W), if any, at the network's size; metres per unit of network depth; the thinned
    points (H, W) in the network's unit, 0 = none, that completed it, if any."""

    disparity: np.ndarray
    log_sigma: np.ndarray | None
    metres_per_unit: float
    points: np.ndarray | None = None

    def depth(self, model: ModelRecipe, size: tuple[int, int], resize: str = "disparity") -> np.ndarray:
        """Depth (height, width) metres at `size` = (width, height); `resize` as in protocols.Protocol."""
        limits = model.min_depth_m, model.max_depth_m
        if resize == "depth":
            depth = disparity_to_depth(self.disparity, *limits)
            return cv2.resize(depth, size, interpolation=cv2.INTER_NEAREST) * self.metres_per_unit
        resized = cv2.resize(self.disparity, size, interpolation=cv2.INTER_LINEAR)
        return disparity_to_depth(resized, *limits) * self.metres_per_unit

    def log_sigma_at(self, size: tuple[int, int]) -> np.ndarray | None:
        """log_sigma at `size` = (width, height), bilinear; None without one."""
        return None if self.log_sigma is None else cv2.resize(self.log_sigma, size, interpolation=cv2.INTER_LINEAR)

    def sigma_share_at(self, model: ModelRecipe, size: tuple[int, int]) -> np.ndarray:
        """Share of sigma that points leave, at `size` = (width, height), bilinear; 1 for what is predicted from its image alone."""
        if self.points is None:
            return np.ones((size[1], size[0]), np.float32)
        found = sigma_share(self.disparity, self.points, model.min_depth_m, model.max_depth_m)
        return cv2.resize(found, size, interpolation=cv2.INTER_LINEAR)


def nearest_size(width: int, height: int, sizes: tuple[tuple[int, int], ...] = SIZES) -> tuple[int, int]:
    """The one of `sizes` whose aspect ratio is nearest to the frame's, in log ratio."""
    return min(sizes, key=lambda size: abs(np.log(size[0] / size[1]) - np.log(width / height)))


def network_predictor(network: torch.nn.Module, san: SparseAuxiliaryNetwork | None = None) -> Predictor:
    """Predictor around a PyTorch network in evaluation mode; with `san`, one that completes.

    Raises ValueError when it is given points and has no completion network.
    """
    def predict(image: np.ndarray, points: Points | None = None) -> tuple[np.ndarray, np.ndarray | None]:
        tensor = torch.from_numpy(image).to(next(network.parameters()).device)
        with torch.no_grad():
            out = network(tensor) if points is None else complete(network, san, tensor, points)
        return out["disparity"][0, 0].cpu().numpy(), out["log_sigma"][0, 0].cpu().numpy() if "log_sigma" in out else None
    return predict


def complete(network: torch.nn.Module, san: SparseAuxiliaryNetwork | None, image: torch.Tensor,
             points: Points) -> dict[str, torch.Tensor]:
    """The network's outputs for one image (1, 3, H, W) with points of the same size."""
    if san is None:
        raise ValueError("points were given, but there is no completion network: train one with [losses] completion > 0")
    f_s, skips = network.encode(image)
    sparse = torch.from_numpy(points.depth)[None, None].to(image.device)
    return san.complete(network, f_s, skips, sparse, torch.tensor([points.count], device=image.device))


def predict_frame(predict: Predictor, image: np.ndarray, fx_px: float | None, model: ModelRecipe, size: tuple[int, int],
                  points_m: np.ndarray | None = None, is_flipped: bool = False, is_beside: bool = False) -> Prediction:
    """Runs an RGB image (H, W, 3) uint8 at `size` = (width, height); `fx_px` is the image's, None = unknown;
    it does not enter for a model without canonical focal length (0).

    `points_m` (H, W) are range points in metres, NaN = none; with `is_beside` their sensor stood beside the camera, and what the
    camera cannot have seen is left out. With `is_flipped` the disparity is averaged with the mirrored
    image's (`blend_flipped`).
    """
    view = whole_view((image.shape[1], image.shape[0]), size)
    ready = normalise(view.image(image), model)[None]
    unit = fx_px * size[0] / image.shape[1] / model.canonical_fx_px if fx_px and model.canonical_fx_px else 1.0
    points = None
    if points_m is not None:
        sparse = project(points_m, (size[1], size[0])) / np.float32(unit)
        sparse = seen_by_camera(sparse) if is_beside else sparse
        points = Points(sparse, int((sparse > 0).sum()))
    disparity, log_sigma = predict(ready, points) if points is not None else predict(ready)
    if is_flipped:
        mirrored = predict(np.ascontiguousarray(ready[..., ::-1]), *([_mirrored(points)] if points is not None else []))[0]
        disparity = blend_flipped(disparity, mirrored[:, ::-1])
    has_completed = points is not None and points.count >= MIN_POINTS
    return Prediction(disparity, log_sigma, unit, points.depth if has_completed else None)


def _mirrored(points: Points) -> Points:
    return Points(np.ascontiguousarray(points.depth[:, ::-1]), points.count)


def blend_flipped(disparity: np.ndarray, mirrored_back: np.ndarray) -> np.ndarray:
    """Mean of two disparities (H, W), each alone in the 5 % at the border that it sees better. Source: monodepth (2017)."""
    ramp = 1.0 - np.clip(20 * (np.linspace(0, 1, disparity.shape[1]) - 0.05), 0, 1)
    left, right = ramp[None].astype(np.float32), ramp[None, ::-1].astype(np.float32)
    return right * disparity + left * mirrored_back + (1 - left - right) * 0.5 * (disparity + mirrored_back)


def predict_depth(predict: Predictor, drive: Drive, index: int, model: ModelRecipe,
                  size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray | None]:
    """Depth (H, W) metres (canonical unit if intrinsics are unknown) and log_sigma (H, W), if any, at the frame's size."""
    prediction = predict_frame(predict, drive.image(index), drive.intrinsics.fx if drive.intrinsics else None, model, size)
    frame = (drive.width, drive.height)
    return prediction.depth(model, frame), prediction.log_sigma_at(frame)
