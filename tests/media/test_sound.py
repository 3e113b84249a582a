"""Sound comes into a movie from any file, at its time. More of copying it is tested with the movie writer."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.media.made import make_movie, sine
from understudy.errors import ClipMissing, MovieUnwritable
from understudy.media import sound as sounds
from understudy.media.sound import HeardPart, JoinedSound


def joined(tmp_path: Path, *parts: HeardPart) -> np.ndarray:
    """The joined sound, decoded, (samples,)."""
    with av.open(str(tmp_path / "out.mp4"), "w") as output:
        sound = JoinedSound(parts, output)
        for packet in sound.packets_until(None):
            output.mux(packet)
    with av.open(str(tmp_path / "out.mp4")) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def test_parts_are_cut_and_filled_to_their_pictures(tmp_path: Path) -> None:
    make_movie(tmp_path / "long.mp4", 5, sound=sine(2.0))
    make_movie(tmp_path / "short.mp4", 5, sound=sine(0.2, 22050))
    heard = joined(
        tmp_path,
        HeardPart(tmp_path / "long.mp4", Fraction(1, 2)),
        HeardPart(None, Fraction(1, 4)),
        HeardPart(tmp_path / "short.mp4", Fraction(1, 2)),
    )
    assert len(heard) == pytest.approx(1.25 * 48000, abs=2048)
    strength = [float(np.abs(heard[at : at + 2400]).mean()) for at in range(0, 58000, 2400)]
    loud = [index / 20 for index, value in enumerate(strength) if value > 0.1]
    assert loud[:10] == [index / 20 for index in range(10)]
    assert all(0.7 <= at < 1.0 for at in loud[10:]) and 3 <= len(loud[10:]) <= 6


def test_sound_is_handed_out_as_far_as_it_is_wanted(tmp_path: Path) -> None:
    make_movie(tmp_path / "a.mp4", 50, sound=sine(2.0))
    with av.open(str(tmp_path / "out.mp4"), "w") as output:
        sound = JoinedSound([HeardPart(tmp_path / "a.mp4", Fraction(2))], output)
        early, late = list(sound.packets_until(Fraction(1, 2))), list(sound.packets_until(None))
    assert 15 < len(early) < 35 < len(late)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(ClipMissing):
        joined(tmp_path, HeardPart(tmp_path / "none.mp4", Fraction(1)))


def _with_sound(
    path: Path, codec: str, *, layout: str = "stereo", gap_s: range = range(0), picture: bool = False
) -> list[float]:
    """A file of three seconds of silence with a beep a tenth into each but in the gap; when they are."""
    rate, seconds = 48000, (0, 1, 2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout)
        kind = stream.codec_context.format.name
        if picture:
            shown = container.add_stream("mpeg4", rate=25)
            shown.width, shown.height, shown.pix_fmt = 64, 48, "yuv420p"
            container.mux(shown.encode(av.VideoFrame(64, 48, "yuv420p")))
            container.mux(shown.encode(None))
        for place in range(0, rate * len(seconds), 960):
            if place // rate in gap_s:
                continue
            tone = np.sin(np.arange(960) / 960 * 2 * np.pi * 9) * 0.8 * (4800 <= place % rate < 9600)
            samples = np.repeat(tone[None], stream.codec_context.layout.nb_channels, 0)
            resampler = av.AudioResampler(kind, layout, rate)
            frame = av.AudioFrame.from_ndarray(samples.astype(np.float32), "fltp", layout)
            frame.sample_rate, frame.pts, frame.time_base = rate, place, Fraction(1, rate)
            for piece in resampler.resample(frame):
                container.mux(stream.encode(piece))
        container.mux(stream.encode(None))
    return [second + 0.1 for second in seconds if second not in gap_s]


def _beeps_s(path: Path) -> list[float]:
    """When something begins to be heard, as players show it."""
    begins, loud = [], False
    with av.open(str(path)) as container:
        start_s = min((container.start_time or 0) / av.time_base, 0.0)
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray().astype(float) - (128 if frame.format.name.startswith("u8") else 0)
            most = {"u8": 1 << 7, "s16": 1 << 15, "s32": 1 << 31}.get(frame.format.packed.name, 1)
            was, loud = loud, float(np.abs(samples).max()) > 0.3 * most
            if loud and not was:
                begins.append(float(frame.time) - start_s)
    return begins


def _samples(path: Path) -> bytes:
    with av.open(str(path)) as container:
        return b"".join(bytes(packet) for packet in container.demux(audio=0) if packet.size)


@pytest.mark.parametrize("layout", ["mono", "stereo", "5.1"])
@pytest.mark.parametrize("ending", [".avi", ".mkv", ".nut"])
def test_plain_sound_of_any_container_goes_into_mp4_bit_by_bit(
    tmp_path: Path, ending: str, layout: str
) -> None:
    source = tmp_path / f"in{ending}"
    _with_sound(source, "pcm_s16le", layout=layout)
    assert make_movie(tmp_path / "out.mp4", 75, audio_from=source) == []

    assert _samples(tmp_path / "out.mp4") == _samples(source)
    with av.open(str(tmp_path / "out.mp4")) as container:
        assert container.streams.audio[0].codec_context.layout.nb_channels == {"mono": 1, "stereo": 2}.get(
            layout, 6
        )


@pytest.mark.parametrize(("codec", "name"), [("flac", "flac"), ("libopus", "opus")])
def test_sound_that_mov_refuses_although_it_says_otherwise_becomes_aac(
    tmp_path: Path, codec: str, name: str
) -> None:
    begins = _with_sound(tmp_path / "in.mkv", codec)
    notices = make_movie(tmp_path / "out.mov", 75, audio_from=tmp_path / "in.mkv")
    assert notices == [f"Sound 1 was {name}, which this container can't hold; it is AAC now."]
    assert _beeps_s(tmp_path / "out.mov") == pytest.approx(begins, abs=0.05)


def test_what_ffmpeg_refuses_while_writing_is_said_plainly_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _with_sound(tmp_path / "in.avi", "pcm_s16le")
    monkeypatch.setattr(sounds, "_layout_of", lambda stream: stream.codec_context.layout.name)
    monkeypatch.setattr(sounds, "_can_hold", lambda *given: True)
    with pytest.raises(MovieUnwritable, match="Invalid argument"):
        make_movie(tmp_path / "out.mp4", 3, audio_from=tmp_path / "in.avi")
    assert [p.name for p in tmp_path.iterdir()] == ["in.avi"]


@pytest.mark.parametrize("codec", ["pcm_s16le", "pcm_u8", "libopus"])
@pytest.mark.parametrize("ending", [".mp4", ".mov", ".avi", ".mkv"])
def test_what_is_heard_after_a_gap_stays_at_its_time(tmp_path: Path, codec: str, ending: str) -> None:
    begins = _with_sound(tmp_path / "in.mkv", codec, gap_s=range(1, 2))
    goal = {"codec": "mpeg4"} if ending == ".avi" else {}
    make_movie(tmp_path / f"out{ending}", 75, audio_from=tmp_path / "in.mkv", **goal)
    assert _beeps_s(tmp_path / f"out{ending}") == pytest.approx(begins, abs=0.05)


def test_what_begins_late_stays_late_in_avi_which_has_no_times(tmp_path: Path) -> None:
    begins = _with_sound(tmp_path / "in.mkv", "pcm_s16le", gap_s=range(1), picture=True)
    make_movie(tmp_path / "out.avi", 75, codec="mpeg4", audio_from=tmp_path / "in.mkv")
    assert _beeps_s(tmp_path / "out.avi") == pytest.approx(begins, abs=0.05)


def test_what_is_heard_after_a_gap_stays_at_its_time_where_clips_are_joined(tmp_path: Path) -> None:
    begins = _with_sound(tmp_path / "in.mkv", "pcm_s16le", gap_s=range(1, 2))
    heard = joined(tmp_path, HeardPart(tmp_path / "in.mkv", Fraction(3)))
    loud = np.abs(heard.reshape(-1, 1024)).max(1) > 0.3
    assert [at * 1024 / 48000 for at in np.flatnonzero(np.diff(loud, prepend=[False]) & loud)] == pytest.approx(
        begins, abs=0.05
    )
