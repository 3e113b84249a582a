"""PSNR and SSIM: known values, a slow twin, and what masks and noise do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.color import luma
from understudy.measure.pictures import PSNR_OF_EQUALS_DB, psnr, ssim, ssim_map


def textured(seed: int = 0, *, size: int = 32) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size] / size
    waves = 0.5 + 0.3 * np.sin(9 * x + seed) * np.cos(7 * y)
    noise = np.random.default_rng(seed).normal(0, 0.02, (size, size, 3))
    return np.clip(waves[..., None] + noise, 0, 1).astype(np.float32)


def test_a_constant_difference_has_the_psnr_of_its_square() -> None:
    a = np.full((16, 16, 3), 0.5, np.float32)
    assert psnr(a, a + 0.1) == pytest.approx(20.0, abs=1e-4)
    assert psnr(a, a + 0.01) == pytest.approx(40.0, abs=1e-3)


def test_equal_pictures_have_the_best_figures() -> None:
    a = textured()
    assert psnr(a, a) == PSNR_OF_EQUALS_DB
    assert ssim(a, a) == pytest.approx(1.0, abs=1e-6)


def test_bytes_deep_and_float_pictures_give_the_same_figures() -> None:
    a = (textured(1) * 255).astype(np.uint8)
    b = (textured(2) * 255).astype(np.uint8)
    deep_a, deep_b = a.astype(np.uint16) * 257, b.astype(np.uint16) * 257
    assert psnr(a, b) == pytest.approx(psnr(deep_a, deep_b), abs=1e-4)
    assert ssim(a, b) == pytest.approx(ssim(a / 255.0, b / 255.0), abs=1e-5)


def test_whole_numbers_of_unknown_range_are_refused() -> None:
    with pytest.raises(TypeError, match="int64"):
        psnr(np.zeros((4, 4, 3), np.int64), np.zeros((4, 4, 3), np.int64))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.floats(0.01, 0.05), st.floats(1.5, 4.0))
def test_more_noise_is_always_worse(seed: int, sigma: float, factor: float) -> None:
    a = textured(seed % 5)
    noise = np.random.default_rng(seed).normal(0, 1, a.shape).astype(np.float32)
    little, much = a + sigma * noise, a + factor * sigma * noise
    assert psnr(a, little) > psnr(a, much)
    assert ssim(a, little) > ssim(a, much)


def test_figures_are_symmetric() -> None:
    a, b = textured(1), textured(2)
    assert psnr(a, b) == pytest.approx(psnr(b, a))
    assert ssim(a, b) == pytest.approx(ssim(b, a))


def test_what_lies_outside_the_mask_does_not_count() -> None:
    a, b = textured(1), textured(1)
    b[:, 20:] = 0
    mask = np.zeros((32, 32))
    mask[:, :12] = 1  # more than SSIM's five pixels away from the change
    assert psnr(a, b, mask) == PSNR_OF_EQUALS_DB
    assert ssim(a, b, mask) == pytest.approx(1.0, abs=1e-6)
    assert ssim(a, b) < 0.8


def test_the_mask_weighs() -> None:
    a = np.full((8, 8, 3), 0.5, np.float32)
    b = a.copy()
    b[:4] += 0.1
    soft = np.ones((8, 8))
    soft[4:] = 1 / 3
    assert psnr(a, b, soft) == pytest.approx(-10 * np.log10(0.01 * 0.75), abs=1e-3)


@pytest.mark.parametrize("mask", [np.zeros((8, 8)), np.ones((4, 4))])
def test_an_empty_or_ill_fitting_mask_is_refused(mask: np.ndarray) -> None:
    a = np.zeros((8, 8, 3), np.float32)
    with pytest.raises(ValueError, match="mask"):
        psnr(a, a, mask)


def test_pictures_of_different_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        ssim(np.zeros((8, 8, 3), np.float32), np.zeros((8, 9, 3), np.float32))


def test_flat_pictures_have_the_luminance_term_alone() -> None:
    a, b = np.full((16, 16, 3), 0.5, np.float32), np.full((16, 16, 3), 0.7, np.float32)
    c1 = 0.01**2
    assert ssim(a, b) == pytest.approx((2 * 0.35 + c1) / (0.25 + 0.49 + c1), abs=1e-4)


def test_the_fast_ssim_agrees_with_its_slow_twin() -> None:
    a, b = luma(textured(3, size=16)), luma(textured(4, size=16))
    radius = np.arange(-5, 6)
    line = np.exp(-(radius**2) / (2 * 1.5**2))
    window = np.outer(line, line) / line.sum() ** 2
    padded_a, padded_b = (np.pad(x.astype(float), 5, mode="reflect") for x in (a, b))
    slow = np.empty((16, 16))
    for y in range(16):
        for x in range(16):
            p, q = padded_a[y : y + 11, x : x + 11], padded_b[y : y + 11, x : x + 11]
            mp, mq = (window * p).sum(), (window * q).sum()
            vp, vq = (window * (p - mp) ** 2).sum(), (window * (q - mq) ** 2).sum()
            cov = (window * (p - mp) * (q - mq)).sum()
            c1, c2 = 0.01**2, 0.03**2
            slow[y, x] = (2 * mp * mq + c1) * (2 * cov + c2) / ((mp**2 + mq**2 + c1) * (vp + vq + c2))
    np.testing.assert_allclose(ssim_map(a, b), slow, atol=1e-5)
