"""How far a painted face stands out along its mask's edge, in one frame. Pure.

Across the edge the plate has a step of its own: skin beside hair, a shadow beside a wall. A seam is what the
swap adds to that step, so a face that is painted as it was has none, whatever lies around it. Colours are CIE
Lab, and the distance is CIE 1976's delta E. Close to the edge a soft mask has a lesser step than a hard one, as
it is seen. Not here: how the edge flickers (`stillness`).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import lab_from_rgb

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]

_SIDE_PX = 128  # of the square that is looked at
_FAR = 0.05  # of the face's width: how wide the stripes on both sides of the edge are
_SECTORS = 24
_FEWEST_PX = 6  # of each stripe in a sector


def seam_delta_e(plate: UInt8, result: UInt8, mask_HW: Float32, *, face_px: float) -> float | None:
    """The step across the mask's edge that `result` has and `plate` doesn't: the mean delta E around the face.

    `plate` and `result` are RGB crops (side, side, 3), `mask_HW` 0..1 of that size; where it passes one half
    is the edge. `face_px` is the face's width in the crop. Each stretch around the face counts the same. None
    where the crop shows no edge.
    """
    scale = _SIDE_PX / len(plate)
    size = (_SIDE_PX, _SIDE_PX)
    inside = cv2.resize(mask_HW.astype(np.float32), size, interpolation=cv2.INTER_AREA) > 0.5
    if inside.all() or not inside.any():
        return None
    sides = _stripes(inside, far_px=_FAR * face_px * scale)
    added = _lab(result, size) - _lab(plate, size)
    steps = _steps(added, sides, _sectors(inside))
    return float(np.linalg.norm(steps, axis=1).mean()) if len(steps) else None


def _lab(picture: UInt8, size: tuple[int, int]) -> Float32:
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return np.asarray(lab_from_rgb(small.astype(np.float32) / 255), np.float32)


def _stripes(inside: npt.NDArray[np.bool_], *, far_px: float) -> tuple[Array, Array]:
    """Which pixels lie just inside the edge, and which just outside, as 0 and 1."""
    from_edge = [
        cv2.distanceTransform(side.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        for side in (inside, ~inside)
    ]
    within, around = (((far > 0) & (far <= far_px)).astype(float) for far in from_edge)
    return within, around


def _sectors(inside: npt.NDArray[np.bool_]) -> Whole:
    """Which stretch of the edge every pixel belongs to, by its direction from the middle of the face."""
    places = np.indices(inside.shape)
    y, x = places[0], places[1]
    angle = np.arctan2(y - y[inside].mean(), x - x[inside].mean())
    return np.minimum(((angle + np.pi) / (2 * np.pi) * _SECTORS).astype(np.int64), _SECTORS - 1)


def _steps(added_lab: Float32, sides: tuple[Array, Array], sectors: Whole) -> Array:
    """(sectors that can tell, 3): what was added inside less what was added outside.

    Differences are linear: the step of the result less that of the plate is the step of their difference.
    """
    counts = [np.bincount(sectors.ravel(), side.ravel(), _SECTORS) for side in sides]
    told = np.minimum(*counts) >= _FEWEST_PX
    means = [
        np.stack(
            [
                np.bincount(sectors.ravel(), (added_lab[..., channel] * side).ravel(), _SECTORS)[told]
                for channel in range(3)
            ],
            axis=1,
        )
        / count[told, None]
        for side, count in zip(sides, counts, strict=True)
    ]
    return means[0] - means[1]
