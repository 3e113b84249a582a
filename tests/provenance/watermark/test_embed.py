"""The mark can't be seen: near the picture, quiet where it is flat, in every depth, and nowhere transparent."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from tests.provenance.watermark.footage import HEIGHT, WIDTH, plain_footage, psnr_db
from understudy.color import linear_from_srgb, srgb_from_linear
from understudy.media.color_spaces import ColorSpace
from understudy.media.hdr_curves import HDR_CURVES
from understudy.media.images import eight_bit
from understudy.provenance.watermark.embed import Watermark, strength

MARK = Watermark(0x123456789AB)


def test_a_marked_frame_is_at_least_42_db_from_the_plain_one() -> None:
    frame = plain_footage()[0]
    marked = MARK.marked(frame)
    assert 42 < psnr_db(marked, frame) < 50
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (240, 320, 3), dtype=np.uint8)
    assert psnr_db(MARK.marked(noise), noise) > 42


def test_a_flat_sky_gets_less_than_a_step_and_texture_more() -> None:
    frame = plain_footage()[0]
    change = MARK.marked(frame).astype(int) - frame
    sky, ground = change[20 : HEIGHT // 3 - 40], change[HEIGHT // 2 :]
    assert 0.3 < sky.std() < 1
    assert np.abs(sky).max() <= 3
    assert ground.std() > 1.3 * sky.std()


def test_flat_parts_beside_an_edge_are_as_quiet_as_others_and_dark_ones_quieter() -> None:
    half = np.full((240, 320), 128, np.uint8)
    half[:, 160:] = 20
    amount = strength(half)
    assert np.allclose(amount[:, :140], 0.88, atol=0.05)
    assert amount.max() < 1.4
    assert amount[:, 180:].mean() < 0.6 * amount[:, :140].mean()


def test_large_frames_have_more_chips_and_get_less() -> None:
    small, large = (strength(np.full((side, side), 128, np.uint8)).mean() for side in (480, 1080))
    assert large == pytest.approx(0.36, abs=0.01)
    assert small > 1.3 * large


def test_only_luma_changes() -> None:
    frame = plain_footage()[0]
    change = MARK.marked(frame).astype(int) - frame
    assert np.array_equal(change[..., 0], change[..., 1])
    assert np.array_equal(change[..., 0], change[..., 2])


def test_white_and_black_stay_in_range() -> None:
    for level in (0, 255):
        frame = np.full((96, 96, 3), level, np.uint8)
        assert np.abs(MARK.marked(frame).astype(int) - level).max() <= 4


def test_sixteen_bits_get_the_same_mark_with_its_fractions() -> None:
    frame = plain_footage()[0]
    deep = frame.astype(np.uint16) * np.uint16(257)
    change = (MARK.marked(deep).astype(float) - deep) / 257
    shallow = MARK.marked(frame).astype(float) - frame
    assert MARK.marked(deep).dtype == np.uint16
    assert np.abs(change - shallow).max() <= 0.51
    assert len(np.unique(change)) > 500


def test_light_is_marked_as_its_view_is_and_keeps_its_colours() -> None:
    frame = plain_footage()[0]
    light = linear_from_srgb(frame.astype(np.float32) / 255)
    light[:50, :50] = 3.5
    marked = MARK.marked(light)
    view = 255 * srgb_from_linear(np.minimum(marked, 1))
    away = slice(60, None)
    assert marked.dtype == np.float32
    assert (
        np.corrcoef(
            (view - frame)[away, away, 1].ravel(),
            (MARK.marked(frame).astype(float) - frame)[away, away, 1].ravel(),
        )[0, 1]
        > 0.9
    )
    assert np.allclose(marked[..., 0] * light[..., 2], marked[..., 2] * light[..., 0], rtol=1e-4)
    assert 3.3 < marked[:50, :50].min() <= marked[:50, :50].max() < 3.6


@pytest.mark.parametrize("name", ["PQ", "HLG", "ARRI LogC4", "ACEScct", "S-Log3 S-Gamut3.Cine"])
def test_footage_of_another_curve_is_as_far_from_the_plain_one_once_it_is_seen(name: str) -> None:
    """Log footage is shown with two or three times its contrast, which would show the mark too."""
    if name not in HDR_CURVES:
        pytest.importorskip("PyOpenColorIO", reason="opencolorio is not installed")
    space = ColorSpace(name)
    frame = space.from_light(linear_from_srgb(plain_footage()[0].astype(np.float32) / 255), np.dtype(np.uint16))
    marked, seen = MARK.marked(frame, space=space), eight_bit(space.light_of(frame))
    change = eight_bit(space.light_of(marked)).astype(int) - seen
    assert 42 < psnr_db(seen + change, seen) < 50
    assert 0.3 < change[20 : HEIGHT // 3 - 40].std() < 1  # the sky
    own = (marked.astype(int) - frame).reshape(-1, 3)
    assert np.abs(own[:, :1] - own).max() <= 1  # luma alone


def test_above_white_where_the_plain_view_shows_nothing_the_mark_stays_small() -> None:
    space = ColorSpace("PQ")
    frame = space.from_light(np.full((240, 320, 3), 5.0, np.float32), np.dtype(np.uint16))
    change = (MARK.marked(frame, space=space).astype(float) - frame) / 257
    assert 0.3 < change.std() < 1


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.float32])
def test_what_is_transparent_stays_as_it_is(kind: type) -> None:
    scale = {np.uint8: 1, np.uint16: 257, np.float32: 1 / 255}[kind]
    frame = (plain_footage()[0].astype(np.float32) * scale).astype(kind)
    alpha = np.zeros((HEIGHT, WIDTH), np.float32)
    alpha[:, 300:] = 1
    marked = MARK.marked(frame, alpha_HW=alpha)
    assert np.allclose(marked[:, :300], frame[:, :300], rtol=1e-6)
    assert not np.allclose(marked[:, 300:], frame[:, 300:], rtol=1e-4)


def test_frames_smaller_than_a_tile_are_marked_too() -> None:
    frame = np.full((24, 32, 3), 90, np.uint8)
    assert (MARK.marked(frame) != frame).any()
    assert MARK.marked(frame[:1, :1]).shape == (1, 1, 3)


def test_pixels_of_light_that_are_no_numbers_stay_and_disturb_nobody() -> None:
    light = np.random.default_rng(0).random((40, 40, 3)).astype(np.float32)
    light[3, 4] = np.nan
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        marked = Watermark(5).marked(light)
    assert np.isnan(marked).sum() == 3
