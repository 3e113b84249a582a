"""Frames said in words, and said again."""

from __future__ import annotations

import pytest

from understudy.errors import OptionInvalid
from understudy.merging.frame_ranges import (
    in_a_name,
    in_words,
    one_stretch,
    parse_frames,
    require_within,
    stretches_of,
)


def test_both_ends_of_a_range_are_in_it() -> None:
    assert parse_frames("120:160") == [range(120, 161)]
    assert parse_frames(" 7 , 3:4") == [range(7, 8), range(3, 5)]
    assert parse_frames(":2")[0] == range(0, 3)


def test_an_open_end_is_the_clips() -> None:
    assert require_within(parse_frames("5:"), 8, who="Frames") == [range(5, 8)]
    assert require_within(parse_frames(":"), 8, who="Frames") == [range(0, 8)]


@pytest.mark.parametrize("text", ["", "a", "1:b", "-3", "1.5", "1,,2", "٣"])
def test_what_is_no_frame_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(OptionInvalid, match="120:160"):
        parse_frames(text)


def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(OptionInvalid, match="before it begins"):
        parse_frames("9:8")


@pytest.mark.parametrize("text", ["8", "7:8", "100:"])
def test_frames_outside_the_clip_are_refused_by_its_length(text: str) -> None:
    with pytest.raises(OptionInvalid, match="0 to 7"):
        require_within(parse_frames(text), 8, who="Frames")


def test_a_finished_file_shows_all_or_one_stretch() -> None:
    assert one_stretch("", 8) == range(8) and one_stretch("5:", 8) == range(5, 8)
    with pytest.raises(OptionInvalid, match="each by itself"):
        one_stretch("1:2,5", 8)
    with pytest.raises(OptionInvalid, match="0 to 7"):
        one_stretch("7:8", 8)


def test_frames_can_stand_in_a_files_name() -> None:
    assert [in_a_name(parse_frames(text)) for text in ("120:160", "3", "900:")] == ["120-160", "3", "900-end"]


def test_words_and_stretches_say_the_same() -> None:
    assert in_words(stretches_of([5, 1, 2, 3, 9])) == "1:3,5,9"
    assert in_words(stretches_of([1, 4, 8], longest_gap=2)) == "1:4,8", "gaps are 2 and 3 frames"
    for text in ("1:3,5", "4:", "0:2"):
        assert in_words(parse_frames(text)) == text
