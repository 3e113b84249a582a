"""Images are read upright, in RGB, at their own depth, and broken ones end in a sentence."""

from __future__ import annotations

import contextlib
import io
import struct
import time
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.media.made import numbered
from understudy.color import srgb_from_linear
from understudy.errors import ImageUnreadable
from understudy.media.exr import encode_exr
from understudy.media.images import (
    decode_image,
    decode_image_deep,
    eight_bit,
    encode_jpeg,
    encode_png,
    image_size,
    read_image,
    read_image_deep,
    scene_linear,
    sixteen_bit,
)


def _saved(picture: np.ndarray, kind: str, **options) -> bytes:
    out = io.BytesIO()
    Image.fromarray(picture).save(out, kind, **options)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
def test_lossless_files_come_back_exactly(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    assert np.array_equal(decode_image(_saved(numbered(5), kind, **options)), numbered(5))


def test_colours_are_rgb_in_every_function() -> None:
    red = np.zeros((16, 16, 3), np.uint8)
    red[..., 0] = 250
    for data in (encode_png(red), encode_jpeg(red), encode_png(sixteen_bit(red))):
        assert np.abs(decode_image(data).astype(int) - red).max() <= 3


def test_jpegs_keep_full_chroma() -> None:
    picture = np.zeros((16, 16, 3), np.uint8)
    picture[:, ::2] = (200, 20, 20)
    picture[:, 1::2] = (20, 20, 200)
    data = encode_jpeg(picture)
    with Image.open(io.BytesIO(data)) as image:
        assert image.layer == [(1, 1, 1, 0), (2, 1, 1, 1), (3, 1, 1, 1)]
    assert np.abs(decode_image(data).astype(int) - picture).mean() < 6


@pytest.mark.parametrize("shape", [(9, 7, 3), (9, 7)])
@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_pngs_are_exact_in_both_depths_colour_and_grey(shape, kind) -> None:
    picture = np.random.default_rng(0).integers(0, np.iinfo(kind).max, shape, endpoint=True).astype(kind)
    again = decode_image_deep(encode_png(picture))
    expected = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
    assert again.dtype == kind
    assert np.array_equal(again, expected)


@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_sixteen_bit_files_are_read_deep_or_rounded(tmp_path: Path, ending: str) -> None:
    picture = np.random.default_rng(0).integers(0, 65536, (5, 6, 3)).astype(np.uint16)
    path = tmp_path / f"a{ending}"
    path.write_bytes(cv2.imencode(ending, picture[..., ::-1])[1].tobytes())
    assert np.array_equal(read_image_deep(path), picture)
    assert np.array_equal(read_image(path), np.round(picture / 257))


def test_eight_bit_files_stay_eight_bit_when_read_deep(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encode_png(numbered(1)))
    assert read_image_deep(tmp_path / "a.png").dtype == np.uint8


@given(st.integers(0, 255))
@settings(max_examples=20)
def test_depths_convert_back_and_forth_exactly(level: int) -> None:
    picture = np.full((2, 2, 3), level, np.uint8)
    assert np.array_equal(eight_bit(sixteen_bit(picture)), picture)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(tmp_path: Path, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    (tmp_path / "a.png").write_bytes(_saved(numbered(3), "PNG", exif=exif))
    steps = {1: [], 2: [0], 3: [1], 4: [0, 1], 5: [5], 6: [4], 7: [6], 8: [2]}
    turns = {0: Image.Transpose.FLIP_LEFT_RIGHT, 1: Image.Transpose.ROTATE_180, 2: Image.Transpose.ROTATE_90}
    turns |= {4: Image.Transpose.ROTATE_270, 5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.TRANSVERSE}
    expected = Image.fromarray(numbered(3))
    for step in steps[orientation]:
        expected = expected.transpose(turns[step])
    assert np.array_equal(read_image(tmp_path / "a.png"), np.asarray(expected))
    assert image_size(tmp_path / "a.png") == expected.size


def test_transparency_does_not_darken() -> None:
    picture = np.full((4, 4, 4), 200, np.uint8)
    picture[..., 3] = 60
    for kind in ("PNG", "TIFF"):
        assert np.all(decode_image(_saved(picture, kind)) == 200)
    assert np.all(
        decode_image_deep(cv2.imencode(".png", picture.astype(np.uint16) * 257)[1].tobytes()) == 200 * 257
    )


@pytest.mark.parametrize("mode", ["L", "P", "LA", "CMYK", "1"])
def test_unusual_modes_become_rgb(mode: str) -> None:
    out = io.BytesIO()
    Image.fromarray(numbered(1)).convert(mode).save(out, "TIFF" if mode == "CMYK" else "PNG")
    assert decode_image(out.getvalue()).shape == numbered(1).shape


def test_any_name_goes(tmp_path: Path) -> None:
    path = tmp_path / "Mein Prøjekt 影" / "ä 像.png"
    path.parent.mkdir()
    path.write_bytes(encode_png(numbered(7)))
    assert np.array_equal(read_image(path), numbered(7))
    assert image_size(path) == (64, 48)


def _whole_files() -> dict[str, bytes]:
    return {
        "png": encode_png(numbered(1)),
        "deep png": encode_png(sixteen_bit(numbered(1))),
        "jpeg": encode_jpeg(numbered(1)),
        "webp": _saved(numbered(1), "WEBP"),
        "bmp": _saved(numbered(1), "BMP"),
        "tiff": _saved(numbered(1), "TIFF", compression="tiff_lzw"),
    }


@pytest.mark.parametrize("kind", _whole_files())
def test_a_cut_image_is_refused(tmp_path: Path, kind: str) -> None:
    data = _whole_files()[kind]
    for share in (0.02, 0.3, 0.7):
        (tmp_path / "cut").write_bytes(data[: int(len(data) * share)])
        with pytest.raises(ImageUnreadable) as told:
            read_image(tmp_path / "cut")
        assert told.value.path == tmp_path / "cut"


@given(st.sampled_from(sorted(_whole_files())), st.integers(0, 10_000), st.binary(min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_damaged_bytes_never_give_another_error(kind: str, place: int, junk: bytes) -> None:
    data = bytearray(_whole_files()[kind])
    place %= len(data)
    data[place : place + len(junk)] = junk
    with contextlib.suppress(ImageUnreadable):
        assert decode_image(bytes(data)).shape[2] == 3


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n", b"GIF89a" + bytes(20)])
def test_other_files_are_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)
    for read in (read_image, read_image_deep, image_size):
        with pytest.raises(ImageUnreadable, match="can't be read"):
            read(tmp_path / "a.png")


def test_a_missing_image_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(ImageUnreadable):
            read_image(path)
        with pytest.raises(ImageUnreadable):
            image_size(path)


def test_a_tiny_file_that_claims_a_huge_picture_is_refused_without_being_opened(tmp_path: Path) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    for depth, side in ((8, 60_000), (16, 30_000), (8, 9_000), (16, 9_000)):
        head = struct.pack(">IIBBBBB", side, side, depth, 2, 0, 0, 0)
        data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(99)))
        (tmp_path / "bomb.png").write_bytes(data + chunk(b"IEND", b""))
        begun = time.thread_time()  # what others do on the machine counts for nothing
        with pytest.raises(ImageUnreadable):
            read_image(tmp_path / "bomb.png")
        assert time.thread_time() - begun < 0.1


def test_floating_point_images_are_refused_in_a_sentence() -> None:
    out = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.float32)).save(out, "TIFF")
    with pytest.raises(ImageUnreadable, match="32 bits"):
        decode_image(out.getvalue())


