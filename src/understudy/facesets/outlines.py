"""The face of a record as regions alone, for programs that know no painted layer."""

from __future__ import annotations

import cv2
import numpy as np

from understudy.facesets.face_mask import face_mask
from understudy.facesets.record import FaceRecord, Polygon
from understudy.geometry import inverse, resized_crop, transform_points

_SIDE_PX = 512
_EXACT_PX = 0.7  # how far a region may be from the mask's edge


def outlined(record: FaceRecord) -> list[Polygon]:
    """Included regions around the face with all that was painted, and excluded ones for its holes."""
    matrix = resized_crop(record.crop_matrix(), from_px=record.size_px, to_px=_SIDE_PX)
    mask = (face_mask(record, matrix, _SIDE_PX) >= 0.5).astype(np.uint8)
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    found: list[Polygon] = []
    parents = np.reshape(tree, (-1, 4))[:, 3] if len(contours) else []
    for contour, parent in zip(contours, parents, strict=True):
        corners = cv2.approxPolyDP(contour, _EXACT_PX, closed=True)[:, 0]
        if len(corners) >= 3:
            points = transform_points(inverse(matrix), corners + 0.5)
            kind = "include" if parent < 0 else "exclude"
            found.append(Polygon(kind=kind, points=[(float(x), float(y)) for x, y in points]))
    return sorted(found, key=lambda polygon: polygon.kind != "include")
