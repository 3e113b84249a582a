"""The map shows where the numbers are."""

from __future__ import annotations

import numpy as np

from tests.facesets.curation.test_coverage import FRONT, table
from understudy.facesets.curation.coverage import PITCHES_DEG, YAWS_DEG, coverage
from understudy.facesets.curation.coverage_map import (
    _CELL_H,
    _CELL_W,
    _EMPTY,
    _HEAD,
    _LEFT,
    _MAP_W,
    _MARGIN,
    _TOP,
    draw_coverage,
)


def corner_of(column: int, yaw: int, pitch: int) -> tuple[int, int]:
    """(y, x) of a field's first pixels in the top row of maps."""
    x = _MARGIN + column * _MAP_W + _LEFT + YAWS_DEG.index(yaw) * _CELL_W
    y = _HEAD + _TOP + PITCHES_DEG.index(pitch) * _CELL_H
    return y + 3, x + 3


def test_fields_with_faces_are_lit_and_gaps_are_red() -> None:
    picture = draw_coverage(coverage([table([FRONT])], [table([FRONT, (-30, 15, 50)])]))
    assert picture.dtype == np.uint8 and picture.shape[2] == 3
    empty = tuple(picture[corner_of(0, -30, 15)])
    assert empty == _EMPTY and tuple(picture[corner_of(0, 0, 0)]) != _EMPTY
    assert tuple(picture[corner_of(1, -30, 15)]) != _EMPTY
    red, green, blue = (int(channel) for channel in picture[corner_of(2, -30, 15)])
    assert red > 150 > max(green, blue)
    red, green, blue = (int(channel) for channel in picture[corner_of(2, 0, 0)])
    assert blue > red


def test_nothing_is_red_where_the_words_say_that_all_is_well() -> None:
    fewer = [table([FRONT, (-30, 0, 6)], sharpness=0.5, brightness=0.45)]
    found = coverage(fewer, [table([FRONT, (-30, 0, 12)], sharpness=0.7, brightness=0.5)])
    assert found.words[0].startswith("All is well")
    maps = draw_coverage(found)[: _HEAD + 3 * (_TOP + 9 * _CELL_H), :, :].astype(int)
    assert not ((maps[..., 0] > 120) & (maps[..., 1:].max(-1) < 100)).any()


def test_more_faces_are_brighter() -> None:
    picture = draw_coverage(coverage([table([(0, 0, 3), (30, 0, 300)])], [])).astype(int)
    assert picture[corner_of(0, 30, 0)].sum() > picture[corner_of(0, 0, 0)].sum()


def test_long_words_make_the_picture_higher_and_are_not_cut() -> None:
    few = draw_coverage(coverage([table([FRONT])], [table([FRONT])]))
    looks = [(yaw, 0.0, 50) for yaw in range(-75, 90, 30)]
    many = draw_coverage(coverage([table([FRONT])], [table(looks)]))
    assert many.shape[0] > few.shape[0] and many.shape[1] == few.shape[1]
