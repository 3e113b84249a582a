"""HDR's curves give the light that their standards say, and take it back."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.media.color_spaces import ColorSpace
from understudy.media.hdr_curves import HDR_CURVES


def grey(signal: float) -> np.ndarray:
    return np.full((1, 1, 3), signal, np.float32)


@pytest.mark.parametrize(
    ("name", "signal", "light"),
    [
        ("PQ", 0.0, 0.0),
        ("PQ", 0.508078, 100 / 203),  # BT.2408-7, table: 100 cd/m2 is 51 %, 203 58 %, 1000 75 %, 10000 100 %
        ("PQ", 0.580689, 1.0),
        ("PQ", 0.751827, 1000 / 203),
        ("PQ", 1.0, 10_000 / 203),
        ("HLG", 0.0, 0.0),
        ("HLG", 0.5, 1 / 12 / 0.26496256),  # BT.2100-2, table 5: 0.5 is 1/12 of the scene's most
        ("HLG", 0.75, 1.0),
        ("HLG", 1.0, 1 / 0.26496256),
    ],
)
def test_signals_are_the_light_of_the_standards_tables(name: str, signal: float, light: float) -> None:
    np.testing.assert_allclose(HDR_CURVES[name].to_light(grey(signal)), light, rtol=2e-4, atol=1e-6)
    np.testing.assert_allclose(HDR_CURVES[name].from_light(grey(light)), signal, atol=1e-4)


@pytest.mark.parametrize("name", HDR_CURVES)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_colour_comes_back_from_light_as_it_was(name: str, dtype: type) -> None:
    most = np.iinfo(dtype).max
    axis = np.linspace(0.02 * most, 0.75 * most, 21).astype(dtype)  # up to 1000 cd/m2
    own = np.stack(np.meshgrid(axis, axis, axis), -1).reshape(21, -1, 3)
    space = ColorSpace(name)
    back = space.from_light(space.light_of(own), np.dtype(dtype))
    # Where a bright channel hides a dark one, float32's light holds the dark one to a few steps of 65535.
    assert np.abs(back.astype(int) - own).max() <= (0 if dtype is np.uint8 else 16)
    assert np.quantile(np.abs(back.astype(int) - own), 0.9) <= 1


def test_primaries_are_turned_too() -> None:
    red = HDR_CURVES["HLG"].to_light(np.array([[[0.75, 0, 0]]], np.float32))[0, 0]
    assert red[0] > 1.5 and red[1] < 0 and red[2] < 0


def test_light_beyond_a_curve_becomes_its_most() -> None:
    for curve in HDR_CURVES.values():
        np.testing.assert_allclose(curve.from_light(grey(1e6)), 1)
        np.testing.assert_allclose(curve.from_light(grey(-1)), 0, atol=1e-6)
