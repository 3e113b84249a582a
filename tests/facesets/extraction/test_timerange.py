from fractions import Fraction
from types import SimpleNamespace

import pytest

from understudy.errors import OptionInvalid, StretchEmpty
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.timerange import wanted_frames


class Times:
    """A clip of which only the times are known."""

    def __init__(self, pts: list[int], time_base: Fraction) -> None:
        self.time_base = time_base
        self._pts = pts
        self.info = SimpleNamespace(
            frame_count=len(pts), duration_s=float(pts[-1] * time_base), path="clip.mp4"
        )

    def timestamps(self) -> list[int]:
        return self._pts


NTSC = Times([1001 * n for n in range(300)], Fraction(1, 30000))


def frames_of(clip=NTSC, **options) -> range:
    return wanted_frames(clip, ExtractOptions(**options))


def test_without_a_range_every_frame_is_looked_at():
    assert frames_of() == range(300)


def test_a_range_begins_with_the_first_frame_shown_then_and_ends_before_its_stop():
    # Frame 30 is shown at 1.001 s, frame 29 at 0.968 s.
    assert frames_of(start="1", stop="0:02") == range(30, 60)
    assert frames_of(start="1.001", stop="2.002") == range(30, 60)
    assert frames_of(start="10f", stop="12f") == range(10, 12)


def test_a_frame_and_its_own_time_are_one_place():
    for index in (1, 7, 29, 123, 299):
        shown = f"{float(1001 * index * NTSC.time_base):.6f}"
        assert frames_of(start=shown).start == frames_of(start=f"{index}f").start == index


def test_uneven_times_are_followed():
    uneven = Times([0, 10, 11, 50, 90], Fraction(1, 10))
    assert frames_of(uneven, start="1.05", stop="9") == range(2, 4)


def test_a_step_counts_from_the_beginning_of_the_range():
    assert list(frames_of(start="5f", stop="20f", frame_step=6)) == [5, 11, 17]


def test_a_stop_behind_the_end_is_the_end():
    assert frames_of(start="290f", stop="9:00:00") == range(290, 300)


@pytest.mark.parametrize("options", [{"start": "300f"}, {"start": "5", "stop": "4"}, {"stop": "0"}])
def test_a_range_without_a_frame_is_refused_with_the_clips_length(options):
    with pytest.raises(StretchEmpty, match=r"300 frames.* 9\.977 s"):
        frames_of(**options)


def test_what_is_no_place_is_refused_by_its_name_and_numbers_of_toml_are_seconds():
    with pytest.raises(OptionInvalid, match=r"'start' can't be 'soon'.*310f"):
        ExtractOptions().changed(start="soon")
    assert ExtractOptions().changed(start=1, stop=2.5).stop == "2.5"
