"""Matroska files say how wide their pixels are, and nothing else in them changes."""

from __future__ import annotations

import zlib
from fractions import Fraction
from pathlib import Path

import av
import pytest

from tests.media.made import HEIGHT, WIDTH, make_movie, number_of, sine
from understudy.media.matroska import say_pixel_aspect
from understudy.media.video import VideoClip

ASPECTS = [Fraction(4, 3), Fraction(3, 4), Fraction(10, 11), Fraction(64, 45), Fraction(2)]


def packets_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux() if packet.size]


def require_sound_head(path: Path) -> None:
    """Every element of the head lies where the index says, and holds what its checksum says."""
    head = path.read_bytes()[:4096]
    segment = head.index(b"\x18\x53\x80\x67") + 12
    index = head.index(b"\x11\x4d\x9b\x74")
    places = [index]
    for name in (b"\x15\x49\xa9\x66", b"\x16\x54\xae\x6b", b"\x12\x54\xc3\x67"):  # Info, Tracks, Tags
        said = head.index(b"\x53\xab\x84" + name, index) + 9
        place = segment + int.from_bytes(head[said + 1 : said + 1 + (head[said] & 15)])
        assert head[place : place + 4] == name
        places.append(place)
    for place in places:
        digits = 9 - head[place + 4].bit_length()
        size = int.from_bytes(head[place + 4 : place + 4 + digits]) & ((1 << 7 * digits) - 1)
        body = head[place + 4 + digits :][:size]
        assert body[:2] == b"\xbf\x84"
        assert int.from_bytes(body[2:6], "little") == zlib.crc32(body[6:])


@pytest.mark.parametrize("aspect", ASPECTS)
@pytest.mark.parametrize("codec", ["ffv1", "av1", "h264"])
def test_a_movie_in_matroska_keeps_its_pixel_aspect_whatever_its_codec(
    codec: str, aspect: Fraction, tmp_path: Path
) -> None:
    assert make_movie(tmp_path / "v.mkv", 3, codec=codec, pixel_aspect=aspect) == []
    info = VideoClip(tmp_path / "v.mkv").info
    assert (info.pixel_aspect, info.width, info.height) == (aspect, WIDTH, HEIGHT)


def test_no_picture_and_no_sound_moves_and_every_checksum_fits(tmp_path: Path) -> None:
    path = tmp_path / "v.mkv"
    make_movie(path, 60, codec="ffv1", sound=sine(2.4), timecode="01:00:00:00")
    require_sound_head(path)
    before, size = packets_of(path), path.stat().st_size
    for aspect in (*ASPECTS, Fraction(1)):  # said again, it is said anew
        assert say_pixel_aspect(path, aspect)
        require_sound_head(path)
        assert path.stat().st_size == size and packets_of(path) == before
        assert VideoClip(path).info.pixel_aspect == aspect
    clip = VideoClip(path)
    assert [number_of(frame.rgb) for frame in clip.frames(50, 53)] == [50, 51, 52]  # found by the index
    assert (clip.info.frame_count, clip.info.timecode, clip.info.damage) == (60, "01:00:00:00", "")


@pytest.mark.parametrize("kind", ["another film", "nothing", "cut off", "no room"])
def test_what_is_laid_out_in_another_way_stays_as_it_is(kind: str, tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mkv", 3, codec="ffv1")
    make_movie(tmp_path / "v.mp4", 3)
    whole = (tmp_path / "v.mkv").read_bytes()
    room = whole.index(b"\xec\x01")  # where the space behind the index begins
    path = tmp_path / "w.mkv"
    path.write_bytes(
        {
            "another film": (tmp_path / "v.mp4").read_bytes(),
            "nothing": b"",
            "cut off": whole[: whole.index(b"V_FFV1")],
            "no room": whole[:room] + b"\xec\x83000" + whole[room + 9 + whole[room + 8] :],
        }[kind]
    )
    before = path.read_bytes()
    assert not say_pixel_aspect(path, Fraction(4, 3))
    assert path.read_bytes() == before
