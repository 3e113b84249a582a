"""Movies are written whole or not at all, with exact times, true colours and untouched sound."""

from __future__ import annotations

import errno
import os
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import av.error
import numpy as np
import pytest
from av.stream import Disposition

from tests.media.made import HEIGHT, WIDTH, encode_planes, flat_420, make_movie, number_of, numbered, sine
from understudy.errors import DiskFull, FolderUnwritable, OptionInvalid
from understudy.media import planes
from understudy.media.clip import ColorTags
from understudy.media.codecs import CODECS
from understudy.media.movie import MovieWriter
from understudy.media.sound import CopiedSound, MadeSound, SoundPart
from understudy.media.video import VideoClip


def _sound_packets(path: Path, number: int = 0) -> list[tuple[bytes, Fraction]]:
    with av.open(str(path)) as container:
        return [(bytes(p), p.pts * p.time_base) for p in container.demux(audio=number) if p.size]


def _writer(path: Path, **options) -> MovieWriter:
    settings = {"time_base": Fraction(1, 25), "rate": Fraction(25), "color": ColorTags(), "preset": "ultrafast"}
    return MovieWriter(path, width=WIDTH, height=HEIGHT, **{**settings, **options})


SOFTWARE = [codec for codec, choice in CODECS.items() if not choice.needs]
WAYS = [(codec, ending) for codec in SOFTWARE for ending in CODECS[codec].suffixes]
# DNxHR takes no smaller pictures.
LARGE_ENOUGH = {"dnxhr": {"width": 256, "height": 128}}


@pytest.mark.parametrize(("codec", "ending"), WAYS)
@pytest.mark.parametrize("bit_depth", [8, 10])
def test_every_codec_gives_back_every_frame(tmp_path: Path, codec: str, ending: str, bit_depth: int) -> None:
    size = LARGE_ENOUGH.get(codec, {})
    make_movie(tmp_path / f"v{ending}", 12, codec=codec, bit_depth=bit_depth, **size)
    clip = VideoClip(tmp_path / f"v{ending}")
    frames = list(clip.frames())
    assert [number_of(f.rgb) for f in frames] == list(range(12))
    assert [f.pts * clip.time_base for f in frames] == [Fraction(i, 25) for i in range(12)]
    assert not clip.info.damage
    eight_at_most = codec in ("mpeg4", "qtrle", "utvideo", "h264_lossless")
    if (bit_depth == 10 or codec.startswith("prores")) and not eight_at_most:
        assert clip.info.bit_depth >= 10


@pytest.mark.parametrize(
    ("codec", "ending"), [("h264", ".mp4"), ("hevc", ".mp4"), ("prores", ".mov"), ("ffv1", ".mkv")]
)
@pytest.mark.parametrize(("width", "height"), [(65, 48), (64, 49), (65, 49)])
def test_odd_sizes_keep_every_pixel(tmp_path: Path, codec: str, ending: str, width: int, height: int) -> None:
    path = tmp_path / f"v{ending}"
    notices = make_movie(path, 3, codec=codec, width=width, height=height)
    clip = VideoClip(path)
    first = next(iter(clip.frames())).rgb
    assert first.shape == (height, width, 3)
    assert np.abs(first.astype(int) - numbered(0, width=width, height=height)).mean() < 4
    assert any("odd size" in n for n in notices) == (codec in ("h264", "hevc"))


@pytest.mark.parametrize(
    ("codec", "ending"), [("h264", ".mp4"), ("hevc", ".mov"), ("prores", ".mov"), ("h264", ".mkv")]
)
@pytest.mark.parametrize("tags", [ColorTags(1, 1, 1, 1), ColorTags(6, 1, 6, 6), ColorTags(9, 1, 9, 16)])
def test_colour_tags_survive(tmp_path: Path, codec: str, ending: str, tags: ColorTags) -> None:
    make_movie(tmp_path / f"v{ending}", 3, codec=codec, color=tags)
    clip = VideoClip(tmp_path / f"v{ending}")
    assert clip.info.color == tags
    first = next(iter(clip.frames())).rgb
    assert np.abs(first[30:40].astype(int) - numbered(0)[30:40]).mean() < 4


