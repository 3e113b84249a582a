"""Which pixels of a face a model learns from: drawn by hand, stored in the face, segmented now, or the hull.

Not here: the arithmetic of each (`facesets.face_mask`), who segments (`masks.segmenter`).
"""

from __future__ import annotations

import threading

import numpy as np
import numpy.typing as npt

from understudy.faces.align import crop
from understudy.facesets.face_mask import Mask, face_mask
from understudy.facesets.record import FaceRecord
from understudy.geometry import compose, crop_from_frame, inverse, transform_points
from understudy.masks.segmenter import PRODUCTS_OWN, SEGMENTERS, Segmenters

STORED, HULL = "stored", "hull"
MASK_SOURCES = (STORED, HULL, *SEGMENTERS)
_SEGMENTED_PX = 256


class MaskSource:
    """Makes the mask of one face after the other; threads may share it.

    `name` is stored, hull, or one of `segmenters`. Regions drawn by hand win over each of them. Raises
    SegmenterUnknown, WeightsMissing, UnsafeFile.
    """

    def __init__(self, name: str, segmenters: Segmenters = PRODUCTS_OWN) -> None:
        self.name = name
        self._segmenter = None if name in (STORED, HULL) else segmenters.load(name)
        self._one_at_a_time = threading.Lock()  # a segmenter takes all cores by itself

    @staticmethod
    def key(name: str, segmenters: Segmenters = PRODUCTS_OWN) -> str:
        """Tells apart what different masks are made by; "" for those stored in faces."""
        return {STORED: "", HULL: HULL}[name] if name in (STORED, HULL) else segmenters.made_by(name)

    def mask(
        self, picture: npt.NDArray[np.uint8], record: FaceRecord, goal_from_frame: npt.ArrayLike, size_px: int
    ) -> Mask:
        """The face in a square of its frame, (size_px, size_px), 0..1. `picture` is what its file shows."""

        def segmented() -> Mask:
            return self._segmented(picture, record, goal_from_frame, size_px)

        seen = segmented if self._segmenter is not None else None
        return face_mask(record, goal_from_frame, size_px, stored=self.name != HULL, seen=seen)

    def _segmented(
        self, picture: npt.NDArray[np.uint8], record: FaceRecord, goal_from_frame: npt.ArrayLike, size_px: int
    ) -> Mask:
        assert self._segmenter is not None
        crop_now = record.crop_matrix()
        if record.shows_whole_frame:
            crop_now = crop_from_frame(record.landmarks(), face_type="whole", size_px=_SEGMENTED_PX)
            picture = crop(picture, crop_now, _SEGMENTED_PX)
        points = transform_points(crop_now, record.landmarks())
        with self._one_at_a_time:
            seen = self._segmenter.segment(picture[None], points[None])[0].copy()
        seen[[0, -1]] = seen[:, [0, -1]] = 0  # nothing is known beyond the picture
        laid = crop(seen, compose(goal_from_frame, inverse(crop_now)), size_px)
        return np.clip(laid, 0, 1).astype(np.float32)
