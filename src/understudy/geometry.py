"""Where things are on a face: similarity fits, crop transforms, a rough yaw.

Points are (x, y) in pixels with y down; a pixel's centre is at whole coordinates plus one half only where a
function says so. Transforms are 2 x 3 matrices named `goal_from_start`. Numpy only, no images.

What a function does for one face, its plural does for n at once, much faster; both say the same.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from understudy.mean_face import MEAN_FACE_51_IN_UNIT, MIRROR_68

Array = npt.NDArray[np.float64]
FaceType = Literal["half", "mid-full", "full", "full-no-align", "whole", "head", "head-no-align", "mark-only"]

# The points that a similarity fit listens to: no lips but their corners, so that an open mouth does not
# change the crop's scale.
_STEADY_POINTS = [*range(17, 48), 48, 54]
_STEADY_IN_UNIT = MEAN_FACE_51_IN_UNIT[np.array(_STEADY_POINTS) - 17]

# Margin on each side of the unit square, in its own side lengths, before the factor sqrt(2) (see
# crop_from_frame), and how far the centre moves towards the forehead.
_PADDING: dict[str, float] = {
    "half": 0.0,
    "mid-full": 0.0675,
    "full": 0.2109375,
    "full-no-align": 0.2109375,
    "whole": 0.40,
    "head": 0.70,
    "head-no-align": 0.70,
}
_SHIFT_UP: dict[str, float] = {"whole": 0.07, "head": 0.50}
FACE_TYPES: tuple[FaceType, ...] = (
    "half", "mid-full", "full", "full-no-align", "whole", "head", "head-no-align", "mark-only",
)  # fmt: skip


def similarity_fit(start: npt.ArrayLike, goal: npt.ArrayLike) -> Array:
    """The similarity (turn, uniform scale, shift) that takes `start` nearest to `goal`, as a 2 x 3 matrix.

    Both are (n, 2) with n >= 2. Least squares with a guard against reflection: Umeyama, "Least-squares
    estimation of transformation parameters between two point patterns", PAMI 13(4), 1991.
    """
    a, b = np.asarray(start, float), np.asarray(goal, float)
    mean_a, mean_b = a.mean(0), b.mean(0)
    a0, b0 = a - mean_a, b - mean_b
    u, singular, vt = np.linalg.svd(b0.T @ a0 / len(a))
    sign = np.array([1.0, np.sign(np.linalg.det(u) * np.linalg.det(vt)) or 1.0])
    turn = u @ np.diag(sign) @ vt
    spread = a0.var(0).sum()
    scale = (singular * sign).sum() / spread if spread > 0 else 1.0
    linear = scale * turn
    return np.column_stack([linear, mean_b - linear @ mean_a])


def similarity_fits(start: npt.ArrayLike, goal: npt.ArrayLike) -> Array:
    """`similarity_fit` of n pairs of point sets, (n, points, 2) each or one (points, 2) for all; (n, 2, 3).

    In the plane a similarity is a multiplication of complex numbers, so the fit needs no decomposition.
    """
    a, b = np.broadcast_arrays(np.asarray(start, float), np.asarray(goal, float))
    mean_a, mean_b = a.mean(-2), b.mean(-2)
    a, b = a - mean_a[..., None, :], b - mean_b[..., None, :]
    spread = (a**2).sum((-2, -1))
    per_spread = 1 / np.where(spread > 0, spread, 1)
    along = np.where(spread > 0, (a * b).sum((-2, -1)) * per_spread, 1)
    across = (a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]).sum(-1) * per_spread
    linear = np.stack([np.stack([along, -across], -1), np.stack([across, along], -1)], axis=-2)
    shift = mean_b - np.einsum("...ij,...j->...i", linear, mean_a)
    return np.concatenate([linear, shift[..., None]], axis=-1)


def transform_points(goal_from_start: npt.ArrayLike, points: npt.ArrayLike) -> Array:
    """Apply a 2 x 3 transform to points of shape (..., 2), or transforms (n, 2, 3) to points (n, k, 2)."""
    m = np.asarray(goal_from_start, float)
    if m.ndim == 2:
        return np.asarray(points, float) @ m[:, :2].T + m[:, 2]
    return np.asarray(points, float) @ np.swapaxes(m[..., :2], -1, -2) + m[..., None, :, 2]


def inverse(goal_from_start: npt.ArrayLike) -> Array:
    """The transform that undoes another; 2 x 3, or (n, 2, 3) for each of n. Raises LinAlgError at none."""
    m = np.asarray(goal_from_start, float)
    back = np.linalg.inv(m[..., :2])
    return np.concatenate([back, -back @ m[..., 2:]], axis=-1)


def compose(c_from_b: npt.ArrayLike, b_from_a: npt.ArrayLike) -> Array:
    """The 2 x 3 transform c_from_a that applies `b_from_a` first."""
    c, b = np.asarray(c_from_b, float), np.asarray(b_from_a, float)
    return np.column_stack([c[:, :2] @ b[:, :2], c[:, :2] @ b[:, 2] + c[:, 2]])


def unit_from_frame(landmarks_68_in_frame: npt.ArrayLike) -> Array:
    """The similarity that takes a face's landmarks to the mean face in the unit square."""
    points = np.asarray(landmarks_68_in_frame, float)
    return similarity_fit(points[_STEADY_POINTS], _STEADY_IN_UNIT)