@pytest.mark.parametrize("color", [ColorTags(1, 1, 1, 1), ColorTags(1, 2, 1, 1)])
def test_avi_which_keeps_no_tags_has_the_colours_that_readers_take_for_its_size(
    tmp_path: Path, color: ColorTags
) -> None:
    notices = make_movie(tmp_path / "v.avi", 2, codec="mpeg4", color=color, crf=1)
    first = next(iter(VideoClip(tmp_path / "v.avi").frames())).rgb
    # One matrix taken for the other is ten levels off here, and a bottom row is free of the bars' ringing.
    assert np.abs(first[30:46].astype(int) - numbered(0)[30:46]).mean() < 2
    assert any("no colour tags" in text for text in notices)
    assert not any("colour tags" in text for text in make_movie(tmp_path / "u.avi", 2, codec="mpeg4"))


def test_a_pixel_aspect_that_avi_loses_is_said(tmp_path: Path) -> None:
    for codec, kept in (("mpeg4", True), ("ffv1", False)):
        notices = make_movie(tmp_path / f"{codec}.avi", 2, codec=codec, pixel_aspect=Fraction(16, 15))
        assert (VideoClip(tmp_path / f"{codec}.avi").info.pixel_aspect != 1) is kept
        assert any("pixel aspect" in text for text in notices) is not kept


@pytest.mark.parametrize(("height", "matrix"), [(480, 6), (720, 1)])
def test_untagged_footage_is_tagged_by_its_size(tmp_path: Path, height: int, matrix: int) -> None:
    make_movie(tmp_path / "v.mp4", 2, height=height)
    assert VideoClip(tmp_path / "v.mp4").info.color == ColorTags(matrix, 1, matrix, matrix)


def test_full_range_stays_full(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 2, color=ColorTags(1, 2, 1, 1), crf=1)
    clip = VideoClip(tmp_path / "v.mp4")
    assert clip.info.color.range == 2
    assert np.abs(next(iter(clip.frames())).rgb[:20].astype(int) - numbered(0)[:20]).max() <= 3


def test_other_transfer_curves_are_carried_and_never_applied(tmp_path: Path) -> None:
    make_movie(tmp_path / "a.mkv", 1, codec="ffv1", color=ColorTags(9, 1, 9, 16))
    clip = VideoClip(tmp_path / "a.mkv")
    assert (clip.info.color.primaries, clip.info.color.transfer) == (9, 16)
    assert np.array_equal(next(iter(clip.frames())).rgb, numbered(0))


def test_sixteen_bit_archives_are_lossless(tmp_path: Path) -> None:
    picture = np.random.default_rng(0).integers(0, 65536, (HEIGHT, WIDTH, 3)).astype(np.uint16)
    with _writer(tmp_path / "v.mkv", codec="ffv1", bit_depth=16) as movie:
        movie.write(picture, 0)
    assert np.array_equal(next(iter(VideoClip(tmp_path / "v.mkv").frames(deep=True))).rgb, picture)


def test_ten_bit_white_and_black_stay_exact(tmp_path: Path) -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 65535, np.uint16)
    picture[:, :32] = 0
    with _writer(tmp_path / "v.mp4", codec="hevc", bit_depth=10, crf=0) as movie:
        movie.write(picture, 0)
    deep = next(iter(VideoClip(tmp_path / "v.mp4").frames(deep=True))).rgb.astype(int)
    assert np.abs(deep[:, 40:] - 65535).max() < 300 and deep[:, :24].max() < 300


