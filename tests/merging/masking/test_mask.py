"""The arithmetic of masks: sizes that mean what they say, and an edge that never shows as a square."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.merging.masking.mask import (
    Edge,
    Sides,
    _widths_by_depth,
    cut_noise,
    doubt,
    eroded,
    eroded_at_sides,
    feathered,
    feathered_at_sides,
    feathered_inside,
    resized_mask,
    soft_mask,
)

SIDES = ("left", "right", "top", "bottom")


def disc(radius: float, *, size: int = 64) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    return np.clip(radius + 0.5 - np.hypot(x, y), 0, 1).astype(np.float32)


def radius_of(mask: np.ndarray) -> float:
    return float(np.sqrt(mask.sum() / np.pi))


def reaches(mask: np.ndarray) -> dict[str, float]:
    """How far the mask goes from the picture's middle to every side, in parts of a pixel."""
    size = len(mask)
    row, column = mask[size // 2], mask[:, size // 2]
    half = size // 2
    return {
        "left": row[:half].sum(),
        "right": row[half:].sum(),
        "top": column[:half].sum(),
        "bottom": column[half:].sum(),
    }


@pytest.mark.parametrize("radius_px", [-21.3, -6.5, -2.0, 0.0, 0.4, 3.0, 4.5, 8.25, 21.3])
def test_eroding_moves_the_edge_by_its_radius_in_parts_of_a_pixel(radius_px: float) -> None:
    moved = radius_of(eroded(disc(30, size=128), radius_px))
    assert moved == pytest.approx(30 - radius_px, abs=0.25 + 0.04 * abs(radius_px))


def test_a_large_disc_made_of_small_ones_erodes_like_the_disc_itself() -> None:
    mask = disc(40, size=128)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (37, 37))
    slow = cv2.erode(mask, kernel, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    assert np.abs(eroded(mask, 18) - slow).mean() < 0.005


@settings(max_examples=40, deadline=None)
@given(radius=st.floats(4, 30), less=st.floats(-12, 12), more=st.floats(0, 9))
def test_eroding_more_never_shows_more(radius: float, less: float, more: float) -> None:
    mask = disc(radius)
    assert (eroded(mask, less + more) <= eroded(mask, less) + 1e-6).all()


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("length_px", [5.0, -3.5])
def test_one_side_alone_can_be_moved(side: str, length_px: float) -> None:
    before = reaches(disc(18))
    after = reaches(eroded_at_sides(disc(18), Sides(**{side: length_px})))
    moved = {name: before[name] - after[name] for name in SIDES}
    assert moved.pop(side) == pytest.approx(length_px, abs=0.01)
    assert max(map(abs, moved.values())) < 1.1


def test_sides_follow_a_face_that_lies_on_its_side() -> None:
    quarter = (0.0, 1.0)  # the face's right is down in the picture: its top is at the picture's right
    lying = eroded_at_sides(disc(18), Sides(top=6), quarter)
    assert reaches(disc(18))["right"] - reaches(lying)["right"] == pytest.approx(6, abs=0.01)
    leaning = (math.cos(0.4), math.sin(0.4))
    y, x = np.mgrid[0:64, 0:64] - 31.5
    lost = disc(18) - eroded_at_sides(disc(18), Sides(left=6), leaning)
    towards = np.arctan2((lost * y).sum(), (lost * x).sum())
    assert abs(np.angle(np.exp(1j * (towards - (0.4 + np.pi))))) < 0.1


def test_the_crops_border_counts_as_outside() -> None:
    shrunk = eroded(np.ones((32, 32), np.float32), 4)
    assert shrunk[:4].max() == 0 and shrunk[16, 16] == 1
    assert eroded_at_sides(np.ones((32, 32), np.float32), Sides(left=4))[16, :4].max() == 0


def test_feathering_keeps_the_area_and_softens_the_edge() -> None:
    soft = feathered(disc(14), 8)
    assert soft.sum() == pytest.approx(disc(14).sum(), rel=0.01)
    assert ((soft > 0.05) & (soft < 0.95)).sum() > 200


@pytest.mark.parametrize("width_px", [21.0, 45.0, 80.0])
def test_a_wide_feather_made_on_fewer_pixels_looks_like_the_gaussian_itself(width_px: float) -> None:
    mask = disc(70, size=256)
    slow = cv2.GaussianBlur(mask, (0, 0), width_px / 4, borderType=cv2.BORDER_CONSTANT)
    assert np.abs(feathered(mask, width_px) - slow).max() < 0.01
    odd = disc(70, size=255)
    slow = cv2.GaussianBlur(odd, (0, 0), width_px / 4, borderType=cv2.BORDER_CONSTANT)
    np.testing.assert_allclose(feathered(odd, width_px), slow, atol=1e-5)


@pytest.mark.parametrize("side", SIDES)
def test_one_side_alone_can_be_softer_and_no_seam_shows(side: str) -> None:
    mask = disc(36, size=128)
    plain, soft = feathered(mask, 6), feathered_at_sides(mask, 6, Sides(**{side: 18}))
    axis = 1 if side in ("left", "right") else 0
    sign = -1 if side in ("left", "top") else 1
    for name, (at_axis, at_sign) in {"wide": (axis, sign), "narrow": (axis, -sign)}.items():
        line = [64 + at_sign * k for k in range(60)]
        picked = [(64, k) if at_axis == 1 else (k, 64) for k in line]
        steps = [abs(float(soft[a] - plain[a])) for a in picked]
        assert (max(steps) > 0.2) == (name == "wide"), (side, name, max(steps))
    steepest = np.abs(np.gradient(plain)).max()
    assert np.abs(np.gradient(soft)).max() <= steepest + 0.02


def test_a_side_can_be_sharper_too() -> None:
    sharp = feathered_at_sides(disc(36, size=128), 12, Sides(left=-12))
    assert np.abs(np.diff(sharp[64, :64])).max() > 0.4 and np.abs(np.diff(sharp[64, 64:])).max() < 0.2


@settings(max_examples=40, deadline=None)
@given(
    radius=st.floats(1, 60),
    erode_px=st.floats(-30, 30),
    blur_px=st.floats(0, 60),
    more=st.floats(-20, 20),
    turn=st.floats(-3, 3),
    full=st.booleans(),
)
def test_no_mask_ever_reaches_the_crops_border(
    radius: float, erode_px: float, blur_px: float, more: float, turn: float, full: bool
) -> None:
    mask = np.ones((64, 64), np.float32) if full else disc(radius)
    sides = Sides(left=more, bottom=-more)
    edge = Edge(
        erode_px=erode_px,
        blur_px=blur_px,
        more_erode=sides,
        more_blur=sides,
        right=(math.cos(turn), math.sin(turn)),
    )
    soft = soft_mask(mask, edge)
    assert soft.dtype == np.float32 and soft.min() >= 0 and soft.max() <= 1
    edges = np.concatenate([soft[0], soft[-1], soft[:, 0], soft[:, -1]])
    assert (edges == 0).all()


@pytest.mark.parametrize("blur_px", [0, 10, 40, 90])
def test_a_full_mask_fades_towards_the_border_without_a_step(blur_px: float) -> None:
    soft = soft_mask(np.ones((192, 192), np.float32), Edge(blur_px=blur_px, border_px=8))
    assert soft[96, 96] > 0.8
    assert np.abs(np.diff(soft[96])).max() < 0.21


def test_the_border_is_as_wide_as_asked() -> None:
    wide, narrow = (soft_mask(np.ones((64, 64), np.float32), Edge(border_px=px)) for px in (16, 4))
    assert (narrow[32] == 1).sum() - (wide[32] == 1).sum() == 24


@pytest.mark.parametrize("width_px", [20.0, 60.0])
def test_a_feather_that_has_room_is_as_wide_as_asked(width_px: float) -> None:
    mask = disc(40, size=256)
    np.testing.assert_array_equal(feathered_inside(mask, width_px), feathered(mask, width_px))


def test_a_wide_feather_near_the_border_keeps_the_masks_shape() -> None:
    """A disc that nearly fills the crop does not become a square, and its edge ends inside."""
    soft = soft_mask(disc(120, size=256), Edge(blur_px=80, border_px=4))
    y, x = np.mgrid[0:256, 0:256] - 127.5
    turn, radius = np.arctan2(y, x), np.hypot(x, y)
    reach = [radius[(soft > 0.5) & (np.abs(turn - a) < 0.05)].max() for a in np.linspace(-3, 3, 25)]
    assert min(reach) > 105 and max(reach) < 122
    assert np.abs(np.diff(soft[128])).max() < 0.2
    assert soft[128, 0] == 0 and soft[128, 3] < 0.1


def test_how_wide_a_feather_may_be_changes_without_a_step() -> None:
    levels = _widths_by_depth(64, 64, 40.0)
    np.testing.assert_allclose(sum(weight for _, weight in levels), 1, atol=1e-6)
    mean = sum(level * weight for level, weight in levels)
    assert mean[32, 32] == 40 and mean[32, 0] == 0
    assert (np.diff(mean[32, :32]) >= -1e-4).all()


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


def test_doubt_is_nothing_where_a_mask_says_yes_or_no_and_all_where_it_says_a_half() -> None:
    assert doubt(np.array([[0, 1], [1, 0]], np.float32)) == 0
    assert doubt(np.full((4, 4), 0.5, np.float32)) == 1
    assert doubt(np.array([[0.25, 0.75], [0, 1]], np.float32)) == pytest.approx(0.25)
