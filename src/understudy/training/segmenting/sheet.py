"""The preview sheet of a segmenter: faces, what is drawn on them, and their masks before and now.

What is no face is half green, as people who use XSeg know it; what lies beyond a face's picture is the sheet's
own ground. Not here: which faces are worth showing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.measure.sheet import GROUND, sheet, square_places
from understudy.training.viewing.sheets import Layout, Preview

UInt8 = npt.NDArray[np.uint8]
COLUMNS = ("face", "drawn", "before", "now")
_GREEN = np.array([0, 255, 0], np.float32)
_CELL_PX = 160


@dataclass(frozen=True, eq=False)
class Shown:
    """One face of the sheet: its crop, what is drawn on it (or None), and its mask before it was trained."""

    name: str
    image_HWC: UInt8
    drawn_HW: npt.NDArray[np.float32] | None
    before_HW: npt.NDArray[np.float32]
    is_pictured_HW: npt.NDArray[np.bool_]  # inside its own picture, which may be smaller than the crop


def mask_sheet(faces: Sequence[Shown], now_NHW: npt.NDArray[np.float32]) -> Preview:
    """A row for every face."""
    rows = [_row(face, now) for face, now in zip(faces, now_NHW, strict=True)]
    names = [face.name for face in faces]
    picture = sheet(rows, COLUMNS, row_names=names, cell_height_px=_CELL_PX)
    left, top = square_places(len(rows), len(COLUMNS), cell_px=_CELL_PX)
    return Preview(picture, Layout(rows=names, columns=COLUMNS, cell_px=_CELL_PX, left_px=left, top_px=top))


def _row(face: Shown, now_HW: npt.NDArray[np.float32]) -> list[UInt8]:
    cells = [
        face.image_HWC,
        face.image_HWC // 3 if face.drawn_HW is None else tinted(face.image_HWC, face.drawn_HW),
        tinted(face.image_HWC, face.before_HW),
        tinted(face.image_HWC, now_HW),
    ]
    return [np.where(face.is_pictured_HW[..., None], cell, np.uint8(GROUND)) for cell in cells]


def tinted(image_HWC: UInt8, mask_HW: npt.NDArray[np.floating]) -> UInt8:
    """The face as it is; what is no face half green."""
    face = np.clip(mask_HW, 0, 1).astype(np.float32)[..., None]
    green = image_HWC.astype(np.float32) * 0.5 + _GREEN * 0.5
    return np.rint(image_HWC * face + green * (1 - face)).astype(np.uint8)
