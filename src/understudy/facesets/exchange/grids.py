"""Where other programs count positions from, and which crop of ours theirs is.

DeepFaceLab and faceswap warp and draw with OpenCV, which puts position 0 in the middle of the first pixel; ours
is the image's corner, half a pixel before it. One rule therefore goes for points, polygons and transforms
alike, and what lies on a pixel there lies on the same pixel here.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from understudy.geometry import FACE_TYPES, FaceType, compose, crop_from_frame, inverse, similarity_fit
from understudy.geometry import transform_points as moved

Array = npt.NDArray[np.float64]

_HALF = np.array([[1.0, 0.0, 0.5], [0.0, 1.0, 0.5]])
_BACK = np.array([[1.0, 0.0, -0.5], [0.0, 1.0, -0.5]])
_EXACT_PX = 0.05


def points_from_theirs(points: npt.ArrayLike) -> Array:
    """Points measured from the first pixel's middle, (n, 2), as ours."""
    return np.asarray(points, float) + 0.5


def points_for_them(points: npt.ArrayLike) -> Array:
    """Our points, (n, 2), measured from the first pixel's middle."""
    return np.asarray(points, float) - 0.5


def transform_from_theirs(matrix: npt.ArrayLike) -> Array:
    """A 2 x 3 transform between pixel middles as one between corners."""
    return compose(_HALF, compose(matrix, _BACK))


def transform_for_them(matrix: npt.ArrayLike) -> Array:
    """Our 2 x 3 transform as one between pixel middles."""
    return compose(_BACK, compose(matrix, _HALF))


def transform_between(start: npt.ArrayLike, goal: npt.ArrayLike) -> Array:
    """The transform that took the points `start` to `goal`, both (n, 2).

    A similarity where one explains the points; otherwise any linear map, since DeepFaceLab of 2019 and 2020
    rounded the corners of its crops and so bent them by a fraction of a pixel. Raises ValueError where the
    points don't say one.
    """
    a, b = np.asarray(start, float), np.asarray(goal, float)
    if np.linalg.matrix_rank(a - a.mean(0), tol=1e-3) < 2:
        raise ValueError("the points lie on a line")
    similar = similarity_fit(a, b)
    if np.abs(moved(similar, a) - b).max() <= _EXACT_PX:
        return similar
    solution, *_ = np.linalg.lstsq(np.column_stack([a, np.ones(len(a))]), b, rcond=None)
    return np.asarray(solution.T, np.float64)


def nearest_face_type(
    landmarks_68_in_frame: npt.ArrayLike, crop_matrix: npt.ArrayLike, size_px: int
) -> FaceType:
    """The aligned face type whose crop is nearest in size to the given one."""
    points = np.asarray(landmarks_68_in_frame, float)

    def side_px(matrix: npt.ArrayLike) -> float:
        return float(np.sqrt(abs(np.linalg.det(inverse(matrix)[:, :2]))) * size_px)

    wanted = np.log(side_px(crop_matrix))
    types: list[FaceType] = [kind for kind in FACE_TYPES if not kind.endswith(("-no-align", "-only"))]
    sides = [np.log(side_px(crop_from_frame(points, face_type=kind, size_px=size_px))) for kind in types]
    return types[int(np.argmin(np.abs(np.array(sides) - wanted)))]
