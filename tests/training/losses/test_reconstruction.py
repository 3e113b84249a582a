"""Losses are zero for the right face, small outside it, and the fast filter equals the plain one."""

from __future__ import annotations

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as nnf

from understudy.networks.face_model import Painted
from understudy.training.feeding.augment import Lesson
from understudy.training.losses.reconstruction import dssim, lesson_loss, widened


def slow_dssim(a: Tensor, b: Tensor, window_px: int, sigma_px: float) -> Tensor:
    away = torch.arange(window_px) - (window_px - 1) / 2
    line = torch.exp(-(away**2) / (2 * sigma_px**2))
    window = torch.outer(line, line)
    window = (window / window.sum()).expand(3, 1, -1, -1)

    def blur(x: Tensor) -> Tensor:
        return nnf.conv2d(x, window, groups=3)

    ma, mb = blur(a), blur(b)
    va, vb, c = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    s = (2 * ma * mb + 1e-4) * (2 * c + 9e-4) / ((ma * ma + mb * mb + 1e-4) * (va + vb + 9e-4))
    return ((1 - s) / 2).mean()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([5, 7, 11]), st.floats(0.6, 2.5))
def test_structure_by_banded_matrices_equals_structure_by_convolution(
    seed: int, window_px: int, sigma_px: float
) -> None:
    generator = torch.Generator().manual_seed(seed)
    a, b = torch.rand(2, 2, 3, 24, 24, generator=generator)
    torch.testing.assert_close(
        dssim(a, b, window_px, sigma_px), slow_dssim(a, b, window_px, sigma_px), atol=1e-4, rtol=1e-3
    )


def lesson_with(goal: Tensor) -> Lesson:
    mask = torch.zeros(len(goal), 1, 32, 32)
    mask[:, :, 10:22, 10:22] = 1
    features = torch.zeros_like(mask)
    features[:, :, 12:15, 12:20] = 1
    return Lesson(goal, goal, mask, features)


def test_the_right_face_and_mask_cost_nothing() -> None:
    goal = torch.rand(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))
    lesson = lesson_with(goal)
    assert lesson_loss(Painted(goal, lesson.mask_B1HW), lesson) < 1e-5


def test_an_error_outside_the_face_counts_far_less_than_one_inside() -> None:
    goal = torch.full((1, 3, 32, 32), 0.5)
    lesson = lesson_with(goal)
    inside, outside = goal.clone(), goal.clone()
    inside[..., 14:18, 14:18] += 0.3
    outside[..., 0:4, 0:4] += 0.3
    cost_inside = lesson_loss(Painted(inside, lesson.mask_B1HW), lesson)
    cost_outside = lesson_loss(Painted(outside, lesson.mask_B1HW), lesson)
    assert 0 < 20 * cost_outside < cost_inside


def test_an_error_on_a_feature_counts_more_where_features_are_weighted() -> None:
    goal = torch.full((1, 3, 32, 32), 0.5)
    lesson = lesson_with(goal)
    wrong = goal.clone()
    wrong[..., 13:15, 13:17] += 0.2
    painted = Painted(wrong, lesson.mask_B1HW)
    more = lesson_loss(painted, lesson, feature_weight=3.0) - lesson_loss(painted, lesson)
    torch.testing.assert_close(more, 5 * 3 * (wrong - goal).abs().mean(), atol=1e-5, rtol=0.01)
    beside = goal.clone()
    beside[..., 18:20, 13:17] += 0.2
    painted = Painted(beside, lesson.mask_B1HW)
    assert lesson_loss(painted, lesson, feature_weight=3.0) == lesson_loss(painted, lesson)


def test_the_widened_mask_covers_the_mask_and_its_rim() -> None:
    mask = lesson_with(torch.zeros(1, 3, 32, 32)).mask_B1HW
    wide = widened(mask)
    assert (wide >= mask - 1e-6).all()
    assert wide[0, 0, 8, 16] > 0.9 and wide[0, 0, 1, 1] == 0


def test_a_wrong_mask_is_a_cost() -> None:
    goal = torch.full((1, 3, 32, 32), 0.5)
    lesson = lesson_with(goal)
    assert lesson_loss(Painted(goal, 1 - lesson.mask_B1HW), lesson) > 0.5
