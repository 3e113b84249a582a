"""Images and clips become one movie, each frame at its time and with its sound."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.jobs.clips.test_tools import done, numbers, uneven
from tests.media.made import make_movie, numbered, sine
from understudy.errors import ClipSizesDiffer, FolderUnwritable, OptionInvalid
from understudy.events import Notice
from understudy.jobs.clips.info import clip_info
from understudy.jobs.clips.movies import join
from understudy.jobs.clips.tools import write_frames
from understudy.media.clip import ColorTags
from understudy.media.images import encode_png
from understudy.media.opening import open_clip
from understudy.media.options import FrameFileOptions, JoinOptions


def images(folder: Path, count: int, *, first: int = 0, width: int = 64, deep: bool = False) -> Path:
    folder.mkdir()
    for number in range(first, first + count):
        picture = numbered(number, width=width)
        stored = picture.astype(np.uint16) * 257 if deep else picture
        (folder / f"{number:04d}.png").write_bytes(encode_png(stored))
    return folder


def times_ms(path: Path) -> list[Fraction]:
    with open_clip(path) as clip:
        return [1000 * at * clip.time_base for at in clip.timestamps()]


def loud(path: Path) -> list[float]:
    """The strength of the first sound in every tenth of a second."""
    with av.open(str(path)) as container:
        rate = container.streams.audio[0].rate
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    step = rate // 10
    return [float(np.abs(heard[at : at + step]).mean()) for at in range(0, len(heard) - step, step)]


def test_frames_that_were_taken_out_go_back_with_times_and_sound(tmp_path: Path) -> None:
    pts = uneven(tmp_path / "v.mp4", sound=sine(1.3), color=ColorTags(9, 1, 9, 16))
    done(write_frames(tmp_path / "v.mp4", tmp_path / "f", FrameFileOptions()))
    done(join([tmp_path / "f"], tmp_path / "out.mp4", JoinOptions(), like=tmp_path / "v.mp4"))
    assert numbers(tmp_path / "out.mp4") == list(range(30)) and times_ms(tmp_path / "out.mp4") == pts
    with open_clip(tmp_path / "out.mp4") as clip, open_clip(tmp_path / "v.mp4") as old:
        assert clip.info.color == old.info.color and clip.info.has_audio


def test_images_have_the_pace_that_is_said(tmp_path: Path) -> None:
    images(tmp_path / "f", 6)
    done(join([tmp_path / "f"], tmp_path / "a.mp4", JoinOptions()))
    done(join([tmp_path / "f"], tmp_path / "b.mp4", JoinOptions(fps=23.976)))
    assert times_ms(tmp_path / "a.mp4") == [40 * n for n in range(6)]
    with open_clip(tmp_path / "b.mp4") as clip:
        assert clip.info.rate == Fraction(24000, 1001) and not clip.info.variable_rate


def test_clips_of_several_paces_follow_each_other_exactly(tmp_path: Path) -> None:
    pts = uneven(tmp_path / "a.mp4")
    make_movie(tmp_path / "b.mp4", 5, time_base=Fraction(1, 24), rate=Fraction(24))
    images(tmp_path / "c", 3, first=100)
    done(join([tmp_path / "a.mp4", tmp_path / "b.mp4", tmp_path / "c"], tmp_path / "out.mov", JoinOptions()))
    assert numbers(tmp_path / "out.mov") == [*range(30), *range(5), 100, 101, 102]
    times = times_ms(tmp_path / "out.mov")
    assert times[:30] == [at - pts[0] for at in pts]
    with open_clip(tmp_path / "a.mp4") as clip:
        begin = Fraction(clip.info.duration_s).limit_denominator(10**6) * 1000
    assert [round(float(t - begin), 3) for t in times[30:35]] == [round(n * 1000 / 24, 3) for n in range(5)]
    assert [round(float(t - times[35])) for t in times[35:]] == [0, 40, 80]


def test_each_clips_sound_is_heard_at_its_place(tmp_path: Path) -> None:
    make_movie(tmp_path / "a.mp4", 25, sound=sine(0.5))  # half of it silent
    make_movie(tmp_path / "b.mp4", 25)
    make_movie(tmp_path / "c.mp4", 25, sound=sine(3.0, 22050))  # too long
    make_movie(tmp_path / "d.mp4", 25, sound=sine(1.0))
    parts = [tmp_path / f"{name}.mp4" for name in "abcd"]
    done(join(parts, tmp_path / "out.mp4", JoinOptions()))
    strength = loud(tmp_path / "out.mp4")
    assert len(strength) == pytest.approx(40, abs=1)
    heard = [sum(s > 0.05 for s in strength[10 * part : 10 * part + 10]) for part in range(4)]
    assert heard[0] == pytest.approx(5, abs=1) and heard[1] <= 1 and heard[2] == 10 and heard[3] >= 8


def test_sound_stays_with_pictures_that_begin_late(tmp_path: Path) -> None:
    tone, rate = sine(1.0)
    tone[: rate * 7 // 10] = 0  # heard from 0.7 s on, which is 0.3 s after the first picture
    make_movie(tmp_path / "late.mp4", pts=list(range(400, 1000, 40)), sound=(tone, rate))
    make_movie(tmp_path / "b.mp4", 10)
    done(join([tmp_path / "late.mp4", tmp_path / "b.mp4"], tmp_path / "out.mp4", JoinOptions()))
    heard = [level > 0.05 for level in loud(tmp_path / "out.mp4")]
    assert heard[:6] == [False, False, False, True, True, True] and not any(heard[7:])


def test_more_or_fewer_images_than_the_model_are_said(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 5)
    images(tmp_path / "f", 7)
    events = list(join([tmp_path / "f"], tmp_path / "a.mp4", JoinOptions(), like=tmp_path / "v.mp4"))
    assert any("5 frames and these are 7" in event.text for event in events if isinstance(event, Notice))
    assert times_ms(tmp_path / "a.mp4") == [40 * n for n in range(7)]
    images(tmp_path / "g", 2)
    events = list(join([tmp_path / "g"], tmp_path / "b.mp4", JoinOptions(), like=tmp_path / "v.mp4"))
    assert any("first of the 5" in event.text for event in events if isinstance(event, Notice))


def test_deep_parts_make_a_deep_movie_of_the_codec_that_is_said(tmp_path: Path) -> None:
    images(tmp_path / "f", 2, deep=True)
    make_movie(tmp_path / "v.mp4", 2)
    done(join([tmp_path / "f", tmp_path / "v.mp4"], tmp_path / "out.mov", JoinOptions(codec="prores")))
    facts = clip_info(tmp_path / "out.mov")
    assert (facts["codec"], facts["bit_depth"], facts["frames"]) == ("prores", 10, 4)
    done(join([tmp_path / "f"], tmp_path / "small.mp4", JoinOptions(bitrate=0.1)))
    done(join([tmp_path / "f"], tmp_path / "large.mp4", JoinOptions(bitrate=50)))
    assert (tmp_path / "small.mp4").stat().st_size < (tmp_path / "large.mp4").stat().st_size


def test_what_does_not_go_together_is_refused(tmp_path: Path) -> None:
    images(tmp_path / "f", 1)
    images(tmp_path / "g", 1, width=72)
    with pytest.raises(ClipSizesDiffer, match="64 x 48 and 72 x 48"):
        done(join([tmp_path / "f", tmp_path / "g"], tmp_path / "out.mp4", JoinOptions()))
    make_movie(tmp_path / "a.mp4", 1, color=ColorTags(1, 1, 1, 1))
    make_movie(tmp_path / "b.mp4", 1, color=ColorTags(9, 1, 9, 16))
    with pytest.raises(OptionInvalid, match="colours"):
        done(join([tmp_path / "a.mp4", tmp_path / "b.mp4"], tmp_path / "out.mp4", JoinOptions()))
    with pytest.raises(FolderUnwritable):
        done(join([tmp_path / "f"], tmp_path / "a.mp4", JoinOptions()))
    assert not (tmp_path / "out.mp4").exists()
