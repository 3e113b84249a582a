"""Areas cover the face and fade around it; what is blurred outside leaves the face alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as nnf

from tests.training.losses.drawn import lesson_with, pictures
from understudy.training.losses.masks import blurred, blurred_around, softened, widened


def mask() -> Tensor:
    return lesson_with(pictures(0)).mask_B1HW


def slow_blur(pictures: Tensor, radius_px: float) -> Tensor:
    side = max(3, int(4 * radius_px))
    side += 1 - side % 2
    away = np.arange(side) - side // 2
    line = np.exp(-(away**2) / (2 * radius_px**2))
    kernel = torch.from_numpy(np.outer(line, line) / line.sum() ** 2).float()[None, None]
    channels = [nnf.conv2d(channel, kernel, padding=side // 2) for channel in pictures.split(1, dim=1)]
    return torch.cat(channels, dim=1)


@pytest.mark.parametrize("radius_px", [0.4, 1, 2.5, 4])
def test_blur_by_banded_matrices_equals_blur_by_convolution(radius_px: float) -> None:
    noise = pictures(3)
    torch.testing.assert_close(blurred(noise, radius_px), slow_blur(noise, radius_px), atol=1e-5, rtol=1e-4)


def test_the_widened_mask_covers_the_mask_and_its_rim() -> None:
    wide = widened(mask())
    assert (wide >= mask() - 1e-6).all()
    assert wide[0, 0, 8, 16] > 0.9 and wide[0, 0, 1, 1] == 0


def test_the_softened_mask_is_whole_inside_half_blurred_and_black_far_away() -> None:
    soft = softened(mask())
    assert soft[0, 0, 16, 16] == pytest.approx(1) and soft[0, 0, 1, 1] == 0
    assert soft.max() <= 1
    rim = soft[0, 0, 16, 9]
    assert rim == pytest.approx(2 * float(blurred(mask(), 1)[0, 0, 16, 9])) and 0 < rim < 1


def test_surroundings_are_blurred_and_the_face_is_not() -> None:
    noise = pictures(1, size=128)
    face = torch.zeros(2, 1, 128, 128)
    face[:, :, 40:90, 40:90] = 1
    made = blurred_around(noise, face)
    inside = face.expand_as(noise) == 1
    assert torch.equal(made[inside], noise[inside])
    far = made[:, :, 5:35, 5:35]
    torch.testing.assert_close(far, slow_blur(noise, 1)[:, :, 5:35, 5:35], atol=1e-4, rtol=1e-3)


def test_a_face_does_not_bleed_into_its_blurred_surroundings() -> None:
    face = torch.zeros(1, 1, 128, 128)
    face[:, :, 40:90, 40:90] = 1
    white_face_on_grey = torch.where(face > 0, 1.0, 0.3).expand(1, 3, -1, -1)
    made = blurred_around(white_face_on_grey, face)
    around = (face == 0).expand_as(made).clone()
    around[..., :3, :] = around[..., -3:, :] = around[..., :3] = around[..., -3:] = False
    torch.testing.assert_close(made[around], torch.full_like(made[around], 0.3), atol=1e-4, rtol=0)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_empty_and_full_masks_give_numbers(value: float) -> None:
    whole = torch.full((1, 1, 32, 32), value)
    for area in (widened(whole), softened(whole), blurred_around(pictures(0, 1), whole)):
        assert torch.isfinite(area).all()


def test_widening_in_two_directions_equals_widening_by_squares() -> None:
    noise = (pictures(2)[:, :1] > 0.97).float() * pictures(3)[:, :1]
    slow = nnf.max_pool2d(nnf.max_pool2d(noise, 5, 1, 2), 5, 1, 2)
    torch.testing.assert_close(widened(noise), nnf.avg_pool2d(slow, 5, 1, 2))


def test_what_is_blurred_out_is_not_darker_along_the_rim() -> None:
    white = torch.ones(1, 3, 64, 64)
    torch.testing.assert_close(blurred_around(white, nnf.pad(torch.ones(1, 1, 20, 20), (22,) * 4)), white)
