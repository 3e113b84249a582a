"""Frames of every layout become the same RGB, and RGB becomes the frame it came from."""

from __future__ import annotations

import av
import numpy as np
import pytest

from tests.media.made import numbered
from understudy.media import planes
from understudy.media.clip import ColorTags
from understudy.media.images import sixteen_bit
from understudy.media.planes import (
    _plane,
    bit_depth_of,
    frame_from_rgb,
    rgb_from_frame,
    rotation_deg,
    tags_of,
    turned_upright,
)

TAGS = ColorTags(1, 1, 1, 1)
LAYOUTS = ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv444p12le"]


def _random_frame(pixel_format: str, *, width: int = 32, height: int = 16, full: bool = False) -> av.VideoFrame:
    """Random colours that stay inside RGB, so that nothing is clipped."""
    frame, rng = av.VideoFrame(width, height, pixel_format), np.random.default_rng(4)
    step = 2 ** (bit_depth_of(frame.format) - 8)
    for index, plane in enumerate(frame.planes):
        low, high = ((90, 160), (112, 144), (112, 144))[index]
        kind = np.uint8 if step == 1 else np.uint16
        rows = np.zeros((plane.height, plane.line_size // kind().itemsize), kind)
        rows[:, : plane.width] = rng.integers(low * step, high * step, (plane.height, plane.width))
        plane.update(rows.tobytes())
    frame.colorspace, frame.color_range = 1, 2 if full else 1
    return frame


@pytest.mark.parametrize("pixel_format", LAYOUTS)
@pytest.mark.parametrize("full", [False, True])
def test_a_frame_made_from_its_own_rgb_is_the_same_frame(pixel_format: str, full: bool) -> None:
    frame = _random_frame(pixel_format, full=full)
    rgb = rgb_from_frame(frame, deep=True)
    again = frame_from_rgb(rgb, pixel_format=pixel_format, tags=ColorTags(1, 2 if full else 1, 1, 1))
    for index in range(3):
        apart = np.abs(_plane(again, index).astype(int) - _plane(frame, index))
        # Full-range 8-bit luma has as many levels as RGB, so rounding may move it by one.
        assert apart.max() <= (1 if rgb.dtype == np.uint8 and full else 0)
    assert tags_of(again) == ColorTags(1, 2 if full else 1, 1, 1)


@pytest.mark.parametrize("pixel_format", [*LAYOUTS, "yuv410p", "gray", "gbrp"])
def test_a_frame_in_bands_of_rows_is_the_frame_at_once(
    pixel_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = _random_frame(pixel_format, width=33, height=23)
    at_once = rgb_from_frame(frame, deep=True)
    monkeypatch.setattr(planes, "_BAND_PIXELS", 150)
    np.testing.assert_array_equal(rgb_from_frame(frame, deep=True), at_once)


@pytest.mark.parametrize("pixel_format", LAYOUTS)
def test_fast_and_exact_arithmetic_agree(pixel_format: str) -> None:
    frame = _random_frame(pixel_format)
    bits = bit_depth_of(frame.format)
    y, u, v = (_plane(frame, i).astype(float) / 2 ** (bits - 8) for i in range(3))
    across, down = y.shape[1] // u.shape[1], y.shape[0] // u.shape[0]
    u, v = (np.repeat(np.repeat(c, down, 0), across, 1) for c in (u, v))
    y, u, v = (y - 16) / 219, (u - 128) / 224, (v - 128) / 224
    exact = np.stack([y + 1.5748 * v, y - 0.187324 * u - 0.468124 * v, y + 1.8556 * u], -1)
    assert np.abs(rgb_from_frame(frame) - exact * 255).max() < 0.51
    if bits > 8:
        assert np.abs(rgb_from_frame(frame, deep=True) - exact * 65535).max() < 0.6


@pytest.mark.parametrize(
    ("pixel_format", "twin"),
    [("nv12", "yuv420p"), ("yuyv422", "yuv422p"), ("p010le", "yuv420p10le"), ("yuv420p10be", "yuv420p10le")],
)
def test_packed_layouts_read_like_planar_ones(pixel_format: str, twin: str) -> None:
    planar = _random_frame(twin)
    packed = planar.reformat(format=pixel_format)
    for deep in (False, True):
        assert np.array_equal(rgb_from_frame(packed, deep=deep), rgb_from_frame(planar, deep=deep))


@pytest.mark.parametrize(("pixel_format", "twin"), [("nv12", "yuv420p"), ("p010le", "yuv420p10le")])
def test_layouts_of_chips_that_encode_are_written_like_planar_ones(pixel_format: str, twin: str) -> None:
    picture = np.random.default_rng(0).integers(0, 65536, (16, 16, 3)).astype(np.uint16)
    packed, planar = (frame_from_rgb(picture, pixel_format=name, tags=TAGS) for name in (pixel_format, twin))
    assert np.array_equal(rgb_from_frame(packed, deep=True), rgb_from_frame(planar, deep=True))


@pytest.mark.parametrize("pixel_format", ["rgb24", "bgr24", "bgra", "gbrp", "bgr0", "pal8", "rgba"])
def test_rgb_layouts_read_exactly(pixel_format: str) -> None:
    picture = np.full((8, 8, 3), (255, 0, 255), np.uint8)
    frame = av.VideoFrame.from_ndarray(picture, "rgb24")
    if pixel_format == "pal8":
        palette = np.zeros((256, 4), np.uint8)
        palette[7] = (255, 255, 0, 255)  # alpha first
        frame = av.VideoFrame.from_ndarray((np.full((8, 8), 7, np.uint8), palette), "pal8")
    else:
        frame = frame.reformat(format=pixel_format)
    assert np.array_equal(rgb_from_frame(frame), picture)


def test_deep_rgb_layouts_read_exactly() -> None:
    picture = np.random.default_rng(0).integers(0, 65536, (6, 8, 3)).astype(np.uint16)
    assert np.array_equal(rgb_from_frame(av.VideoFrame.from_ndarray(picture, "rgb48le"), deep=True), picture)
    again = frame_from_rgb(picture, pixel_format="gbrp16le", tags=TAGS)
    assert np.array_equal(rgb_from_frame(again, deep=True), picture)


def test_eight_bits_written_deep_keep_white_and_every_level() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, 2).repeat(2, 0)
    for pixel_format in ("gbrp16le", "gbrp10le"):
        deep = rgb_from_frame(frame_from_rgb(ramp, pixel_format=pixel_format, tags=TAGS), deep=True)
        assert deep[0, 255, 0] == 65535
        assert np.array_equal(np.round(deep / 257), ramp)


def test_sixteen_bits_written_in_eight_are_the_same_as_eight() -> None:
    for pixel_format in ("yuv420p", "bgr0"):
        one = frame_from_rgb(numbered(9), pixel_format=pixel_format, tags=TAGS)
        two = frame_from_rgb(sixteen_bit(numbered(9)), pixel_format=pixel_format, tags=TAGS)
        assert np.abs(rgb_from_frame(one).astype(int) - rgb_from_frame(two)).max() <= 1


def test_grey_frames_are_grey() -> None:
    frame = av.VideoFrame.from_ndarray(np.arange(64, dtype=np.uint8).reshape(8, 8) * 4, "gray")
    assert np.array_equal(rgb_from_frame(frame)[..., 1], np.arange(64).reshape(8, 8) * 4)


def test_odd_sizes_keep_chroma_in_its_pair() -> None:
    frame = _random_frame("yuv420p", width=33, height=17)
    rgb = rgb_from_frame(frame)
    assert rgb.shape == (17, 33, 3)
    again = frame_from_rgb(rgb, pixel_format="yuv420p", tags=TAGS)
    assert max(np.abs(_plane(again, i).astype(int) - _plane(frame, i)).max() for i in (1, 2)) == 0


def test_turning_is_described_by_its_angle() -> None:
    picture = numbered(77)
    for deg, steps in ((0, (False, False, False)), (90, (True, True, False))):
        assert rotation_deg(steps) == deg
        assert np.array_equal(turned_upright(picture, steps), np.rot90(picture, -deg // 90))
    for deg, steps in ((180, (False, True, True)), (270, (True, False, True))):
        assert rotation_deg(steps) == deg
        assert np.array_equal(turned_upright(picture, steps), np.rot90(picture, -deg // 90))
