"""Geometry against independent implementations (NumPy loops, OpenCV)."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from depthtrain.config import Augmentation
from depthtrain.data.views import View, random_view
from depthtrain.geometry import (Intrinsics, back_project, depth_to_disparity, disparity_to_depth, pose_matrix, project,
                                 rotation_from_axis_angle, warp)


def test_disparity_depth_constants() -> None:
    s = torch.tensor([0.0, 1.0, 0.5])
    expected = [1 / (0.01 + 9.99 * value) for value in s.tolist()]
    depth = disparity_to_depth(s, 0.1, 100.0)
    assert depth.tolist() == pytest.approx(expected)
    assert depth_to_disparity(depth, 0.1, 100.0).tolist() == pytest.approx(s.tolist(), abs=1e-6)


def test_rotation_is_rodrigues() -> None:
    for vector in ([0.3, -0.2, 0.5], [0.0, 0.0, 0.0], [0.0, 3.0, 0.0]):
        ours = rotation_from_axis_angle(torch.tensor([vector], dtype=torch.float64))[0].numpy()
        assert np.allclose(ours, cv2.Rodrigues(np.array(vector))[0], atol=1e-6)


def test_inverted_pose_is_the_inverse() -> None:
    axis, translation = torch.tensor([[0.1, 0.4, -0.2]]), torch.tensor([[1.0, -2.0, 0.5]])
    product = pose_matrix(axis, translation, False) @ pose_matrix(axis, translation, True)
    assert torch.allclose(product[0], torch.eye(4), atol=1e-5)


def test_projection_matches_opencv() -> None:
    rng = np.random.default_rng(1)
    depth = rng.uniform(2, 9, (5, 7)).astype(np.float32)
    K = torch.tensor([[80.0, 90.0, 3.2, 2.1]])
    points = back_project(torch.from_numpy(depth)[None, None], K)
    T = pose_matrix(torch.tensor([[0.05, -0.1, 0.02]]), torch.tensor([[0.3, 0.1, -0.4]]), False)
    moved = points[0].reshape(3, -1).numpy().T.astype(np.float64)
    matrix = np.array([[80, 0, 3.2], [0, 90, 2.1], [0, 0, 1.0]])
    expected = cv2.projectPoints(moved, cv2.Rodrigues(T[0, :3, :3].double().numpy())[0], T[0, :3, 3].double().numpy(),
                                 matrix, None)[0].reshape(5, 7, 2)
    from depthtrain.geometry import transform
    pixels, front = project(transform(T, points), K)
    assert front.all() and np.allclose(pixels[0].permute(1, 2, 0).numpy(), expected, atol=1e-3)


def test_warp_with_identity_returns_the_image() -> None:
    image = torch.rand(1, 3, 8, 10)
    out, valid = warp(image, torch.full((1, 1, 8, 10), 3.0), torch.eye(4)[None], torch.tensor([[9.0, 9.0, 4.5, 3.5]]))
    assert torch.allclose(out, image, atol=1e-4) and valid[..., 1:-1, 1:-1].all()


def test_points_without_a_position_are_outside_and_do_no_harm() -> None:
    """A diverging network predicts NaN and infinity; the look-up and its gradient must survive that."""
    image, depth = torch.rand(1, 3, 32, 64, requires_grad=True), torch.full((1, 1, 32, 64), 3.0)
    depth[..., ::2], depth[..., 1::4] = float("nan"), float("inf")
    depth.requires_grad_()
    T = torch.eye(4)[None].clone()
    T[0, 0, 3] = 0.1
    out, valid = warp(image, depth, T, torch.tensor([[9.0, 9.0, 31.5, 15.5]]))
    assert torch.isfinite(out).all() and not valid[..., ::2].any()
    out.sum().backward()


def test_warp_shifts_by_the_stereo_disparity() -> None:
    """A camera 0.5 m to the right of a wall at 4 m with fx 16 sees it shifted by 16 * 0.5 / 4 = 2 pixels."""
    target = torch.rand(1, 1, 6, 12)
    source = torch.roll(target, -2, dims=3)
    T = torch.eye(4)[None].clone()
    T[0, 0, 3] = -0.5
    out, valid = warp(source, torch.full((1, 1, 6, 12), 4.0), T, torch.tensor([[16.0, 16.0, 5.5, 2.5]]))
    assert torch.allclose(out[..., 1:-1, 3:-1], target[..., 1:-1, 3:-1], atol=1e-4)
    assert not valid[..., :2].any()


def test_intrinsics_follow_the_picture() -> None:
    """A 3-D point lands on the same picture content after crop, resize and flip."""
    stored = Intrinsics(100.0, 110.0, 50.0, 30.0)
    view = View(left=10, top=5, crop_width=60, crop_height=40, width=30, height=40, mirrored=True)
    camera = view.intrinsics(stored)
    x, y, z = 0.2, -0.1, 3.0
    u, v = stored.fx * x / z + stored.cx, stored.fy * y / z + stored.cy
    expected_u = 29 - ((u - 10 + 0.5) * 0.5 - 0.5)
    assert camera.fx * -x / z + camera.cx == pytest.approx(expected_u)
    assert camera.fy * y / z + camera.cy == pytest.approx(v - 5)


def test_area_resize_of_sparse_truth_keeps_points() -> None:
    inverse, weight = np.zeros((8, 8), np.float32), np.zeros((8, 8), np.float32)
    inverse[3, 2], weight[3, 2] = 0.25, 1.0
    small, mass = View(0, 0, 8, 8, 4, 4, False).inverse_depth(inverse, weight)
    assert small[1, 1] == pytest.approx(0.25) and mass[1, 1] == pytest.approx(1.0) and (mass > 0).sum() == 1


def test_random_views_stay_inside() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        view = random_view((320, 240), (416, 128), 3.0, Augmentation(), rng)
        assert 0 <= view.left <= 320 - view.crop_width and 0 <= view.top <= 240 - view.crop_height
