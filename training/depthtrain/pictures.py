"""Side-by-side pictures of an evaluation: image, prediction, truth, error."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

ERROR_LIMIT = float(np.log(1.5))
BAR_PX = 18


def side_by_side(image: np.ndarray, predicted_m: np.ndarray, truth_m: np.ndarray, counts: np.ndarray, title: str) -> np.ndarray:
    """RGB picture (2 H + bars, 2 W, 3) uint8 of an RGB image (H, W, 3), two depth maps (H, W) and the pixels that count.

    Depth is coloured by inverse depth, both maps alike; the error is |ln(prediction / truth)| up to ln 1.5, blue to red.
    Pixels that do not count are black in truth and error. Sparse truth is thickened so that it can be seen.
    """
    near = np.percentile(1.0 / truth_m[counts], 98) if counts.any() else 1.0
    known = cv2.dilate(counts.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0 if counts.mean() < 0.3 else counts
    spread = cv2.dilate(np.where(counts, 1.0 / np.where(counts, truth_m, 1), 0).astype(np.float32), np.ones((3, 3), np.uint8))
    truth = np.where(counts, 1.0 / np.where(counts, truth_m, 1), spread)
    error = np.zeros(truth.shape, np.float32)
    error[known] = np.abs(np.log(np.maximum(1.0 / predicted_m[known], 1e-6) / np.maximum(truth[known], 1e-6)))
    panels = {title: image, "prediction": _coloured(1.0 / predicted_m / near, cv2.COLORMAP_MAGMA),
              "truth": _coloured(truth / near, cv2.COLORMAP_MAGMA) * known[..., None],
              "error: |ln(prediction / truth)|, red = 1.5 times": _coloured(error / ERROR_LIMIT, cv2.COLORMAP_TURBO)
              * known[..., None]}
    labelled = [_with_bar(panel, text) for text, panel in panels.items()]
    return np.vstack([np.hstack(labelled[:2]), np.hstack(labelled[2:])])


def write_picture(path: Path, picture: np.ndarray) -> None:
    """Writes an RGB picture as PNG. Raises OSError when that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)):
        raise OSError(f"{path}: cannot be written")


def _coloured(values: np.ndarray, palette: int) -> np.ndarray:
    codes = (np.nan_to_num(values).clip(0, 1) * 255).astype(np.uint8)
    return cv2.cvtColor(cv2.applyColorMap(codes, palette), cv2.COLOR_BGR2RGB)


def _with_bar(panel: np.ndarray, text: str) -> np.ndarray:
    bar = np.full((BAR_PX, panel.shape[1], 3), 32, np.uint8)
    cv2.putText(bar, text, (4, BAR_PX - 5), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (235, 235, 235), 1, cv2.LINE_AA)
    return np.vstack([bar, panel])
