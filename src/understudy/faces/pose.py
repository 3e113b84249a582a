"""Which way a head looks: yaw, pitch and roll from landmarks, and rotations from them.

Axes as in `geometry.MEAN_FACE_68_IN_SPACE`: x to the image's right, y down, z away from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.mean_face import MEAN_FACE_68_IN_SPACE

Array = npt.NDArray[np.float64]

# Brows, jaw and nose say how the skull is turned; lips and lids move by themselves.
_RIGID_POINTS = [*range(0, 27), *range(30, 36)]
_FACES_AWAY_MM = 600.0  # how far a camera usually stands, for the perspective inside a face
_ROUNDS = 8


@dataclass(frozen=True)
class Pose:
    """Degrees. Yaw: positive turns the face to the image's right. Pitch: positive looks up. Roll: positive
    turns the head clockwise in the image."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


def rotation(pose_rad: npt.ArrayLike) -> Array:
    """Rotations (..., 3, 3) from (..., 3) yaw, pitch, roll in radians: pitch first, then yaw, then roll."""
    yaw, pitch, roll = np.moveaxis(np.asarray(pose_rad, float), -1, 0)
    zero, one = np.zeros_like(yaw), np.ones_like(yaw)

    def matrix(*rows: tuple[Array, Array, Array]) -> Array:
        return np.stack([np.stack(row, -1) for row in rows], -2)

    cy, sy, cp, sp, cr, sr = np.cos(yaw), np.sin(yaw), np.cos(pitch), np.sin(pitch), np.cos(roll), np.sin(roll)
    turn = matrix((cy, zero, -sy), (zero, one, zero), (sy, zero, cy))
    nod = matrix((one, zero, zero), (zero, cp, sp), (zero, -sp, cp))
    tilt = matrix((cr, -sr, zero), (sr, cr, zero), (zero, zero, one))
    return tilt @ turn @ nod


def pose_from_rotation(matrix: npt.ArrayLike) -> Pose:
    """The angles of one rotation, the inverse of `rotation`. Yaw comes out within ±90 degrees."""
    return Pose(*np.degrees(_angles(np.asarray(matrix, float))).tolist())


def _angles(r: Array) -> Array:
    """Yaw, pitch, roll in radians, (..., 3), of rotations (..., 3, 3)."""
    # r = tilt @ turn @ nod; its third row is (sin yaw, -sin pitch cos yaw, cos pitch cos yaw).
    yaw = np.arcsin(np.clip(r[..., 2, 0], -1, 1))
    pitch = np.arctan2(-r[..., 2, 1], r[..., 2, 2])
    roll = np.arctan2(r[..., 1, 0], r[..., 0, 0])
    return np.stack([yaw, pitch, roll], axis=-1)


def pose_from_landmarks(landmarks_68: npt.ArrayLike) -> Pose:
    """The pose that brings the mean face's rigid points nearest to the landmarks (68, 2) of an image.

    Scaled orthographic projection corrected for perspective: DeMenthon and Davis, "Model-based object pose in
    25 lines of code", IJCV 1995.
    """
    points = np.asarray(landmarks_68, float)[_RIGID_POINTS]
    model = MEAN_FACE_68_IN_SPACE[_RIGID_POINTS]
    model = model - model.mean(0)
    spread = np.linalg.pinv(model)
    offset = points - points.mean(0)
    turned = np.eye(3)
    for _ in range(_ROUNDS):
        depth = 1 + (model @ turned[2]) / _FACES_AWAY_MM
        flat = offset * depth[:, None]
        turned = _nearest_rotation(spread @ (flat - flat.mean(0)))
    return pose_from_rotation(turned)


def poses_from_landmarks(landmarks_N682: npt.ArrayLike) -> Array:
    """`pose_from_landmarks` of n faces at once: yaw, pitch, roll in degrees, (n, 3)."""
    points = np.asarray(landmarks_N682, float)[:, _RIGID_POINTS]
    model = MEAN_FACE_68_IN_SPACE[_RIGID_POINTS]
    model = model - model.mean(0)
    spread = np.linalg.pinv(model)
    offset = points - points.mean(1, keepdims=True)
    turned = np.broadcast_to(np.eye(3), (len(points), 3, 3))
    for _ in range(_ROUNDS):
        depth = 1 + turned[:, 2] @ model.T / _FACES_AWAY_MM
        flat = offset * depth[..., None]
        turned = _nearest_rotation(spread @ (flat - flat.mean(1, keepdims=True)))
    return np.degrees(_angles(turned))


def _nearest_rotation(linear_32: Array) -> Array:
    """The rotations whose first two rows are nearest to a projection's columns, (..., 3, 2)."""
    u, _, vt = np.linalg.svd(linear_32, full_matrices=False)
    rows = np.swapaxes(u @ vt, -1, -2)
    third = np.cross(rows[..., 0, :], rows[..., 1, :])
    return np.concatenate([rows, third[..., None, :]], axis=-2)
