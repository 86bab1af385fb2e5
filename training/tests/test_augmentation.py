"""Augmentation: blur kernels, one draw for all frames of a sample, and cameras that stay right under every view."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from conftest import write_drive
from depthtrain.config import Augmentation, load_recipe
from depthtrain.data.appearance import Appearance, disc, random_appearance, streak
from depthtrain.data.batches import Sampler
from depthtrain.data.shrink import shrink_drive
from depthtrain.data.drive import open_drive
from test_training import RECIPE


def test_motion_blur_spreads_a_point_along_its_direction_only() -> None:
    """A streak of length L has variance L^2 / 12 along it; bilinear splatting adds less than half a pixel squared."""
    for angle in (0.0, 0.6, np.pi / 2):
        kernel = streak(7.0, angle)
        y, x = np.mgrid[0:len(kernel), 0:len(kernel)] - len(kernel) // 2
        along, across = x * np.cos(angle) + y * np.sin(angle), -x * np.sin(angle) + y * np.cos(angle)
        assert kernel.sum() == pytest.approx(1, abs=1e-6) and abs((kernel * along).sum()) < 1e-5
        assert (kernel * along ** 2).sum() == pytest.approx(49 / 12, abs=0.5) and (kernel * across ** 2).sum() < 0.5


def test_defocus_is_a_disc_of_its_radius() -> None:
    kernel = disc(3.0)
    assert kernel.sum() == pytest.approx(1, abs=1e-6) and kernel[3, 3] == pytest.approx(1 / (np.pi * 9), rel=0.15)
    assert kernel[0, 0] == 0 and np.allclose(kernel, kernel.T) and np.allclose(kernel, kernel[::-1])


def test_blur_keeps_brightness_and_neutral_settings_keep_the_image() -> None:
    image = np.random.default_rng(0).random((24, 32, 3), dtype=np.float32)
    for change in (Appearance(motion_blur_px=5.0, motion_angle_rad=0.4), Appearance(defocus_radius_px=2.0)):
        blurred = change.apply(image)
        assert blurred.mean() == pytest.approx(image.mean(), abs=0.02) and blurred.std() < 0.8 * image.std()
    assert np.array_equal(Appearance().apply(image), image)


def test_each_family_follows_its_probability() -> None:
    rng = np.random.default_rng(1)
    draws = [random_appearance(Augmentation(motion_blur=0.3, defocus=0.2), rng) for _ in range(2000)]
    assert np.mean([draw.motion_blur_px > 0 for draw in draws]) == pytest.approx(0.3, abs=0.04)
    assert np.mean([draw.defocus_radius_px > 0 for draw in draws]) == pytest.approx(0.2, abs=0.04)


def test_frames_of_a_sample_share_view_and_clean_colours(tmp_path: Path) -> None:
    """The drive's frames are all one picture: whatever crop, zoom, stretch and flip is drawn, the sources equal the target,
    and appearance changes reach the network's image alone."""
    drive = write_drive(tmp_path / "tiny", frames=8)
    (tmp_path / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=2))
    recipe = load_recipe(tmp_path / "recipe.toml")
    recipe = dataclasses.replace(recipe, augmentation=Augmentation(colour=1.0, paste=0.0, motion_blur=1.0))
    sampler, focal, centres, changed = Sampler(recipe, 2), set(), set(), 0
    for number in range(6):
        _, batch = sampler.draw(number)
        for row, index in enumerate(batch.photo_index.tolist()):
            assert np.allclose(batch.sources[row].numpy(), batch.clean[index][None].numpy(), atol=1e-6)
            changed += not np.allclose(batch.image[index].numpy() * 0.225 + 0.45, batch.clean[index].numpy(), atol=1e-3)
            focal.add(round(float(batch.intrinsics[row, 0]), 2))
            centres.add(round(float(batch.intrinsics[row, 2]), 2))
            assert float(batch.intrinsics[row, 0]) / 241.7 == pytest.approx(float(batch.metres_per_unit[index]), rel=1e-5)
    assert changed and len(focal) > 3 and len(centres) > 3


def test_batches_are_a_function_of_seed_stream_and_number(tmp_path: Path) -> None:
    drive = write_drive(tmp_path / "tiny", frames=8)
    (tmp_path / "recipe.toml").write_text(RECIPE.format(drive=drive, steps=2))
    recipe = load_recipe(tmp_path / "recipe.toml")
    first, again, other = (Sampler(recipe, 3), Sampler(recipe, 3), Sampler(recipe, 3, stream=1))
    first.draw(0)
    assert np.array_equal(first.draw(5)[1].image.numpy(), again.draw(5)[1].image.numpy())
    assert not np.array_equal(other.draw(5)[1].image.numpy(), again.draw(5)[1].image.numpy())


def test_a_smaller_copy_of_a_drive_is_the_same_scene(tmp_path: Path) -> None:
    drive = open_drive(write_drive(tmp_path / "tiny", frames=3, with_everything=True))
    small = open_drive(shrink_drive(drive.path, tmp_path / "small", 48))
    assert (small.width, small.height, len(small)) == (48, 32, 3) and small.stereo_baseline_m == 0.5
    assert small.intrinsics.fx == pytest.approx(40) and small.intrinsics.cx == pytest.approx((47 + 0.5) / 2 - 0.5)
    assert small.depth(1)[20, 10] == pytest.approx(float(np.mean(drive.depth(1)[40:42, 20:22])), rel=0.01)
    assert small.has("right") and small.has("sparse") and np.allclose(small.poses, drive.poses)
