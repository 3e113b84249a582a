"""Each measure of structure is 0 for equal pictures, grows with damage, and equals its slow definition."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as nnf

from tests.training.losses.drawn import pictures
from understudy.training.losses.structure import (
    STRUCTURES,
    both_windows,
    dssim,
    edges,
    pyramid,
    scales,
    window_for,
    windows,
)


def slow_parts(a: Tensor, b: Tensor, window_px: int, sigma_px: float) -> tuple[Tensor, Tensor]:
    away = torch.arange(window_px) - (window_px - 1) / 2
    line = torch.exp(-(away**2) / (2 * sigma_px**2))
    window = torch.outer(line, line)
    window = (window / window.sum()).expand(3, 1, -1, -1)

    def blur(x: Tensor) -> Tensor:
        return nnf.conv2d(x, window, groups=3)

    ma, mb = blur(a), blur(b)
    va, vb, c = blur(a * a) - ma * ma, blur(b * b) - mb * mb, blur(a * b) - ma * mb
    return (2 * ma * mb + 1e-4) / (ma * ma + mb * mb + 1e-4), (2 * c + 9e-4) / (va + vb + 9e-4)


def slow_dssim(a: Tensor, b: Tensor, window_px: int, sigma_px: float) -> Tensor:
    light, contrast = slow_parts(a, b, window_px, sigma_px)
    return ((1 - light * contrast) / 2).mean()


@settings(max_examples=12, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([5, 7, 11]), st.floats(0.6, 2.5))
def test_structure_by_banded_matrices_equals_structure_by_convolution(
    seed: int, window_px: int, sigma_px: float
) -> None:
    a, b = pictures(seed, size=24), pictures(seed + 1, size=24)
    torch.testing.assert_close(
        dssim(a, b, window_px, sigma_px), slow_dssim(a, b, window_px, sigma_px), atol=1e-4, rtol=1e-3
    )


def test_the_pyramid_looks_at_full_and_half_size() -> None:
    a, b = pictures(0), pictures(1)
    half = slow_dssim(nnf.avg_pool2d(a, 2), nnf.avg_pool2d(b, 2), 5, 0.9)
    torch.testing.assert_close(pyramid(a, b), (slow_dssim(a, b, 5, 0.9) + half) / 2, atol=1e-4, rtol=1e-3)


@pytest.mark.parametrize("size, sides", [(64, [5]), (128, [11]), (224, [19]), (256, [22, 11]), (320, [27, 13])])
def test_windows_are_the_references_one_below_256_px_and_two_from_there(size: int, sides: list[int]) -> None:
    a, b = pictures(0, 1, size), pictures(1, 1, size)
    wanted = torch.stack([slow_dssim(a, b, side, 1.5) for side in sides]).mean()
    torch.testing.assert_close(windows(a, b), wanted, atol=1e-4, rtol=1e-3)


def test_both_windows_are_used_at_every_size() -> None:
    a, b = pictures(0, 1, 128), pictures(1, 1, 128)
    wanted = (slow_dssim(a, b, 11, 1.5) + slow_dssim(a, b, 5, 1.5)) / 2
    torch.testing.assert_close(both_windows(a, b), wanted, atol=1e-4, rtol=1e-3)


def test_a_window_always_sees_some_pixels() -> None:
    assert window_for(16, 23.2) == 3


@pytest.mark.parametrize("size, used", [(176, 5), (48, 3), (11, 1)])
def test_scales_multiply_contrast_at_every_scale_and_light_at_the_last(size: int, used: int) -> None:
    a = pictures(0, size=size)
    b = (a + 0.2 * pictures(1, size=size)).clamp(0, 1)
    powers = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333][:used])
    powers /= powers.sum()
    likeness, x, y = torch.ones(2, 3), a, b
    for scale, power in enumerate(powers):
        light, contrast = slow_parts(x, y, 11, 1.5)
        likeness *= (contrast * (light if scale == used - 1 else 1)).mean((2, 3)) ** float(power)
        x, y = nnf.avg_pool2d(x, 2), nnf.avg_pool2d(y, 2)
    torch.testing.assert_close(scales(a, b), (1 - likeness).mean(), atol=1e-4, rtol=1e-3)


def test_edges_are_the_deviation_of_gradient_likeness() -> None:
    a, b = pictures(0, 1), pictures(1, 1)

    def strength(picture: Tensor) -> np.ndarray:
        grey = nnf.avg_pool2d(picture, 2).mean(1)[0].numpy().astype(float)
        height, width = grey.shape
        found = np.zeros((height - 2, width - 2))
        for y in range(height - 2):
            for x in range(width - 2):
                part = grey[y : y + 3, x : x + 3]
                right, down = part[:, 2] - part[:, 0], part[2] - part[0]
                found[y, x] = math.hypot(right.sum() / 3, down.sum() / 3)
        return found

    one, other = strength(a), strength(b)
    c = 170 / 255**2
    wanted = np.std((2 * one * other + c) / (one**2 + other**2 + c))
    assert float(edges(a, b)) == pytest.approx(wanted, abs=1e-3)


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_structure_is_zero_for_equals_and_grows_with_damage(name: str) -> None:
    measure, face = STRUCTURES[name], pictures(4)
    noise = pictures(5) - 0.5
    none, little, much = (float(measure(face, face + share * noise)) for share in (0, 0.05, 0.5))
    assert abs(none) < 1e-5 and none < little < much <= 1


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_structure_gives_numbers_and_slopes_on_flat_and_black_pictures(name: str) -> None:
    for value in (0.0, 0.5, 1.0):
        flat = torch.full((1, 3, 32, 32), value, requires_grad=True)
        for other in (torch.full((1, 3, 32, 32), value), pictures(0, 1), torch.zeros(1, 3, 32, 32)):
            (slope,) = torch.autograd.grad(STRUCTURES[name](flat, other), flat)
            assert torch.isfinite(slope).all()


@pytest.mark.parametrize("name", STRUCTURES)
def test_every_structures_slope_leads_to_the_goal(name: str) -> None:
    measure, goal = STRUCTURES[name], pictures(1, 1)
    face = (goal + 0.3 * (pictures(2, 1) - 0.5)).requires_grad_()
    before = measure(face, goal)
    (slope,) = torch.autograd.grad(before, face)
    step = 0.01 * slope / slope.norm()
    assert measure(face - step, goal) < before < measure(face + step, goal)


@pytest.mark.parametrize("name", STRUCTURES)
def test_a_batchs_structure_is_the_mean_of_its_pictures(name: str) -> None:
    measure, a, b = STRUCTURES[name], pictures(1, 3), pictures(2, 3)
    alone = torch.stack([measure(x[None], y[None]) for x, y in zip(a, b, strict=True)])
    torch.testing.assert_close(measure(a, b), alone.mean(), atol=1e-5, rtol=1e-4)
