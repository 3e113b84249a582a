"""Deep and scene-linear clips through the whole merge: nothing is lost that was not painted."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from tests.media.made import encode_planes
from tests.merging.conftest import HEIGHT, TIME_BASE, WIDTH, Painter, drawn_frame, landmarks
from tests.merging.test_merge import run
from understudy.color import linear_from_srgb
from understudy.facesets.store import Faceset
from understudy.media.clip import ColorTags
from understudy.media.exr import encode_exr
from understudy.media.images import encode_png, read_image_deep
from understudy.media.movie import MovieWriter
from understudy.media.opening import open_clip
from understudy.merging.delivery.encode import encode
from understudy.merging.delivery.options import EncodeOptions
from understudy.merging.journal import frame_path
from understudy.merging.options import MergeOptions

MakeFaceset = Callable[[dict[int, list[np.ndarray]]], Faceset]
PLAIN = MergeOptions(color="none", steady_frames=0, steady_face=0, mask="dst-hull")
LAMP = 24.0  # times white


@pytest.fixture
def ramp(tmp_path: Path) -> Path:
    """Three frames of 10 bits that hold every level, lossless."""
    path = tmp_path / "ramp.mkv"
    levels = np.arange(HEIGHT * WIDTH) % 1024
    ramp = np.repeat((levels * 65535 / 1023).round().astype(np.uint16).reshape(HEIGHT, WIDTH, 1), 3, axis=-1)
    with MovieWriter(
        path,
        width=WIDTH,
        height=HEIGHT,
        time_base=TIME_BASE,
        rate=Fraction(25),
        color=ColorTags(matrix=1, range=1, primaries=1, transfer=1),
        bit_depth=10,
        codec="ffv1",
    ) as writer:
        for index in range(3):
            writer.write(ramp, index * 400)
    return path


@pytest.mark.parametrize("mode", ["overlay", "original", "raw-rgb"])
def test_a_ten_bit_ramp_comes_out_equal_where_nothing_is_swapped(
    ramp: Path, mode: str, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    """One frame has a face in its middle, two have none; all else is the ramp, to the last bit."""
    run(ramp, faceset({1: [landmarks()]}), painter, tmp_path / "merged", PLAIN.changed(mode=mode))
    out = tmp_path / "out.mkv"
    list(encode(ramp, merged_folder=tmp_path / "merged", out=out, options=EncodeOptions(codec="ffv1")))
    with open_clip(ramp) as before, open_clip(out) as after:
        assert after.info.bit_depth >= 10
        pairs = list(zip(before.frames(deep=True), after.frames(deep=True), strict=True))
    assert len(np.unique(pairs[0][0].rgb[..., 0])) > 850
    for index, (old, new) in enumerate(pairs):
        same = (old.rgb == new.rgb).all(-1)
        if mode == "original" or index != 1:
            assert same.all()
        else:
            assert not same[45:55, 55:65].any()
            assert same[:10].all() and same[:, :20].all() and same[:, 100:].all()


def twelve_bit_ramp(path: Path, layout: str) -> np.ndarray:
    """Five frames that hold every level of 12 bits, as another program would store them; their levels."""
    low, levels = (0, 4096) if layout.startswith("gbrp") else (256, 3505)  # of limited range
    ramp = (low + np.arange(HEIGHT * WIDTH) % levels).astype(np.uint16).reshape(HEIGHT, WIDTH)
    across = 2 if layout.startswith("yuv422") else 1
    grey = np.full((HEIGHT, WIDTH // across), 2048, np.uint16)
    if layout == "hevc":
        rgb = np.repeat(np.rint(np.arange(HEIGHT * WIDTH) % 4096 * (65535 / 4095)).astype(np.uint16), 3)
        with MovieWriter(
            path, width=WIDTH, height=HEIGHT, time_base=TIME_BASE, rate=Fraction(25),
            color=ColorTags(1, 2, 1, 1), bit_depth=12, codec="hevc_lossless", preset="ultrafast",
        ) as writer:  # fmt: skip
            for index in range(5):
                writer.write(rgb.reshape(HEIGHT, WIDTH, 3), index * 400)
    elif layout.startswith("gbrp"):
        encode_planes(path, [ramp, ramp, ramp], layout)
    else:
        encode_planes(path, [ramp, grey, grey], layout, colorspace=1, color_range=1)
    return ramp


TWELVE_BITS = {"gbrp12le": "dst.mkv", "yuv444p12le": "dst.mkv", "yuv422p12le": "dst.mkv", "hevc": "dst.mov"}


@pytest.mark.parametrize("out", ["out.mkv", "out.mov", "out.mp4", "png16", "tiff"])
@pytest.mark.parametrize("layout", TWELVE_BITS)
def test_a_twelve_bit_ramp_comes_out_equal_where_nothing_is_swapped(
    layout: str, out: str, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    dst = tmp_path / TWELVE_BITS[layout]
    twelve_bit_ramp(dst, layout)
    run(dst, faceset({1: [landmarks()]}), painter, tmp_path / "merged", PLAIN)
    codec = {".mkv": "ffv1", ".mov": "png", ".mp4": "hevc_lossless"}.get(Path(out).suffix, "h264")
    options = EncodeOptions.model_validate({"codec": codec, "images": None if "." in out else out})
    list(encode(dst, merged_folder=tmp_path / "merged", out=tmp_path / out, options=options))
    with open_clip(dst) as before, open_clip(tmp_path / out) as after:
        assert before.info.bit_depth == 12 and after.info.bit_depth >= 12
        pairs = list(zip(before.frames(deep=True), after.frames(deep=True), strict=True))
    assert len(pairs) == 5
    assert len(np.unique(pairs[0][0].rgb[..., 0])) == (3505 if layout.startswith("yuv") else 4096)
    # One step of 12 bits is 16 of 65535. HEVC holds RGB in just that many, between which Y'CbCr's lie.
    most = 8 if codec == "hevc_lossless" and layout.startswith("yuv") else 0
    for index, (old, new) in enumerate(pairs):
        away = np.abs(old.rgb.astype(int) - new.rgb).max(-1)
        if index == 1:
            assert away[45:55, 55:65].min() > 1000
            away[10:, 20:100] = 0
        assert away.max() <= most, index


@pytest.mark.parametrize("kind", ["png16", "half"])
def test_images_of_sixteen_bits_and_of_half_floats_come_out_equal_where_nothing_is_swapped(
    kind: Literal["png16", "half"], faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    """Levels from all over the range, of half floats also those below black and far beyond white."""
    folder, count = tmp_path / "shot", HEIGHT * WIDTH
    folder.mkdir()
    for index in range(3):
        if kind == "png16":
            levels = (np.arange(count) * 5 + index).astype(np.uint16)
            data = encode_png(np.repeat(levels.reshape(HEIGHT, WIDTH, 1), 3, axis=-1))
        else:
            halves = np.concatenate([np.arange(0, 0x7C00, 3), np.arange(0x8000, 0xB000, 7)]).astype(np.uint16)
            light = halves[:count].view(np.float16).astype(np.float32)
            data = encode_exr({"": np.repeat(np.roll(light, index).reshape(HEIGHT, WIDTH, 1), 3, axis=-1)})
        (folder / f"shot.{index}{'.png' if kind == 'png16' else '.exr'}").write_bytes(data)
    run(folder, faceset({1: [landmarks()]}), painter, tmp_path / "merged", PLAIN)
    options = EncodeOptions(images="png16" if kind == "png16" else "exr")
    list(encode(folder, merged_folder=tmp_path / "merged", out=tmp_path / "out", options=options))
    with open_clip(folder) as before, open_clip(tmp_path / "out") as after:
        pairs = list(zip(before.frames(deep=True), after.frames(deep=True), strict=True))
    assert len(pairs) == 3
    for index, (old, new) in enumerate(pairs):
        same = (old.rgb == new.rgb).all(-1)
        if index == 1:
            assert not same[45:55, 55:65].any()
            same[10:, 20:100] = True
        assert same.all(), index


@pytest.fixture
def lamps(tmp_path: Path) -> Path:
    """Two scene-linear frames with a lamp in the face and one outside it."""
    folder = tmp_path / "linear"
    folder.mkdir()
    for index in range(2):
        linear = linear_from_srgb(drawn_frame(index).astype(np.float32) / 255)
        linear[46:50, 58:62] = linear[5:9, 5:9] = LAMP
        (folder / f"shot.{index + 1001}.exr").write_bytes(encode_exr({"": linear}))
    return folder


@pytest.mark.parametrize("light", ["encoded", "linear"])
@pytest.mark.parametrize("mode", ["overlay", "seamless", "hist-match"])
def test_highlights_of_a_scene_linear_clip_are_clipped_neither_outside_nor_inside_the_mask(
    lamps: Path, mode: str, light: str, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    options = PLAIN.changed(mode=mode, light=light)
    run(lamps, faceset({0: [landmarks()]}), painter, tmp_path / "merged", options)
    with open_clip(lamps) as clip:
        before = next(iter(clip.frames(0, 1, deep=True))).rgb
    merged = read_image_deep(frame_path(tmp_path / "merged", 0))
    assert merged.dtype == np.float32 and frame_path(tmp_path / "merged", 0).suffix == ".exr"
    np.testing.assert_array_equal(merged[:15], before[:15])
    assert merged[48, 60].min() > LAMP - 1.1  # what is beyond white came through
    face = merged[54, 60]
    assert (face != before[54, 60]).any() and face.max() < 1.1
    if mode == "overlay":
        np.testing.assert_allclose(face, linear_from_srgb([0.9, 0.2, 0.2]), atol=2e-3)


def test_a_second_merge_of_a_scene_linear_clip_has_nothing_to_do(
    lamps: Path, faceset: MakeFaceset, painter: Painter, tmp_path: Path
) -> None:
    faces = faceset({0: [landmarks()], 1: [landmarks()]})
    run(lamps, faces, painter, tmp_path / "merged")
    assert run(lamps, faces, painter, tmp_path / "merged").skipped
    run(lamps, faceset({1: [landmarks()]}), painter, tmp_path / "merged")
