"""Enlarging faces that are painted smaller than they are shown."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from understudy.actors.identity import DEMO_SRC
from understudy.actors.performance import State
from understudy.actors.render import render
from understudy.errors import OptionInvalid
from understudy.merging.effects.options import EffectOptions
from understudy.merging.effects.super_resolution import ENLARGERS, require_enlarger, super_resolved


def face(side: int) -> np.ndarray:
    large = render(DEMO_SRC, State(yaw_deg=8), size_px=192).rgb.astype(np.float32) / 255
    return cv2.resize(large, (side, side), interpolation=cv2.INTER_AREA) if side < 192 else large


def sharpness(picture: np.ndarray) -> float:
    return float(np.abs(np.diff(picture, axis=0)).mean() + np.abs(np.diff(picture, axis=1)).mean())


@pytest.mark.parametrize("name", sorted(ENLARGERS))
@pytest.mark.parametrize("factor", [2, 4])
def test_every_enlarger_is_nearer_to_the_large_face_than_a_cubic_resize_and_sharper(
    name: str, factor: int
) -> None:
    truth, small = face(192), face(192 // factor)
    cubic = cv2.resize(small, (192, 192), interpolation=cv2.INTER_CUBIC)
    enlarged = ENLARGERS[name].enlarged(small, factor)
    assert enlarged.shape == truth.shape and enlarged.dtype == np.float32
    assert np.square(enlarged - truth).mean() < np.square(cubic - truth).mean()
    assert sharpness(cubic) < sharpness(enlarged) < 1.1 * sharpness(truth)


@pytest.mark.parametrize("name", sorted(ENLARGERS))
def test_no_enlarger_makes_halos_or_moves_the_face(name: str) -> None:
    small = np.full((24, 24, 3), 0.2, np.float32)
    small[:, 12:] = 0.8
    enlarged = ENLARGERS[name].enlarged(small, 4)
    assert enlarged.min() >= 0.2 - 1e-6 and enlarged.max() <= 0.8 + 1e-6
    assert (enlarged[:, :44] < 0.5).all() and (enlarged[:, 52:] > 0.5).all()
    assert enlarged[40, 47, 0] + enlarged[40, 48, 0] == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize(("shown_px", "side"), [(40, 48), (48, 48), (50, 96), (96, 96), (100, 192), (900, 192)])
def test_a_face_becomes_as_large_as_it_is_shown_but_four_times_at_most(shown_px: float, side: int) -> None:
    crop = super_resolved(face(48), name="lanczos", power=1.0, shown_px=shown_px)
    assert crop.shape == (side, side, 3)


def test_none_and_no_power_leave_the_face_as_it_was_painted() -> None:
    small = face(48)
    assert super_resolved(small, name="none", power=1.0, shown_px=200) is small
    assert super_resolved(small, name="lanczos", power=0.0, shown_px=200) is small


def test_a_face_shown_smaller_than_it_was_painted_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    class Costly:
        def enlarged(self, crop_HWC: np.ndarray, factor: int) -> np.ndarray:
            raise AssertionError("it was run")

    name, crop = EffectOptions().super_resolution, face(48)
    monkeypatch.setitem(ENLARGERS, name, Costly())
    assert super_resolved(crop, name=name, power=1.0, shown_px=48) is crop
    assert super_resolved(crop, name=name, power=1.0, shown_px=20) is crop
    with pytest.raises(AssertionError, match="it was run"):
        super_resolved(crop, name=name, power=1.0, shown_px=60)


def test_power_goes_from_a_cubic_enlargement_to_the_enlargers_and_a_zoom_has_no_jump() -> None:
    small = face(48)
    cubic = cv2.resize(small, (96, 96), interpolation=cv2.INTER_CUBIC)
    full = super_resolved(small, name="lanczos", power=1.0, shown_px=90)
    half = super_resolved(small, name="lanczos", power=0.5, shown_px=90)
    np.testing.assert_allclose(full, ENLARGERS["lanczos"].enlarged(small, 2), atol=1e-6)
    np.testing.assert_allclose(half, (full + cubic) / 2, atol=1e-6)
    beginning = super_resolved(small, name="lanczos", power=1.0, shown_px=48.2)
    np.testing.assert_allclose(beginning, cubic, atol=0.01)


def test_another_enlarger_can_be_put_into_the_catalog(monkeypatch: pytest.MonkeyPatch) -> None:
    class White:
        def enlarged(self, crop_HWC: np.ndarray, factor: int) -> np.ndarray:
            return np.ones((len(crop_HWC) * factor,) * 2 + (3,), np.float32)

    monkeypatch.setitem(ENLARGERS, "white", White())
    assert (super_resolved(face(48), name="white", power=1.0, shown_px=96) == 1).all()


def test_an_unknown_enlarger_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(OptionInvalid, match="known here are none, lanczos"):
        require_enlarger("magic")
    for name in ("none", *ENLARGERS):
        require_enlarger(name)
