"""Make3D and NYUv2 as their users have them on disk, in miniature where the format allows it."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import cv2
import numpy as np
import pytest

from depthtrain.config import ModelRecipe
from depthtrain.data.drive import DriveError, open_drive
from depthtrain.data.nyu import convert
from depthtrain.evaluate import Options, Report, score_drive, score_frames
from depthtrain.evaluation_frames import make3d_frames
from depthtrain.protocols import PROTOCOLS

FLAT = ModelRecipe(min_depth_m=1.0, max_depth_m=float("inf"), canonical_fx_px=0.0)


@pytest.fixture
def make3d(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One image, and a laser grid of 10 m with two cells of 30 m in row 17, one of 80 m in row 37, one of 5 m in row 16."""
    (tmp_path / "Test134").mkdir()
    image = np.zeros((2272, 1704, 3), np.uint8)
    image[710:1562] = 200
    cv2.imwrite(str(tmp_path / "Test134" / "img-10.21op2-p-015t000.jpg"), image)
    grid = np.zeros((55, 305, 4))
    grid[..., 3] = 10.0
    grid[17, :2, 3], grid[37, 0, 3], grid[16, :, 3] = 30.0, 80.0, 5.0
    (tmp_path / "Gridlaserdata").mkdir()
    (tmp_path / "Gridlaserdata" / "depth_sph_corr-10.21op2-p-015t000.mat").touch()
    fake = types.ModuleType("scipy.io")
    fake.loadmat = lambda path: {"Position3DGrid": grid}
    monkeypatch.setitem(sys.modules, "scipy", types.ModuleType("scipy"))
    monkeypatch.setitem(sys.modules, "scipy.io", fake)
    return tmp_path


def test_make3d_by_hand(make3d: Path) -> None:
    """A flat 20 m prediction: 21 x 305 cells less one beyond 70 m; scaled to 10 m two cells of 30 m are wrong by 2/3."""
    predict = lambda image: (np.full(image.shape[2:], 1 / 20, np.float32), None)
    report = Report()
    score_frames(report, predict, make3d_frames(make3d), FLAT, Options(PROTOCOLS["make3d"], (64, 32)))
    count = 21 * 305 - 1
    assert report.scores[0].pixels == count
    assert report.scores[0].median_scaled["abs_rel"] == pytest.approx(2 * (2 / 3) / count)
    assert report.scores[0].unscaled["abs_rel"] == pytest.approx((2 / 3 + count - 2) / count)
    assert report.scores[0].median_scaled["log10"] == pytest.approx(2 * np.log10(3) / count)


def test_make3d_looks_at_the_middle_rows_and_nearest_cells(make3d: Path) -> None:
    """Only the bright rows enter the network, and cell (i, j) is judged by network pixel (floor(i h / 21), floor(j w / 305))."""
    seen = []

    def predict(image: np.ndarray) -> tuple[np.ndarray, None]:
        seen.append(image)
        return np.arange(1, image.shape[2] * image.shape[3] + 1, dtype=np.float32).reshape(image.shape[2:]) / 1e4, None

    frame = next(iter(make3d_frames(make3d)))
    assert frame.image.shape == (852, 1704, 3) and frame.truth_m.shape == (21, 305) and frame.truth_m[0, 0] == 30
    from depthtrain.prediction import predict_frame
    depth = predict_frame(predict, frame.image, None, FLAT, (64, 32)).depth(FLAT, (305, 21), "depth")
    assert seen[0].min() > 0
    expected = 1e4 / (64 * np.floor(np.arange(21) * 32 / 21)[:, None] + np.floor(np.arange(305) * 64 / 305)[None] + 1)
    assert np.allclose(depth, expected, rtol=1e-5)


def test_make3d_says_what_is_missing(make3d: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DriveError, match="holds no img"):
        next(make3d_frames(make3d / "Gridlaserdata"))
    cv2.imwrite(str(make3d / "Test134" / "img-10.21op2-p-015t000.jpg"), np.zeros((100, 100, 3), np.uint8))
    with pytest.raises(DriveError, match="is 100x100, expected 1704x2272"):
        next(make3d_frames(make3d))
    cv2.imwrite(str(make3d / "Test134" / "img-10.21op2-p-015t000.jpg"), np.zeros((2272, 1704, 3), np.uint8))
    monkeypatch.setitem(sys.modules, "scipy.io", None)
    with pytest.raises(DriveError, match="need scipy"):
        next(make3d_frames(make3d))


def test_nyu_pairs_become_a_drive_scored_in_its_crop(tmp_path: Path) -> None:
    for number, scene in ((45, "bathroom"), (7, "office")):
        folder = tmp_path / "test" / scene
        folder.mkdir(parents=True)
        cv2.imwrite(str(folder / f"rgb_{number:05d}.jpg"), np.full((480, 640, 3), number, np.uint8))
        depth = np.full((480, 640), 4000, np.uint16)
        depth[:45], depth[100, 100] = 9000, 12000
        cv2.imwrite(str(folder / f"sync_depth_{number:05d}.png"), depth)
    drive = open_drive(convert(tmp_path / "test", tmp_path / "nyuv2"))
    assert len(drive) == 2 and abs(int(drive.image(0)[0, 0, 0]) - 7) <= 1 and drive.depth(1)[200, 200] == 4.0
    report, predict = Report(), lambda image: (np.full(image.shape[2:], 0.2, np.float32), None)
    score_drive(report, predict, drive, FLAT, Options(PROTOCOLS["nyuv2"], (96, 64)))
    assert [score.pixels for score in report.scores] == [426 * 560 - 1] * 2
    assert report.scores[0].unscaled["abs_rel"] == pytest.approx(0.25)
    (tmp_path / "test" / "office" / "sync_depth_00007.png").unlink()
    with pytest.raises(DriveError, match="sync_depth_00007.png: missing"):
        convert(tmp_path / "test", tmp_path / "again")
