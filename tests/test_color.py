import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from understudy.color import lab_from_rgb, linear_from_srgb, luma, rgb_from_lab, srgb_from_linear

colours = arrays(np.float32, (5, 3), elements=st.floats(0, 1, width=32))


@settings(max_examples=60, deadline=None)
@given(colours)
def test_colours_come_back_from_linear_light_and_from_lab(rgb):
    np.testing.assert_allclose(srgb_from_linear(linear_from_srgb(rgb)), rgb, atol=1e-5)
    np.testing.assert_allclose(rgb_from_lab(lab_from_rgb(rgb)), rgb, atol=2e-4)


# sRGB and its CIE Lab under D65, from Bruce Lindbloom's calculator, rounded.
@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_of_known_colours(rgb, lab):
    np.testing.assert_allclose(lab_from_rgb(rgb), lab, atol=0.1)


def test_grey_has_no_colour_in_lab():
    grey = np.repeat(np.linspace(0, 1, 11)[:, None], 3, 1)
    assert np.abs(lab_from_rgb(grey)[:, 1:]).max() < 0.01


def test_half_the_light_is_not_half_the_number():
    assert srgb_from_linear(0.5) == pytest.approx(0.7354, abs=1e-3)
    assert linear_from_srgb(0.04045) == pytest.approx(0.04045 / 12.92, abs=1e-6)


def test_colours_outside_srgb_are_not_clipped_on_the_way_back():
    assert rgb_from_lab([60, 110, 0]).max() > 1 or rgb_from_lab([60, 110, 0]).min() < 0


def test_luma_weighs_green_most_and_white_as_one():
    assert luma(np.ones((2, 2, 3))) == pytest.approx(np.ones((2, 2)))
    red, green, blue = luma(np.eye(3))
    assert green > red > blue
