"""Finds that can't be faces: measures of a find's landmarks, and the limits beyond which it is left out.

The limits are options; a find that breaks one keeps its place in the log, so that changing a limit costs no
new search.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from understudy.facesets.extraction.options import ExtractOptions
from understudy.geometry import crop_from_frame, transform_points, unit_from_frame
from understudy.mean_face import MEAN_FACE_51_IN_UNIT

Array = npt.NDArray[np.float64]

TOO_LARGE = "face much larger than its box"
TOO_SMALL = "face much smaller than its box"
UNLIKE = "landmarks unlike a face"
UPSIDE_DOWN = "eyes under the mouth"
TURNED = "tilted too far"

_EYES, _MOUTH = slice(36 - 17, 48 - 17), slice(48 - 17, 68 - 17)


@dataclass(frozen=True)
class Shape:
    """How a find's landmarks stand to its box and to a face."""

    scale: float  # area of the full crop over that of the detector's box
    distance_percent: float  # of points 17-67 from the mean face, on average, of the unit square's side
    roll_deg: float  # of the head in the frame, -180..180, positive clockwise
    is_upright: bool  # the eyes are over the mouth in the unit square

    def why_absurd(self, limits: ExtractOptions) -> str | None:
        """The first limit that is broken, in words; None for what may be a face. A limit of 0 is off."""
        if limits.check_features and not self.is_upright:
            return UPSIDE_DOWN
        if limits.max_scale and self.scale > limits.max_scale:
            return TOO_LARGE
        if self.scale < limits.min_scale:
            return TOO_SMALL
        if limits.max_distance and self.distance_percent > limits.max_distance:
            return UNLIKE
        return TURNED if limits.max_roll and abs(self.roll_deg) > limits.max_roll else None


def shape_of(landmarks_68: Array, box_xyxy: Array) -> Shape:
    """The shape of landmarks (68, 2) found in a box, both in frame pixels."""
    linear = crop_from_frame(landmarks_68, face_type="full", size_px=1)[:, :2]
    crop_area = 1 / max(abs(float(np.linalg.det(linear))), 1e-12)
    left, top, right, bottom = box_xyxy
    box_area = max(float(right - left), 0.0) * max(float(bottom - top), 0.0)
    to_unit = unit_from_frame(landmarks_68)
    in_unit = transform_points(to_unit, landmarks_68[17:])
    return Shape(
        scale=crop_area / max(box_area, 1e-9),
        distance_percent=100 * float(np.linalg.norm(in_unit - MEAN_FACE_51_IN_UNIT, axis=1).mean()),
        roll_deg=float(np.degrees(np.arctan2(-to_unit[1, 0], to_unit[0, 0]))) + 0.0,
        is_upright=bool(in_unit[_EYES, 1].mean() < in_unit[_MOUTH, 1].mean()),
    )
