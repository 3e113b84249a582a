"""How far landmarks, masks and scores lie from the truth, in figures that compare between faces of any size.

Errors are shares of the distance between the outer corners of the eyes in space, at the scale of the picture:
it does not shrink when a head turns. A jaw is scored by its distance to the contour that is seen, not to points
of the skin. Not here: where truth comes from (`benchmarks/face_accuracy.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from understudy.faces.pose import poses_from_landmarks, rotation
from understudy.mean_face import MEAN_FACE_68_IN_SPACE

Array = npt.NDArray[np.float64]

_RIGID = slice(17, 48)  # brows, nose and eyes: what speech does not move
_OUTER_EYES_MM = float(np.linalg.norm(MEAN_FACE_68_IN_SPACE[36] - MEAN_FACE_68_IN_SPACE[45]))


def eye_spans_px(points_N682: npt.ArrayLike, poses_deg: npt.ArrayLike | None = None) -> Array:
    """Outer-eye distances in space at the picture's scale, (n,) pixels, of landmarks (n, 68 or 70, 2).

    The mean face is turned as the head is, (n, 3) yaw, pitch and roll, by default as the points say, and scaled
    until brows, nose and eyes fit best (least squares, as if seen from afar).
    """
    points = np.asarray(points_N682, float)[:, :68]
    poses = poses_from_landmarks(points) if poses_deg is None else np.asarray(poses_deg, float)
    model = MEAN_FACE_68_IN_SPACE[_RIGID]
    flat = np.einsum("nij,pj->npi", rotation(np.radians(poses))[:, :2], model - model.mean(0))
    seen = points[:, _RIGID] - points[:, _RIGID].mean(1, keepdims=True)
    scale = (flat * seen).sum((1, 2)) / np.maximum((flat * flat).sum((1, 2)), 1e-9)
    return np.maximum(scale, 1e-6) * _OUTER_EYES_MM


def point_errors(
    found_NK2: npt.ArrayLike, truth_NK2: npt.ArrayLike, spans_px: npt.ArrayLike, *, skin_fixed_jaw: bool = False
) -> Array:
    """Errors (n, k) of k = 68 or 70 points in shares of `spans_px` (n,).

    A jaw point's is its distance to the line through the true jaw. Where those are fixed to the skin
    (`skin_fixed_jaw`), the far side of them is hidden behind the cheek: then the hull of all true points counts
    as contour too.
    """
    found, truth = np.asarray(found_NK2, float), np.asarray(truth_NK2, float)
    errors = np.linalg.norm(found - truth, axis=2)
    for row, points in enumerate(truth):
        away = distances_to_line(found[row, :17], points[:17])
        if skin_fixed_jaw:
            hull = cv2.convexHull(points[:68].astype(np.float32))[:, 0].astype(float)
            away = np.minimum(away, distances_to_line(found[row, :17], np.concatenate([hull, hull[:1]])))
        errors[row, :17] = away
    return errors / np.asarray(spans_px, float)[:, None]


def distances_to_line(points_K2: Array, line_N2: Array) -> Array:
    """Distance of every point to the nearest place on a line through n points, (k,)."""
    start, step = line_N2[:-1], np.diff(line_N2, axis=0)
    from_start = points_K2[:, None] - start
    along = (from_start * step).sum(2) / np.maximum((step * step).sum(1), 1e-12)
    nearest = start + np.clip(along, 0, 1)[..., None] * step
    return np.linalg.norm(points_K2[:, None] - nearest, axis=2).min(1)


def mask_iou(found_HW: npt.ArrayLike, truth_HW: npt.ArrayLike) -> float:
    """Intersection over union of two masks 0..1, cut at one half; 1 where both are empty."""
    found, truth = np.asarray(found_HW) > 0.5, np.asarray(truth_HW) > 0.5
    either = int((found | truth).sum())
    return 1.0 if either == 0 else float((found & truth).sum() / either)


def area_under_curve(of_faces: npt.ArrayLike, of_others: npt.ArrayLike) -> float | None:
    """The chance that a face scores above what is none, equal scores counted half (Mann and Whitney, 1947)."""
    faces, others = np.asarray(of_faces, float), np.sort(np.asarray(of_others, float))
    if not len(faces) or not len(others):
        return None
    below = np.searchsorted(others, faces, "left") + np.searchsorted(others, faces, "right")
    return float(below.mean() / 2 / len(others))


def stray_px(points_FK2: npt.ArrayLike) -> float:
    """How far points of a head that stands still stray from their own mean, root mean square in pixels."""
    points = np.asarray(points_FK2, float)
    return float(np.sqrt(np.square(points - points.mean(0)).sum(2).mean()))


def by_bucket(
    errors_NK: Array, values_N: Sequence[float] | Array, buckets: Mapping[str, tuple[float, float]]
) -> dict[str, dict[str, float | int | None]]:
    """Mean error in per cent and how many faces, of those whose value lies in [low, high) of each bucket."""
    values = np.asarray(values_N, float)
    out: dict[str, dict[str, float | int | None]] = {}
    for name, (low, high) in buckets.items():
        inside = errors_NK[(values >= low) & (values < high)]
        out[name] = {"faces": len(inside), "error_percent": 100 * float(inside.mean()) if len(inside) else None}
    return out
