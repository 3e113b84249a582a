"""Encoded numbers and linear light, integers and floats."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.color import linear_from_srgb
from understudy.merging.light import (
    LightName,
    beyond_sight,
    from_encoded,
    in_light,
    shown,
    sight,
    stored,
    to_encoded,
    with_rest,
)


@pytest.mark.parametrize("light", ["encoded", "linear"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_integer_comes_back_from_either_light(light: LightName, dtype: type) -> None:
    every = np.arange(np.iinfo(dtype).max + 1).astype(dtype).reshape(-1, 1)
    np.testing.assert_array_equal(stored(in_light(every, light), light, every.dtype), every)


@pytest.mark.parametrize("light", ["encoded", "linear"])
def test_floats_come_back_from_either_light_also_above_one_and_below_zero(light: LightName) -> None:
    values = np.concatenate([np.linspace(-0.5, 2, 300), [16.0, 900.0]]).astype(np.float32)
    back = stored(in_light(values, light), light, values.dtype)
    np.testing.assert_allclose(back, values, rtol=1e-5, atol=1e-6)


def test_encoded_numbers_become_light_by_the_srgb_curve() -> None:
    picture = np.linspace(0, 1, 9, dtype=np.float32)
    np.testing.assert_allclose(from_encoded(picture, "linear"), linear_from_srgb(picture))
    np.testing.assert_array_equal(from_encoded(picture, "encoded"), picture)
    np.testing.assert_allclose(to_encoded(from_encoded(picture, "linear"), "linear"), picture, atol=1e-6)


@pytest.mark.parametrize("light", ["encoded", "linear"])
def test_what_a_model_sees_and_what_it_cannot_see_make_up_the_frame(light: LightName) -> None:
    frame = np.array([[[0.2, 1.0, 7.5], [-0.1, 0.0, 0.5]]], np.float32)
    seen = sight(frame)
    assert seen.dtype == np.uint16
    whole = with_rest(in_light(seen, light), beyond_sight(frame), light)
    np.testing.assert_allclose(stored(whole, light, frame.dtype), frame, atol=2e-5)


def test_integers_and_frames_within_white_have_nothing_beyond_sight() -> None:
    assert beyond_sight(np.full((2, 2, 3), 65535, np.uint16)) is None
    assert beyond_sight(np.ones((2, 2, 3), np.float32)) is None
    bytes_ = np.zeros((2, 2, 3), np.uint8)
    assert sight(bytes_) is bytes_


def test_only_frames_of_floats_can_show_more_than_white() -> None:
    picture = np.array([-1.0, 0.5, 3.0], np.float32)
    np.testing.assert_array_equal(shown(picture, like=np.zeros(1, np.uint8)), [0, 0.5, 1])
    np.testing.assert_array_equal(shown(picture, like=np.zeros(1, np.float32)), [0, 0.5, 3])
