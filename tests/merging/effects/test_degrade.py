"""The frame made plainer: noise, detail, colours."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.color import linear_from_srgb, srgb_from_linear
from understudy.merging.effects.degrade import fewer_colors, plain_plate
from understudy.merging.effects.options import EffectOptions

DEPTHS = [np.uint8, np.uint16, np.float32]
OFF = EffectOptions()


def frame(dtype: type = np.uint8, *, noise: float = 0.05) -> np.ndarray:
    y, x = np.mgrid[0:72, 0:96]
    share = np.stack([0.2 + 0.6 * x / 96, 0.3 + 0.4 * y / 72, 0.3 + 0.3 * (x > 48)], -1)
    share = share + np.random.default_rng(0).normal(0, noise, share.shape)
    if dtype == np.float32:
        return (share * 3).astype(np.float32)  # an EXR, beyond white
    most = np.iinfo(dtype).max
    return np.rint(share.clip(0, 1) * most).astype(dtype)


def roughness(picture: np.ndarray) -> float:
    scale = 3 if picture.dtype == np.float32 else np.iinfo(picture.dtype).max
    return float(np.abs(np.diff(picture.astype(float) / scale, axis=0)).mean())


@pytest.mark.parametrize("dtype", DEPTHS)
def test_without_an_effect_it_is_the_very_frame(dtype: type) -> None:
    picture = frame(dtype)
    assert plain_plate(picture, OFF) is picture and fewer_colors(picture, OFF) is picture


@pytest.mark.parametrize("dtype", DEPTHS)
def test_denoising_takes_more_noise_with_every_pass_and_keeps_the_edge(dtype: type) -> None:
    rough = [roughness(plain_plate(frame(dtype), OFF.changed(plate_denoise=p))) for p in (0, 0.5, 1, 3)]
    assert rough[0] > 1.2 * rough[1] > 1.2 * rough[2] > rough[3]
    calm = plain_plate(frame(dtype), OFF.changed(plate_denoise=1))
    assert calm.dtype == dtype and calm.shape == frame().shape
    white = 3 if dtype == np.float32 else np.iinfo(dtype).max
    assert (calm[:, 50:52, 2].mean() - calm[:, 45:47, 2].mean()) / white > 0.25


@pytest.mark.parametrize("dtype", DEPTHS)
def test_bicubic_takes_detail_with_its_share_and_keeps_the_mean(dtype: type) -> None:
    picture = frame(dtype)
    rough = [roughness(plain_plate(picture, OFF.changed(plate_bicubic=share))) for share in (0, 0.3, 0.7)]
    assert rough[0] > 1.2 * rough[1] > 1.2 * rough[2]
    less = plain_plate(picture, OFF.changed(plate_bicubic=0.7))
    assert less.dtype == dtype and less.shape == picture.shape
    assert less.mean() == pytest.approx(picture.mean(), rel=0.01)


@pytest.mark.parametrize("dtype", DEPTHS)
def test_a_degraded_frame_has_256_colours_and_half_of_it_is_half_the_way(dtype: type) -> None:
    picture = frame(dtype)
    whole = fewer_colors(picture, OFF.changed(color_degrade=1.0))
    half = fewer_colors(picture, OFF.changed(color_degrade=0.5))
    assert whole.dtype == dtype
    if dtype == np.uint8:
        assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 2000
        assert len(np.unique(whole.reshape(-1, 3), axis=0)) <= 256
    seen, seen_half, seen_whole = (
        srgb_from_linear(one[picture < 1]) if dtype == np.float32 else one.astype(float)
        for one in (picture, half, whole)
    )
    np.testing.assert_allclose(seen_half, (seen + seen_whole) / 2, atol=1e-5 if dtype == np.float32 else 1)
    assert np.abs(whole.astype(float) - picture).mean() > 0.002 * float(picture.max())


def test_a_scene_linear_frame_gets_the_colours_of_its_encoded_view() -> None:
    encoded, linear = frame(), linear_from_srgb(frame().astype(np.float32) / 255)
    whole = EffectOptions(color_degrade=1.0)
    expected = fewer_colors(encoded, whole)
    found = srgb_from_linear(fewer_colors(linear, whole)) * 255
    assert len(np.unique(np.rint(found).reshape(-1, 3), axis=0)) <= 256
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_what_is_beyond_white_stays_when_colours_are_degraded() -> None:
    picture = frame(np.float32)
    whole = fewer_colors(picture, OFF.changed(color_degrade=1.0))
    assert whole.max() > 2 and np.abs(whole - picture).max() < 0.5


def test_a_deep_frame_keeps_its_finer_steps_when_colours_are_degraded() -> None:
    picture = frame(np.uint16)
    half = fewer_colors(picture, OFF.changed(color_degrade=0.5))
    assert len(np.unique(half)) > 5000
