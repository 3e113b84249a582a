"""The light of dst's own face given to the painted one, its detail kept."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from understudy import color
from understudy.merging.coloring.pixels import Inside

Float32 = npt.NDArray[np.float32]

_GRID_PX = 48
_WORK_PX = 64  # slow changes need no more, and smoothing gets dearer with the fourth power of the size
_PASSES = 2  # one pass leaves what the smoothing itself flattens; a third gains nothing
_MOST_GAIN = 3.0
_CURVE_OFFSET, _CURVE_POWER = 0.055, 2.4  # of the sRGB curve, IEC 61966-2-1
_TOE = 0.0405  # encoded, and a little more: below it the curve is straight
_DARKNESS = 0.01  # linear light added to both sides, so that black does not ask for infinite gain


class Light:
    """light: the slow changes across the painted face become those of dst's face; detail stays the performer's.

    A trained model keeps some of the light of src's own footage. In linear light a relit surface is its albedo
    times a slowly varying factor, so the painted face is multiplied by the ratio of the two faces' low
    frequencies. These come from a normalised convolution (Knutsson and Westin, CVPR 1993), which counts only
    pixels inside the mask. What is measured is the logarithm of the gain on a coarse grid over the crop.
    """

    def measure(self, painted_HWC: Float32, own_HWC: Float32, inside_HW: Inside, *, light_px: float) -> Float32:
        scale = min(1.0, _WORK_PX / len(inside_HW))
        inside = _shrunk(inside_HW.astype(np.float32), scale)
        light_px *= scale
        painted, own = (
            _shrunk(np.where(inside_HW[..., None], color.linear_from_srgb(np.maximum(crop, 0)), 0), scale)
            for crop in (painted_HWC, own_HWC)
        )
        own = _slow(own, inside, light_px) + _DARKNESS
        limit = np.log(_MOST_GAIN)
        gain = np.zeros_like(painted)
        for _ in range(_PASSES):
            missing = np.log(own / (_slow(painted * np.exp(gain), inside, light_px) + _DARKNESS))
            gain = np.clip(gain + missing, -limit, limit)
        return _resized(gain, _GRID_PX, _GRID_PX)

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        height, width = painted_HWC.shape[:2]
        logarithm = _resized(measured, height, width)
        # Beyond its straight toe the sRGB curve is a power, and a factor before a power is a factor after it.
        relit = (painted_HWC + np.float32(_CURVE_OFFSET)) * np.exp(logarithm / np.float32(_CURVE_POWER))
        relit -= np.float32(_CURVE_OFFSET)
        toe = np.minimum(painted_HWC, relit) <= _TOE
        if toe.any():
            linear = color.linear_from_srgb(painted_HWC[toe])
            relit[toe] = color.srgb_from_linear(linear * np.exp(logarithm[toe]))
        return np.asarray(relit, np.float32)


def _slow(linear_HWC: Float32, inside_HW: Float32, light_px: float) -> Float32:
    """Light, zero outside, smoothed over `light_px` from inside pixels alone; far from them their mean."""
    mean = linear_HWC.sum((0, 1)) / inside_HW.sum()
    weight = cv2.GaussianBlur(inside_HW, (0, 0), light_px, borderType=cv2.BORDER_CONSTANT)
    summed = cv2.GaussianBlur(linear_HWC, (0, 0), light_px, borderType=cv2.BORDER_CONSTANT)
    # The small share of the mean decides only where hardly any inside pixel is near.
    share = 1e-3
    return ((summed + share * mean) / (weight[..., None] + share)).astype(np.float32)


def _shrunk(picture: Float32, scale: float) -> Float32:
    """Averaged down. Outside pixels are zero, so a picture shrinks as its sum over inside pixels does."""
    if scale == 1:
        return picture
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)


def _resized(field: Float32, height: int, width: int) -> Float32:
    if field.shape[:2] == (height, width):
        return field.astype(np.float32)
    return cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)
