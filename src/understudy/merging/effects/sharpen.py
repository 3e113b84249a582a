"""Sharpen or soften the painted crop. float32 RGB of any range. Not here: motion blur, the frame around it."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import luma
from understudy.merging.effects.options import EffectOptions, SharpenKind

Float32 = npt.NDArray[np.float32]

_LEAST_RADIUS_PX = 0.3


def sharpened(crop_HWC: Float32, options: EffectOptions, *, face_px: float) -> Float32:
    """The crop as `options` want it; `face_px` is the face's width in the crop's pixels. May leave 0..1."""
    amount, kind = options.sharpen_amount, options.sharpen
    if amount == 0 or (kind == "none" and amount > 0):
        return crop_HWC
    radius_px = max(_LEAST_RADIUS_PX, options.sharpen_radius * face_px)
    detail = crop_HWC - _mean_around(crop_HWC, kind, radius_px)
    if kind == "unsharp" and amount > 0 and options.sharpen_threshold > 0:
        # A soft step from 0 at the threshold to 1 at twice the threshold draws no contours.
        strength = np.clip(np.abs(luma(detail)) / options.sharpen_threshold - 1, 0, 1)
        detail = detail * strength[..., None]
    return (crop_HWC + amount * detail).astype(np.float32)


def _mean_around(crop_HWC: Float32, kind: SharpenKind, radius_px: float) -> Float32:
    if kind == "box":
        side = 2 * max(1, round(radius_px)) + 1
        return np.asarray(cv2.blur(crop_HWC, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)
    mean = cv2.GaussianBlur(crop_HWC, (0, 0), radius_px, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(mean, np.float32)
