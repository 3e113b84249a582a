"""Masks drawn to the edges of the picture they are of."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.masks.edges import mask_to_edges

SKIN, WALL = (200, 150, 120), (70, 90, 80)
SIDE = 64
AS_IT_LIES = np.array([[1.0, 0, 0], [0, 1.0, 0]])


def half_plane(side: int, degrees: float, beyond_px: float = 0.0) -> np.ndarray:
    """1 on one side of a line through the middle, moved by `beyond_px`, smooth over a pixel, else 0."""
    y, x = np.mgrid[:side, :side] + 0.5 - side / 2
    along = x * np.cos(np.radians(degrees)) + y * np.sin(np.radians(degrees))
    return np.clip(along + beyond_px + 0.5, 0, 1).astype(np.float32)


def coloured(truth: np.ndarray) -> np.ndarray:
    return np.rint(truth[..., None] * SKIN + (1 - truth[..., None]) * np.array(WALL)).astype(np.uint8)


def seen_roughly(truth: np.ndarray, softness_px: float = 2.0) -> np.ndarray:
    return cv2.GaussianBlur(truth, (0, 0), softness_px)


def inner(mask: np.ndarray) -> np.ndarray:
    """Without what lies by the frame of the square."""
    cut = mask.shape[0] // 8
    return mask[cut:-cut, cut:-cut]


@pytest.mark.parametrize("degrees", [0, 30, 130, 250])
def test_a_soft_mask_beside_the_edge_is_drawn_to_it(degrees):
    truth = half_plane(SIDE, degrees)
    seen = seen_roughly(half_plane(SIDE, degrees, beyond_px=1.5))
    picture = coloured(truth)
    made = mask_to_edges(seen, picture, picture, AS_IT_LIES)
    assert inner(np.abs(made - truth)).mean() < 0.6 * inner(np.abs(seen - truth)).mean()
    wrong_before = inner((seen > 0.5) != (truth > 0.5)).sum()
    assert inner((made > 0.5) != (truth > 0.5)).sum() < 0.2 * wrong_before


def test_an_edge_is_as_fine_as_the_picture_and_not_as_the_mask():
    truth = half_plane(4 * SIDE, 20)
    picture = coloured(truth)
    shown = cv2.resize(picture, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    seen = seen_roughly(half_plane(SIDE, 20))
    larger = np.array([[4.0, 0, 0], [0, 4.0, 0]])
    made = mask_to_edges(seen, shown, picture, larger)
    assert made.shape == truth.shape
    between = inner((made > 0.1) & (made < 0.9)).sum(1)
    assert between.mean() < 4, "px of the picture in a row; one pixel of the mask is four of these"


def test_where_colour_says_nothing_the_mask_stays_as_soft_as_it_was_seen():
    cheek = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    seen = seen_roughly(half_plane(SIDE, 15), 4.0)
    made = mask_to_edges(seen, cheek, cheek, AS_IT_LIES)
    np.testing.assert_allclose(inner(made), inner(seen), atol=1e-3)


def test_a_shade_across_skin_is_no_edge():
    shade = np.linspace(0.9, 1.0, SIDE)[None, :, None]
    cheek = np.rint(np.full((SIDE, SIDE, 3), SKIN) * shade).astype(np.uint8)
    seen = seen_roughly(half_plane(SIDE, 15), 4.0)
    made = mask_to_edges(seen, cheek, cheek, AS_IT_LIES)
    assert inner(np.abs(made - seen)).max() < 0.15


def test_sensor_noise_does_not_walk_along_the_edge():
    random = np.random.default_rng(0)
    clean, seen = coloured(half_plane(SIDE, 40)), seen_roughly(half_plane(SIDE, 40))
    takes = []
    for _ in range(6):
        noisy = np.clip(clean + random.normal(0, 6, clean.shape), 0, 255).astype(np.uint8)
        takes.append(inner(mask_to_edges(seen, noisy, noisy, AS_IT_LIES)))
    strays = np.std(takes, axis=0)
    assert strays.mean() < 0.004 and strays.max() < 0.2


def test_nothing_lies_beyond_the_square_that_was_seen():
    picture = np.full((100, 120, 3), SKIN, np.uint8)
    placed = np.array([[1.0, 0, 30], [0, 1.0, 20]])
    made = mask_to_edges(np.ones((SIDE, SIDE), np.float32), picture[:SIDE, :SIDE], picture, placed)
    assert made[50, 60] == pytest.approx(1, abs=1e-5)
    made[20 : 20 + SIDE, 30 : 30 + SIDE] = 0
    assert made.max() == 0


@pytest.mark.parametrize("value", [0, 255])
@pytest.mark.parametrize("seen", [0.0, 0.5, 1.0])
def test_black_and_burnt_out_pictures_keep_their_mask_within_bounds(value, seen):
    picture = np.full((SIDE, SIDE, 3), value, np.uint8)
    made = mask_to_edges(np.full((SIDE, SIDE), seen, np.float32), picture, picture, AS_IT_LIES)
    assert made.dtype == np.float32 and np.isfinite(made).all()
    np.testing.assert_allclose(inner(made), seen, atol=1e-4)


@pytest.mark.parametrize("degrees", [0, 35, 160])
def test_a_mask_lies_in_a_large_picture_as_it_would_in_a_cutting_of_it(degrees):
    random = np.random.default_rng(1)
    picture = random.integers(0, 255, (300, 400, 3)).astype(np.uint8)
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), degrees, 1.2)
    placed = turn + np.array([[0, 0, 150], [0, 0, 100]])
    seen = seen_roughly(half_plane(SIDE, 20))
    shown = random.integers(0, 255, (SIDE, SIDE, 3)).astype(np.uint8)
    whole = mask_to_edges(seen, shown, picture, placed)
    cutting = mask_to_edges(seen, shown, picture[60:220, 110:290], placed - [[0, 0, 110], [0, 0, 60]])
    # Places are read in steps of a 32nd of a pixel.
    assert np.abs(whole[60:220, 110:290] - cutting).mean() < 1e-3
    assert whole.sum() == pytest.approx(cutting.sum(), rel=1e-3) and cutting.sum() > 1000


def test_a_square_beside_the_picture_leaves_it_empty():
    picture = np.full((50, 50, 3), SKIN, np.uint8)
    beside = np.array([[1.0, 0, 90], [0, 1.0, 0]])
    assert mask_to_edges(np.ones((SIDE, SIDE), np.float32), picture[:1], picture, beside).max() == 0


def test_a_small_picture_shows_the_mean_of_the_mask_and_not_every_third_pixel_of_it():
    cheek = np.full((SIDE, SIDE, 3), SKIN, np.uint8)
    striped = np.ones((SIDE, SIDE), np.float32)
    striped[:, ::2] = 0
    small = np.array([[0.25, 0, 0], [0, 0.25, 0]])
    made = mask_to_edges(striped, cheek, cheek[:16, :16], small)
    np.testing.assert_allclose(made[3:-3, 3:-3], 0.5, atol=0.02)
