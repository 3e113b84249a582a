"""Sharpening and softening of the painted face."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.merging.effects.options import EffectOptions
from understudy.merging.effects.sharpen import sharpened

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


@pytest.mark.parametrize("kind", ["none", "box", "gaussian", "unsharp"])
def test_negative_amounts_soften_little_by_little_whatever_the_kind(kind: str) -> None:
    noisy = face() + np.random.default_rng(0).normal(0, 0.05, (64, 64, 3)).astype(np.float32)
    options = SHARP.changed(sharpen=kind)

    def noise(amount: float) -> float:
        shown = sharpened(noisy, options.changed(sharpen_amount=amount), face_px=100)
        return float(np.abs(shown - face()).mean())

    assert noise(-0.01) > 1.2 * noise(-0.4) > 1.2 * noise(-1.0)


def test_softening_all_the_way_gives_the_mean_itself() -> None:
    soft = sharpened(face(), SHARP.changed(sharpen_amount=-1.0), face_px=100)
    mean = cv2.GaussianBlur(face(), (0, 0), 2.0, borderType=cv2.BORDER_REPLICATE)
    np.testing.assert_allclose(soft, mean, atol=1e-6)


def test_values_beyond_white_are_sharpened_as_others() -> None:
    bright = sharpened(4 * face(), SHARP, face_px=100)
    np.testing.assert_allclose(bright, 4 * sharpened(face(), SHARP, face_px=100), rtol=1e-4)
