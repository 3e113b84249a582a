"""Which numbers turn video's Y'CbCr into RGB and back: the matrices and ranges of ITU-T H.273.

Pure arithmetic. Pixels are in `planes.py`; transfer curves and primaries are carried as tags, never applied.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.media.clip import ColorTags

Array = npt.NDArray[np.floating[Any]]

LIMITED, FULL = 1, 2
_RGB = 0
_BT709, _BT601 = 1, 6
HD_LINES = 720

# Kr and Kb by the code point of the matrix: ITU-T H.273, table 4.
_KR_KB = {
    1: (0.2126, 0.0722),  # BT.709
    4: (0.30, 0.11),  # FCC
    5: (0.299, 0.114),  # BT.601, 625 lines
    6: (0.299, 0.114),  # BT.601, 525 lines
    7: (0.212, 0.087),  # SMPTE 240M
    9: (0.2627, 0.0593),  # BT.2020
    10: (0.2627, 0.0593),  # BT.2020 with constant luminance, read as if it were not
}
# Primaries and transfer that usually go with a matrix; the transfer of BT.2020 (SDR, PQ, HLG) can't be guessed.
_COMPANIONS = {1: (1, 1), 4: (6, 6), 5: (5, 6), 6: (6, 6), 7: (7, 7), 9: (9, 2), 10: (9, 2)}


def resolved_tags(tags: ColorTags, *, lines: int) -> ColorTags:
    """Fill in what is not said: BT.601 below 720 lines, BT.709 from there on, limited range.

    A matrix that is RGB or one we don't know counts as not said. Tags that say something are kept.
    """
    matrix = tags.matrix
    if matrix not in _KR_KB:
        matrix = _BT709 if lines >= HD_LINES else _BT601
    primaries, transfer = _COMPANIONS[matrix]
    return replace(
        tags,
        matrix=matrix,
        range=tags.range if tags.range in (LIMITED, FULL) else LIMITED,
        primaries=tags.primaries if tags.primaries not in (0, 2) else primaries,
        transfer=tags.transfer if tags.transfer not in (0, 2) else transfer,
    )


def rgb_from_ycc(tags: ColorTags, *, bits: int, white: float) -> Array:
    """The 3 x 4 matrix from (Y', Cb, Cr) code values of `bits` to RGB whose white is `white`.

    `tags` must be resolved. ITU-T H.273, equations 11 to 53.
    """
    kr, kb = _KR_KB[tags.matrix]
    kg = 1 - kr - kb
    from_unit = np.array(
        [
            [1, 0, 2 * (1 - kr)],
            [1, -2 * kb * (1 - kb) / kg, -2 * kr * (1 - kr) / kg],
            [1, 2 * (1 - kb), 0],
        ]
    )
    black, y_span, middle, c_span = _codes(tags, bits)
    scale = white * from_unit / np.array([y_span, c_span, c_span])
    return np.column_stack([scale, -scale @ np.array([black, middle, middle])])


def ycc_from_rgb(tags: ColorTags, *, bits: int, white: float) -> Array:
    """The 3 x 4 matrix from RGB whose white is `white` to code values of `bits`; undoes `rgb_from_ycc`."""
    forward = rgb_from_ycc(tags, bits=bits, white=white)
    back = np.linalg.inv(forward[:, :3])
    return np.column_stack([back, -back @ forward[:, 3]])


def gray_scale(*, full: bool, bits: int, white: float) -> tuple[float, float]:
    """Factor and offset from luma code values to grey whose white is `white`."""
    black, y_span, _, _ = _codes(ColorTags(range=FULL if full else LIMITED), bits)
    return white / y_span, -white * black / y_span


def _codes(tags: ColorTags, bits: int) -> tuple[float, float, float, float]:
    """Code of black, span of luma, code of no colour, span of colour."""
    step = 2.0 ** (bits - 8)
    if tags.range == FULL:
        return 0.0, 2.0**bits - 1, 2.0 ** (bits - 1), 2.0**bits - 1
    return 16 * step, 219 * step, 128 * step, 224 * step
