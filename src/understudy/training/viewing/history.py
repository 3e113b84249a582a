"""One face through the iterations: cut out of a model's preview sheets and laid out under its losses.

Not here: making the sheets (`preview.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from understudy.errors import FacesUnknown
from understudy.files import write_bytes
from understudy.media.clip import ColorTags
from understudy.media.images import encode_png
from understudy.media.movie import MovieWriter
from understudy.training.viewing.loss_plot import course_of, loss_plot
from understudy.training.viewing.sheets import SWAP, cell_of, preview_paths, read_preview

UInt8 = npt.NDArray[np.uint8]

_GROUND, _INK = (24, 26, 30), (225, 225, 225)
_GAP_PX, _CAPTION_PX = 4, 18
_COLUMNS, _MOST_CELLS = 8, 48
_PLOT_HEIGHT_PX = 260
_MOVIE_SIZE_PX, _MOVIE_RATE = (480, 160), Fraction(8)  # of the losses; the face is as wide


@dataclass(frozen=True, eq=False)
class Moment:
    """How a face was painted at an iteration, (n, n, 3) RGB."""

    iteration: int
    picture: UInt8


def faces_previewed(model_dir: Path) -> list[str]:
    """The names of dst's faces on the newest sheet that says so."""
    for path in reversed(preview_paths(model_dir)):
        found = read_preview(path)
        if found is not None:
            return list(found.layout.rows)
    return []


def moments(model_dir: Path, *, face: str, column: str = SWAP) -> list[Moment]:
    """A face on all sheets that show it, oldest first. Sheets in which it doesn't stand are passed over."""
    found = []
    for path in preview_paths(model_dir):
        preview = read_preview(path)
        if preview is not None and face in preview.layout.rows and column in preview.layout.columns:
            # A copy: a part of a sheet would keep all of it in memory.
            found.append(Moment(int(path.stem), cell_of(preview, face, column).copy()))
    return found


def _shown(model_dir: Path, face: str, column: str) -> list[Moment]:
    known = faces_previewed(model_dir)
    if not known:
        raise FacesUnknown("There are no previews yet. Train with preview_every above 0 first.", model_dir)
    face = face or known[len(known) // 2]
    found = moments(model_dir, face=face, column=column)
    if not found:
        names = ", ".join(known)
        raise FacesUnknown(f"No preview shows {face!r} as {column!r}. The newest one shows {names}.", model_dir)
    return found


def history_sheet(model_dir: Path, *, face: str = "", column: str = SWAP) -> UInt8:
    """The losses, and under them one face at up to 48 iterations, evenly chosen, (height, width, 3) RGB.

    Without a name the face in the middle of the newest sheet is shown. Raises FacesUnknown.
    """
    found = _shown(model_dir, face, column)
    chosen = np.unique(np.linspace(0, len(found) - 1, min(_MOST_CELLS, len(found))).round().astype(int))
    cells = _cells([found[number] for number in chosen])
    plot = loss_plot(course_of(model_dir).follow(), size_px=(cells.shape[1], _PLOT_HEIGHT_PX))
    return np.concatenate([plot, cells])


def _cells(shown: Sequence[Moment]) -> UInt8:
    size = max(moment.picture.shape[0] for moment in shown)
    step_x, step_y = size + _GAP_PX, size + _CAPTION_PX + _GAP_PX
    rows = -(-len(shown) // _COLUMNS)
    page = Image.new("RGB", (_COLUMNS * step_x + _GAP_PX, rows * step_y + _GAP_PX), _GROUND)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for place, moment in enumerate(shown):
        x, y = _GAP_PX + place % _COLUMNS * step_x, _GAP_PX + place // _COLUMNS * step_y
        page.paste(Image.fromarray(moment.picture).resize((size, size)), (x, y))
        pen.text((x, y + size + 1), f"{moment.iteration:,}", fill=_INK, font=font)
    return np.asarray(page, np.uint8)


def write_history(model_dir: Path, *, face: str = "", column: str = SWAP) -> Path:
    """Write the sheet as `history.png` into the model's folder. Raises FacesUnknown, DiskFull."""
    path = model_dir / "history.png"
    write_bytes(path, encode_png(history_sheet(model_dir, face=face, column=column)))
    return path


def write_movie(model_dir: Path, *, face: str = "", column: str = SWAP) -> Path:
    """Write the face on every sheet in turn as `history.mp4`, under the losses with a line at its iteration.

    Raises FacesUnknown, DiskFull or FolderUnwritable.
    """
    found, course = _shown(model_dir, face, column), course_of(model_dir).follow()
    path, side = model_dir / "history.mp4", _MOVIE_SIZE_PX[0]
    with MovieWriter(
        path,
        width=side,
        height=sum(_MOVIE_SIZE_PX),
        time_base=1 / _MOVIE_RATE,
        rate=_MOVIE_RATE,
        color=ColorTags(),
    ) as movie:
        for number, moment in enumerate(found):
            plot = loss_plot(course, size_px=_MOVIE_SIZE_PX, at=moment.iteration)
            picture = Image.fromarray(moment.picture).resize((side, side), Image.Resampling.BICUBIC)
            movie.write(np.concatenate([plot, np.asarray(picture, np.uint8)]), number)
    return path
