"""Masks from landmarks: the face's hull, and the eyes and mouth inside it.

Drawn at sub-pixel positions with smooth edges. Eroding and blurring belong to `merging`.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.float32]

# The hulls whose union is the face: the convex hull of all points would cut off cheeks of a turned head.
_FACE_HULLS = (
    [*range(0, 9), 17],
    [*range(8, 17), 26],
    [17, 18, 19, 8],
    [24, 25, 26, 8],
    [19, 20, 21, 22, 23, 24, 8],
    [17, 18, 19, 20, 21, 27, 31, 32, 33, 34, 35, 8],
    [22, 23, 24, 25, 26, 27, 31, 32, 33, 34, 35, 8],
    [27, 28, 29, 30, 31, 32, 33, 34, 35],
)
_EYES = (list(range(36, 42)), list(range(42, 48)))
_OUTER_LIPS = list(range(48, 60))
_INNER_LIPS = list(range(60, 68))
_FINE = 4  # samples per pixel and direction
_SHIFT_BITS = 6  # sub-pixel bits of the drawing


def hull_mask(landmarks_68: npt.ArrayLike, width: int, height: int, *, brow_lift: float = 0.5) -> Mask:
    """The face (height, width), 0 outside to 1 inside, with anti-aliased edges.

    `landmarks_68` (68, 2) are pixels measured from the image's corner. `brow_lift` raises the brows by that
    share of their distance to the eyes, so that the forehead's lower part belongs to the face.
    """
    points = _with_lifted_brows(np.asarray(landmarks_68, float), brow_lift)
    return _filled([points[hull] for hull in _FACE_HULLS], width, height)


def eyes_mask(landmarks_68: npt.ArrayLike, width: int, height: int) -> Mask:
    """Both eyes between their lids, (height, width), 0..1, edges anti-aliased."""
    points = np.asarray(landmarks_68, float)
    return _filled([points[eye] for eye in _EYES], width, height)


def mouth_mask(landmarks_68: npt.ArrayLike, width: int, height: int, *, with_lips: bool = True) -> Mask:
    """The mouth with or without its lips, (height, width), 0..1, edges anti-aliased."""
    points = np.asarray(landmarks_68, float)
    return _filled([points[_OUTER_LIPS if with_lips else _INNER_LIPS]], width, height)


def eyes_mouth_mask(landmarks_68: npt.ArrayLike, width: int, height: int, *, soft: bool = True) -> Mask:
    """Eyes and mouth together, where a viewer looks first, (height, width), 0..1.

    `soft` widens them by 1/32 of the image and fades them out over about 1/16.
    """
    points = np.asarray(landmarks_68, float)
    mask = np.maximum(eyes_mask(points, width, height), mouth_mask(points, width, height))
    return softened_inside(mask, hull_mask(points, width, height)) if soft else mask


def softened_inside(part: Mask, face: Mask) -> Mask:
    """A part of the face, 1/32 of the image wider and faded out over about 1/16, but never beyond the face.

    Both masks are (height, width), 0..1; where any of the part is left, its highest value is 1.
    """
    height = part.shape[0]
    reach = max(1, height // 32)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    wide = cv2.dilate(part, kernel)
    side = max(1, height // 16) | 1
    faded = cv2.GaussianBlur(wide, (side, side), 0)
    inside = np.asarray(faded, np.float32) * face
    most = float(inside.max())
    return inside / most if most > 0 else inside


def _with_lifted_brows(points: Array, lift: float) -> Array:
    lifted = points.copy()
    # Under each brow point lies a point of the upper lid; past the eye's outer corner, one towards the temple.
    left_end = (points[36] * 3 + points[0]) / 4
    right_end = (points[45] * 3 + points[16]) / 4
    under_left = np.vstack([left_end, points[36:40]])
    under_right = np.vstack([points[42:46], right_end])
    lifted[17:22] += lift * (points[17:22] - under_left)
    lifted[22:27] += lift * (points[22:27] - under_right)
    return lifted


def _filled(polygons: list[Array], width: int, height: int) -> Mask:
    """The union of the polygons' convex hulls. Only the part of the picture they touch is drawn finely."""
    out = np.zeros((height, width), np.float32)
    all_points = np.concatenate(polygons)
    if not np.isfinite(all_points).all():
        return out
    low = np.clip(np.floor(all_points.min(0)).astype(int) - 1, 0, [width, height])
    high = np.clip(np.ceil(all_points.max(0)).astype(int) + 1, 0, [width, height])
    size = high - low
    if (size <= 0).any():
        return out
    fine = np.zeros((size[1] * _FINE, size[0] * _FINE), np.uint8)
    for polygon in polygons:
        # OpenCV puts a pixel's centre at whole coordinates.
        corners = (np.clip(polygon, -8 * width - 64, 8 * width + 64) - low) * _FINE - 0.5
        fixed = np.round(corners * (1 << _SHIFT_BITS)).astype(np.int32)
        cv2.fillConvexPoly(fine, cv2.convexHull(fixed), 255, lineType=cv2.LINE_8, shift=_SHIFT_BITS)
    # The drawing takes every pixel its outline touches, half a fine pixel too much all around.
    without_outline = cv2.erode(fine, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)))
    exact = cv2.addWeighted(fine, 0.5, without_outline, 0.5, 0)
    small = cv2.resize(exact, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
    out[low[1] : high[1], low[0] : high[0]] = small * np.float32(1 / 255)
    return out
