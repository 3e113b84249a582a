"""What a brush painted over a face: a grey picture that adds to it, takes from it, or leaves what is there.

It lies over the drawn regions and over every mask. Not here: the regions (`face_mask.py`), who paints.
"""

from __future__ import annotations

import base64
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from understudy.errors import ImageUnreadable
from understudy.facesets.record import FaceRecord, PaintedLayer
from understudy.geometry import compose, for_pixel_grid, inverse, resized_crop
from understudy.media.images import decode_image, encode_png

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
UNTOUCHED = 128
LARGEST_PX = 512


class Painted(NamedTuple):
    """A layer in a square of the frame. Both are (size_px, size_px), 0..1, and nowhere more than 1 together."""

    face_HW: Float32  # how far this is face
    none_HW: Float32  # how far this is none


def painted(record: FaceRecord, goal_from_frame: npt.ArrayLike, size_px: int) -> Painted | None:
    """What was painted on a face, in a square of its frame; None where nothing was, or it can't be read."""
    layer = record.painted
    if layer is None:
        return None
    try:
        grey = grey_of_layer(layer)
    except (ValueError, ImageUnreadable):  # a record may come from a stranger
        return None
    own = resized_crop(layer.layer_from_frame, from_px=layer.size_px, to_px=len(grey))
    matrix = for_pixel_grid(compose(goal_from_frame, inverse(own)))
    # Apart, so that between face and none nothing is left untouched.
    away = grey.astype(np.float32) - UNTOUCHED
    both = np.stack([np.maximum(away, 0) / (255 - UNTOUCHED), np.maximum(-away, 0) / UNTOUCHED], axis=-1)
    laid = cv2.warpAffine(both, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR)
    return Painted(laid[..., 0].astype(np.float32), laid[..., 1].astype(np.float32))


def grey_of_layer(layer: PaintedLayer) -> UInt8:
    """The picture of a layer. Raises ImageUnreadable or ValueError where it is none."""
    return decode_image(base64.b64decode(layer.png_base64))[:, :, 0]


def painted_over(mask_HW: Float32, layer: Painted | None) -> Float32:
    """A mask, (size, size), 0..1, with what was painted over it."""
    if layer is None:
        return mask_HW
    return (mask_HW * (1 - layer.face_HW - layer.none_HW) + layer.face_HW).astype(np.float32)


def layer_of(
    grey_HW: UInt8, crop_from_frame: npt.ArrayLike, crop_px: int, *, largest_px: int = LARGEST_PX
) -> PaintedLayer | None:
    """The layer of a square grey picture that shows a crop; None where all of it is untouched."""
    if (grey_HW == UNTOUCHED).all():
        return None
    size_px = min(len(grey_HW), largest_px)
    if size_px < len(grey_HW):
        small = cv2.resize(grey_HW, (size_px, size_px), interpolation=cv2.INTER_AREA)
        grey_HW = np.asarray(small, np.uint8)
    matrix = resized_crop(crop_from_frame, from_px=crop_px, to_px=size_px)
    return PaintedLayer(
        size_px=size_px,
        layer_from_frame=np.round(matrix, 9).tolist(),
        png_base64=base64.b64encode(encode_png(grey_HW)).decode("ascii"),
    )


def grey_of(record: FaceRecord, goal_from_frame: npt.ArrayLike, size_px: int) -> UInt8 | None:
    """What was painted, as the grey picture that `layer_of` takes."""
    layer = painted(record, goal_from_frame, size_px)
    if layer is None:
        return None
    grey = UNTOUCHED + layer.face_HW * (255 - UNTOUCHED) - layer.none_HW * UNTOUCHED
    return np.rint(grey).astype(np.uint8)
