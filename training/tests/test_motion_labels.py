"""Labels from known motion: the plane sweep against rendered scenes, what earns no trust, and the labels of a drive."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from conftest import write_drive
from depthtrain.data.drive import DriveError, open_drive
from depthtrain.data.labels import read_label
from depthtrain.data.motion_labels import MotionLabeller, label_drive
from depthtrain.data.motion_stereo import Neighbour, agreement, depth_from_motion, plane_homography

CAMERA = np.array([[90.0, 0, 79.5], [0, 90.0, 47.5], [0, 0, 1]])
SIZE = (160, 96)
WALL_M, BOX_M = 9.0, 4.5
BOX = (slice(35, 75), slice(95, 140))


def _texture(seed: int) -> np.ndarray:
    return cv2.GaussianBlur(np.random.default_rng(seed).integers(0, 255, (600, 800), dtype=np.uint8), (0, 0), 1.2)


def _moved(forward_m: float, right_m: float = 0.0) -> np.ndarray:
    """Source from target for a camera that went forward and to the right."""
    T = np.eye(4)
    T[:3, 3] = -right_m, 0, -forward_m
    return T


def _rendered(T_source_target: np.ndarray, box_goes_m: float = 0.0) -> np.ndarray:
    """What the moved camera sees of a wall with a box in front; the box may have gone to the right meanwhile."""
    def plane(texture: np.ndarray, depth: float, motion: np.ndarray) -> np.ndarray:
        offset = np.array([[1.0, 0, -320], [0, 1, -250], [0, 0, 1]])  # texture to target pixels
        return cv2.warpPerspective(texture, plane_homography(CAMERA, motion, 1 / depth) @ offset, SIZE)

    mask = np.zeros((600, 800), np.uint8)
    mask[250 + BOX[0].start:250 + BOX[0].stop, 320 + BOX[1].start:320 + BOX[1].stop] = 255
    of_box = T_source_target.copy()
    of_box[0, 3] += box_goes_m
    box, covers = (plane(layer, BOX_M, of_box) for layer in (_texture(2), mask))
    return np.where(covers > 127, box, plane(_texture(1), WALL_M, T_source_target))


def _seen(*motions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return depth_from_motion(_rendered(np.eye(4)), CAMERA, [Neighbour(_rendered(motion), motion) for motion in motions])


def test_forward_motion_shows_both_surfaces_where_it_moves_them() -> None:
    inverse, trust = _seen(*(_moved(forward) for forward in (-1.6, -0.8, 0.8, 1.6)))
    known = trust > 0.2
    box = np.zeros(inverse.shape, bool)
    box[40:70, 100:135] = True
    wall = np.zeros(inverse.shape, bool)
    wall[15:80, 15:50] = True
    for region, depth in ((box, BOX_M), (wall, WALL_M)):
        assert (known & region).sum() > 0.7 * region.sum()
        errors = np.abs(np.log(inverse[known & region] * depth))
        assert np.median(errors) < 0.03 and np.quantile(errors, 0.95) < 0.1


def test_the_point_that_the_camera_moves_towards_is_not_trusted() -> None:
    _, trust = _seen(*(_moved(forward) for forward in (-0.8, 0.8)))
    assert trust[44:52, 76:84].max() == 0


@pytest.mark.parametrize("motion", [_moved(0.0), _moved(0.01)], ids=["none", "a centimetre"])
def test_without_motion_nothing_is_trusted(motion: np.ndarray) -> None:
    assert _seen(motion)[1].max() == 0


def test_an_empty_picture_is_not_trusted() -> None:
    blank = np.full(SIZE[::-1], 90, np.uint8)
    motion = _moved(0.0, 0.6)
    assert (depth_from_motion(blank, CAMERA, [Neighbour(blank, motion)])[1] > 0).mean() < 0.02


def test_what_moves_by_itself_finds_no_agreement() -> None:
    ahead = _moved(0.0, 0.5)
    shares = {}
    for goes in (0.0, 0.35):
        here = [_rendered(np.eye(4)), _rendered(ahead, goes)]
        inverse, trust = depth_from_motion(here[0], CAMERA, [Neighbour(here[1], ahead)])
        further = _rendered(_moved(0.0, 1.0), 2.6 * goes)  # the box speeds up
        other, other_trust = depth_from_motion(here[1], CAMERA, [Neighbour(further, _moved(0.0, 0.5))])
        agreed = agreement(inverse, CAMERA, np.where(other_trust > 0, other, 0), ahead)
        shares[goes] = (agreed & (trust > 0))[40:70, 100:130].mean()
    assert shares[0.0] > 0.5 and shares[0.35] < 0.1


def _sideways_drive(path: Path, frames: int = 9, step_m: float = 0.4) -> Path:
    """The scene above as a drive of a camera that goes to the right."""
    write_drive(path, frames, *SIZE, with_depth=False)
    camera = path / "camera.yaml"
    camera.write_text(camera.read_text().replace("80.0, 0.0, 47.0", "90.0, 0.0, 79.5").replace("0.0, 80.0, 31.5", "0.0, 90.0, 47.5"))
    names = ",".join(f"t{row}{column}" for row in range(3) for column in range(4))
    lines = [f"time_s,{names}"]
    for index in range(frames):
        x = (index - frames // 2) * step_m
        cv2.imwrite(str(path / "frames" / f"{index:06d}.jpg"), _rendered(_moved(0.0, x)), [cv2.IMWRITE_JPEG_QUALITY, 95])
        lines.append(f"{index * 0.1:.1f},1,0,0,{x},0,1,0,0,0,0,1,0")
    (path / "poses.csv").write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def drive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DEPTHD_CACHE", str(tmp_path / "cache"))
    return _sideways_drive(tmp_path / "sideways")


def test_a_drive_is_labelled_at_its_own_size(drive: Path) -> None:
    opened = open_drive(drive)
    label_drive(opened)
    inverse, trust = read_label("motion", opened, 4)
    known = (trust > 0) & (np.abs(inverse.astype(np.float32) * WALL_M - 1) < 0.1)
    assert inverse.shape == SIZE[::-1] and known[10:85, 20:80].mean() > 0.6


def test_labels_are_kept_until_the_poses_change(drive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    label_drive(open_drive(drive))
    label_drive(open_drive(drive))
    assert "0 labels made, 9 kept" in capsys.readouterr().out
    poses = drive / "poses.csv"
    poses.write_text(poses.read_text().replace(",0.4,", ",0.41,"))
    label_drive(open_drive(drive))
    assert "9 labels of an earlier method or of other poses removed" in capsys.readouterr().out


def test_a_camera_that_stands_is_given_no_neighbours(drive: Path) -> None:
    opened = open_drive(drive)
    opened.poses[:] = np.eye(4)
    assert MotionLabeller(opened).label(4)[1].max() == 0


def test_a_drive_without_poses_or_camera_is_refused(drive: Path) -> None:
    (drive / "poses.csv").unlink()
    with pytest.raises(DriveError, match="need poses.csv and camera.yaml"):
        MotionLabeller(open_drive(drive))
