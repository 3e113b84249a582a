"""Pictures beside each other with their names: one frame of compare.mp4, and the sheet of a whole shot.

Pure functions from arrays to arrays, uint8 RGB. Not here: which frames are worth showing.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

UInt8 = npt.NDArray[np.uint8]

GROUND, _INK = 24, 235
_STRIP_SHARE = 0.09  # height of the strip of names, of a picture's height
_SMALLEST_STRIP_PX = 16
_GAP_PX = 2


def side_by_side(pictures: Sequence[UInt8], names: Sequence[str]) -> UInt8:
    """Pictures (height, width, 3) in one row under their names, all brought to the first one's height.

    Width and height of the result are even, as video wants them, and depend only on sizes: every frame of a
    clip comes out alike.
    """
    if len(pictures) != len(names) or not pictures:
        raise ValueError(f"{len(pictures)} pictures and {len(names)} names")
    height = pictures[0].shape[0]
    cells = [_of_height(picture, height) for picture in pictures]
    gap = np.full((height, _GAP_PX, 3), GROUND, np.uint8)
    row = np.hstack([part for cell in cells for part in (cell, gap)][:-1])
    return _even(np.vstack([_strip(names, [cell.shape[1] for cell in cells], height), row]))


def sheet(
    rows: Sequence[Sequence[UInt8]],
    columns: Sequence[str],
    *,
    row_names: Sequence[str] = (),
    named_column: int = 0,
    cell_height_px: int = 240,
) -> UInt8:
    """A table of pictures: `columns` named above, every row's name in its `named_column`'s corner."""
    if not rows or any(len(row) != len(columns) for row in rows):
        raise ValueError("every row of a sheet needs one picture per column, and there must be rows")
    named = list(row_names) or [""] * len(rows)
    first, *rest = [[_of_height(picture, cell_height_px) for picture in row] for row in rows]
    widths = [cell.shape[1] for cell in first]
    lines = [
        _row_of(cells, widths, name, named_column) for cells, name in zip([first, *rest], named, strict=True)
    ]
    gap = np.full((_GAP_PX, lines[0].shape[1], 3), GROUND, np.uint8)
    body = [part for line in lines for part in (line, gap)][:-1]
    return _even(np.vstack([_strip(columns, widths, cell_height_px), *body]))


def square_places(rows: int, columns: int, *, cell_px: int) -> tuple[list[int], list[int]]:
    """Where `sheet` puts square cells: the left of each column and the top of each row, in pixels."""
    step = cell_px + _GAP_PX
    return [step * n for n in range(columns)], [_strip_height(cell_px) + step * n for n in range(rows)]


def _row_of(cells: Sequence[UInt8], widths: Sequence[int], name: str, named_column: int) -> UInt8:
    fitted = [_of_width(cell, width) for cell, width in zip(cells, widths, strict=True)]
    if name:
        fitted[named_column] = _with_words(fitted[named_column], name)
    gap = np.full((fitted[0].shape[0], _GAP_PX, 3), GROUND, np.uint8)
    return np.hstack([part for cell in fitted for part in (cell, gap)][:-1])


def _strip(names: Sequence[str], widths: Sequence[int], picture_height: int) -> UInt8:
    height = _strip_height(picture_height)
    total = sum(widths) + _GAP_PX * (len(widths) - 1)
    canvas = Image.new("RGB", (total, height), (GROUND,) * 3)
    pen, font = ImageDraw.Draw(canvas), ImageFont.load_default(round(height * 0.6))
    x = 0
    for name, width in zip(names, widths, strict=True):
        spaced = name.replace(" ", "  ")  # one space of this font is lost at small sizes
        pen.text((x + width / 2, height / 2), spaced, fill=(_INK,) * 3, font=font, anchor="mm")
        x += width + _GAP_PX
    return np.asarray(canvas, np.uint8)


def _strip_height(picture_height: int) -> int:
    return max(_SMALLEST_STRIP_PX, round(_STRIP_SHARE * picture_height))


def _with_words(picture: UInt8, words: str) -> UInt8:
    canvas = Image.fromarray(np.ascontiguousarray(picture))
    font = ImageFont.load_default(max(10, round(picture.shape[0] * 0.05)))
    ImageDraw.Draw(canvas).text(
        (4, 2), words, fill=(_INK,) * 3, font=font, stroke_width=2, stroke_fill=(0, 0, 0)
    )
    return np.asarray(canvas, np.uint8)


def _of_height(picture: UInt8, height: int) -> UInt8:
    if picture.shape[0] == height:
        return picture
    width = max(1, round(picture.shape[1] * height / picture.shape[0]))
    how = cv2.INTER_AREA if height < picture.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)


def _of_width(picture: UInt8, width: int) -> UInt8:
    """Cut or fill at the right: rows of one column may differ by a pixel."""
    missing = width - picture.shape[1]
    if missing <= 0:
        return picture[:, :width]
    return np.pad(picture, ((0, 0), (0, missing), (0, 0)), constant_values=GROUND)


def _even(picture: UInt8) -> UInt8:
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), constant_values=GROUND)
