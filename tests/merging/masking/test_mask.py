"""Masks in crop space: choice, size of erode and blur, and an edge that never shows as a square."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.merging.masking.mask import chosen_mask, cut_noise, eroded, feathered, resized_mask, soft_mask


def disc(radius: float, *, size: int = 64) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    return (np.hypot(x, y) <= radius).astype(np.float32)


def radius_of(mask: np.ndarray) -> float:
    return float(np.sqrt(mask.sum() / np.pi))


def test_the_product_is_where_both_masks_agree() -> None:
    learned, hull = disc(10) * 0.8, disc(14)
    hull[:, :32] = 0
    product = chosen_mask("product", learned_HW=learned, hull_HW=hull)
    np.testing.assert_array_equal(product, learned * hull)
    np.testing.assert_array_equal(chosen_mask("learned", learned_HW=learned, hull_HW=hull), learned)
    np.testing.assert_array_equal(chosen_mask("dst-hull", learned_HW=learned, hull_HW=hull), hull)


@pytest.mark.parametrize("radius_px", [-6.0, -2.0, 0.0, 3.0, 8.0])
def test_eroding_moves_the_edge_by_its_radius(radius_px: float) -> None:
    assert radius_of(eroded(disc(18), radius_px)) == pytest.approx(18 - radius_px, abs=0.8)


def test_the_crops_border_counts_as_outside() -> None:
    shrunk = eroded(np.ones((32, 32), np.float32), 4)
    assert shrunk[:4].max() == 0 and shrunk[16, 16] == 1


def test_feathering_keeps_the_area_and_softens_the_edge() -> None:
    soft = feathered(disc(14), 8)
    assert soft.sum() == pytest.approx(disc(14).sum(), rel=0.01)
    assert ((soft > 0.05) & (soft < 0.95)).sum() > 200


@settings(max_examples=40, deadline=None)
@given(
    radius=st.floats(1, 60),
    erode_px=st.floats(-30, 30),
    blur_px=st.floats(0, 60),
    seed=st.integers(0, 5),
)
def test_no_mask_ever_reaches_the_crops_border(
    radius: float, erode_px: float, blur_px: float, seed: int
) -> None:
    mask = disc(radius) if seed else np.ones((64, 64), np.float32)
    soft = soft_mask(mask, erode_px=erode_px, blur_px=blur_px)
    assert soft.dtype == np.float32 and soft.min() >= 0 and soft.max() <= 1
    edges = np.concatenate([soft[0], soft[-1], soft[:, 0], soft[:, -1]])
    assert (edges == 0).all()
    assert max(np.abs(np.diff(soft[:4], axis=0)).max(), np.abs(np.diff(soft[:, :4], axis=1)).max()) <= 1


def test_a_full_mask_fades_towards_the_border_without_a_step() -> None:
    soft = soft_mask(np.ones((192, 192), np.float32), erode_px=0, blur_px=0)
    assert soft[96, 96] == 1
    assert np.abs(np.diff(soft[96])).max() < 0.25


def test_noise_is_cut_and_the_rest_is_kept() -> None:
    np.testing.assert_array_equal(
        cut_noise(np.array([0.0, 0.003, 0.01, 1.0], np.float32)), np.array([0, 0, 0.01, 1], np.float32)
    )


def test_resizing_there_and_back_keeps_the_place_of_a_mask() -> None:
    y, x = np.mgrid[0:64, 0:64] + 0.5
    off_centre = (np.hypot(x - 40, y - 22) <= 12).astype(np.float32)
    back = resized_mask(resized_mask(off_centre, 256), 64)
    assert np.abs(back - off_centre).mean() < 0.01
    big = resized_mask(off_centre, 256)
    rows, columns = np.mgrid[0:256, 0:256] + 0.5
    assert (big * columns).sum() / big.sum() / 4 == pytest.approx(40, abs=0.1)
    assert (big * rows).sum() / big.sum() / 4 == pytest.approx(22, abs=0.1)
