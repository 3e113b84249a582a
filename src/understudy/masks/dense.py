"""Visible skin as our own face network sees it: hair, hands, microphones and frames of glasses are left out.

Not here: which crop the network is shown (`faces.dense`), teaching it a shot of its own.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from understudy.faces.align import crop
from understudy.faces.dense.landmarker import CropReader
from understudy.faces.dense.reading_crop import cut_crops, frame_from_crop_of_points
from understudy.geometry import inverse, transform_points

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

# Brows with their eyes, and the mouth, in pixels of the network's crop of 128.
_FEATURES = ([*range(17, 22), *range(36, 42)], [*range(22, 27), *range(42, 48)], list(range(48, 60)))
_BESIDE_PX, _CLOSED_PX = 3, 6


class DenseSegmenter:
    """Implements `segmenter.Segmenter`."""

    name = "dense"

    def __init__(self, reader: CropReader) -> None:
        self.reader = reader

    def segment(self, crops_NHWC: UInt8, landmarks_N682: Float64) -> Float32:
        """See `Segmenter.segment`. What the crops don't show is black to the network."""
        squares = frame_from_crop_of_points(landmarks_N682)
        shown = cut_crops(list(crops_NHWC), np.arange(len(crops_NHWC)), squares)
        masks = self.reader.read(shown).masks
        points = transform_points(inverse(squares), landmarks_N682) if len(squares) else landmarks_N682
        masks = [_with_features(mask, own) for mask, own in zip(masks, points, strict=True)]
        side = crops_NHWC.shape[1]
        laid = [_laid(mask, square, side) for mask, square in zip(masks, squares, strict=True)]
        return np.stack(laid) if laid else np.empty((0, side, side), np.float32)


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
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius_px + 1, 2 * radius_px + 1))


def _laid(mask_HW: Float32, crop_from_mask: Float64, side_px: int) -> Float32:
    """A mask in a square of a crop, laid into the crop; nothing beyond the square."""
    framed = mask_HW.copy()
    framed[[0, -1]] = framed[:, [0, -1]] = 0
    return np.clip(crop(framed, crop_from_mask, side_px), 0, 1).astype(np.float32)