def test_a_picture_nobody_touched_keeps_its_chroma(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    levels = [
        rng.integers(90, 160, (48, 64)),
        rng.integers(115, 140, (24, 32)),
        rng.integers(115, 140, (24, 32)),
    ]
    levels = [p.astype(np.uint8) for p in levels]
    encode_planes(tmp_path / "v.mp4", levels, "yuv420p", colorspace=1, color_range=1)
    rgb = next(iter(VideoClip(tmp_path / "v.mp4").frames())).rgb
    again = planes.frame_from_rgb(rgb, pixel_format="yuv420p", tags=ColorTags(1, 1, 1, 1))
    for index, plane in enumerate(levels):
        assert np.abs(planes._plane(again, index).astype(int) - plane).max() <= (0 if index else 1)


def test_all_sound_is_copied_packet_by_packet(tmp_path: Path) -> None:
    source = tmp_path / "two.mov"
    _two_sounds(source)
    make_movie(tmp_path / "out.mp4", 25, audio_from=source)
    for number in range(2):
        assert _sound_packets(tmp_path / "out.mp4", number) == _sound_packets(source, number)
    assert len(_sound_packets(source)) > 20


@pytest.mark.parametrize(("ending", "recoded"), [(".mp4", False), (".mkv", False), (".mp4", True)])
def test_tracks_keep_their_language_title_and_which_is_heard_first(
    tmp_path: Path, ending: str, recoded: bool
) -> None:
    said = [("deu", "Original", Disposition(0)), ("eng", "Dub", Disposition.default)]
    source = tmp_path / "v.mkv"
    with av.open(str(source), "w") as container:
        codec = "pcm_s16le" if recoded else "aac"
        streams = [container.add_stream(codec, rate=8000, layout="mono") for _ in said]
        for stream, (language, title, disposition) in zip(streams, said, strict=True):
            stream.metadata.update(language=language, title=title)
            stream.disposition = disposition
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 8000, 0
            container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    make_movie(tmp_path / f"out{ending}", 5, audio_from=source)
    with av.open(str(tmp_path / f"out{ending}")) as out:
        found = [(s.metadata["language"], s.disposition & Disposition.default) for s in out.streams.audio]
        assert found == [(language, disposition) for language, _, disposition in said]
        titles = [s.metadata.get("title", s.metadata.get("handler_name")) for s in out.streams.audio]
        assert titles == [title for _, title, _ in said]


def test_one_track_of_sound_can_be_copied_and_part_of_its_time(tmp_path: Path) -> None:
    source = tmp_path / "two.mov"
    _two_sounds(source)
    part = SoundPart(track=2, from_s=Fraction(1, 4), until_s=Fraction(1, 2))
    make_movie(tmp_path / "out.mp4", 6, audio_from=source, audio_part=part)
    copied, whole = _sound_packets(tmp_path / "out.mp4"), _sound_packets(source, 1)
    assert [data for data, _ in copied] == [data for data, at in whole if Fraction(1, 4) <= at < Fraction(1, 2)]
    first_s = next(at for _, at in whole if at >= Fraction(1, 4)) - Fraction(1, 4)
    assert abs(copied[0][1] - first_s) < Fraction(1, 1000)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert len(container.streams.audio) == 1
        assert container.streams.video[0].start_time == 0
    with pytest.raises(OptionInvalid, match="no audio track 3; this file has the audio tracks 1 to 2"):
        make_movie(tmp_path / "none.mp4", 2, audio_from=source, audio_part=SoundPart(track=3))


def test_a_bitrate_takes_the_place_of_quality(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = [rng.integers(0, 255, (144, 176, 3)).astype(np.uint8) for _ in range(25)]

    def size_of(name: str, mbit_per_s: float | None) -> int:
        with MovieWriter(
            tmp_path / name, width=176, height=144, time_base=Fraction(1, 25), rate=Fraction(25),
            color=ColorTags(), preset="ultrafast", mbit_per_s=mbit_per_s,
        ) as movie:  # fmt: skip
            for number, frame in enumerate(noise):
                movie.write(frame, number)
        return (tmp_path / name).stat().st_size

    assert size_of("a.mp4", 0.3) < 0.7 * size_of("b.mp4", 0.8) < 0.6 * size_of("best.mp4", None)
    with pytest.raises(OptionInvalid, match="prores has no bitrate"):
        _writer(tmp_path / "v.mov", codec="prores", mbit_per_s=5)


def _two_sounds(path: Path) -> None:
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("aac", rate=48000) for _ in range(2)]
        for stream in streams:
            stream.codec_context.layout = "mono"
        for stream, seconds in zip(streams, (1.0, 0.7), strict=True):
            samples, rate = sine(seconds)
            step = 1024
            for place in range(0, len(samples) - step, step):
                frame = av.AudioFrame.from_ndarray(samples[None, place : place + step], "fltp", "mono")
                frame.sample_rate, frame.pts = rate, place
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


def test_sound_the_container_cannot_hold_becomes_aac_and_that_is_said(tmp_path: Path) -> None:
    samples, rate = sine(1.0)
    with av.open(str(tmp_path / "sound.mkv"), "w") as container:
        stream = container.add_stream("vorbis", rate=rate, options={"strict": "experimental"})
        stream.codec_context.layout = "stereo"
        for place in range(0, len(samples) - 64, 64):
            both = np.repeat(samples[None, place : place + 64], 2, 0)
            frame = av.AudioFrame.from_ndarray(both, "fltp", "stereo")
            frame.sample_rate, frame.pts = rate, place
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    notices = make_movie(tmp_path / "out.mov", 25, audio_from=tmp_path / "sound.mkv")
    assert notices == ["Sound 1 was vorbis, which this container can't hold; it is AAC now."]
    with av.open(str(tmp_path / "out.mov")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    assert abs(len(heard) / rate - 1.0) < 0.1 and 0.1 < np.abs(heard).max() < 0.6


@pytest.mark.parametrize("channels", [1, 2])
def test_made_sound_is_heard_at_its_own_pitch(tmp_path: Path, channels: int) -> None:
    samples, rate = sine(1.0, 22050)
    samples = samples if channels == 1 else np.stack([samples, samples], 1)
    make_movie(tmp_path / "v.mp4", 25, sound=(samples, rate))
    with av.open(str(tmp_path / "v.mp4")) as container:
        assert container.streams.audio[0].codec_context.channels == channels
        heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    loudest_hz = np.abs(np.fft.rfft(heard)).argmax() * rate / len(heard)
    assert abs(loudest_hz - 440) < 3


def test_sound_and_picture_lie_side_by_side(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 60, sound=sine(2.4))
    with av.open(str(tmp_path / "v.mp4")) as container:
        kinds = [p.stream.type for p in sorted((p for p in container.demux() if p.size), key=lambda p: p.pos)]
    changes = sum(a != b for a, b in pairwise(kinds))
    assert changes > 3


def test_sound_is_handed_out_as_the_picture_goes_on(tmp_path: Path) -> None:
    make_movie(tmp_path / "in.mp4", 50, sound=sine(2.0))
    with av.open(str(tmp_path / "out.mp4"), "w") as output, CopiedSound(tmp_path / "in.mp4", output) as sound:
        first = [p.pts * p.time_base for p in sound.packets_until(Fraction(1, 2))]
        rest = [p.pts * p.time_base for p in sound.packets_until(None)]
    assert Fraction(2, 5) < max(first) <= Fraction(1, 2) < min(rest)
    with av.open(str(tmp_path / "out2.mp4"), "w") as output:
        made = MadeSound(*sine(2.0), output)
        early, late = list(made.packets_until(Fraction(1, 2))), list(made.packets_until(None))
    assert 10 < len(early) < 35 < len(late)


def test_a_clip_without_sound_gives_a_movie_without_sound(tmp_path: Path) -> None:
    make_movie(tmp_path / "mute.mp4", 5)
    make_movie(tmp_path / "v.mp4", 5, audio_from=tmp_path / "mute.mp4")
    assert not VideoClip(tmp_path / "v.mp4").info.has_audio


def test_picture_and_sound_of_a_late_starting_file_stay_together(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mkv", 50, sound=sine(2.0))
    with av.open(str(tmp_path / "v.mkv")) as source, av.open(str(tmp_path / "v.ts"), "w") as goal:
        streams = {s.index: goal.add_stream_from_template(s) for s in source.streams}
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream.index]
                goal.mux(packet)
    clip = VideoClip(tmp_path / "v.ts")
    with _writer(tmp_path / "out.mp4", time_base=clip.time_base, audio_from=tmp_path / "v.ts") as movie:
        for frame in clip.frames():
            movie.write(frame.rgb, frame.pts)
    with av.open(str(tmp_path / "v.ts")) as old:
        apart = old.streams.audio[0].start_time - old.streams.video[0].start_time
        old_s = float(apart * old.streams.audio[0].time_base)
    with av.open(str(tmp_path / "out.mp4")) as new:
        video, sound = new.streams.video[0], new.streams.audio[0]
        new_s = float(sound.start_time * sound.time_base - video.start_time * video.time_base)
        assert float(video.start_time * video.time_base) < 0.2
    assert new_s == pytest.approx(old_s, abs=0.002)


def test_no_half_movie_is_left_when_the_block_raises(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stop"), _writer(tmp_path / "v.mp4") as movie:
        for number in range(30):
            movie.write(numbered(number), number)
            assert not (tmp_path / "v.mp4").exists()
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []


def test_an_older_movie_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 5)
    before = (tmp_path / "v.mp4").read_bytes()
    with pytest.raises(KeyboardInterrupt), _writer(tmp_path / "v.mp4") as movie:
        movie.write(numbered(0), 0)
        raise KeyboardInterrupt
    assert (tmp_path / "v.mp4").read_bytes() == before
    make_movie(tmp_path / "v.mp4", 7)
    assert VideoClip(tmp_path / "v.mp4").info.frame_count == 7


def test_nothing_is_left_when_the_sound_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.mp4").write_text("no sound")
    with pytest.raises(Exception, match="can't be read"):
        make_movie(tmp_path / "v.mp4", 3, audio_from=tmp_path / "in" / "a.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_a_full_disk_is_said_plainly_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(DiskFull), _writer(tmp_path / "v.mp4") as movie:
        movie.write(numbered(0), 0)
        av.error.err_check(-errno.ENOSPC)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(FolderUnwritable), _writer(tmp_path / "taken" / "v.mp4"):
        pass


def test_missing_folders_are_made_and_any_name_goes(tmp_path: Path) -> None:
    path = tmp_path / "Mein Prøjekt 影" / "fertig 完.mp4"
    make_movie(path, 3)
    assert VideoClip(path).info.frame_count == 3


def test_matroska_says_that_it_rounds_times(tmp_path: Path) -> None:
    exact = make_movie(tmp_path / "a.mkv", 5)
    rounded = make_movie(tmp_path / "b.mkv", 5, time_base=Fraction(1001, 30000))
    assert exact == []
    assert any("millisecond" in n for n in rounded)


@pytest.mark.parametrize(
    ("name", "codec", "said"),
    [("v.mp4", "prores", ".mov"), ("v.avi", "hevc", ".mp4"), ("v.mp4", "vhs", "h264")],
)
def test_containers_and_codecs_that_do_not_go_together_are_refused(tmp_path: Path, name, codec, said) -> None:
    with pytest.raises(OptionInvalid, match=said):
        _writer(tmp_path / name, codec=codec)
    assert list(tmp_path.iterdir()) == []


def test_misuse_is_an_error_of_the_program(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="must rise"), _writer(tmp_path / "v.mp4") as movie:
        movie.write(numbered(0), 5)
        movie.write(numbered(0), 5)
    with pytest.raises(ValueError, match="shape"), _writer(tmp_path / "v.mp4") as movie:
        movie.write(numbered(0, width=32), 0)
    with pytest.raises(ValueError, match="no frame"), _writer(tmp_path / "v.mp4"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_hevc_is_marked_so_that_every_player_takes_it(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 3, codec="hevc")
    assert b"hvc1" in (tmp_path / "v.mp4").read_bytes()


def test_delivery_files_can_play_while_they_load(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 3)
    data = (tmp_path / "v.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


def test_flat_colours_survive_within_a_level(tmp_path: Path) -> None:
    encode_planes(tmp_path / "in.mp4", flat_420(100, 120, 140, width=64, height=48), "yuv420p")
    rgb = next(iter(VideoClip(tmp_path / "in.mp4").frames())).rgb
    with _writer(tmp_path / "out.mp4", crf=0) as movie:
        movie.write(rgb, 0)
    again = next(iter(VideoClip(tmp_path / "out.mp4").frames())).rgb
    assert np.abs(again.astype(int) - rgb).max() <= 1


@pytest.mark.parametrize("codec", SOFTWARE)
@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_movie_of_very_few_frames_is_whole(tmp_path: Path, codec: str, count: int) -> None:
    path = tmp_path / f"short{CODECS[codec].suffixes[0]}"
    rate = Fraction(25)
    for _ in range(3):  # libx265's unset times were wrong only now and then
        with MovieWriter(
            path, width=256, height=128, time_base=1 / rate, rate=rate, color=ColorTags(), codec=codec
        ) as movie:
            for index in range(count):
                movie.write(np.full((128, 256, 3), 90, np.uint8), index)
        with VideoClip(path) as clip:
            assert len(list(clip.frames())) == count


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="threads are scheduled so on Linux only")
@pytest.mark.parametrize("codec", SOFTWARE)
def test_no_encoder_makes_this_process_or_its_own_threads_real_time(tmp_path: Path, codec: str) -> None:
    # SVT-AV1 does, where root runs it; what is started later in this process then inherits it.
    rate = Fraction(25)
    with MovieWriter(
        tmp_path / f"v{CODECS[codec].suffixes[0]}",
        width=256, height=128, time_base=1 / rate, rate=rate, color=ColorTags(), codec=codec,
    ) as movie:  # fmt: skip
        movie.write(np.full((128, 256, 3), 90, np.uint8), 0)
        policies = {os.sched_getscheduler(int(path.name)) for path in Path("/proc/self/task").iterdir()}
    assert policies == {os.SCHED_OTHER}


LOSSLESS = [codec for codec, choice in CODECS.items() if choice.lossless]
WITH_ALPHA = [(codec, ending) for codec, c in CODECS.items() if c.alpha for ending in c.suffixes]


def _noise(*, channels: int = 3, kind: type = np.uint8) -> np.ndarray:
    most = np.iinfo(kind).max
    return np.random.default_rng(4).integers(0, most, (HEIGHT, WIDTH, channels), kind, endpoint=True)


@pytest.mark.parametrize("codec", LOSSLESS)
def test_what_is_called_lossless_gives_back_every_bit(tmp_path: Path, codec: str) -> None:
    path, picture = tmp_path / f"v{CODECS[codec].suffixes[0]}", _noise()
    with _writer(path, codec=codec) as movie:
        for number in range(3):
            movie.write(np.roll(picture, number, 0), number)
    for number, frame in enumerate(VideoClip(path).frames()):
        assert np.array_equal(frame.rgb, np.roll(picture, number, 0))


@pytest.mark.parametrize(("codec", "ending"), WITH_ALPHA)
@pytest.mark.parametrize("bit_depth", [8, 16])
def test_transparency_goes_in_and_comes_back(tmp_path: Path, codec: str, ending: str, bit_depth: int) -> None:
    kind = np.uint16 if bit_depth == 16 else np.uint8
    picture, alpha = _noise(kind=kind), _noise(channels=1, kind=kind)[..., 0]
    with _writer(tmp_path / f"v{ending}", codec=codec, alpha=True, bit_depth=bit_depth) as movie:
        movie.write(picture, 0, alpha=alpha)
    with av.open(str(tmp_path / f"v{ending}")) as container:
        frame = next(container.decode(video=0))
        back = planes.alpha_from_frame(frame)
        rgb = planes.rgb_from_frame(frame)
    wanted = alpha.astype(int) * 257 if bit_depth == 8 else alpha.astype(int)
    steps = 1 if CODECS[codec].lossless and not (bit_depth == 16 and codec in ("qtrle", "utvideo")) else 257
    assert back is not None
    assert np.abs(back.astype(int) - wanted).max() < steps + (codec == "prores_4444") * 257
    if bit_depth == 8 and CODECS[codec].lossless:
        assert np.array_equal(rgb, picture)


def test_a_frame_without_its_transparency_is_opaque_in_a_movie_that_can_hold_it(tmp_path: Path) -> None:
    with _writer(tmp_path / "v.mov", codec="prores_4444", alpha=True) as movie:
        movie.write(_noise(), 0)
    with av.open(str(tmp_path / "v.mov")) as container:
        back = planes.alpha_from_frame(next(container.decode(video=0)))
    assert back is not None and back.min() == 65535


@pytest.mark.parametrize("codec", [codec for codec, choice in CODECS.items() if choice.needs])
def test_hardware_that_is_not_there_is_said_plainly(tmp_path: Path, codec: str) -> None:
    try:
        make_movie(tmp_path / "v.mp4", 2, codec=codec, width=256, height=128)
    except OptionInvalid as refusal:
        assert CODECS[codec].needs in refusal.message
        assert f"Choose {codec.split('_')[0]}," in refusal.message
        assert list(tmp_path.iterdir()) == []
    else:
        assert VideoClip(tmp_path / "v.mp4").info.frame_count == 2


def test_a_size_the_codec_cannot_hold_is_refused_before_a_frame_is_written(tmp_path: Path) -> None:
    with pytest.raises(OptionInvalid, match=r"dnxhr can't encode pictures of 64 x 48"):
        make_movie(tmp_path / "v.mov", 1, codec="dnxhr")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("preset", ["ultrafast", "slower"])
def test_av1_knows_the_presets_of_the_others(
    tmp_path: Path, preset: str, capfd: pytest.CaptureFixture[str]
) -> None:
    make_movie(tmp_path / "v.mp4", 3, codec="av1", preset=preset)
    assert not capfd.readouterr().err, "what encoders print is nobody's to read"
    assert VideoClip(tmp_path / "v.mp4").info.frame_count == 3


def test_a_timecode_stands_in_the_movie_and_is_read_back(tmp_path: Path) -> None:
    for ending in (".mov", ".mp4", ".mkv"):
        make_movie(tmp_path / f"v{ending}", 5, timecode="10:02:03:04")
        assert VideoClip(tmp_path / f"v{ending}").info.timecode == "10:02:03:04"
    make_movie(tmp_path / "none.mov", 5)
    assert VideoClip(tmp_path / "none.mov").info.timecode == ""


@pytest.mark.parametrize(
    ("codec", "bits", "has"),
    [("qtrle", 10, 8), ("prores", 12, 10), ("h264", 12, 10), ("hevc_lossless", 16, 12)],
)
def test_fewer_bits_than_dst_has_are_said(tmp_path: Path, codec: str, bits: int, has: int) -> None:
    notices = make_movie(tmp_path / "v.mov", 2, codec=codec, bit_depth=bits)
    assert notices == [f"dst has {bits} bits and {codec} has {has}, so finer steps are lost."]
    assert make_movie(tmp_path / "w.mov", 2, codec=codec, bit_depth=has) == []
