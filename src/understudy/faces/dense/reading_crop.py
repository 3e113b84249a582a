"""The square that our own face network is shown: from a detector's box, or from points it gave before.

Both lie so that brows to chin fill about half of the square and the hairline is inside. From points the roll is
taken out; from a box nothing is known of it. Transforms are (n, 2, 3), positions in pixels from the corner.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from understudy.faces.patches import FramePyramid
from understudy.geometry import Array, transform_points
from understudy.networks.dense_face import CROP_PX

# MTCNN's boxes against the squares of true points: docs/log.md, 2026-11-26, "The crop".
_SIDE_PER_BOX = 1.61
_SIDE_PER_FACE = 1.85
_FACE_UP_SHARE = 0.20
_BLACK = (0, 0, 0)

_LEFT_EYE, _RIGHT_EYE, _MOUTH = range(36, 42), range(42, 48), range(48, 60)


def frame_from_crop_of_boxes(boxes_xyxy: npt.ArrayLike) -> Array:
    """Upright squares for a detector's boxes (n, 4): the transforms from the crop's pixels to the frame's."""
    boxes = np.asarray(boxes_xyxy, float).reshape(-1, 4)
    size = boxes[:, 2:] - boxes[:, :2]
    side = _SIDE_PER_BOX * np.sqrt(np.maximum(size[:, 0] * size[:, 1], 1e-9))
    return _squares((boxes[:, :2] + boxes[:, 2:]) / 2, side, np.zeros(len(boxes)))


def frame_from_crop_of_points(points_in_frame: npt.ArrayLike) -> Array:
    """Squares for points (n, 68 or 70, 2) of last frame or last pass, turned with the head."""
    points = np.asarray(points_in_frame, float)
    points = points[None] if points.ndim == 2 else points
    roll = rolls(points)
    turned = transform_points(_turns(-roll), points[:, :68])
    low, high = turned.min(1), turned.max(1)
    extent = (high - low).max(1)
    centre = (low + high) / 2 - np.column_stack([np.zeros(len(points)), _FACE_UP_SHARE * extent])
    return _squares(transform_points(_turns(roll), centre[:, None])[:, 0], _SIDE_PER_FACE * extent, roll)


def rolls(points_in_frame: npt.ArrayLike) -> Array:
    """How far heads are turned clockwise in the image, in radians (n,): from between the eyes to the mouth."""
    points = np.asarray(points_in_frame, float)
    eyes = (points[:, _LEFT_EYE].mean(1) + points[:, _RIGHT_EYE].mean(1)) / 2
    down = points[:, _MOUTH].mean(1) - eyes
    return np.arctan2(-down[:, 0], down[:, 1])


def cut_crops(
    frames_rgb: Sequence[npt.NDArray[np.uint8]], of_frame: npt.ArrayLike, frame_from_crop: Array
) -> npt.NDArray[np.uint8]:
    """The crops (n, 128, 128, 3) that `frame_from_crop` (n, 2, 3) cuts out of frames of one size.

    `of_frame` (n,) says which frame each lies in. Black outside the frame; averaged where a face is large.
    """
    index = np.asarray(of_frame, np.intp)
    if not len(index):
        return np.empty((0, CROP_PX, CROP_PX, 3), np.uint8)
    frame_from_unit = np.asarray(frame_from_crop, float) * [CROP_PX, CROP_PX, 1]
    pyramid = FramePyramid(frames_rgb)
    return pyramid.patches(index, frame_from_unit, size_px=CROP_PX, outside=_BLACK)


def _turns(angle: Array) -> Array:
    cos, sin, zero = np.cos(angle), np.sin(angle), np.zeros(len(angle))
    return np.stack([np.stack([cos, -sin, zero], 1), np.stack([sin, cos, zero], 1)], 1)


def _squares(centre: Array, side: Array, roll: Array) -> Array:
    out = _turns(roll) * (side / CROP_PX)[:, None, None]
    out[:, :, 2] = centre - out[:, :, :2] @ np.full(2, CROP_PX / 2)
    return out