def test_an_exr_is_read_as_floats_that_may_exceed_white_and_its_size_from_the_head(tmp_path: Path) -> None:
    file = tmp_path / "a.exr"
    light = np.linspace(-0.1, 9, 10 * 14 * 3, dtype=np.float32).reshape(10, 14, 3)
    file.write_bytes(encode_exr({"": light}, half=False))
    assert np.array_equal(read_image_deep(file), light)
    assert image_size(file) == (14, 10)
    assert read_image(file).dtype == np.uint8


def test_the_view_of_a_scene_linear_picture_agrees_with_the_curve_to_one_level() -> None:
    light = np.linspace(-0.5, 1.5, 30_000, dtype=np.float32).reshape(100, 100, 3)
    exact = np.rint(srgb_from_linear(np.clip(light, 0, 1)) * 255)
    assert np.abs(eight_bit(light) - exact).max() <= 1
    assert (eight_bit(light) == exact).mean() > 0.98
    assert np.array_equal(sixteen_bit(light), np.rint(srgb_from_linear(np.clip(light, 0, 1)) * 65535))


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_picture_comes_back_from_linear_light_as_it_was(kind: type) -> None:
    picture = np.random.default_rng(1).integers(0, np.iinfo(kind).max, (20, 20, 3), kind, endpoint=True)
    view = eight_bit if kind == np.uint8 else sixteen_bit
    back = view(scene_linear(picture)).astype(int)
    # An eighth bit is looked up by half floats; sixteen are kept but for float32's own steps.
    assert np.abs(back - picture).max() <= 1
