"""OpenEXR pictures come in and go out with every layer, and light beyond white stays."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import OpenEXR
import pytest

from understudy.errors import ImageUnreadable
from understudy.media import exr
from understudy.media.exr import (
    encode_exr,
    exr_bits,
    exr_header,
    exr_rate,
    exr_timecode,
    is_exr,
    read_exr,
    read_exr_layers,
)


def _picture(height: int = 12, width: int = 20, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(5)
    return (rng.random((height, width, channels)) * 4 - 0.5).astype(np.float32)


def test_full_floats_come_back_bit_for_bit() -> None:
    picture = _picture()
    data = encode_exr({"": picture}, half=False)
    assert is_exr(data)
    assert exr_bits(data) == 32
    assert np.array_equal(read_exr(data), picture)


def test_half_floats_keep_eleven_bits_and_light_beyond_white() -> None:
    picture = _picture()
    data = encode_exr({"": picture})
    back = read_exr(data)
    assert exr_bits(data) == 16
    assert back.max() > 1.5
    assert back.min() < 0
    assert np.array_equal(back, picture.astype(np.float16).astype(np.float32))


def test_values_beyond_the_largest_half_are_cut_and_not_infinite() -> None:
    back = read_exr(encode_exr({"": np.full((4, 4, 3), 1e6, np.float32)}))
    assert np.array_equal(back, np.full((4, 4, 3), 65504, np.float32))


def test_layers_keep_their_names_and_their_channels(tmp_path: Path) -> None:
    layers = {"": _picture(), "face": _picture(channels=4), "mask": _picture()[..., 0], "plate": _picture()}
    file = tmp_path / "a.exr"
    file.write_bytes(encode_exr(layers, half=False))
    named = OpenEXR.File(str(file), separate_channels=True).channels()
    assert set(named) == {
        *"RGB",
        *(f"face.{c}" for c in "RGBA"),
        "mask.A",
        *(f"plate.{c}" for c in "RGB"),
    }
    back = read_exr_layers(file)
    for name, picture in layers.items():
        assert np.array_equal(back[name].squeeze(), picture), name


def test_the_head_keeps_words_pixel_shape_and_rate(tmp_path: Path) -> None:
    file = tmp_path / "a.exr"
    file.write_bytes(
        encode_exr({"": _picture()}, metadata={"hint": "a b"}, pixel_aspect=2.0, frames_per_second=25)
    )
    head = exr_header(file)
    assert (head["width"], head["height"], head["hint"]) == (20, 12, "a b")
    assert (head["pixelAspectRatio"], head["framesPerSecond"]) == (2.0, 25)


def _made_elsewhere(header: dict, channels: dict) -> bytes:
    out = io.BytesIO()
    basic = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File({**basic, **header}, channels).write(out)
    return out.getvalue()


def test_a_data_window_lies_where_it_belongs_in_the_picture() -> None:
    picture = _picture(4, 6)
    window = (np.array([3, -1], np.int32), np.array([8, 2], np.int32))
    shown = (np.array([0, 0], np.int32), np.array([9, 7], np.int32))
    data = _made_elsewhere({"dataWindow": window, "displayWindow": shown}, {"RGB": picture})
    back = read_exr(data)
    assert back.shape == (8, 10, 3)
    assert np.array_equal(back[:3, 3:9], picture[1:])
    assert not back[3:].any()
    assert not back[:, :3].any()


def test_grey_is_repeated_and_a_named_layer_serves_where_there_is_no_other() -> None:
    picture = _picture()
    grey = read_exr(_made_elsewhere({}, {"Y": picture[..., 0].copy()}))
    assert np.array_equal(grey, np.repeat(picture[..., :1], 3, axis=2))
    assert np.array_equal(read_exr(_made_elsewhere({}, {"beauty": picture})), picture)


def test_what_is_no_number_spoils_nothing() -> None:
    picture = _picture()
    picture[0, 0], picture[1, 1] = np.nan, np.inf
    back = read_exr(encode_exr({"": picture}, half=False))
    assert np.isfinite(back).all()


@pytest.mark.parametrize("cut", [4, 60, 200, -30])
def test_a_damaged_file_is_refused_in_a_sentence(tmp_path: Path, cut: int) -> None:
    file = tmp_path / "a.exr"
    file.write_bytes(encode_exr({"": _picture(64, 64)})[:cut])
    with pytest.raises(ImageUnreadable, match=r"EXR can't be read.*a\.exr"):
        read_exr(file)


def test_a_picture_too_large_is_refused_before_its_pixels_are_read() -> None:
    data = bytearray(encode_exr({"": _picture()}))
    place = data.index(b"displayWindow\0box2i\0") + len(b"displayWindow\0box2i\0") + 4
    data[place : place + 16] = np.array([0, 0, 20000, 20000], "<i4").tobytes()
    with pytest.raises(ImageUnreadable, match="too large"):
        read_exr(bytes(data))


def test_channels_that_are_not_looked_at_take_no_memory_and_too_many_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layers = {"": _picture(), **{f"light{number}": _picture() for number in range(30)}}
    data = encode_exr(layers, half=False)
    monkeypatch.setattr(exr, "_MOST_VALUES", 12 * 20 * 3)
    assert np.array_equal(read_exr(data), layers[""])
    with pytest.raises(ImageUnreadable, match="12 with 93 channels is too large"):
        read_exr_layers(data)


@pytest.mark.parametrize(("half", "bits"), [(True, 16), (False, 32)])
def test_bits_are_known_from_the_head_alone(half: bool, bits: int) -> None:
    picture = np.random.default_rng(0).random((64, 64, 3)).astype(np.float32)
    data = encode_exr({"": picture}, half=half)
    assert exr_bits(data) == bits
    assert exr_bits(data[: len(data) // 2]) == bits


@pytest.mark.parametrize(
    ("clock", "rate"),
    [("01:02:03:04", Fraction(24)), ("10:00:00;29", Fraction(30000, 1001)), ("01:00:00:49", Fraction(50))],
)
def test_the_clock_and_the_pace_stand_in_the_head(clock: str, rate: Fraction) -> None:
    data = encode_exr({"": np.zeros((4, 4, 3))}, timecode=clock, frames_per_second=rate)
    head = exr_header(data)
    assert (exr_timecode(head), exr_rate(head)) == (clock, rate)
    code = head["timeCode"]
    assert (code.hours, code.dropFrame) == (int(clock[:2]), ";" in clock)


def test_no_clock_and_no_pace_are_none() -> None:
    head = exr_header(encode_exr({"": np.zeros((4, 4, 3))}, timecode="soon"))
    assert (exr_timecode(head), exr_rate(head), "timeCode" in head) == ("", None, False)
