"""Pictures of a faceset to look over: contact sheets of any choice of faces, and landmarks drawn on faces.

They are made beside the faceset, never in it. Not here: the map of directions (`coverage_map.py`).
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from understudy.errors import FacesUnknown, OptionInvalid
from understudy.events import Event, Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset, StoredFace
from understudy.files import write_bytes
from understudy.geometry import transform_points
from understudy.media.images import encode_jpeg

UInt8 = npt.NDArray[np.uint8]
_GROUND, _INK = (24, 26, 30), (236, 236, 236)
_GAP_PX, _CAPTION_PX = 6, 17
_SMALLEST_OVERLAY_PX = 512
_COLUMNS, _ROWS, _CELL_PX = (1, 100), (1, 100), (16, 512)  # a JPEG ends at 65,535 px
_PAGE_NAME = re.compile(r"sheet-(\d{3,})\.jpg")
# A comment at the start of each page's JPEG, by which a later call knows it from a picture of somebody else's.
_MARK = b"understudy contact sheet"
_MARK_SEGMENT = b"\xff\xfe" + (len(_MARK) + 2).to_bytes(2, "big") + _MARK
_FINE = 4  # positions are given to OpenCV in 1/16 of a pixel
# Colour and range of each part of the 68 points; True where the line closes.
_PARTS: tuple[tuple[tuple[int, int, int], range, bool], ...] = (
    ((90, 200, 250), range(17), False),
    ((250, 200, 60), range(17, 22), False),
    ((250, 200, 60), range(22, 27), False),
    ((120, 240, 120), range(27, 36), False),
    ((250, 110, 200), range(36, 42), True),
    ((250, 110, 200), range(42, 48), True),
    ((250, 90, 80), range(48, 60), True),
    ((250, 160, 120), range(60, 68), True),
)


def require_page(*, columns: int, rows: int, cell_px: int) -> None:
    """Raises OptionInvalid for a page that can't be laid out."""
    for name, value, (low, high) in (
        ("columns", columns, _COLUMNS),
        ("rows", rows, _ROWS),
        ("cell_px", cell_px, _CELL_PX),
    ):
        if not low <= value <= high:
            raise OptionInvalid(f"{name} is {value}; it must lie between {low} and {high}.")


def contact_sheets(
    faceset: Faceset,
    faces: Sequence[StoredFace],
    captions: Sequence[str],
    folder: Path,
    *,
    columns: int = 10,
    rows: int = 8,
    cell_px: int = 128,
    landmarks: bool = False,
    put_away: Callable[[Path], object] = Path.unlink,
) -> Events:
    """Lay `faces` out on pages `sheet-001.jpg`, … in `folder`, each face over its caption.

    `put_away` takes the pages of an earlier call that has made more. Yields one Made a page.
    Raises OptionInvalid, FacesUnknown without faces, ImageUnreadable, DiskFull.
    """
    require_page(columns=columns, rows=rows, cell_px=cell_px)
    if not faces:
        raise FacesUnknown("No faces are chosen, so there is nothing to show.")
    a_page = columns * rows
    yield StageStarted(stage="sheet", unit="faces", total=len(faces))
    pages = range(0, len(faces), a_page)
    for number, start in enumerate(pages, 1):
        here = slice(start, start + a_page)
        cells = [_cell(faceset, face, cell_px, landmarks=landmarks) for face in faces[here]]
        page = _page(cells, captions[here], columns=columns, cell_px=cell_px)
        path = folder / f"sheet-{number:03d}.jpg"
        write_bytes(path, _marked(encode_jpeg(page, quality=90)))
        yield Made(f"sheet {number} of {len(pages)}", path)
        yield Progress(stage="sheet", done=min(start + a_page, len(faces)), total=len(faces))
    stale = _pages_after(folder, len(pages))
    for path in stale:
        put_away(path)
    if stale:
        yield Notice(f"{len(stale)} pages of an earlier sheet, which had more, were put away.")
    yield StageFinished(stage="sheet", summary={"faces": len(faces), "pages": len(pages)})


def _marked(jpeg: bytes) -> bytes:
    return jpeg[:2] + _MARK_SEGMENT + jpeg[2:]


