"""Time stamps that a file gives twice or not at all are worked out, and that is told."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.made import HEIGHT, WIDTH, number_of, numbered
from understudy.media.timing import repaired
from understudy.media.video import VideoClip

RISING = [0, 40, 100, 120, 200, 240, 300]


def movie_at(path: Path, pts: list[int]) -> None:
    """Numbered frames, each standing alone, at any times in milliseconds: equal ones too."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "bgr0"
        stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for number, time in enumerate(pts):
            frame = av.VideoFrame.from_ndarray(numbered(number), "rgb24").reformat(format="bgr0")
            frame.pts = number
            for packet in stream.encode(frame):
                packet.pts = packet.dts = time
                packet.time_base = Fraction(1, 1000)
                container.mux(packet)


def test_one_time_given_twice_changes_only_the_second(tmp_path: Path) -> None:
    movie_at(tmp_path / "v.mkv", [0, 40, 100, 100, 200, 240, 300])
    clip = VideoClip(tmp_path / "v.mkv")
    assert [p * clip.time_base * 1000 for p in clip.timestamps()] == [0, 40, 100, 150, 200, 240, 300]
    assert clip.info.variable_rate
    assert clip.info.damage.startswith("1 of 7 frames had no usable time")
    frames = list(clip.frames())
    assert [number_of(f.rgb) for f in frames] == [f.index for f in frames] == list(range(7))
    assert number_of(next(iter(clip.frames(4))).rgb) == 4


def test_a_file_whose_times_say_nothing_is_counted_and_told(tmp_path: Path) -> None:
    movie_at(tmp_path / "v.mkv", [0] * 9 + [40])
    clip = VideoClip(tmp_path / "v.mkv")
    assert not clip.info.variable_rate and clip.info.frame_count == 10
    assert "does not tell when its frames are shown" in clip.info.damage
    assert "25 even frames per second" in clip.info.damage


def test_a_sound_file_gives_no_warning(tmp_path: Path) -> None:
    movie_at(tmp_path / "v.mkv", RISING)
    assert VideoClip(tmp_path / "v.mkv").info.damage == ""


@pytest.mark.parametrize(
    ("stamps", "shown"),
    [
        ([0, None, 100, 120], [0, 50, 100, 120]),
        ([0, None, None, 120], [0, 40, 80, 120]),
        ([0, 40, 100, None], [0, 40, 100, 140]),
        ([None, 40, 80, 120], [0, 40, 80, 120]),
        ([None, None, 0, 40], [0, 1, 2, 40]),  # nothing is shown before the start
        ([0, 40, 40, 40, 160], [0, 40, 80, 120, 160]),
        ([0, 1, 1, 2, 5], [0, 1, 2, 3, 5]),  # no room, so the next one moves on
        ([0, 120, None, 80, 240, 160, 200], [0, 40, 80, 120, 160, 200, 240]),  # stored out of order
    ],
)
def test_bad_stamps_are_spread_between_good_ones(stamps: list[int | None], shown: list[int]) -> None:
    assert repaired(stamps) == shown


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 5000), min_size=2, max_size=30, unique=True).map(sorted),
    st.lists(st.tuples(st.integers(0, 29), st.booleans()), max_size=8),
)
def test_repaired_times_always_rise_and_none_is_lost(good: list[int], spoiled: list[tuple[int, bool]]) -> None:
    spaced = [stamp * 40 for stamp in good]  # room for every bad one
    stamps: list[int | None] = list(spaced)
    for place, twice in spoiled:
        stamps.insert(min(place, len(stamps)), spaced[min(place, len(spaced) - 1)] if twice else None)
    shown = repaired(stamps)
    assert len(shown) == len(stamps)
    assert all(a < b for a, b in pairwise(shown))
    assert min(shown) >= 0
    if None not in stamps[: stamps.index(spaced[0])]:
        assert set(spaced) <= set(shown)
