"""Sixty-eight landmarks from five points: the mean face in space, turned and shifted until it fits.

A stand-in for a landmark network: it knows where eyes, nose and mouth are and how the head is turned, but sees
neither lids nor lips, and its jaw is everybody's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from understudy.faces.detect import Detection
from understudy.faces.pose import rotation
from understudy.mean_face import MEAN_FACE_68_IN_SPACE
from understudy.media.clip import Frame

if TYPE_CHECKING:
    from understudy.faces.mtcnn import PointFinder

Array = npt.NDArray[np.float64]

_REGIONS = (list(range(36, 42)), list(range(42, 48)), [30], [48], [54])
_MODEL_5 = np.stack([MEAN_FACE_68_IN_SPACE[region].mean(0) for region in _REGIONS])
_ROUNDS = 12
_SETTLED_RAD = 1e-6
_STEP_RAD = 1e-4


class FivePointLandmarker:
    """Implements `faces.landmark.Landmarker` from each detection's five points.

    Where a detection has none, MTCNN's last network looks for them in its box; it is loaded then.
    """

    def __init__(self, *, device: str = "cpu") -> None:
        self.device = device
        self._finder: PointFinder | None = None

    def landmarks_68(self, frames: Sequence[Frame], detections: Sequence[Sequence[Detection]]) -> list[Array]:
        flat = [detection for faces in detections for detection in faces]
        if not flat:
            return [np.empty((0, 68, 2)) for _ in frames]
        of_frame = np.repeat(np.arange(len(frames)), [len(faces) for faces in detections])
        fitted = landmarks_from_five(self._points_5(frames, flat, of_frame))
        return np.split(fitted, np.cumsum([len(faces) for faces in detections])[:-1])

    def _points_5(
        self, frames: Sequence[Frame], flat: Sequence[Detection], of_frame: npt.NDArray[np.intp]
    ) -> Array:
        points = np.stack([np.full((5, 2), np.nan) if d.points_5 is None else d.points_5 for d in flat])
        lacking = np.flatnonzero([detection.points_5 is None for detection in flat])
        if lacking.size:
            if self._finder is None:
                from understudy.faces.mtcnn import PointFinder  # torch takes a second to import

                self._finder = PointFinder(device=self.device)
            boxes = np.stack([flat[place].box_xyxy for place in lacking.tolist()])
            points[lacking] = self._finder.points_in_boxes(frames, of_frame[lacking], boxes)
        return points


def five_of(landmarks_68: Array) -> Array:
    """Eye centres, nose tip and mouth corners (5, 2) of landmarks (68, 2)."""
    return np.stack([landmarks_68[region].mean(0) for region in _REGIONS])


def landmarks_from_five(points_5: npt.ArrayLike) -> Array:
    """Landmarks (n, 68, 2) whose eyes, nose and mouth corners lie at the points (n, 5, 2)."""
    points = np.asarray(points_5, float)
    pose_rad = _fitted_pose(points)
    turned_5 = _projected(_MODEL_5, pose_rad)
    turned_68 = _projected(MEAN_FACE_68_IN_SPACE, pose_rad)
    scale, turn, shift = _similarity(turned_5, points)
    fitted_68 = _apply(scale, turn, shift, turned_68)
    missed = points - _apply(scale, turn, shift, turned_5)
    return fitted_68 + np.einsum("pk,nkc->npc", _REGION_WEIGHTS, missed)


def _region_weights() -> Array:
    """How much each landmark follows each of the five points' misses, (68, 5): nearer counts more."""
    distance = np.linalg.norm(MEAN_FACE_68_IN_SPACE[:, None] - _MODEL_5[None], axis=2)
    weights = 1 / (distance**2 + 4.0**2)
    for k, region in enumerate(_REGIONS):
        weights[region] = np.eye(5)[k]
    return weights / weights.sum(1, keepdims=True)


_REGION_WEIGHTS = _region_weights()


def _projected(model: Array, pose_rad: Array) -> Array:
    """Yawed and pitched model points seen from afar, (n, points, 2); roll is left to the similarity."""
    no_roll = np.concatenate([pose_rad, np.zeros_like(pose_rad[:, :1])], axis=1)
    return np.einsum("nij,pj->npi", rotation(no_roll)[:, :2], model)


def _similarity(start: Array, goal: Array) -> tuple[Array, Array, Array]:
    """Least-squares scale, angle and shift for each of n point sets, as complex numbers would do it."""
    a = start - start.mean(1, keepdims=True)
    b = goal - goal.mean(1, keepdims=True)
    ca, cb = a[..., 0] + 1j * a[..., 1], b[..., 0] + 1j * b[..., 1]
    factor = (cb * ca.conj()).sum(1) / np.maximum((abs(ca) ** 2).sum(1), 1e-9)
    scale, turn = abs(factor), np.angle(factor)
    shift = goal.mean(1) - _apply(scale, turn, np.zeros((len(start), 2)), start).mean(1)
    return scale, turn, shift


def _apply(scale: Array, turn: Array, shift: Array, points: Array) -> Array:
    cos, sin = (scale * np.cos(turn))[:, None], (scale * np.sin(turn))[:, None]
    x, y = points[..., 0], points[..., 1]
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=-1) + shift[:, None]


# What is expected before looking: heads look roughly ahead, and five points say little about pitch because
# noses and mouths of people differ as much as nodding would change them.
_PRIOR_RAD = np.radians([60.0, 12.0])
_NOISE_MM = 4.0


def _fitted_pose(points: Array) -> Array:
    """Yaw and pitch (n, 2) in radians: Gauss-Newton on the misses in face millimetres plus the prior."""
    pose = np.zeros((len(points), 2))
    for _ in range(_ROUNDS):
        miss = _misses(pose, points)
        jacobian = np.stack(
            [(_misses(pose + _STEP_RAD * np.eye(2)[k], points) - miss) / _STEP_RAD for k in (0, 1)], axis=2
        )
        gradient = np.einsum("nrk,nr->nk", jacobian, miss) + pose / _PRIOR_RAD**2
        hessian = np.einsum("nrk,nrl->nkl", jacobian, jacobian) + np.diag(1 / _PRIOR_RAD**2)
        step = np.linalg.solve(hessian, -gradient[..., None])[..., 0]
        before, pose = pose, np.clip(pose + np.clip(step, -0.3, 0.3), -1.2, 1.2)
        if np.abs(pose - before).max() < _SETTLED_RAD:
            break
    return pose


def _misses(pose: Array, points: Array) -> Array:
    """Misses of the five points in the model's millimetres over the expected noise, (n, 10)."""
    turned = _projected(_MODEL_5, pose)
    scale, turn, shift = _similarity(turned, points)
    miss = (_apply(scale, turn, shift, turned) - points) / np.maximum(scale, 1e-9)[:, None, None]
    return miss.reshape(len(points), 10) / _NOISE_MM
