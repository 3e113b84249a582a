"""Two moments in a frame become one moment each, in the order they were filmed in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.media.interlaced import FRAMES, bar_at, bars_in, make_interlaced
from tests.media.made import make_movie, number_of
from understudy.media.deinterlacing import whole_frames
from understudy.media.video import VideoClip


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> VideoClip:
    return VideoClip(make_interlaced(tmp_path_factory.mktemp("film") / "v.mov"))


def test_a_frame_shows_one_moment_instead_of_two(film: VideoClip) -> None:
    assert bars_in(list(film.frames())[3].rgb) == {bar_at(6), bar_at(7)}
    whole = list(film.whole_frames(order="auto", each_field=False))
    assert [bars_in(frame.rgb) for frame in whole] == [{bar_at(2 * n)} for n in range(FRAMES)]
    assert [frame.pts for frame in whole] == list(film.timestamps())


def test_every_field_becomes_a_frame_at_its_own_time(film: VideoClip) -> None:
    whole = list(film.whole_frames(order="auto", each_field=True))
    assert [bars_in(frame.rgb) for frame in whole] == [{bar_at(n)} for n in range(2 * FRAMES)]
    assert [frame.index for frame in whole] == list(range(2 * FRAMES))
    assert [frame.time_s for frame in whole] == pytest.approx([n / 50 for n in range(2 * FRAMES)])


def test_an_order_that_is_said_counts_more_than_the_clips(film: VideoClip, tmp_path: Path) -> None:
    wrong = [bars_in(f.rgb) for f in film.whole_frames(order="top", each_field=True)]
    assert wrong[:4] == [{bar_at(1)}, {bar_at(0)}, {bar_at(3)}, {bar_at(2)}]
    unsaid = VideoClip(make_interlaced(tmp_path / "v.mov", flagged=False))
    assert not unsaid.info.interlaced
    assert len(bars_in(next(unsaid.whole_frames(order="auto", each_field=False)).rgb)) == 2
    assert bars_in(next(unsaid.whole_frames(order="bottom", each_field=False)).rgb) == {bar_at(0)}


def test_whole_frames_pass_as_they_are(tmp_path: Path) -> None:
    make_movie(tmp_path / "v.mp4", 3)
    frames = list(VideoClip(tmp_path / "v.mp4").whole_frames(order="auto", each_field=False))
    assert [number_of(frame.rgb) for frame in frames] == [0, 1, 2]
    assert list(whole_frames([], order="auto", each_field=False)) == []
