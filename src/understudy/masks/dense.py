"""Visible skin as our own face network sees it: hair, hands, microphones and frames of glasses are left out.

The network looks twice, the second time nearer and in a mirror: its two errors differ, so the mean of both is
better than either (docs/log.md, 2026-11-27, "Two looks"). Not here: which crop the network is shown
(`faces.dense`), teaching it a shot of its own.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from understudy.faces.align import crop
from understudy.faces.dense.landmarker import CropReader
from understudy.faces.dense.reading_crop import cut_crops, frame_from_crop_of_points
from understudy.geometry import inverse, transform_points
from understudy.masks.edges import mask_to_edges
from understudy.networks.dense_face import CROP_PX

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

# Brows with their eyes, and the mouth, in pixels of the network's crop of 128.
_FEATURES = ([*range(17, 22), *range(36, 42)], [*range(22, 27), *range(42, 48)], list(range(48, 60)))
_BESIDE_PX, _CLOSED_PX = 3, 6
_LEAST_EXTENT_PX = 1.0  # of landmarks
# The second look shows this share of the first one's side, about the same middle.
_NEARER = 0.9
_NEARER_IN_SQUARE = np.array(
    [[_NEARER, 0, CROP_PX * (1 - _NEARER) / 2], [0, _NEARER, CROP_PX * (1 - _NEARER) / 2], [0, 0, 1]]
)
_UNREACHED_PX = math.ceil(CROP_PX * (1 - _NEARER) / 2)
_REACHED = slice(_UNREACHED_PX, CROP_PX - _UNREACHED_PX)


class DenseSegmenter:
    """Implements `segmenter.Segmenter`."""

    name = "dense"

    def __init__(self, reader: CropReader) -> None:
        self.reader = reader

    def segment(self, crops_NHWC: UInt8, landmarks_N682: Float64) -> Float32:
        """See `Segmenter.segment`. What the crops don't show is black to the network.

        Landmarks that lie on one spot, or are no numbers, have no face about them: their mask is empty.
        """
        laid = np.zeros(crops_NHWC.shape[:3], np.float32)
        landmarks = np.nan_to_num(landmarks_N682)
        spread_out = np.flatnonzero(np.ptp(landmarks, axis=1).max(1) >= _LEAST_EXTENT_PX)
        if not len(spread_out):
            return laid
        squares = frame_from_crop_of_points(landmarks[spread_out])
        masks, shown = self._seen(crops_NHWC, spread_out, squares)
        points = transform_points(inverse(squares), landmarks[spread_out])
        for place, mask, seen_in, square, own in zip(spread_out, masks, shown, squares, points, strict=True):
            laid[place] = mask_to_edges(_with_features(mask, own), seen_in, crops_NHWC[place], square)
        return laid

    def _seen(
        self, crops_NHWC: UInt8, of_crop: npt.NDArray[np.intp], squares: Float64
    ) -> tuple[Float32, UInt8]:
        """Masks (n, 128, 128) of squares (n, 2, 3), and what these show, (n, 128, 128, 3).

        Masks are means of a look at each and a nearer, mirrored one.
        """
        nearer = squares @ _NEARER_IN_SQUARE
        shown = cut_crops(list(crops_NHWC), np.tile(of_crop, 2), np.concatenate([squares, nearer]))
        shown[len(squares) :] = shown[len(squares) :, :, ::-1].copy()
        masks = self.reader.read(shown).masks
        first, second = masks[: len(squares)].copy(), masks[len(squares) :, :, ::-1]
        for one, other in zip(first, second, strict=True):
            moved = crop(np.ascontiguousarray(other), _NEARER_IN_SQUARE[:2], CROP_PX)
            one[_REACHED, _REACHED] = (one[_REACHED, _REACHED] + moved[_REACHED, _REACHED]) / 2
        return first, shown[: len(squares)]


def _with_features(mask_HW: Float32, points_68: Float64) -> Float32:
    """The mask with brows, eyes and mouth where skin is around them: dark brows look like hair to it."""
    drawn = np.zeros(mask_HW.shape, np.uint8)
    for part in _FEATURES:
        hull = cv2.convexHull(np.rint(points_68[part]).astype(np.int32))
        cv2.fillConvexPoly(drawn, hull, 1)
    near = cv2.dilate(drawn, _disc(_BESIDE_PX))
    closed = cv2.morphologyEx(mask_HW, cv2.MORPH_CLOSE, _disc(_CLOSED_PX), borderType=cv2.BORDER_REPLICATE)
    return np.where(near > 0, np.maximum(mask_HW, closed), mask_HW).astype(np.float32)


def _disc(radius_px: int) -> UInt8:
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))
    return disc.astype(np.uint8)
