"""Sheets and joined frames: right sizes, right places, readable names."""

from __future__ import annotations

import numpy as np
import pytest

from understudy.measure.sheet import sheet, side_by_side


def plain(grey: int, *, height: int = 101, width: int = 75) -> np.ndarray:
    return np.full((height, width, 3), grey, np.uint8)


def test_pictures_stand_in_order_under_a_strip_with_their_names() -> None:
    joined = side_by_side([plain(60), plain(120), plain(180)], ["src", "dst", "result"])
    strip = joined.shape[0] - 101 - joined.shape[0] % 2
    row = joined[60]
    assert [int(row[x, 0]) for x in (10, 75 + 2 + 10, 2 * 77 + 10)] == [60, 120, 180]
    names = joined[: strip - 1].max(-1)
    for k in range(3):  # every name has ink above its own picture
        assert names[:, k * 77 : k * 77 + 75].max() > 200


def test_joined_frames_have_even_sides_and_one_size_whatever_they_show() -> None:
    one = side_by_side([plain(0), plain(9)], ["a", "b"])
    other = side_by_side([plain(200), plain(99)], ["a much longer name", "b"])
    assert one.shape == other.shape
    assert one.shape[0] % 2 == 0 and one.shape[1] % 2 == 0


def test_pictures_of_other_sizes_are_brought_to_the_first_ones_height() -> None:
    joined = side_by_side([plain(50), plain(90, height=202, width=150)], ["a", "b"])
    assert joined.shape[1] in (75 + 2 + 75, 75 + 2 + 75 + 1)


def test_a_sheet_holds_every_picture_at_its_place() -> None:
    rows = [[plain(40 * r + 20 * c + 20) for c in range(3)] for r in range(2)]
    table = sheet(rows, ["src", "dst", "truth"], row_names=["frame 3", "frame 9"], cell_height_px=101)
    strip = table.shape[0] - 2 * 101 - 2 - table.shape[0] % 2
    for r in range(2):
        for c in range(3):
            middle = table[strip + r * 103 + 60, c * 77 + 40]
            assert abs(int(middle[0]) - (40 * r + 20 * c + 20)) <= 1


@pytest.mark.parametrize("rows", [[], [[plain(1)]]])
def test_a_sheet_without_rows_or_with_missing_pictures_is_a_bug(rows: list) -> None:
    with pytest.raises(ValueError, match="sheet"):
        sheet(rows, ["a", "b"])


def test_names_and_pictures_must_pair() -> None:
    with pytest.raises(ValueError, match="2 pictures and 1 names"):
        side_by_side([plain(1), plain(2)], ["a"])


def test_the_name_of_a_row_stands_on_the_picture_it_belongs_to() -> None:
    table = sheet([[plain(90)] * 3], ["a", "b", "c"], row_names=["frame 3"], named_column=1, cell_height_px=101)
    body = table[table.shape[0] - 101 - table.shape[0] % 2 :]
    assert [bool(body[:101, k * 77 : k * 77 + 75].max() > 200) for k in range(3)] == [False, True, False]


def test_words_of_a_heading_stand_apart_also_when_they_are_small() -> None:
    (strip,) = (side_by_side([plain(0, height=64, width=200)], ["src as src"])[:16],)
    inked = np.flatnonzero(strip.max(-1).max(0) > 120)
    assert (np.diff(inked) >= 4).sum() == 2
