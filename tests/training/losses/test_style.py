"""Styles: equal pictures cost nothing; colours count inside both masks, surroundings outside them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.training.losses.drawn import lesson_with, painted, pictures
from tests.training.losses.test_masks import slow_blur
from understudy.networks.face_model import Painted
from understudy.training.losses.masks import softened
from understudy.training.losses.structure import dssim
from understudy.training.losses.style import background_style, face_style


def masked(faces: Tensor) -> Painted:
    return Painted(faces, lesson_with(faces).mask_B1HW)


def test_face_style_is_the_distance_of_means_and_spreads_after_a_blur() -> None:
    swap, dst = painted(0), painted(1)
    moments = []
    for one in (swap, dst):
        soft = slow_blur(one.faces_BCHW * one.masks_B1HW, 4).numpy().astype(float)
        moments.append((soft.mean((2, 3)), np.sqrt(soft.var((2, 3)) + 1e-5)))
    (m1, s1), (m2, s2) = moments
    wanted = ((m1 - m2) ** 2 + (s1 - s2) ** 2).sum(1).mean() / 3
    assert float(face_style(swap, dst)) == pytest.approx(wanted, rel=1e-3)


def test_face_style_forgives_another_face_of_the_same_colours_and_not_another_colour() -> None:
    face = pictures(0)
    assert float(face_style(masked(face), masked(face))) == 0
    mirrored = face_style(masked(face.flip(-1)), masked(face))
    assert 100 * mirrored < face_style(masked(face * 0.5), masked(face))


def test_background_style_is_structure_and_difference_outside_both_faces() -> None:
    swap, dst, goal = masked(pictures(0)), masked(pictures(1)), pictures(2)
    outside = 1 - softened(swap.masks_B1HW * dst.masks_B1HW)
    a, b = swap.faces_BCHW * outside, goal * outside
    wanted = dssim(a, b, 3, 1.5) + ((a - b) ** 2).mean()
    torch.testing.assert_close(background_style(swap, dst, goal), wanted)


def test_background_style_does_not_look_at_the_face() -> None:
    goal = pictures(2)
    inside, around = goal.clone(), goal.clone()
    inside[..., 14:18, 14:18] = 0
    around[..., 0:4, 0:4] = 0
    assert float(background_style(masked(goal), masked(goal), goal)) < 1e-6
    assert float(background_style(masked(inside), masked(goal), goal)) < 1e-6
    assert background_style(masked(around), masked(goal), goal) > 1e-3


def test_slopes_reach_the_swaps_faces_and_neither_masks_nor_dst() -> None:
    faces, dst_faces = pictures(0).requires_grad_(), pictures(1).requires_grad_()
    masks = lesson_with(pictures(0)).mask_B1HW.requires_grad_()
    swap, dst = Painted(faces, masks), Painted(dst_faces, masks)
    (face_style(swap, dst) + background_style(swap, dst, pictures(3))).backward()
    assert faces.grad is not None and faces.grad.abs().sum() > 0
    assert masks.grad is None and dst_faces.grad is None


@pytest.mark.parametrize("mask", [0.0, 1.0])
def test_black_and_full_masks_give_numbers(mask: float) -> None:
    faces = torch.zeros(1, 3, 32, 32, requires_grad=True)
    swap = Painted(faces, torch.full((1, 1, 32, 32), mask))
    (face_style(swap, swap) + background_style(swap, swap, torch.zeros(1, 3, 32, 32))).backward()
    assert faces.grad is not None and torch.isfinite(faces.grad).all()


def test_a_batchs_face_style_is_the_mean_of_its_faces() -> None:
    a, b = pictures(1, 3), pictures(2, 3)
    alone = [face_style(masked(x[None]), masked(y[None])) for x, y in zip(a, b, strict=True)]
    torch.testing.assert_close(face_style(masked(a), masked(b)), torch.stack(alone).mean())
