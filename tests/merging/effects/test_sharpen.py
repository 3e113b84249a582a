"""Sharpening and softening of the painted face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.merging.effects.options import EffectOptions
from understudy.merging.effects.sharpen import sharpened, softened

SHARP = EffectOptions(sharpen="gaussian", sharpen_amount=1.0, sharpen_radius=0.02)


def face(*, side: int = 64) -> np.ndarray:
    """A soft edge, a faint texture on the left, a line on the right."""
    y, x = np.mgrid[0:side, 0:side]
    picture = 0.4 + 0.2 * np.tanh((x - side / 2) / 3) + 0.004 * np.sin(y * 1.3) * (x < side / 3)
    return np.repeat(picture[..., None], 3, axis=2).astype(np.float32)


def contrast(picture: np.ndarray) -> float:
    return float(np.ptp(picture[..., 0]))


@pytest.mark.parametrize("kind", ["box", "gaussian", "unsharp"])
def test_each_kind_raises_contrast_at_edges_and_more_so_with_amount(kind: str) -> None:
    options = SHARP.changed(sharpen=kind, sharpen_threshold=0.002)
    once = sharpened(face(), options, face_px=100)
    twice = sharpened(face(), options.changed(sharpen_amount=2.0), face_px=100)
    assert contrast(face()) < contrast(once) < contrast(twice)
    assert once.mean() == pytest.approx(face().mean(), abs=2e-3)


def test_box_and_gaussian_differ() -> None:
    by_box = sharpened(face(), SHARP.changed(sharpen="box"), face_px=100)
    assert not np.allclose(by_box, sharpened(face(), SHARP, face_px=100), atol=1e-3)


def test_none_and_no_amount_leave_the_face_alone() -> None:
    for options in (EffectOptions(), SHARP.changed(sharpen_amount=0.0)):
        np.testing.assert_array_equal(sharpened(face(), options, face_px=100), face())


def test_gaussian_is_what_its_formula_says() -> None:
    picture = face()
    mean = cv2.GaussianBlur(picture, (0, 0), 2.0, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(sharpened(picture, SHARP, face_px=100), 2 * picture - mean, atol=1e-6)


def test_the_radius_grows_with_the_face() -> None:
    small = sharpened(face(), SHARP, face_px=50)
    large = sharpened(face(), SHARP, face_px=200)
    assert np.abs(large - face()).mean() > 2 * np.abs(small - face()).mean()
    wide = sharpened(face(), SHARP.changed(sharpen_radius=0.08), face_px=50)
    np.testing.assert_allclose(wide, large, atol=1e-6)


def test_unsharp_leaves_faint_texture_alone_up_to_its_threshold() -> None:
    left = np.s_[8:-8, 4:14]
    kept = sharpened(face(), SHARP.changed(sharpen="unsharp", sharpen_threshold=0.02), face_px=100)
    np.testing.assert_allclose(kept[left], face()[left], atol=1e-4)
    raised = sharpened(face(), SHARP.changed(sharpen="unsharp", sharpen_threshold=0.0), face_px=100)
    assert raised[left].std() > 1.2 * face()[left].std()


@pytest.mark.parametrize("kind", ["none", "box"])
def test_negative_amounts_soften_step_by_step_whatever_the_kind(kind: str) -> None:
    noisy = face() + np.random.default_rng(0).normal(0, 0.05, (64, 64, 3)).astype(np.float32)
    noise = [
        np.abs(sharpened(noisy, SHARP.changed(sharpen=kind, sharpen_amount=a), face_px=100) - face()).mean()
        for a in (0.0 if kind == "none" else -0.001, -0.05, -0.1, -0.4)
    ]
    assert noise[0] > noise[1] > noise[2] > noise[3]
    once = sharpened(noisy, SHARP.changed(sharpen_amount=-0.1), face_px=100)
    np.testing.assert_array_equal(once, cv2.medianBlur(noisy, 5))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_softening_keeps_the_kind_of_picture_and_values_beyond_white(dtype: type) -> None:
    most = 4.0 if dtype == np.float32 else np.iinfo(dtype).max
    picture = (face() * 1.6 * most).clip(0, most).astype(dtype)
    soft = softened(picture, passes=1.5)
    assert soft.dtype == dtype and soft.max() > 0.9 * most
    np.testing.assert_array_equal(softened(picture, passes=0), picture)
