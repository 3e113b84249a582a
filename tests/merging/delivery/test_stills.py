"""Image files of a finished shot, by format."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from tests.merging.conftest import drawn_frame
from understudy.errors import OptionInvalid
from understudy.media.clip import ColorTags
from understudy.media.color_spaces import ColorSpace
from understudy.media.exr import exr_header, read_exr_layers
from understudy.media.images import decode_image_deep, encode_png, sixteen_bit
from understudy.media.opening import open_clip
from understudy.merging.delivery.options import EncodeOptions, ImageFormat
from understudy.merging.delivery.shown import Shown, Window
from understudy.merging.delivery.stills import SUFFIXES, format_for, require_known_curve, still_of, transform_of


@pytest.fixture
def info(tmp_path: Path):
    (tmp_path / "a.png").write_bytes(encode_png(drawn_frame(0)))
    return open_clip(tmp_path / "a.png").info


def test_every_format_has_an_ending() -> None:
    assert set(SUFFIXES) == set(get_args(ImageFormat))


@pytest.mark.parametrize("kind", ["png", "png16", "tiff"])
def test_integers_come_back_exactly_in_the_depth_that_was_asked_for(kind: ImageFormat, info) -> None:
    rgb = drawn_frame(3)
    back = decode_image_deep(still_of(Shown(0, 0, rgb, rgb, False), kind, info, EncodeOptions()))
    assert np.array_equal(back, rgb if kind == "png" else sixteen_bit(rgb))


def test_nothing_said_is_what_suits_dst(info) -> None:
    assert format_for(EncodeOptions(), info) == "png"
    assert format_for(EncodeOptions(images="tiff"), info) == "tiff"


def test_a_window_is_told_as_corner_size_and_matrix() -> None:
    rgb = drawn_frame(0)
    told = transform_of(Shown(0, 0, rgb, rgb, True, window=Window(3, 5, 16, 32)))
    assert told == {
        "window": {"x": 3, "y": 5, "width": 16, "height": 32},
        "frame_from_window": [[1, 0, 3], [0, 1, 5]],
    }
    assert transform_of(Shown(0, 0, rgb, rgb, True)) == {}


def test_exr_says_dsts_primaries_and_the_curve_it_was_made_linear_with(info) -> None:
    rgb = drawn_frame(0)
    for primaries, red_x in ((1, 0.64), (9, 0.708)):
        wide = replace(info, kind="video", color=ColorTags(primaries, 1, primaries, 1))
        header = exr_header(still_of(Shown(0, 0, rgb, rgb, False), "exr", wide, EncodeOptions()))
        assert header["chromaticities"][0] == pytest.approx(red_x)
        assert json.loads(header["understudy"])["made_linear_with"] == "sRGB"


@pytest.mark.parametrize("transfer", [9, 10, 16, 18])
def test_footage_of_another_curve_is_refused_for_exr(info, transfer: int) -> None:
    hdr, clip = replace(info, color=ColorTags(9, 1, 9, transfer)), shlex.quote(str(info.path))
    with pytest.raises(OptionInvalid, match="png16") as refused:
        require_known_curve(hdr, None, project="/my shot")
    command = f"`understudy add '/my shot' --dst {clip} --color-space NAME`"
    assert command in refused.value.message
    require_known_curve(replace(info, color=ColorTags(9, 1, 9, transfer)), ColorSpace("PQ"), project="")
    require_known_curve(replace(info, color=ColorTags(9, 1, 9, 1)), None, project="")


def test_the_light_of_a_known_colour_space_is_in_every_layer(info) -> None:
    space = ColorSpace("PQ")
    plate, mask = drawn_frame(0, deep=True), np.full(drawn_frame(0).shape[:2], 0.5, np.float32)
    shown = Shown(0, 0, drawn_frame(1, deep=True), plate, True, mask_HW=mask)
    data = still_of(shown, "exr", replace(info, bit_depth=32), EncodeOptions(), space=space)
    layers, header = read_exr_layers(data), exr_header(data)
    np.testing.assert_allclose(layers[""][..., :3], space.light_of(shown.rgb), atol=1e-4)
    np.testing.assert_allclose(layers["plate"][..., :3], space.light_of(plate), atol=1e-4)
    over = layers["face"][..., :3] + layers["plate"][..., :3] * 0.5
    np.testing.assert_allclose(over, layers[""][..., :3], atol=1e-4)
    assert json.loads(header["understudy"])["made_linear_with"] == "PQ"
    assert header["chromaticities"][0] == pytest.approx(0.64)
