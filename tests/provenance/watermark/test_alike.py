"""Which mark a plate is to be given so that it can be compared with a finished clip."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np

from understudy.media.images import encode_png
from understudy.provenance.watermark.alike import mark_to_share
from understudy.provenance.watermark.embed import Watermark

NUMBER = 0x2B4C9A17
SIDE_PX = 360


def pictures(folder: Path, number: int | None, *, side_px: int = SIDE_PX) -> Path:
    """Six frames of soft noise, marked with a number, then scaled to `side_px`."""
    folder.mkdir()
    dice = np.random.default_rng(3)
    for index in range(6):
        noise = cv2.GaussianBlur(dice.normal(128, 60, (SIDE_PX, SIDE_PX, 3)), (0, 0), 2)
        frame = np.clip(noise, 0, 255).astype(np.uint8)
        shown = frame if number is None else np.asarray(Watermark(number).marked(frame), np.uint8)
        scaled = cv2.resize(shown, (side_px, side_px), interpolation=cv2.INTER_CUBIC)
        (folder / f"{index}.png").write_bytes(encode_png(np.asarray(scaled, np.uint8)))
    return folder


def found(looking: Generator[None, None, Watermark | None]) -> tuple[Watermark | None, int]:
    """What it ends with, and how many frames it read for that."""
    frames = 0
    while True:
        try:
            next(looking)
        except StopIteration as end:
            return end.value, frames
        frames += 1


def test_a_plate_lacks_the_mark_of_the_result(tmp_path: Path) -> None:
    plate, marked = pictures(tmp_path / "plate", None), pictures(tmp_path / "marked", NUMBER)
    mark, frames = found(mark_to_share(marked, plate))
    assert mark is not None and mark.number == NUMBER and frames == 12
    assert found(mark_to_share(plate, plate)) == (None, 6)


def test_a_plate_that_has_the_same_mark_is_given_no_second_one(tmp_path: Path) -> None:
    marked, other = pictures(tmp_path / "marked", NUMBER), pictures(tmp_path / "other", NUMBER + 1)
    assert found(mark_to_share(marked, marked))[0] is None
    assert found(mark_to_share(marked, other))[0] is not None


def test_a_mark_that_was_scaled_is_not_shared(tmp_path: Path) -> None:
    """It would lie in another size than the plate's own, and make things worse."""
    plate, scaled = (
        pictures(tmp_path / "plate", None, side_px=480),
        pictures(tmp_path / "s", NUMBER, side_px=480),
    )
    assert found(mark_to_share(scaled, plate))[0] is None
