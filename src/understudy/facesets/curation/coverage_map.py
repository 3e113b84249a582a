"""The picture of a coverage: heat maps over yaw and pitch of src, dst and their difference, and the words.

Pure functions to uint8 RGB. Yaw runs from left to right as the viewer sees it, pitch from up to down.
"""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from understudy.facesets.curation.coverage import ENOUGH, PITCHES_DEG, YAWS_DEG, Coverage, wanted

UInt8 = npt.NDArray[np.uint8]
Array = npt.NDArray[np.float64]
_Colour = tuple[int, int, int]

_CELL_W, _CELL_H = 40, 28
_LEFT, _TOP, _RIGHT, _BOTTOM = 74, 40, 14, 30  # around the cells of one map
_MAP_W = _LEFT + _CELL_W * len(YAWS_DEG) + _RIGHT
_MAP_H = _TOP + _CELL_H * len(PITCHES_DEG) + _BOTTOM
_MARGIN, _HEAD, _LINE = 16, 64, 25
_LETTERS = 175  # of a line of words
_GROUND, _INK, _FAINT, _EMPTY = (24, 26, 30), (236, 236, 236), (165, 169, 175), (38, 41, 47)
# Dark to light in even steps of lightness, so that more is always brighter.
_RISING: tuple[_Colour, ...] = ((45, 34, 92), (42, 92, 138), (36, 148, 138), (108, 199, 98), (244, 229, 90))
# Of differences: red are the gaps that the words name and nothing else; the rest is the bluer the more src has.
_GAP: _Colour = (222, 60, 50)
_BLUER: tuple[_Colour, ...] = ((66, 69, 76), (50, 94, 136), (56, 140, 214))


@dataclass(frozen=True, eq=False)
class _Map:
    """One map: its title, its values (pitch, yaw) with NaN for nothing, and how a value looks."""

    title: str
    values: Array
    colour: Callable[[float], _Colour]
    gaps: npt.NDArray[np.bool_] | None = None  # of a difference, whose values have a sign


def draw_coverage(found: Coverage) -> UInt8:
    """(height, width, 3): three rows of maps, faces, sharpness and light, for src, dst and the difference."""
    src, dst = found.src, found.dst
    most = max(2, int(src.counts.max()), int(dst.counts.max()))

    def by_count(value: float) -> _Colour:
        return _blend(_RISING, float(np.log1p(value) / np.log1p(most)))

    def by_percent(value: float) -> _Colour:
        return _blend(_RISING, value / 100)

    gaps = found.gaps
    needs = "src faces near there: more (+) or fewer (-) than dst needs"
    rows = [
        [
            _Map("src: faces", _known(src.counts), by_count),
            _Map("dst: faces", _known(dst.counts), by_count),
            _Map(needs, _surplus(found), _bluer(ENOUGH), gaps["few"]),
        ],
        [
            _Map("src: sharpness, %", 100 * src.sharpness, by_percent),
            _Map("dst: sharpness, %", 100 * dst.sharpness, by_percent),
            _Map(
                "how much sharper src is than dst, %",
                100 * (src.sharpness - dst.sharpness),
                _bluer(40),
                gaps["blurred"],
            ),
        ],
        [
            _Map("src: brightness, %", 100 * src.brightness, by_percent),
            _Map("dst: brightness, %", 100 * dst.brightness, by_percent),
            _Map(
                "how much brighter src is than dst, %",
                100 * (src.brightness - dst.brightness),
                _bluer(40),
                gaps["darker"] | gaps["brighter"],
            ),
        ],
    ]
    return _sheet(rows, [part for line in found.words for part in textwrap.wrap(f"- {line}", _LETTERS)])


def _sheet(rows: Sequence[Sequence[_Map]], words: Sequence[str]) -> UInt8:
    width = 2 * _MARGIN + 3 * _MAP_W
    maps_end = _HEAD + len(rows) * _MAP_H
    picture = Image.new("RGB", (width, maps_end + _LINE * len(words) + 3 * _MARGIN), _GROUND)
    pen = ImageDraw.Draw(picture)
    title = "Where src and dst look, as the viewer sees it; red is what src lacks, as told below"
    pen.text((_MARGIN + 8, 18), title, fill=_INK, font=ImageFont.load_default(28))
    for row, maps in enumerate(rows):
        for column, one in enumerate(maps):
            _draw_map(pen, one, _MARGIN + column * _MAP_W, _HEAD + row * _MAP_H)
    for number, line in enumerate(words):
        place = (_MARGIN + 8, maps_end + _MARGIN + number * _LINE)
        pen.text(place, line, fill=_INK, font=ImageFont.load_default(18))
    return np.asarray(picture, np.uint8)


def _draw_map(pen: ImageDraw.ImageDraw, one: _Map, left: int, top: int) -> None:
    small, plain = ImageFont.load_default(13), ImageFont.load_default(17)
    pen.text((left + _LEFT, top + 10), one.title, fill=_INK, font=plain)
    x0, y0 = left + _LEFT, top + _TOP
    for row, pitch in enumerate(PITCHES_DEG):
        middle = y0 + row * _CELL_H + _CELL_H / 2
        pen.text((x0 - 8, middle), _label(pitch, "down", "up"), fill=_FAINT, font=small, anchor="rm")
        for column in range(len(YAWS_DEG)):
            _draw_cell(pen, one, row, column, x0 + column * _CELL_W, y0 + row * _CELL_H)
    for column, yaw in enumerate(YAWS_DEG):
        if yaw % 30 == 0:
            place = (x0 + column * _CELL_W + _CELL_W / 2, y0 + _CELL_H * len(PITCHES_DEG) + 12)
            pen.text(place, _label(yaw, "left", "right"), fill=_FAINT, font=small, anchor="mm")


def _draw_cell(pen: ImageDraw.ImageDraw, one: _Map, row: int, column: int, x: int, y: int) -> None:
    value = float(one.values[row, column])
    is_gap = one.gaps is not None and bool(one.gaps[row, column])
    colour = _EMPTY if np.isnan(value) else _GAP if is_gap else one.colour(value)
    pen.rectangle((x + 1, y + 1, x + _CELL_W - 2, y + _CELL_H - 2), fill=colour)
    if not np.isnan(value):
        text = f"{value:+.0f}" if one.gaps is not None and round(value) else f"{value:.0f}"
        ink = (10, 10, 10) if _lightness(colour) > 115 else _INK
        middle = (x + _CELL_W / 2, y + _CELL_H / 2)
        pen.text(middle, text, fill=ink, font=ImageFont.load_default(14), anchor="mm")


def _label(angle: int, below: str, above: str) -> str:
    return "0°" if angle == 0 else f"{abs(angle)}° {above if angle > 0 else below}"


def _known(counts: npt.NDArray[np.int64]) -> Array:
    return np.where(counts > 0, counts.astype(float), np.nan)


def _surplus(found: Coverage) -> Array:
    more = found.served - wanted(found.dst.counts)
    return np.where(found.dst.counts > 0, more.astype(float), np.nan)


def _bluer(most: float) -> Callable[[float], _Colour]:
    """Grey to 0, blue for +most; beyond stays so."""
    return lambda value: _blend(_BLUER, value / most)


def _blend(colours: Sequence[_Colour], share: float) -> _Colour:
    place = float(np.clip(share, 0, 1)) * (len(colours) - 1)
    low = min(int(place), len(colours) - 2)
    mixed = [round(a + (b - a) * (place - low)) for a, b in zip(colours[low], colours[low + 1], strict=True)]
    return mixed[0], mixed[1], mixed[2]


def _lightness(colour: _Colour) -> float:
    return 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2]
