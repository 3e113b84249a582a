"""Losses are zero for the right face, small outside it, and the fast filter equals the plain one."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as nnf

from understudy.networks.face_model import Painted
from understudy.training.feeding.augment import Lesson
from understudy.training.losses.options import LossOptions
from understudy.training.losses.reconstruction import dssim, lesson_terms, widened


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
    eyes, mouth = torch.zeros_like(mask), torch.zeros_like(mask)
    eyes[:, :, 12:15, 12:20] = 1
    mouth[:, :, 17:19, 14:18] = 1
    return Lesson(goal, goal, mask, eyes, mouth)


def lesson_loss(painted: Painted, lesson: Lesson, **options: float) -> Tensor:
    return torch.stack(list(lesson_terms(painted, lesson, LossOptions(**options)).values())).sum()


def first_formula(painted: Painted, lesson: Lesson) -> Tensor:
    """What the first models of this program were trained with, as it was written then."""
    goal, mask = lesson.goal_BCHW, lesson.mask_B1HW
    faces, area = painted.faces_BCHW, widened(mask)
    features = torch.maximum(lesson.eyes_B1HW, lesson.mouth_B1HW)
    loss = 5.0 * ((faces - goal).abs() * (area + 0.02 + 5.0 * features)).mean()
    faces, goal = faces * area, goal * area
    for scale in range(2):
        if scale:
            faces, goal = nnf.avg_pool2d(faces, 2), nnf.avg_pool2d(goal, 2)
        loss = loss + 5.0 * dssim(faces, goal, 5, 0.9)
    return loss + nnf.mse_loss(painted.masks_B1HW, mask)


def test_the_defaults_ask_what_the_first_models_were_asked() -> None:
    generator = torch.Generator().manual_seed(3)
    lesson = lesson_with(torch.rand(2, 3, 32, 32, generator=generator))
    faces, masks = torch.rand(2, 4, 32, 32, generator=generator).split([3, 1], dim=1)
    painted = Painted(faces, masks)
    torch.testing.assert_close(lesson_loss(painted, lesson), first_formula(painted, lesson))


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


@pytest.mark.parametrize("part, place", [("eyes", (13, 13)), ("mouth", (17, 14))])
def test_an_error_on_eyes_or_mouth_counts_by_the_weight_of_each(part: str, place: tuple[int, int]) -> None:
    goal = torch.full((1, 3, 32, 32), 0.5)
    lesson = lesson_with(goal)
    wrong = goal.clone()
    wrong[..., place[0] : place[0] + 2, place[1] : place[1] + 2] += 0.2
    painted = Painted(wrong, lesson.mask_B1HW)
    none = {"eyes_weight": 0.0, "mouth_weight": 0.0}
    base = lesson_loss(painted, lesson, **none)
    more = lesson_loss(painted, lesson, **none | {f"{part}_weight": 15.0}) - base
    torch.testing.assert_close(more, 15 * (wrong - goal).abs().mean(), atol=1e-5, rtol=0.01)
    other = "mouth" if part == "eyes" else "eyes"
    assert lesson_loss(painted, lesson, **none | {f"{other}_weight": 15.0}) == base


def test_the_widened_mask_covers_the_mask_and_its_rim() -> None:
    mask = lesson_with(torch.zeros(1, 3, 32, 32)).mask_B1HW
    wide = widened(mask)
    assert (wide >= mask - 1e-6).all()
    assert wide[0, 0, 8, 16] > 0.9 and wide[0, 0, 1, 1] == 0


def test_a_wrong_mask_is_a_cost() -> None:
    goal = torch.full((1, 3, 32, 32), 0.5)
    lesson = lesson_with(goal)
    assert lesson_loss(Painted(goal, 1 - lesson.mask_B1HW), lesson) > 0.5