def face_width_px(landmarks_68_in_frame: npt.ArrayLike, crop_from_frame: npt.ArrayLike) -> float:
    """The side of the mean face's unit square in a crop's pixels: the unit of sizes as shares of a face."""
    unit = np.linalg.det(unit_from_frame(landmarks_68_in_frame)[:, :2])
    crop = np.linalg.det(np.asarray(crop_from_frame, float)[:, :2])
    return float(np.sqrt(abs(crop / unit)))


def units_from_frames(landmarks_N682: npt.ArrayLike) -> Array:
    """`unit_from_frame` of n faces, (n, 2, 3)."""
    points = np.asarray(landmarks_N682, float)
    return similarity_fits(points[:, _STEADY_POINTS], _STEADY_IN_UNIT)


def crop_from_frame(
    landmarks_68_in_frame: npt.ArrayLike, *, face_type: FaceType, size_px: int, scale: float = 1.0
) -> Array:
    """The 2 x 3 transform from frame pixels to an aligned crop of `size_px` x `size_px`.

    A larger `scale` shows less around the face. "-no-align" types keep the frame's upright: their crop is an
    axis-parallel square of the same area about the same centre. "mark-only" crops nothing and is refused.
    The padding is multiplied by sqrt(2), as the programs of this field do, so that facesets are exchangeable.
    """
    if face_type == "mark-only":
        raise ValueError("mark-only faces have no crop")
    points = np.asarray(landmarks_68_in_frame, float)
    to_unit = unit_from_frame(points)
    from_unit = inverse(to_unit)
    corners = transform_points(from_unit, [[0, 0], [1, 0], [1, 1], [0, 1]])
    right, down = corners[1] - corners[0], corners[3] - corners[0]
    centre = corners.mean(0) - down * _SHIFT_UP.get(face_type, 0.0)
    if face_type == "head":
        yaw = yaw_from_landmarks(transform_points(to_unit, points))
        centre = centre + right * (0.5 * yaw * abs(np.tanh(2 * yaw)))
    half_side = 0.5 * (1 + 2 * _PADDING[face_type] * np.sqrt(2)) / scale
    if face_type.endswith("-no-align"):
        side = float(np.linalg.norm(right))
        right, down = np.array([side, 0.0]), np.array([0.0, side])
    top_left = centre - half_side * (right + down)
    frame_from_crop = np.column_stack(
        [right * 2 * half_side / size_px, down * 2 * half_side / size_px, top_left]
    )
    return inverse(frame_from_crop)


