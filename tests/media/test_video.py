"""Videos are read with exact frames, times, turns and colours, and damage ends them early."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.codec.context import ThreadType

from tests.media.made import HEIGHT, WIDTH, encode_planes, flat_420, make_movie, number_of, numbered, sine, turn
from understudy.errors import ClipUnreadable
from understudy.media import planes, timing, video
from understudy.media.clip import ColorTags
from understudy.media.video import VideoClip


@pytest.fixture(scope="module")
def long_gop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 frames, a key frame every 24, three B-frames between others, open groups."""
    path = tmp_path_factory.mktemp("clips") / "long.mp4"
    with av.open(str(path), "w") as container:
        options = {"g": "24", "bf": "3", "b_strategy": "0", "x264-params": "open-gop=1:scenecut=0"}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(60):
            frame = av.VideoFrame.from_ndarray(numbered(number), "rgb24").reformat(format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def test_all_frames_come_in_order_of_showing(long_gop: Path) -> None:
    frames = list(VideoClip(long_gop).frames())
    assert [f.index for f in frames] == list(range(60))
    assert [number_of(f.rgb) for f in frames] == list(range(60))
    assert frames[25].time_s == pytest.approx(1.0)


def test_starting_anywhere_gives_exactly_that_frame(long_gop: Path) -> None:
    clip = VideoClip(long_gop)
    for start in range(60):
        frame = next(iter(clip.frames(start)))
        assert (frame.index, number_of(frame.rgb)) == (start, start)


def test_a_frame_reached_by_seeking_equals_the_one_reached_by_reading(long_gop: Path) -> None:
    clip = VideoClip(long_gop)
    read = {f.index: f.rgb for f in clip.frames()}
    for start in (0, 22, 23, 24, 25, 47, 59):
        assert np.array_equal(next(iter(clip.frames(start))).rgb, read[start])


def test_start_stop_and_step_choose_frames(long_gop: Path) -> None:
    clip = VideoClip(long_gop)
    assert [number_of(f.rgb) for f in clip.frames(30, 41, step=5)] == [30, 35, 40]
    assert list(clip.frames(60)) == []
    assert [f.index for f in clip.frames(58, 500)] == [58, 59]


def test_two_readings_of_one_clip_do_not_disturb_each_other(long_gop: Path) -> None:
    clip = VideoClip(long_gop)
    pairs = zip(clip.frames(0, 20), clip.frames(30, 50), strict=True)
    assert all(number_of(b.rgb) - number_of(a.rgb) == 30 for a, b in pairs)


def test_frames_are_made_one_by_one(long_gop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip, made = VideoClip(long_gop), []
    convert = planes.rgb_from_frame
    monkeypatch.setattr(planes, "rgb_from_frame", lambda *a, **k: made.append(1) or convert(*a, **k))
    frames = clip.frames()
    for _ in range(3):
        next(frames)
    frames.close()
    assert len(made) == 3
    assert not clip.info.damage, "stopping early is no damage"


@pytest.mark.parametrize("ending", [".mp4", ".mov"])
def test_varying_times_come_back_exactly(tmp_path: Path, ending: str) -> None:
    steps = np.random.default_rng(3).choice([1001, 2002, 500], 60)
    pts = np.cumsum(steps).tolist()
    make_movie(tmp_path / f"v{ending}", pts=pts, time_base=Fraction(1, 30000))
    clip = VideoClip(tmp_path / f"v{ending}")
    assert [p * clip.time_base for p in clip.timestamps()] == [p * Fraction(1, 30000) for p in pts]
    assert clip.info.variable_rate
    shown = list(clip.frames())
    assert [f.pts for f in shown] == list(clip.timestamps())
    assert [number_of(f.rgb) for f in shown] == list(range(60))


def test_an_even_rate_is_said_exactly(tmp_path: Path) -> None:
    rate = Fraction(30000, 1001)
    make_movie(tmp_path / "v.mp4", 30, time_base=1 / rate, rate=rate)
    info = VideoClip(tmp_path / "v.mp4").info
    assert info.rate == rate
    assert not info.variable_rate
    assert info.duration_s == pytest.approx(30 / rate)


def test_a_file_without_time_stamps_is_counted(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "raw.h264"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"bf": "2", "g": "10"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(30):
            frame = av.VideoFrame.from_ndarray(numbered(number), "rgb24").reformat(format="yuv420p")
            frame.pts = number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    clip = VideoClip(tmp_path / "raw.h264")
    assert clip.info.frame_count == 30
    assert [number_of(f.rgb) for f in clip.frames(17, 20)] == [17, 18, 19]
    assert [p * clip.time_base for p in clip.timestamps()[:3]] == [0, Fraction(1, 25), Fraction(2, 25)]


def test_a_transport_stream_starts_near_zero_and_seeks(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "v.ts"), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"g": "12", "bf": "2"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(50):
            frame = av.VideoFrame.from_ndarray(numbered(number), "rgb24").reformat(format="yuv420p")
            frame.pts = number + 1000  # as if cut out of a broadcast
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    clip = VideoClip(tmp_path / "v.ts")
    assert clip.info.frame_count == 50
    assert clip.timestamps()[0] * clip.time_base < Fraction(1, 10)
    assert [number_of(f.rgb) for f in clip.frames(31, 34)] == [31, 32, 33]


def test_frames_that_an_edit_list_hides_are_not_there(tmp_path: Path) -> None:
    make_movie(tmp_path / "whole.mp4", 30)
    with av.open(str(tmp_path / "whole.mp4")) as source, av.open(str(tmp_path / "v.mp4"), "w") as goal:
        stream = goal.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                ticks = round(Fraction(10, 25) / packet.time_base)
                packet.pts, packet.dts = packet.pts - ticks, packet.dts - ticks
                packet.stream = stream
                goal.mux(packet)
    clip = VideoClip(tmp_path / "v.mp4")
    assert [number_of(f.rgb) for f in clip.frames()] == list(range(10, 30))
    assert [number_of(f.rgb) for f in clip.frames(5, 7)] == [15, 16]
    assert (clip.info.frame_count, clip.timestamps()[0], clip.info.damage) == (20, 0, "")


def test_the_index_of_a_mezzanine_file_tells_the_same_as_its_packets(tmp_path: Path) -> None:
    pts = np.cumsum([40, 20, 60, 40] * 5).tolist()
    make_movie(tmp_path / "v.mov", pts=pts, codec="prores")
    with av.open(str(tmp_path / "v.mov")) as container:
        stream = container.streams.video[0]
        fast = timing._from_index(container, stream)
        slow = timing._from_packets(container, stream)
    assert fast is not None
    assert (fast[0], fast[1], fast[3]) == (slow[0], slow[1], slow[3])


@pytest.mark.parametrize(
    ("matrix", "turn_deg", "upright"),
    [
        ((0, 1, -1, 0), 90, lambda p: np.rot90(p, -1)),
        ((-1, 0, 0, -1), 180, lambda p: np.rot90(p, 2)),
        ((0, -1, 1, 0), 270, lambda p: np.rot90(p, 1)),
        ((-1, 0, 0, 1), 0, lambda p: p[:, ::-1]),
    ],
)
def test_a_turned_phone_clip_stands_upright(tmp_path: Path, matrix, turn_deg, upright) -> None:
    make_movie(tmp_path / "v.mp4", 3)
    stored = next(iter(VideoClip(tmp_path / "v.mp4").frames())).rgb
    turn(tmp_path / "v.mp4", matrix)
    clip = VideoClip(tmp_path / "v.mp4")
    rgb = next(iter(clip.frames())).rgb
    assert np.array_equal(rgb, upright(stored))
    assert rgb.shape[:2] == (clip.info.height, clip.info.width)
    assert clip.info.rotation_deg == turn_deg


@pytest.mark.parametrize(("height", "expected"), [(480, (195, 125, 108)), (720, (202, 131, 106))])
def test_untagged_colours_are_bt601_below_720_lines_and_bt709_above(tmp_path: Path, height, expected) -> None:
    encode_planes(tmp_path / "v.mp4", flat_420(140, 110, 160, width=64, height=height), "yuv420p")
    clip = VideoClip(tmp_path / "v.mp4")
    assert clip.info.color.matrix == 2
    assert np.abs(next(iter(clip.frames())).rgb[5, 5].astype(int) - expected).max() <= 1


@pytest.mark.parametrize(("matrix", "expected"), [(1, (202, 131, 106)), (6, (195, 125, 108))])
def test_tags_win_over_the_rule_for_untagged_clips(tmp_path: Path, matrix, expected) -> None:
    encode_planes(
        tmp_path / "v.mp4",
        flat_420(140, 110, 160, width=64, height=48),
        "yuv420p",
        colorspace=matrix,
        color_range=1,
    )
    assert (
        np.abs(next(iter(VideoClip(tmp_path / "v.mp4").frames())).rgb[5, 5].astype(int) - expected).max() <= 1
    )


def test_full_range_is_not_stretched(tmp_path: Path) -> None:
    ramp = [
        np.tile(np.arange(0, 256, 4, dtype=np.uint8), (48, 1)),
        *flat_420(0, 128, 128, width=64, height=48)[1:],
    ]
    encode_planes(tmp_path / "v.mp4", ramp, "yuv420p", color_range=2, colorspace=1)
    clip = VideoClip(tmp_path / "v.mp4")
    assert clip.info.color.range == 2
    assert np.array_equal(next(iter(clip.frames())).rgb[0, :, 0], np.arange(0, 256, 4))


def test_limited_range_reaches_black_and_white(tmp_path: Path) -> None:
    for level, expected in ((16, 0), (235, 255)):
        encode_planes(
            tmp_path / "v.mp4", flat_420(level, 128, 128, width=64, height=48), "yuv420p", color_range=1
        )
        assert np.all(next(iter(VideoClip(tmp_path / "v.mp4").frames())).rgb == expected)


def test_ten_bit_white_is_white(tmp_path: Path) -> None:
    levels = flat_420(940, 512, 512, width=64, height=48, kind=np.uint16)
    levels[0][:, :32] = 64
    encode_planes(tmp_path / "v.mp4", levels, "yuv420p10le", colorspace=9, color_range=1)
    clip = VideoClip(tmp_path / "v.mp4")
    deep = next(iter(clip.frames(deep=True))).rgb
    flat = next(iter(clip.frames())).rgb
    assert clip.info.bit_depth == 10
    assert deep.dtype == np.uint16 and flat.dtype == np.uint8
    assert set(deep[:, 32:].flat) == {65535} and set(deep[:, :32].flat) == {0}
    assert set(flat[:, 32:].flat) == {255} and set(flat[:, :32].flat) == {0}


def test_deep_reading_of_an_eight_bit_clip_stays_eight_bit(long_gop: Path) -> None:
    assert next(iter(VideoClip(long_gop).frames(deep=True))).rgb.dtype == np.uint8


def test_transparency_does_not_darken(tmp_path: Path) -> None:
    levels = [np.full((48, 64), level, np.uint8) for level in (235, 128, 128, 90)]
    encode_planes(tmp_path / "v.mkv", levels, "yuva444p")
    assert np.all(next(iter(VideoClip(tmp_path / "v.mkv").frames())).rgb == 255)


def test_pixels_that_are_not_square_are_told(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 3, pixel_aspect=Fraction(4, 3))
    assert VideoClip(tmp_path / "v.mp4").info.pixel_aspect == Fraction(4, 3)
    turn(tmp_path / "v.mp4", (0, 1, -1, 0))
    assert VideoClip(tmp_path / "v.mp4").info.pixel_aspect == Fraction(3, 4), "they lie on their side then"


@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_a_truncated_clip_gives_what_decodes_and_says_how_much(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"v{ending}"
    make_movie(path, 60, crf=1)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    clip = VideoClip(path)
    told = clip.info
    frames = list(clip.frames())
    assert 10 < told.frame_count < 50
    assert told.damage.startswith(f"Only {told.frame_count} of 60 frames could be read")
    assert [number_of(f.rgb) for f in frames] == list(range(told.frame_count))
    assert clip.info == told, "reading finds what opening told"


def test_a_truncated_transport_stream_gives_what_decodes(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mkv", 60, crf=1)
    with av.open(str(tmp_path / "v.mkv")) as source, av.open(str(tmp_path / "v.ts"), "w") as goal:
        stream = goal.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                goal.mux(packet)
    data = (tmp_path / "v.ts").read_bytes()
    (tmp_path / "v.ts").write_bytes(data[: len(data) // 2])
    numbers = [number_of(f.rgb) for f in VideoClip(tmp_path / "v.ts").frames()]
    assert numbers[:20] == list(range(20)) and len(numbers) < 50


def test_a_hole_in_a_clip_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "v.mov"
    make_movie(path, 20, codec="prores")
    with av.open(str(path)) as container:
        entry = list(container.streams.video[0].index_entries)[7]
    data = bytearray(path.read_bytes())
    data[entry.pos : entry.pos + entry.size] = bytes(entry.size)
    path.write_bytes(data)
    clip = VideoClip(path)
    assert [f.index for f in clip.frames()] == [i for i in range(20) if i != 7]
    assert clip.info.damage == "Only 19 of 20 frames could be read: the rest is damaged."
    assert [number_of(f.rgb) for f in clip.frames(8, 10)] == [8, 9]


def test_frame_threads_are_never_used(long_gop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On some damaged HEVC files they wait for each other for ever."""
    kinds, decode = [], video._decoded
    monkeypatch.setattr(
        video, "_decoded", lambda stream, packet: kinds.append(stream.thread_type) or decode(stream, packet)
    )
    list(VideoClip(long_gop).frames(0, 3))
    assert kinds and not any(kind & ThreadType.FRAME for kind in kinds)


def test_a_movie_cut_before_its_index_is_refused_in_a_sentence(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mov", 10)
    data = (tmp_path / "v.mov").read_bytes()
    (tmp_path / "v.mov").write_bytes(data[: len(data) // 2])
    with pytest.raises(ClipUnreadable, match="index is missing"):
        VideoClip(tmp_path / "v.mov")


def test_sound_is_noticed(tmp_path: Path) -> None:
    make_movie(tmp_path / "with.mp4", 10, sound=sine(0.4))
    make_movie(tmp_path / "without.mp4", 10)
    assert VideoClip(tmp_path / "with.mp4").info.has_audio
    assert not VideoClip(tmp_path / "without.mp4").info.has_audio


def test_what_a_clip_says_of_itself(long_gop: Path) -> None:
    info = VideoClip(long_gop).info
    assert (info.kind, info.width, info.height, info.frame_count) == ("video", WIDTH, HEIGHT, 60)
    assert (info.codec, info.pixel_format, info.bit_depth) == ("h264", "yuv420p", 8)
    assert info.color == ColorTags()
    assert info.rate == 25 and info.duration_s == pytest.approx(2.4)


def test_key_frames_are_found_by_seeking_and_come_once(long_gop: Path) -> None:
    found = [(f.index, number_of(f.rgb)) for f in VideoClip(long_gop).key_frames(16)]
    assert found == [(0, 0), (24, 24), (48, 48)]
    assert [f.index for f in VideoClip(long_gop).key_frames(1)] == [0]
