"""A piece is copied packet by packet where that is exact; what it would be otherwise is known before."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.made import HEIGHT, WIDTH, make_movie, number_of, numbered, sine
from understudy.errors import ClipMissing, OptionInvalid
from understudy.media.clip import ColorTags
from understudy.media.cutting import Piece, can_copy_to, copied_piece, copy_piece
from understudy.media.movie import MovieWriter
from understudy.media.sound import SoundPart
from understudy.media.video import VideoClip


def long_groups(path: Path, *, options: str = "scenecut=0", pts: Sequence[int] = (), count: int = 60) -> Path:
    """A key frame every 24 of 60 frames, three frames between others that need both."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=25, options={"g": "24", "bf": "3", "b_strategy": "0", "x264-params": options}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if pts:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number in range(count):
            frame = av.VideoFrame.from_ndarray(numbered(number), "rgb24").reformat(format="yuv420p")
            frame.pts = pts[number] if pts else number
            if pts:
                frame.time_base = Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def copied(path: Path, out: Path, piece: Piece, **sound: int) -> list[int]:
    done = list(copy_piece(path, out, piece, sound=SoundPart(**sound)))
    assert done == list(range(1, piece.stop - piece.first + 1))
    return [number_of(frame.rgb) for frame in VideoClip(out).frames()]


