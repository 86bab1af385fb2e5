"""Image motion and depth of every coarse cell, which a pose network learns beside the pose."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import numpy as np

from depthtrain.bundle import Bundle
from depthtrain.data.batches import normalise
from depthtrain.data.drive import Drive
from depthtrain.data.views import View
from depthtrain.geometry import Intrinsics, disparity_to_depth

SHRINK = 4  # depth is kept at a quarter of the network's resolution


def drive_depths(drive: Drive, view: View, bundle: Bundle) -> np.ndarray:
    """The bundle's depth of a view of every frame (N, height / 4, width / 4) float16, canonical camera; kept in the cache, made
    when it is missing."""
    root = Path(os.environ.get("DEPTHD_CACHE") or Path(__file__).resolve().parents[3] / ".cache")
    key = bundle.description["files"]["encoder.onnx"][:8] + bundle.description["files"]["decoder.onnx"][:8]
    crop = f"{view.left}-{view.top}-{view.crop_width}x{view.crop_height}-{view.width}x{view.height}"
    path = root / "pose-depths" / key / f"{drive.path.name}-{crop}.npy"
    if path.exists() and len(kept := np.load(path)) == len(drive):
        return kept
    predict, model, small = bundle.predictor(), bundle.model, (view.width // SHRINK, view.height // SHRINK)
    depths = []
    for index in range(len(drive)):
        disparity = predict(normalise(view.image(drive.image(index)), model)[None])[0]
        resized = cv2.resize(disparity, small, interpolation=cv2.INTER_AREA)
        depths.append(disparity_to_depth(resized, model.min_depth_m, model.max_depth_m).astype(np.float16))
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(f".{os.getpid()}.npy")
    np.save(partial, np.stack(depths))
    partial.replace(path)
    return np.stack(depths)


def dense_target(depth: np.ndarray | None, frame_size: tuple[int, int], view: View, camera: Intrinsics,
                 T_later_earlier: np.ndarray, canonical_fx: float, cell: int) -> np.ndarray:
    """(3, view.height / cell, view.width / cell): image motion in x and y, cells, and ln of the canonical camera's depth.

    `depth` (any size, covering the whole stored frame of `frame_size`) is the earlier frame's; None gives NaN throughout, as do
    points that end up behind the later camera. `camera` and T are as the view sees them.
    """
    rows, columns = view.height // cell, view.width // cell
    if depth is None:
        return np.full((3, rows, columns), np.nan, np.float32)
    j, i = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    u, v = (j + 0.5) * cell - 0.5, (i + 0.5) * cell - 0.5
    across = (columns - 1 - j if view.mirrored else j) + 0.5
    frame_u = view.left + across * (view.crop_width / columns)
    frame_v = view.top + (i + 0.5) * (view.crop_height / rows)
    at_u = (frame_u * (depth.shape[1] / frame_size[0]) - 0.5).astype(np.float32)
    at_v = (frame_v * (depth.shape[0] / frame_size[1]) - 0.5).astype(np.float32)
    z = cv2.remap(depth.astype(np.float32), at_u, at_v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    points = np.stack([(u - camera.cx) / camera.fx * z, (v - camera.cy) / camera.fy * z, z])
    moved = np.tensordot(T_later_earlier[:3, :3], points, 1) + T_later_earlier[:3, 3, None, None]
    ahead = np.where(moved[2] > 0.1, moved[2], np.nan)
    flow = np.stack([camera.fx * moved[0] / ahead + camera.cx - u, camera.fy * moved[1] / ahead + camera.cy - v]) / cell
    return np.concatenate([flow, np.log(z * canonical_fx / camera.fx)[None]]).astype(np.float32)