def _pages_after(folder: Path, count: int) -> list[Path]:
    """Pages in `folder` that an earlier call made beyond the first `count`. What somebody else put there under
    such a name is none."""
    found = []
    for path in sorted(folder.iterdir()):
        named = _PAGE_NAME.fullmatch(path.name)
        if named and int(named[1]) > count and path.is_file() and not path.is_symlink():
            with contextlib.suppress(OSError), path.open("rb") as file:
                if file.read(2 + len(_MARK_SEGMENT))[2:] == _MARK_SEGMENT:
                    found.append(path)
    return found


def landmark_pictures(faceset: Faceset, faces: Sequence[StoredFace], folder: Path) -> Events:
    """Draw the landmarks on every face, a picture each in `folder` under the face's name.

    Raises FacesUnknown when there are no faces, ImageUnreadable, DiskFull.
    """
    if not faces:
        raise FacesUnknown("No faces are chosen, so there is nothing to show.")
    yield StageStarted(stage="landmarks", unit="faces", total=len(faces))
    for number, face in enumerate(faces, 1):
        picture, record = faceset.crop_of(face)
        size = max(_SMALLEST_OVERLAY_PX, record.size_px)
        drawn = with_landmarks(picture, record, size_px=size)
        write_bytes(folder / f"{face.path.stem}.jpg", encode_jpeg(drawn, quality=85))
        yield from _every_tenth(number, len(faces))
    yield Made("folder of faces with landmarks", folder)
    yield StageFinished(stage="landmarks", summary={"faces": len(faces)})


def _every_tenth(number: int, total: int) -> Iterator[Event]:
    if number % 10 == 0 or number == total:
        yield Progress(stage="landmarks", done=number, total=total)


def with_landmarks(picture: UInt8, record: FaceRecord, *, size_px: int) -> UInt8:
    """A face (n, n, 3) brought to `size_px` with its 68 points joined by parts, each in its colour."""
    canvas = _resized(picture, size_px).copy()
    points = transform_points(record.crop_matrix(), record.landmarks()) * (size_px / record.size_px)
    fixed = np.rint((points - 0.5) * 2**_FINE).astype(np.int32)
    radius = max(1, round(size_px / 170)) * 2**_FINE
    for colour, part, closed in _PARTS:
        line = fixed[part.start : part.stop, None]
        cv2.polylines(canvas, [line], closed, colour, 1, cv2.LINE_AA, _FINE)
        for x, y in fixed[part.start : part.stop].tolist():
            cv2.circle(canvas, (x, y), radius, colour, -1, cv2.LINE_AA, _FINE)
    return canvas


def _cell(faceset: Faceset, face: StoredFace, cell_px: int, *, landmarks: bool) -> UInt8:
    picture, record = faceset.crop_of(face)
    if landmarks:
        return with_landmarks(picture, record, size_px=cell_px)
    return _resized(picture, cell_px)


def _resized(picture: UInt8, size_px: int) -> UInt8:
    how = cv2.INTER_AREA if picture.shape[0] > size_px else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (size_px, size_px), interpolation=how), np.uint8)


def _page(cells: Sequence[UInt8], captions: Sequence[str], *, columns: int, cell_px: int) -> UInt8:
    step_x, step_y = cell_px + _GAP_PX, cell_px + _CAPTION_PX + _GAP_PX
    columns = min(columns, len(cells))
    rows = -(-len(cells) // columns)
    page = Image.new("RGB", (columns * step_x + _GAP_PX, rows * step_y + _GAP_PX), _GROUND)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(12)
    for place, (cell, caption) in enumerate(zip(cells, captions, strict=True)):
        x, y = _GAP_PX + place % columns * step_x, _GAP_PX + place // columns * step_y
        page.paste(Image.fromarray(cell), (x, y))
        pen.text((x, y + cell_px + 1), _fitted(caption, font, cell_px), fill=_INK, font=font)
    return np.asarray(page, np.uint8)


def _fitted(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width_px: int) -> str:
    """The value before a name, and the end of a name that is too long: names differ at their ends."""
    if font.getlength(text) <= width_px:
        return text
    value, gap, name = text.rpartition("  ")
    while name and font.getlength(f"{value}{gap}…{name}") > width_px:
        name = name[1:]
    return f"{value}{gap}…{name}"
