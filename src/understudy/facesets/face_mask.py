"""Which pixels belong to a face, from its record: drawn by hand, made by a program, or the landmarks' hull.

Not here: the hull itself (`masks`), masks that a model paints.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from understudy.facesets.painted import painted, painted_over
from understudy.facesets.record import FaceRecord, StoredMask
from understudy.geometry import compose, for_pixel_grid, inverse, resized_crop, transform_points
from understudy.masks.hull import hull_mask
from understudy.media.images import decode_image

UInt8 = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.float32]

_USUAL_BROW_LIFT = 0.5
_FINE = 4  # samples per pixel and direction of what is drawn by hand


def face_mask(
    record: FaceRecord,
    goal_from_frame: npt.ArrayLike,
    size_px: int,
    *,
    stored: bool = True,
    seen: Callable[[], Mask] | None = None,
) -> Mask:
    """The face in a square of the frame, (size_px, size_px), 0..1.

    Included regions drawn by hand win over a mask that is stored in the face, which counts unless not `stored`,
    that over what is `seen` now, and that over the landmarks' hull. Regions that are excluded by hand are taken
    away from each, and what was painted lies over all.
    """
    mask = drawn_mask(record, goal_from_frame, size_px, "include")
    if mask is None and stored:
        mask = stored_mask(record, goal_from_frame, size_px)
    if mask is None:
        mask = seen() if seen is not None else record_hull(record, goal_from_frame, size_px)
    excluded = drawn_mask(record, goal_from_frame, size_px, "exclude")
    mask = mask if excluded is None else np.minimum(mask, np.float32(1) - excluded)
    return painted_over(mask, painted(record, goal_from_frame, size_px))


def drawn_mask(
    record: FaceRecord, goal_from_frame: npt.ArrayLike, size_px: int, kind: Literal["include", "exclude"]
) -> Mask | None:
    """All regions of one kind drawn by hand, (size_px, size_px), 0..1; None where there is none."""
    drawn = [polygon.points for polygon in record.polygons if polygon.kind == kind]
    return np.max([_filled(points, goal_from_frame, size_px) for points in drawn], axis=0) if drawn else None


def stored_mask(record: FaceRecord, goal_from_frame: npt.ArrayLike, size_px: int) -> Mask | None:
    """The mask a program stored in the face, (size_px, size_px), 0..1; None where there is none."""
    stored = chosen_mask(record, "")
    if stored is None:
        return None
    return mask_seen(stored, goal_from_frame, size_px).astype(np.float32) / np.float32(255)


def record_hull(record: FaceRecord, goal_from_frame: npt.ArrayLike, size_px: int) -> Mask:
    """The landmarks' hull, (size_px, size_px), 0..1, as high over the brows as the face says."""
    points = transform_points(goal_from_frame, record.landmarks())
    return hull_mask(points, size_px, size_px, brow_lift=_USUAL_BROW_LIFT * record.brows_up)


def chosen_mask(record: FaceRecord, name: str) -> StoredMask | None:
    """The mask of that name; without one the mask that counts. None where there is none."""
    return record.masks.get(name or mask_that_counts(record))


def mask_that_counts(record: FaceRecord) -> str:
    """The name of the mask that counts: the one said to, xseg, or else the first; "" where there is none."""
    wishes = (record.mask_used, "xseg", *record.masks)
    return next((name for name in wishes if name in record.masks), "")


def mask_seen(mask: StoredMask, goal_from_frame: Any, size_px: int) -> UInt8:
    """A stored mask in another square of the frame, (size_px, size_px), 0 to 255."""
    grey = decode_image(base64.b64decode(mask.png_base64))[:, :, 0]
    stored = resized_crop(mask.mask_from_frame, from_px=mask.size_px, to_px=len(grey))
    matrix = for_pixel_grid(compose(goal_from_frame, inverse(stored)))
    seen = cv2.warpAffine(
        grey, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT
    )
    return np.asarray(seen, np.uint8)


def _filled(points: npt.ArrayLike, goal_from_frame: npt.ArrayLike, size_px: int) -> Mask:
    """One region, which may be hollow at its sides, with smooth edges."""
    corners = np.clip(transform_points(goal_from_frame, points), -8 * size_px, 9 * size_px)
    fine = np.zeros((size_px * _FINE, size_px * _FINE), np.uint8)
    # OpenCV puts a pixel's centre at whole coordinates.
    cv2.fillPoly(fine, [np.round((corners * _FINE - 0.5) * 64).astype(np.int32)], 255, shift=6)
    small = cv2.resize(fine, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return small.astype(np.float32) / np.float32(255)
