"""Slow light is measured on a small grid as it would be at full size, at the size that is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from tests.merging.coloring.crops import relit, shading, skin
from tests.merging.conftest import drawn_frame, landmarks
from tests.merging.test_composite import PLAIN, face_in
from understudy import color
from understudy.merging.coloring import light
from understudy.merging.coloring.light import Light

BIG = 240
INSIDE = np.hypot(*(np.mgrid[0:BIG, 0:BIG] - BIG / 2)) < 90


def spotted() -> np.ndarray:
    """dst's own face: lit from the right, with a shadow of some size on it."""
    y, x = np.mgrid[0:BIG, 0:BIG] / BIG
    shadow = 1 - 0.5 * np.exp(-((x - 0.4) ** 2 + (y - 0.6) ** 2) / 0.01)
    return relit(skin(2, size=BIG), shading(BIG) * shadow[..., None].astype(np.float32))


@pytest.mark.parametrize("light_px", [20.0, 45.0])
def test_the_small_grid_measures_what_all_pixels_would(
    light_px: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    crops = skin(1, size=BIG), spotted(), INSIDE
    fast = Light().measure(*crops, light_px=light_px)
    monkeypatch.setattr(light, "_WORK_PX", BIG)
    slow = Light().measure(*crops, light_px=light_px)
    assert np.abs(slow).max() > 0.5
    np.testing.assert_allclose(fast, slow, atol=0.06)
    assert np.abs(fast - slow).mean() < 0.006


def test_a_smaller_size_follows_a_shadow_more_closely() -> None:
    crops = skin(1, size=BIG), spotted()

    def shadow(light_px: float) -> float:
        lit = Light().apply(crops[0], Light().measure(*crops, INSIDE, light_px=light_px))
        return float(lit[135:155, 85:105].mean() / lit[135:155, 150:170].mean())

    assert shadow(12) < 0.95 * shadow(60)


def test_light_brighter_than_white_is_followed_too() -> None:
    painted = 3 * skin(2, size=BIG)
    dimmed = relit(painted, np.float32(0.6) * np.ones((1, 1, 1), np.float32))
    lit = Light().apply(painted, Light().measure(painted, dimmed, INSIDE, light_px=40))
    np.testing.assert_allclose(lit[INSIDE], dimmed[INSIDE], rtol=0.02)


def test_the_curve_left_out_where_a_power_stays_a_power_gives_what_the_whole_way_gives() -> None:
    painted = np.linspace(-0.1, 1.3, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3)
    gain = np.random.default_rng(0).uniform(-1, 1, (64, 64, 3)).astype(np.float32)
    slow = color.srgb_from_linear(color.linear_from_srgb(painted) * np.exp(gain))
    np.testing.assert_allclose(Light().apply(painted, gain), slow, atol=2e-6)


def test_the_size_is_a_share_of_the_faces_width() -> None:
    frame, rng = drawn_frame(1), np.random.default_rng(0)
    rgb = rng.uniform(0.2, 0.9, (32, 32, 3)).astype(np.float32)
    small, large = (
        face_in(frame, landmarks(), PLAIN.changed(color="light", light_size=share), rgb=rgb).tone.transfer
        for share in (0.06, 0.8)
    )
    assert small.std((0, 1)).mean() > 1.5 * large.std((0, 1)).mean()