def packets_of(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def test_a_piece_of_avi_with_plain_sound_becomes_mp4(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.avi", 25, codec="mpeg4", sound=(np.stack([sine(1.0)[0]] * 2, 1), 48000))
    assert copied(tmp_path / "v.avi", tmp_path / "out.mp4", Piece(0, 25)) == list(range(25))
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == pytest.approx(48000, abs=2048)


@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_a_piece_between_key_frames_is_the_very_packets(tmp_path: Path, ending: str) -> None:
    source = long_groups(tmp_path / f"v{ending}")
    assert copied_piece(source, Piece(24, 48)) == Piece(24, 48)
    assert copied(source, tmp_path / f"out{ending}", Piece(24, 48)) == list(range(24, 48))
    whole, piece = packets_of(source), packets_of(tmp_path / f"out{ending}")
    assert len(piece) == 24 and set(piece[1:]) <= set(whole)
    assert VideoClip(tmp_path / f"out{ending}").info.damage == ""
    assert VideoClip(tmp_path / f"out{ending}").timestamps()[0] == 0


def test_what_is_not_at_a_key_frame_begins_and_ends_further_out(tmp_path: Path) -> None:
    source = long_groups(tmp_path / "v.mp4")
    piece = copied_piece(source, Piece(30, 34))
    assert piece is not None and piece.first == 24 and 34 <= piece.stop <= 38
    assert copied(source, tmp_path / "out.mp4", piece) == list(range(24, piece.stop))
    assert copied_piece(source, Piece(50, 60)) == Piece(48, 60)
    assert copied_piece(source, Piece(0, 60)) == Piece(0, 60)


def test_every_piece_that_is_promised_decodes_to_its_own_frames(tmp_path: Path) -> None:
    source = long_groups(tmp_path / "v.mp4", options="open-gop=1:scenecut=0")
    for stop in range(3, 60, 7):
        piece = copied_piece(source, Piece(max(0, stop - 20), stop))
        assert piece is not None and piece.stop >= stop
        assert copied(source, tmp_path / "out.mp4", piece) == list(range(piece.first, piece.stop))


def test_uneven_times_stay(tmp_path: Path) -> None:
    pts = np.cumsum(np.random.default_rng(2).choice([20, 40, 60], 60)).tolist()
    source = long_groups(tmp_path / "v.mov", pts=pts)
    assert copied(source, tmp_path / "out.mov", Piece(24, 48)) == list(range(24, 48))
    clip, whole = VideoClip(tmp_path / "out.mov"), VideoClip(source)
    times = [pts * clip.time_base for pts in clip.timestamps()]
    assert times == [(at - whole.timestamps()[24]) * whole.time_base for at in whole.timestamps()[24:48]]


def test_the_sound_of_the_piece_comes_along(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 75, sound=sine(3.0))
    piece = copied_piece(tmp_path / "v.mp4", Piece(0, 50))
    assert piece is not None
    copied(tmp_path / "v.mp4", tmp_path / "out.mp4", piece)
    with av.open(str(tmp_path / "out.mp4")) as container:
        sound = container.streams.audio[0]
        assert float(sound.duration * sound.time_base) == pytest.approx(piece.stop / 25, abs=0.06)
    with pytest.raises(OptionInvalid, match="no audio track 2"):
        copied(tmp_path / "v.mp4", tmp_path / "none.mp4", piece, track=2)
    assert not (tmp_path / "none.mp4").exists()
    list(copy_piece(tmp_path / "v.mp4", tmp_path / "mute.mp4", piece, sound=None))
    assert not VideoClip(tmp_path / "mute.mp4").info.has_audio


@pytest.mark.parametrize("ending", [".mkv", ".mov"])
def test_a_copy_says_its_own_rate_and_timecode(tmp_path: Path, ending: str) -> None:
    rate = Fraction(30000, 1001)
    copied_movie = tmp_path / f"out{ending}"
    writer = MovieWriter(
        tmp_path / "v.mov", width=WIDTH, height=HEIGHT, time_base=Fraction(1, 30000), rate=rate,
        color=ColorTags(), codec="prores",
    )  # fmt: skip
    with writer:
        for number in range(9):
            writer.write(numbered(number), number * 1001)
    list(copy_piece(tmp_path / "v.mov", copied_movie, Piece(2, 9), sound=None, timecode="01:00:00;12"))
    with av.open(str(copied_movie)) as container:
        assert container.streams.video[0].base_rate == rate
    assert VideoClip(copied_movie).info.timecode == "01:00:00;12"


def test_a_turned_film_stays_turned(tmp_path: Path) -> None:
    long_groups(tmp_path / "v.mp4")
    data = bytearray((tmp_path / "v.mp4").read_bytes())
    place = data.index(b"tkhd") + 4 + 40
    data[place : place + 36] = struct.pack(
        ">9i", 0, 1 << 16, 0, -(1 << 16), 0, 0, HEIGHT << 16, 0, 1 << 30
    )  # a quarter turn
    (tmp_path / "v.mp4").write_bytes(data)
    turned = VideoClip(tmp_path / "v.mp4").info
    list(copy_piece(tmp_path / "v.mp4", tmp_path / "out.mp4", Piece(0, 24), sound=None))
    info = VideoClip(tmp_path / "out.mp4").info
    assert turned.rotation_deg != 0
    assert (info.rotation_deg, info.width, info.height) == (turned.rotation_deg, HEIGHT, WIDTH)


@pytest.mark.parametrize(
    ("made", "out"),
    [
        ("prores .mov", ".mov"),
        ("prores .mov", ".mkv"),
        ("ffv1 .mkv", ".mkv"),
        ("av1 .mp4", ".mp4"),
        ("h264 .mp4", ".mkv"),
    ],
)
def test_a_copied_piece_keeps_its_pixel_aspect(made: str, out: str, tmp_path: Path) -> None:
    codec, ending = made.split()
    make_movie(tmp_path / f"v{ending}", 10, codec=codec, pixel_aspect=Fraction(4, 3))
    list(copy_piece(tmp_path / f"v{ending}", tmp_path / f"out{out}", Piece(0, 10), sound=None))
    clip = VideoClip(tmp_path / f"out{out}")
    assert (clip.info.pixel_aspect, clip.info.frame_count) == (Fraction(4, 3), 10)


def test_a_copied_piece_that_cannot_say_its_pixel_aspect_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_movie(tmp_path / "v.mkv", 4, codec="ffv1", pixel_aspect=Fraction(4, 3))
    monkeypatch.setattr("understudy.media.cutting.say_pixel_aspect", lambda *_: False)
    *_, last = copy_piece(tmp_path / "v.mkv", tmp_path / "out.mkv", Piece(0, 4), sound=None)
    assert isinstance(last, str) and "pixel aspect of 4/3 could not be written" in last
    assert (tmp_path / "out.mkv").exists()


@pytest.mark.parametrize(("made", "out"), [("av1 .mp4", ".mov"), ("h264 .mp4", ".avi"), ("h264 .mkv", ".avi")])
def test_what_ffmpeg_offers_to_hold_and_then_refuses_is_known_too(made: str, out: str, tmp_path: Path) -> None:
    codec, ending = made.split()
    make_movie(tmp_path / f"v{ending}", 4, codec=codec)
    assert not can_copy_to(tmp_path / f"v{ending}", Path(f"out{out}"))
    assert can_copy_to(tmp_path / f"v{ending}", Path("out.mkv"))


def test_what_a_container_cannot_hold_is_known(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mov", 4, codec="prores", preset=None)
    assert can_copy_to(tmp_path / "v.mov", Path("out.mov")) and not can_copy_to(
        tmp_path / "v.mov", Path("out.mp4")
    )
    assert not can_copy_to(tmp_path / "v.mov", Path("out.webm"))
    with pytest.raises(ClipMissing):
        copied_piece(tmp_path / "none.mp4", Piece(0, 1))
