"""Visible skin as our own face network sees it: hair, hands, microphones and frames of glasses are left out.

Not here: which crop the network is shown (`faces.dense`), teaching it a shot of its own.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from understudy.faces.align import crop
from understudy.faces.dense.landmarker import CropReader
from understudy.faces.dense.reading_crop import cut_crops, frame_from_crop_of_points

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]


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
        side = crops_NHWC.shape[1]
        laid = [_laid(mask, square, side) for mask, square in zip(masks, squares, strict=True)]
        return np.stack(laid) if laid else np.empty((0, side, side), np.float32)


def _laid(mask_HW: Float32, crop_from_mask: Float64, side_px: int) -> Float32:
    """A mask in a square of a crop, laid into the crop; nothing beyond the square."""
    framed = mask_HW.copy()
    framed[[0, -1]] = framed[:, [0, -1]] = 0
    return np.clip(crop(framed, crop_from_mask, side_px), 0, 1).astype(np.float32)
