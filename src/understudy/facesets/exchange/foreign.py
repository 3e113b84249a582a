"""A face of another program in our units, before it is in a faceset; and the checks every reader makes.

Readers fill a `ForeignFace`; `adopting.py` turns it into a file with a record. Nothing a file says is believed
before one of the checks here has seen it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.errors import ExchangeUnreadable
from understudy.geometry import FaceType

Array = npt.NDArray[np.float64]
UInt8 = npt.NDArray[np.uint8]

FARTHEST_PX = 1e6  # no frame is larger, so no face lies further out
MOST_CORNERS = 10_000
_SPREAD_PX = 0.5  # of all landmarks together across their longest direction; a face of 4 px has more
_NUMBER = re.compile(r"(\d+)(?!.*\d)")


@dataclass(frozen=True)
class ForeignMask:
    """A mask (h, w) uint8, 255 is face, and where it lies."""

    grey: UInt8
    mask_from_frame: Array


@dataclass(frozen=True)
class ForeignPolygon:
    """A region drawn by hand, corners (n, 2) in frame pixels."""

    included: bool
    points: Array


@dataclass(frozen=True, kw_only=True)
class ForeignFace:
    """One face as another program knew it. Positions are ours: frame pixels from the frame's corner.

    `image` is the face's file without the other program's data, and `crop_from_frame` says what it shows;
    both are None for a face that must be cut from its frame. Unless `frame_known`, the crop itself is the frame
    that positions are measured in. `number` tells faces of one frame apart.
    """

    name: str
    landmarks_68: Array
    box_xyxy: tuple[float, float, float, float]
    source_name: str = ""
    number: int = 0
    image: bytes | None = None
    size_px: int = 0
    crop_from_frame: Array | None = None
    exactly_placed: bool = True
    frame_known: bool = True
    face_type: FaceType | None = None
    frame_size: tuple[int, int] = (0, 0)
    polygons: list[ForeignPolygon] = field(default_factory=list)
    masks: dict[str, ForeignMask] = field(default_factory=dict)
    brows_up: float = 1.0
    person_name: str = ""


@dataclass(frozen=True)
class Unread:
    """Something that could not be read as a face, and why."""

    name: str
    why: str


Found = Iterator[ForeignFace | Unread]


def checked_points(value: Any, what: str, *, count: int | None = None, fewest: int = 1) -> Array:
    """`value` as (n, 2) finite floats. Raises ExchangeUnreadable."""
    if not isinstance(value, list | tuple | np.ndarray) or len(value) > MOST_CORNERS:
        raise ExchangeUnreadable(f"This face's {what} are no list of points.")
    try:
        points = np.asarray(value, float)
    except (ValueError, TypeError, OverflowError):
        raise ExchangeUnreadable(f"This face's {what} are no list of points.") from None
    wrong_count = points.ndim != 2 or points.shape[1] != 2 or (count is not None and len(points) != count)
    if wrong_count or len(points) < fewest:
        wanted = f"{count} x 2" if count else "n x 2"
        raise ExchangeUnreadable(f"This face's {what} have the shape {points.shape}, not {wanted}.")
    if not np.isfinite(points).all() or np.abs(points).max() > FARTHEST_PX:
        raise ExchangeUnreadable(f"This face's {what} lie outside of any picture.")
    if count is not None and np.linalg.svd(points - points.mean(0), compute_uv=False)[-1] < _SPREAD_PX:
        raise ExchangeUnreadable(f"This face's {what} lie on one spot or line.")
    return points


def checked_transform(value: Any, what: str) -> Array:
    """`value`, 2 x 3 or 3 x 3, as a 2 x 3 transform that can be undone. Raises ExchangeUnreadable."""
    try:
        matrix = np.asarray(value, float)
    except (ValueError, TypeError, OverflowError):
        raise ExchangeUnreadable(f"This face's {what} is no matrix.") from None
    if matrix.shape not in ((2, 3), (3, 3)) or not np.isfinite(matrix).all():
        raise ExchangeUnreadable(f"This face's {what} is no 2 x 3 matrix of numbers.")
    linear = np.abs(matrix[:2])
    if linear.max() > FARTHEST_PX or abs(np.linalg.det(matrix[:2, :2])) < 1e-9:
        raise ExchangeUnreadable(f"This face's {what} squeezes the face to nothing.")
    return matrix[:2]


def checked_box(value: Any, landmarks: Array) -> tuple[float, float, float, float]:
    """left, top, right, bottom; that of the landmarks where there is none or it makes no sense."""
    try:
        box = np.asarray(value, float)
    except (ValueError, TypeError, OverflowError):
        box = np.zeros(0)
    fits = box.shape == (4,) and np.isfinite(box).all() and np.abs(box).max() <= FARTHEST_PX
    if not fits or box[2] <= box[0] or box[3] <= box[1]:
        box = np.concatenate([landmarks.min(0), landmarks.max(0)])
    left, top, right, bottom = (round(float(x), 2) for x in box)
    return left, top, right, bottom


def checked_name(value: Any, what: str = "name") -> str:
    """A bare file name. Raises ExchangeUnreadable for one that leads into another folder or is no text."""
    if value is None:
        return ""
    if (
        not isinstance(value, str)
        or len(value) > 300
        or any(0xD800 <= ord(c) < 0xE000 or ord(c) < 32 for c in value)
    ):
        raise ExchangeUnreadable(f"This face's {what} is no name of a file.")
    parts = PurePosixPath(value.replace("\\", "/")).parts
    if ".." in parts or value.startswith(("/", "\\")) or re.match(r"[A-Za-z]:", value):
        raise ExchangeUnreadable(f"This face's {what} {value!r} leads out of its folder.")
    return parts[-1] if parts else ""


def _is_for_names(letter: str) -> bool:
    return ord(letter) >= 32 and not 0xD800 <= ord(letter) < 0xE000


def checked_number(value: Any, default: float, *, low: float, high: float) -> float:
    """A finite number within limits, or `default`."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != value:
        return default
    return float(min(high, max(low, value)))


def last_number(name: str) -> int | None:
    """The last number in a file's name without its ending: `clip_000012.png` is 12."""
    found = _NUMBER.search(PurePosixPath(name).stem)
    return int(found.group(1)[-9:]) if found else None
