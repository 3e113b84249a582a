"""The files of preview sheets: kept for the history, or replaced by the next look; thinned out, read, cut up.

A sheet's picture file says itself which faces and columns it shows and where. Not here: what is painted on them
(`preview.py`), one face through them all (`history.py`).
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from understudy.errors import FacesUnknown
from understudy.files import said_plainly, write_bytes

UInt8 = npt.NDArray[np.uint8]

FOLDER_NAME = "previews"
SWAP = "dst as src"
_MOST_SHEETS = 120
_THINNED = 60
_KEY = "understudy preview"
_LOOK = "look-"
_TRIES = 5


@dataclass(frozen=True)
class Layout:
    """Where a sheet shows what: the names of dst's faces, one a row, the columns' headings, and pixels."""

    rows: Sequence[str]
    columns: Sequence[str]
    cell_px: int
    left_px: Sequence[int]
    top_px: Sequence[int]


@dataclass(frozen=True, eq=False)
class Preview:
    """A sheet, (height, width, 3) RGB, and where it shows what."""

    picture: UInt8
    layout: Layout


def write_preview(model_dir: Path, iteration: int, preview: Preview) -> Path:
    """Write a sheet as PNG and thin out old ones; returns its path. Raises DiskFull or FolderUnwritable."""
    folder = model_dir / FOLDER_NAME
    path = folder / f"{iteration:09d}.png"
    write_bytes(path, _encoded(preview))
    sheets = preview_paths(model_dir)
    if len(sheets) > _MOST_SHEETS:
        for old in sheets[1:_THINNED:2]:
            old.unlink(missing_ok=True)
    return path


def write_look(model_dir: Path, iteration: int, preview: Preview) -> Path:
    """Write a sheet that is looked at once: it replaces the one before and is no part of the history.

    Raises DiskFull or FolderUnwritable.
    """
    path = model_dir / FOLDER_NAME / f"{_LOOK}{iteration:09d}.png"
    write_bytes(path, _encoded(preview))
    for old in _looks(model_dir):
        if old != path:
            old.unlink(missing_ok=True)
    return path


def _encoded(preview: Preview) -> bytes:
    about = PngImagePlugin.PngInfo()
    about.add_text(_KEY, json.dumps(asdict(preview.layout)))
    out = io.BytesIO()
    Image.fromarray(preview.picture).save(out, "PNG", pnginfo=about)
    return out.getvalue()


def _looks(model_dir: Path) -> list[Path]:
    return sorted((model_dir / FOLDER_NAME).glob(f"{_LOOK}[0-9]*.png"))


def iteration_of(sheet: Path) -> int:
    """The iteration that a sheet shows, by its name."""
    return int(sheet.stem.removeprefix(_LOOK))


def newest_sheet(model_dir: Path) -> Path | None:
    """The sheet of the latest iteration, kept or not."""
    return max([*preview_paths(model_dir), *_looks(model_dir)], key=iteration_of, default=None)


def newest_layout(model_dir: Path) -> tuple[Path, Layout | None] | None:
    """That sheet and where it shows what; None where there is none. Raises OSError.

    Where a newer look takes the place of one that was just found, that one is read.
    """
    for _ in range(_TRIES):  # what stays away though it is listed, as a link to nothing does, is none
        path = newest_sheet(model_dir)
        if path is None:
            return None
        with contextlib.suppress(FileNotFoundError):
            return path, read_layout(path)
    return None


def sheet_of(model_dir: Path, iteration: int) -> Path | None:
    """The sheet of one iteration, kept or the newest look."""
    found = [*preview_paths(model_dir), *_looks(model_dir)]
    return next((path for path in found if iteration_of(path) == iteration), None)


def preview_paths(model_dir: Path) -> list[Path]:
    """All sheets of a model, oldest first; their stems are iterations."""
    return sorted((model_dir / FOLDER_NAME).glob("[0-9]*.png"))


def set_undone_aside(model_dir: Path, *, newer_than: int) -> None:
    """Rename sheets of iterations that a training lost, so that the others tell one history.

    Raises FolderUnwritable.
    """
    for path in preview_paths(model_dir):
        if int(path.stem) > newer_than:
            with said_plainly(path):
                path.replace(path.with_name(f"undone-{path.name}"))
    for path in _looks(model_dir):
        if iteration_of(path) > newer_than:
            path.unlink(missing_ok=True)


def read_layout(path: Path) -> Layout | None:
    """Where a sheet shows what, without looking at its pixels; None for a picture that does not say so.

    Raises OSError.
    """
    with Image.open(path) as image:
        return _layout_in(image)


def _layout_in(image: Image.Image) -> Layout | None:
    said: Any = image.info.get(_KEY)
    if not isinstance(said, str):
        return None
    try:
        return Layout(**json.loads(said))
    except (ValueError, TypeError):
        return None


def read_preview(path: Path) -> Preview | None:
    """A sheet and where it shows what; None for a picture that does not say so. Raises OSError."""
    with Image.open(path) as image:
        layout = _layout_in(image)
        return None if layout is None else Preview(np.asarray(image.convert("RGB"), np.uint8), layout)


def cell_of(preview: Preview, face: str, column: str) -> UInt8:
    """One face in one column, (n, n, 3) RGB. Raises FacesUnknown."""
    layout = preview.layout
    if face not in layout.rows or column not in layout.columns:
        raise FacesUnknown(f"This preview doesn't show {face!r} as {column!r}.")
    top, left = layout.top_px[layout.rows.index(face)], layout.left_px[layout.columns.index(column)]
    return preview.picture[top : top + layout.cell_px, left : left + layout.cell_px]
