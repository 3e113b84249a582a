"""Blur, noise, JPEG and the rest do what they say, to each face by its own amount."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
import pytest
import torch
from PIL import Image
from torch import Generator, Tensor
from torch.nn import functional as nnf

from understudy.training.feeding import filters

SIZE = 48
SOME = torch.tensor([0.0, 0.5, 1.0])


def faces(seed: int = 0) -> Tensor:
    """Smooth pictures with an edge."""
    rough = torch.rand(3, 3, 12, 12, generator=Generator().manual_seed(seed)) * 0.6 + 0.2
    pictures = nnf.interpolate(rough, size=(SIZE, SIZE), mode="bicubic").clamp(0, 1)
    pictures[:, :, 20:30, 20:22] = 1
    return pictures


def as_array(picture: Tensor) -> np.ndarray:
    return np.ascontiguousarray(picture.permute(1, 2, 0).numpy())


def test_coarse_pictures_are_scaled_down_and_up() -> None:
    made = filters.coarse(faces(), SOME)
    torch.testing.assert_close(made[0], faces()[0], atol=1e-5, rtol=0)
    small = cv2.resize(as_array(faces()[2]), (6, 6), interpolation=cv2.INTER_AREA)
    slow = cv2.resize(small, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR)
    np.testing.assert_allclose(as_array(made[2]), slow, atol=1e-3)


def test_motion_smears_along_one_line_and_keeps_the_light() -> None:
    dot = torch.zeros(200, 3, SIZE, SIZE)
    dot[:, :, 24, 24] = 1
    made = filters.moved(dot, torch.ones(200), Generator().manual_seed(0))
    torch.testing.assert_close(made.sum((2, 3)), torch.ones(200, 3), atol=1e-4, rtol=0)
    y, x = torch.meshgrid(torch.arange(SIZE) - 24.0, torch.arange(SIZE) - 24.0, indexing="ij")
    for smear in made[:20, 0]:
        spread = torch.tensor([[(smear * a * b).sum() for a in (x, y)] for b in (x, y)])
        short, long = torch.linalg.eigvalsh(spread).clamp(min=0).sqrt()
        assert long > 0.9 and short < 0.6
    angles = torch.atan2((made[:, 0] * x * y).sum((1, 2)), (made[:, 0] * x * x).sum((1, 2)))
    assert angles.std() > 0.3
    still = filters.moved(dot[:1], torch.zeros(1), Generator().manual_seed(0))
    torch.testing.assert_close(still, dot[:1], atol=1e-3, rtol=0)


def test_noise_grows_with_its_amount_and_has_no_colour_of_its_own() -> None:
    grey = torch.full((3, 3, 200, 200), 0.5)
    made = filters.noisy(grey, SOME, Generator().manual_seed(0))
    assert torch.equal(made[0], grey[0])
    deviations = made.std((1, 2, 3))
    torch.testing.assert_close(deviations[1:], torch.tensor([0.06, 0.12]), atol=0.006, rtol=0)
    assert (made.mean((1, 2, 3)) - 0.5).abs().max() < 0.005


@pytest.mark.parametrize("quality", [90, 50, 20])
def test_jpeg_leaves_what_a_real_encoder_leaves(quality: int) -> None:
    bytes_BHWC = (faces() * 255).round().byte()
    made = filters.as_jpeg(bytes_BHWC.float() / 255, torch.full((3,), float(quality)))
    for number in range(3):
        file = io.BytesIO()
        Image.fromarray(as_array(bytes_BHWC[number])).save(file, "JPEG", quality=quality, subsampling=2)
        real = np.asarray(Image.open(file), float) / 255
        lost = np.abs(real - as_array(bytes_BHWC[number]) / 255).mean()
        assert np.abs(as_array(made[number]) - real).mean() < max(0.004, 0.35 * lost)


def test_sides_that_are_no_multiple_of_a_block_stay_as_they_are() -> None:
    odd = faces()[..., :45, :45]
    made = filters.as_jpeg(odd, torch.full((3,), 95.0))
    assert made.shape == odd.shape and (made - odd).abs().mean() < 0.02
    torch.testing.assert_close(made, odd, atol=0.2, rtol=0)


def test_levels_move_black_white_and_middle_and_keep_the_order() -> None:
    ramp = torch.linspace(0, 1, 64).view(1, 1, 1, 64).expand(3, 3, 1, 64)
    made = filters.leveled(ramp, SOME, Generator().manual_seed(0))
    torch.testing.assert_close(made[0], ramp[0], atol=2e-4, rtol=0)
    assert (made.diff(dim=-1) >= 0).all() and made.min() >= 0 and made.max() <= 1
    assert (made[2] - ramp[2]).abs().max() > 0.03
    assert made[2, :, 0, 20:44].diff(n=2).abs().amin(-1).max() > 1e-5, "the middle moves, not the ends alone"


def test_hue_turns_and_grey_stays_grey() -> None:
    red = torch.tensor([0.8, 0.2, 0.2]).view(1, 3, 1, 1).expand(400, 3, 1, 1)
    made = filters.hue_shifted(red, 0.1, Generator().manual_seed(0))
    redness = made[:, 0] - made[:, 1]
    assert redness.std() > 0.01
    value, saturation = made.amax((1, 2, 3)), 1 - made.amin((1, 2, 3)) / made.amax((1, 2, 3))
    assert (value - 0.8).abs().max() <= 0.05 + 1e-6 and value.std() > 0.02
    assert (saturation - 0.75).abs().max() <= 0.05 + 1e-6 and saturation.std() > 0.02
    grey = torch.full((5, 3, 2, 2), 0.5)
    shifted = filters.hue_shifted(grey, 0.1, Generator().manual_seed(0))
    assert (shifted.amax(1) - shifted.amin(1)).max() < 0.5 * 0.05 + 1e-5


@pytest.mark.parametrize("change", [filters.noisy, filters.leveled, filters.moved])
def test_the_same_draws_repeat_a_change(change: Callable[[Tensor, Tensor, Generator], Tensor]) -> None:
    one, other = (change(faces(), SOME, Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, other)
