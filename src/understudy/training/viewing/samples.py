"""What a network is fed, as a sheet: what it sees, what it should paint, and where face, eyes and mouth are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from torch import Tensor

from understudy.files import write_bytes
from understudy.measure.sheet import sheet
from understudy.media.images import encode_png
from understudy.networks.face_model import of_side
from understudy.training.feeding.augment import Lesson

UInt8 = npt.NDArray[np.uint8]

SHEET_NAME = "samples.png"
_SMALLEST_CELL_PX = 128


def samples_sheet(src: Lesson, dst: Lesson) -> UInt8:
    """A row for each face of a batch, src's columns before dst's, under their headings, (H, W, 3) RGB."""
    columns: dict[str, UInt8] = {}
    for side, lesson in (("src", src), ("dst", dst)):
        size_px = lesson.goal_BCHW.shape[-1]
        columns |= {
            f"{side} seen": _pictures(of_side(lesson.seen_BCHW, size_px)),
            f"{side} goal": _pictures(lesson.goal_BCHW),
            f"{side} mask": _pictures(lesson.mask_B1HW),
            f"{side} eyes": _pictures(lesson.eyes_B1HW),
            f"{side} mouth": _pictures(lesson.mouth_B1HW),
        }
        if lesson.frame_BCHW is not None:
            columns[f"{side} frame"] = _pictures(lesson.frame_BCHW)
    rows = list(zip(*columns.values(), strict=True))
    return sheet(rows, list(columns), cell_height_px=max(_SMALLEST_CELL_PX, rows[0][0].shape[0]))


def write_samples(model_dir: Path, src: Lesson, dst: Lesson) -> Path:
    """Write the sheet as `samples.png` into the model's folder. Raises DiskFull or FolderUnwritable."""
    path = model_dir / SHEET_NAME
    write_bytes(path, encode_png(samples_sheet(src, dst)))
    return path


def _pictures(values_BCHW: Tensor) -> UInt8:
    colors = values_BCHW.float().clamp(0, 1).cpu().expand(-1, 3, -1, -1).permute(0, 2, 3, 1)
    return (colors * 255).round().byte().numpy()
