"""Variations of faces: none when not asked, repeatable, the same for what is seen and what is painted."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Generator, Tensor
from torch.nn import functional as nnf

from tests.training.conftest import tiny_options
from understudy.training.feeding.augment import (
    Faces,
    Variation,
    lesson,
    light_gain,
    pixel_grid,
    placed,
    random_bends,
    random_places,
    sampled,
    slow_light,
    tinted,
)
from understudy.training.recipe.recipe import recipe_named

SIZE, MARGIN = 32, 4
NONE = Variation(shift=0, stretch=0, warp=0, color_jitter=0)


def faces(count: int = 3, seed: int = 0) -> Faces:
    """Smooth random pictures with a disc for a mask."""
    whole = SIZE + 2 * MARGIN
    generator = Generator().manual_seed(seed)
    rough = torch.rand(count, 3, 8, 8, generator=generator) * 0.6 + 0.2
    images = nnf.interpolate(rough, size=(whole, whole), mode="bicubic").clamp(0, 1)
    x, y = pixel_grid(whole).unbind(-1)
    masks = torch.stack([((x**2 + y**2) < radius).float() for radius in (0.4, 0.1, 0.05)])
    masks = masks.expand(count, -1, -1, -1)
    return Faces(images, masks, SIZE)


def crop(picture: Tensor) -> Tensor:
    return picture[..., MARGIN : MARGIN + SIZE, MARGIN : MARGIN + SIZE]


def test_without_variation_a_lesson_is_the_crop_itself() -> None:
    batch = faces()
    made = lesson(batch, size_px=SIZE, variation=NONE, generator=Generator().manual_seed(0))
    torch.testing.assert_close(made.goal_BCHW, crop(batch.images_BCHW), atol=1e-4, rtol=0)
    torch.testing.assert_close(made.seen_BCHW, crop(batch.images_BCHW), atol=1e-3, rtol=0)
    masks = torch.cat([made.mask_B1HW, made.eyes_B1HW, made.mouth_B1HW], 1)
    torch.testing.assert_close(masks, crop(batch.masks_B3HW), atol=1e-4, rtol=0)


def test_the_same_generator_gives_the_same_lesson_and_the_next_another() -> None:
    strong = Variation(shift=1, stretch=1, warp=1, color_jitter=1)
    generator = Generator().manual_seed(5)
    first = lesson(faces(), size_px=SIZE, variation=strong, generator=generator)
    second = lesson(faces(), size_px=SIZE, variation=strong, generator=generator)
    again = lesson(faces(), size_px=SIZE, variation=strong, generator=Generator().manual_seed(5))
    assert torch.equal(first.seen_BCHW, again.seen_BCHW) and torch.equal(first.goal_BCHW, again.goal_BCHW)
    assert not torch.equal(first.goal_BCHW, second.goal_BCHW)


def test_bends_change_what_is_seen_and_leave_what_is_painted() -> None:
    bent = Variation(shift=0, stretch=0, warp=1, color_jitter=0)
    batch = faces()
    made = lesson(batch, size_px=SIZE, variation=bent, generator=Generator().manual_seed(0))
    torch.testing.assert_close(made.goal_BCHW, crop(batch.images_BCHW), atol=1e-4, rtol=0)
    assert (made.seen_BCHW - made.goal_BCHW).abs().mean() > 0.005


def test_stretches_change_what_is_seen_and_leave_what_is_painted() -> None:
    batch = faces()
    variation = Variation(shift=0, stretch=1, warp=0, color_jitter=0)
    made = lesson(batch, size_px=SIZE, variation=variation, generator=Generator().manual_seed(0))
    torch.testing.assert_close(made.goal_BCHW, crop(batch.images_BCHW), atol=1e-4, rtol=0)
    assert (made.seen_BCHW - made.goal_BCHW).abs().mean() > 0.005


def test_tints_change_what_is_seen_and_leave_what_is_painted() -> None:
    batch = faces()
    variation = Variation(shift=0, stretch=0, warp=0, color_jitter=1)
    made = lesson(batch, size_px=SIZE, variation=variation, generator=Generator().manual_seed(0))
    torch.testing.assert_close(made.goal_BCHW, crop(batch.images_BCHW), atol=1e-4, rtol=0)
    assert (made.seen_BCHW - made.goal_BCHW).abs().mean() > 0.02


@pytest.mark.parametrize("empty", ["own", "other", "both"])
def test_a_face_of_which_nothing_is_seen_has_no_light_to_give_or_to_take(empty: str) -> None:
    """An empty mask counted as blackness: faces were darkened to a third, or brightened three times."""
    faces, mask = torch.full((2, 3, 64, 64), 0.5), torch.ones(2, 1, 64, 64)
    nothing = mask.clone()
    nothing[0] = 0
    own, other = (nothing if empty in (side, "both") else mask for side in ("own", "other"))
    gain = light_gain(faces, own, faces * 0.6, other)
    assert gain[0].unique().tolist() == [1.0]
    assert gain[1].mean() < 0.7


def test_a_relit_face_takes_the_slow_light_of_the_other_in_both_pictures() -> None:
    batch, light = faces(seed=0), faces(seed=1)
    relit = torch.tensor([True, False, True])
    made = lesson(batch, size_px=SIZE, variation=NONE, generator=Generator(), light=light, relit_B=relit)
    torch.testing.assert_close(made.seen_BCHW, made.goal_BCHW, atol=1e-3, rtol=0)
    torch.testing.assert_close(made.goal_BCHW[1], crop(batch.images_BCHW)[1], atol=1e-4, rtol=0)
    mask = crop(batch.masks_B3HW)[:, :1]

    def distance(picture: Tensor) -> Tensor:
        away = slow_light(picture, mask) - slow_light(crop(light.images_BCHW), mask)
        return (away.abs() * nnf.adaptive_avg_pool2d(mask, away.shape[-1])).mean(dim=(1, 2, 3))

    before, after = distance(crop(batch.images_BCHW)), distance(made.goal_BCHW)
    assert (after[[0, 2]] < 0.5 * before[[0, 2]]).all()


def test_light_is_looked_at_inside_the_face_alone() -> None:
    face, mask = torch.full((1, 3, SIZE, SIZE), 0.4), crop(faces(1).masks_B3HW)[:, :1]
    brighter_outside = torch.where(mask > 0, face, torch.ones_like(face))
    torch.testing.assert_close(
        light_gain(face, mask, brighter_outside, mask) * mask, mask.expand_as(face), atol=1e-3, rtol=0
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 2))
def test_places_stay_within_their_limits(seed: int, strength: float) -> None:
    places = random_places(5, strength, Generator().manual_seed(seed))
    zoom = torch.linalg.det(places[:, :, :2]).sqrt()
    assert (zoom.log().abs() <= 0.1 * strength + 1e-5).all()
    assert (places[:, :, 2].abs() <= 0.08 * strength + 1e-6).all()
    angle = torch.atan2(places[:, 1, 0], places[:, 0, 0])
    assert (angle.abs() <= math.radians(10) * strength + 1e-5).all()


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**6))
def test_bends_leave_the_border_in_place_and_are_smooth(seed: int) -> None:
    bends = random_bends(4, SIZE, 1.0, Generator().manual_seed(seed))
    assert bends[:, [0, -1]].abs().max() < 0.1
    steps = bends.diff(dim=1).abs().max()
    assert steps < 2 / SIZE  # neighbouring pixels never change places


def test_a_shift_looks_up_the_pixels_beside() -> None:
    batch = faces(1)
    move = torch.tensor([[[1.0, 0.0, 2 / SIZE * 3], [0.0, 1.0, 0.0]]])  # three pixels to the right
    grid = placed(move, pixel_grid(SIZE)[None])
    moved = sampled(batch.images_BCHW, grid, crop_px=SIZE)
    expected = batch.images_BCHW[..., MARGIN : MARGIN + SIZE, MARGIN + 3 : MARGIN + SIZE + 3]
    torch.testing.assert_close(moved, expected, atol=1e-4, rtol=0)


def test_tints_vary_brightness_contrast_colour_and_shading() -> None:
    dark, light = (
        tinted(torch.full((200, 3, 8, 8), value), 1.0, Generator().manual_seed(0)).log() for value in (0.1, 0.4)
    )
    contrast = (light - dark)[:, 0, 0, 0] / math.log(4)
    torch.testing.assert_close(light - dark, (contrast * math.log(4)).view(-1, 1, 1, 1).expand_as(light))
    assert contrast.min() > math.exp(-0.21) and contrast.max() < math.exp(0.21) and contrast.std() > 0.09
    assert light.mean((1, 2, 3)).std() > 0.1
    assert (light[:, 0] - light[:, 2]).mean((1, 2)).std() > 0.04
    assert light[:, 1].std((1, 2)).mean() > 0.05


@pytest.mark.parametrize("strength", [0.0, 1.0, 3.0])
def test_tinted_faces_stay_pictures(strength: float) -> None:
    out = tinted(faces().images_BCHW, strength, Generator().manual_seed(0))
    assert torch.isfinite(out).all() and out.min() >= 0 and out.max() <= 1


@pytest.mark.parametrize(("size_px", "seen_px"), [(32, 16), (16, 32), (32, 48)])
def test_what_is_seen_may_have_another_size_than_what_is_painted(size_px: int, seen_px: int) -> None:
    batch = faces()
    batch = Faces(
        nnf.avg_pool2d(batch.images_BCHW, 2).repeat_interleave(2, 2).repeat_interleave(2, 3),
        *((batch.masks_B3HW, SIZE)),
    )
    made = lesson(batch, size_px=size_px, seen_px=seen_px, variation=NONE, generator=Generator().manual_seed(0))
    assert made.seen_BCHW.shape[-1] == seen_px and made.goal_BCHW.shape[-1] == size_px
    assert made.mouth_B1HW.shape[-1] == made.mask_B1HW.shape[-1] == size_px
    whole = crop(batch.images_BCHW)
    for picture in (made.seen_BCHW, made.goal_BCHW):
        if picture.shape[-1] == 16:
            torch.testing.assert_close(picture, nnf.avg_pool2d(whole, 2), atol=2e-3, rtol=0)
        torch.testing.assert_close(picture.mean(), whole.mean(), atol=0.01, rtol=0)


def test_bends_are_the_same_at_every_size_of_what_is_seen() -> None:
    bent = Variation(shift=0, stretch=0, warp=1, color_jitter=0)
    small, large = (
        lesson(faces(), size_px=SIZE, seen_px=px, variation=bent, generator=Generator().manual_seed(3))
        for px in (SIZE, 2 * SIZE)
    )
    torch.testing.assert_close(small.seen_BCHW, nnf.avg_pool2d(large.seen_BCHW, 2), atol=0.03, rtol=0)


def test_the_recipe_deepfacelab_bends_as_strongly_as_its_namesake() -> None:
    """There the inner nodes of a coordinate move by about 0.13 of a cell (standard deviation)."""
    stage = recipe_named("deepfacelab").stages[0]
    options = stage.options(tiny_options(), 0.0)
    assert options.relight == options.color_jitter == options.random_stretch == options.pose_pairing == 0
    size = 128
    bends = random_bends(600, size, options.random_warp, Generator().manual_seed(0))
    peaks = bends.abs().amax((1, 2))
    half_cell = bends[:, size // 2, size // 2, 0]  # a node of every grid, of 2, 4 or 8 cells of 1, 1/2 or 1/4
    expected = 0.13 * math.sqrt((1 + 1 / 4 + 1 / 16) / 3)
    assert abs(float(half_cell.std()) - expected) < 0.15 * expected
    assert peaks.max() < 0.4


def test_the_recipe_deepfacelab_shows_faces_as_they_come_and_none_with_closed_lids() -> None:
    said = tiny_options(random_blink=0.2, rare_expressions=0.2)
    for stage in recipe_named("deepfacelab").stages:
        shown = stage.options(said, 0.0)
        assert (shown.random_blink, shown.rare_expressions) == (0, 0)


def test_bends_in_x_and_in_y_know_nothing_of_each_other() -> None:
    bends = random_bends(4000, 16, 1.0, Generator().manual_seed(0))
    x, y = bends[..., 0], bends[..., 1]
    for other in (y, y.transpose(1, 2)):  # the field's own warp moves (i, j) in x as (j, i) in y
        together = (x * other).mean(0)
        spread = x.std(0) * other.std(0)
        inner = slice(4, 12)
        assert (together[inner, inner] / spread[inner, inner]).abs().max() < 0.1
