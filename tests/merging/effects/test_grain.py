"""Grain matched to the plate: as strong at each brightness, as coarse, as coloured."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from understudy.actors.identity import DEMO_DST
from understudy.actors.performance import State
from understudy.actors.render import render
from understudy.merging.effects.grain import grained, measured

SIDE = 224


def ramp(low: float = 0.2, high: float = 0.8) -> np.ndarray:
    share = np.broadcast_to(np.linspace(low, high, SIDE)[None, :, None], (SIDE, SIDE, 3))
    return share.astype(np.float32)


def noise(*, size: float = 0.0, mono: bool = False, seed: int = 0) -> np.ndarray:
    """Deviation 1, blurred by `size` pixels."""
    field = np.random.default_rng(seed).standard_normal((SIDE, SIDE, 1 if mono else 3))
    if size:
        field = cv2.GaussianBlur(field, (0, 0), size).reshape(field.shape)
    return np.broadcast_to(field / field.std(), (SIDE, SIDE, 3)).astype(np.float32)


def oval() -> np.ndarray:
    y, x = np.mgrid[0:SIDE, 0:SIDE] - SIDE / 2
    return np.clip((90 - np.hypot(x, y * 0.9)) / 16, 0, 1).astype(np.float32)


def merged(plate: np.ndarray, painted: np.ndarray, mask: np.ndarray) -> np.ndarray:
    return (plate * (1 - mask[..., None]) + painted * mask[..., None]).astype(np.float32)


def spectrum(picture: np.ndarray) -> np.ndarray:
    """Power at four frequencies, coarse to fine, of the middle of a picture without its ramp."""
    middle = (picture - ramp())[64:160, 64:160, 1].astype(float)
    middle = middle * np.hanning(96) * np.hanning(96)[:, None]
    power = np.abs(np.fft.fft2(middle)) ** 2
    away = np.hypot(*np.meshgrid(np.fft.fftfreq(96), np.fft.fftfreq(96)))
    edges = [0.04, 0.12, 0.2, 0.3, 0.45]
    return np.array([power[(away >= a) & (away < b)].mean() for a, b in pairwise(edges)])


@pytest.mark.parametrize("size", [0.0, 0.7, 1.1])
def test_a_painted_face_gets_the_plates_grain_in_strength_and_spectrum(size: float) -> None:
    mask = oval()
    plate = ramp() + 0.02 * noise(size=size)
    bare = merged(plate, ramp(), mask)
    shown = grained(bare, mask, plate, amount=1.0, seed=(3,))
    ratio = spectrum(shown) / spectrum(plate)
    assert (ratio > 0.7).all() and (ratio < 1.4).all()
    assert (spectrum(bare) / spectrum(plate)).max() < 0.01


def test_the_soft_edge_has_no_more_and_no_less_grain_than_both_sides() -> None:
    mask = oval()
    plate = ramp() + 0.02 * noise()
    shown = grained(merged(plate, ramp(), mask), mask, plate, amount=1.0, seed=(3,)) - ramp()
    edge = (mask > 0.2) & (mask < 0.8)
    assert shown[edge].std() == pytest.approx(0.02, rel=0.08)
    bare = merged(plate, ramp(), mask) - ramp()
    assert bare[edge].std() < 0.7 * 0.02


def test_grain_follows_the_brightness_of_the_painted_face() -> None:
    plate = ramp() + noise() * (0.005 + 0.05 * (ramp() - 0.2))
    mask = np.ones((SIDE, SIDE), np.float32)
    shown = grained(ramp(), mask, plate, amount=1.0, seed=(1,)) - ramp()
    dark, bright = shown[:, 20:60].std(), shown[:, -60:-20].std()
    truth = noise() * (0.005 + 0.05 * (ramp() - 0.2))
    assert dark == pytest.approx(truth[:, 20:60].std(), rel=0.2)
    assert bright == pytest.approx(truth[:, -60:-20].std(), rel=0.2)


@pytest.mark.parametrize("mono", [True, False])
def test_grey_grain_stays_grey_and_coloured_grain_coloured(mono: bool) -> None:
    plate = ramp() + 0.02 * noise(mono=mono)
    shown = grained(ramp(), np.ones((SIDE, SIDE), np.float32), plate, amount=1.0, seed=(1,)) - ramp()
    together = np.corrcoef(shown.reshape(-1, 3).T)[0, 1]
    assert together > 0.95 if mono else abs(together) < 0.1


def test_stripes_and_edges_of_the_plate_are_not_taken_for_grain() -> None:
    clean = ramp()
    x = np.arange(SIDE)
    clean[: SIDE // 2] += (0.15 * np.sign(np.sin(x / 5)))[None, :, None].astype(np.float32)
    grain = measured((clean + 0.01 * noise()).astype(np.float32))
    assert grain is not None
    np.testing.assert_allclose(grain.deviation_LC, 0.01, rtol=0.25)


def test_a_face_that_has_the_grain_already_gets_hardly_more() -> None:
    mask = oval()
    plate = ramp() + 0.02 * noise()
    has = merged(plate, ramp() + 0.02 * noise(seed=5), mask)
    added = grained(has, mask, plate, amount=1.0, seed=(3,)) - has
    assert added[mask == 1].std() < 0.008


def test_every_frame_has_its_own_grain_and_the_same_frame_the_same() -> None:
    mask, plate = oval(), ramp() + 0.02 * noise()
    one, again, other = (grained(ramp(), mask, plate, amount=1.0, seed=(k, 5)) for k in (7, 7, 8))
    np.testing.assert_array_equal(one, again)
    assert abs(np.corrcoef((one - ramp())[mask == 1].ravel(), (other - ramp())[mask == 1].ravel())[0, 1]) < 0.05


def test_half_the_amount_is_half_the_grain_and_none_is_none() -> None:
    mask, plate = oval(), ramp() + 0.02 * noise()
    whole, half = (grained(ramp(), mask, plate, amount=a, seed=(1,)) - ramp() for a in (1.0, 0.5))
    np.testing.assert_allclose(half, whole / 2, atol=1e-6)
    np.testing.assert_array_equal(grained(ramp(), mask, plate, amount=0.0, seed=(1,)), ramp())
    assert (whole[mask == 0] == 0).all()


def test_grain_beyond_white_is_as_strong_as_the_plates() -> None:
    plate = 4 * (ramp() + 0.02 * noise())
    shown = grained(4 * ramp(), np.ones((SIDE, SIDE), np.float32), plate, amount=1.0, seed=(1,)) - 4 * ramp()
    assert shown.std() == pytest.approx(0.08, rel=0.1)


@pytest.mark.parametrize("shape", [(8, 8), (30, 30)])
def test_a_plate_too_small_to_measure_gives_no_grain(shape: tuple[int, int]) -> None:
    plate = ramp()[: shape[0], : shape[1]]
    assert measured(plate) is None
    shown = grained(plate, np.ones(shape, np.float32), plate, amount=1.0, seed=(1,))
    np.testing.assert_array_equal(shown, plate)


def test_a_plate_without_any_noise_gives_none() -> None:
    still = np.full((SIDE, SIDE, 3), 0.5, np.float32)
    shown = grained(ramp(), np.ones((SIDE, SIDE), np.float32), still, amount=1.0, seed=(1,))
    assert np.abs(shown - ramp()).max() < 1e-3


def test_a_small_face_full_of_features_is_not_taken_for_grain() -> None:
    small = cv2.resize(
        render(DEMO_DST, State(yaw_deg=10), size_px=160).rgb, (80, 80), interpolation=cv2.INTER_AREA
    )
    plate = small.astype(np.float32) / 255 + 0.02 * noise()[:80, :80]
    grain = measured(plate.astype(np.float32))
    assert grain is not None
    assert grain.deviation_LC.min() > 0.013 and grain.deviation_LC.max() < 0.045


def test_black_bars_do_not_hide_the_grain_between_them() -> None:
    plate = ramp() + 0.02 * noise()
    plate[:40] = plate[-40:] = 0
    grain = measured(plate)
    assert grain is not None
    np.testing.assert_allclose(grain.deviation_LC, 0.02, rtol=0.15)


def test_a_plate_of_one_colour_alone_gives_that_colours_grain_and_no_hole() -> None:
    """As of a night-vision camera: red and blue are 0 everywhere."""
    green, mask = np.array([0, 1, 0], np.float32), oval()
    plate = (ramp() + 0.02 * noise()) * green
    shown = grained(merged(plate, ramp(), mask), mask, plate, amount=1.0, seed=(3,))
    added = (shown - ramp())[80:144, 80:144].std((0, 1))
    assert added == pytest.approx([0, 0.02, 0], abs=0.003)