def crop_share(inner: FaceType, outer: FaceType) -> float:
    """Which share of the side of an `outer` crop an `inner` one of the same face takes, in its middle.

    Raises ValueError for types whose crops have other centres or turns.
    """
    if outer.endswith("-no-align") != inner.endswith("-no-align") or {inner, outer} & {*_SHIFT_UP, "mark-only"}:
        raise ValueError(f"{inner} crops don't lie in the middle of {outer} ones")
    sides = [1 + 2 * _PADDING[kind] * np.sqrt(2) for kind in (inner, outer)]
    return float(sides[0] / sides[1])


def crops_from_frames(
    landmarks_N682: npt.ArrayLike, *, face_type: FaceType, size_px: int, scale: float = 1.0
) -> Array:
    """`crop_from_frame` of n faces, (n, 2, 3)."""
    if face_type == "mark-only":
        raise ValueError("mark-only faces have no crop")
    points = np.asarray(landmarks_N682, float)
    to_unit = units_from_frames(points)
    from_unit = inverse(to_unit)
    right, down = from_unit[:, :, 0], from_unit[:, :, 1]
    centre = from_unit @ np.array([0.5, 0.5, 1]) - down * _SHIFT_UP.get(face_type, 0.0)
    if face_type == "head":
        yaw = _rough_yaw(transform_points(to_unit, points))[:, None]
        centre = centre + right * (0.5 * yaw * abs(np.tanh(2 * yaw)))
    half_side = 0.5 * (1 + 2 * _PADDING[face_type] * np.sqrt(2)) / scale
    axes = np.stack([right, down], -1)
    if face_type.endswith("-no-align"):
        axes = np.linalg.norm(right, axis=1)[:, None, None] * np.eye(2)
    top_left = centre - half_side * axes.sum(-1)
    frame_from_crop = np.concatenate([axes * (2 * half_side / size_px), top_left[..., None]], axis=-1)
    return inverse(frame_from_crop)


def square_from_frame(width: int, height: int, *, size_px: int) -> Array:
    """The 2 x 3 transform that squeezes a whole frame into a square of `size_px`, whatever its shape."""
    return np.array([[size_px / width, 0.0, 0.0], [0.0, size_px / height, 0.0]])


def resized_crop(crop_from_frame: npt.ArrayLike, *, from_px: int, to_px: int) -> Array:
    """The transform of the same crop at another size."""
    return np.asarray(crop_from_frame, float) * (to_px / from_px)


def for_pixel_grid(goal_from_start: npt.ArrayLike) -> Array:
    """The same transform for image functions that put the first pixel's centre at 0 (OpenCV's warps).

    Our transforms measure from the image's corner, where a crop of N pixels spans 0..N; without this half
    pixel a face would sit in another place at 64 px than at 256 px. Takes one (2, 3) or many (..., 2, 3).
    """
    m = np.array(goal_from_start, float)
    m[..., 2] += m[..., :2] @ np.array([0.5, 0.5]) - 0.5
    return m


def yaw_from_landmarks(landmarks_68: npt.ArrayLike) -> float:
    """A rough yaw from three jaw pairs against the nose ridge, in the landmarks' own units; 0 is frontal."""
    return float(_rough_yaw(np.asarray(landmarks_68, float)))


def _rough_yaw(landmarks_68: Array) -> Array:
    """Of one face, (68, 2), or of each of n."""
    x, k = landmarks_68[..., 0], np.arange(3)
    return (x[..., 16 - k] - x[..., 27 + k]).mean(-1) - (x[..., 27 + k] - x[..., k]).mean(-1)


def mirrored_landmarks(landmarks_68: npt.ArrayLike, *, width_px: float) -> Array:
    """Landmarks of the mirrored image, in the usual order, measured from the image's corner."""
    points = np.asarray(landmarks_68, float)[MIRROR_68].copy()
    points[:, 0] = width_px - points[:, 0]
    return points
