"""Give a painted face the colours and the light of dst's own face.

A transfer works in two steps, so that what it measured can be averaged over neighbouring frames before it is
applied: `measure` turns two crops into an array, `apply` changes a crop by it. Arrays of one transfer have one
shape at every crop size. Crops are float32 RGB 0..1, (height, width, 3); masks 0..1, (height, width).
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from understudy import color

Float32 = npt.NDArray[np.float32]

_FEWEST_PIXELS = 16
_LEAST_SPREAD = 0.5  # of Lab: a flat face must not have its noise blown up
_GRID_PX = 48
_PASSES = 2  # one pass leaves what the smoothing itself flattens; a third gains nothing
_MOST_GAIN = 3.0
_DARKNESS = 0.01  # linear light added to both sides, so that black does not ask for infinite gain


class ColorTransfer(Protocol):
    """One way to bring the colours of a painted crop to those of dst's own crop."""

    def measure(self, painted_HWC: Float32, own_HWC: Float32, mask_HW: Float32, *, light_px: float) -> Float32:
        """What has to change, from pixels inside `mask_HW` alone. `light_px` is the size of slow changes."""
        ...

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        """The painted crop, changed. Values may leave 0..1; clip last."""
        ...


class NoTransfer:
    """Leave the colours as they were painted."""

    def measure(self, painted_HWC: Float32, own_HWC: Float32, mask_HW: Float32, *, light_px: float) -> Float32:
        return np.zeros(0, np.float32)

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        return painted_HWC


class LabStatistics:
    """rct: mean and spread of every Lab channel become those of dst.

    Reinhard, Ashikhmin, Gooch and Shirley, "Color transfer between images", IEEE CG&A 21(5), 2001, in CIE Lab
    and inside the mask only. What is measured is a factor and an offset per channel, (2, 3).
    """

    def measure(self, painted_HWC: Float32, own_HWC: Float32, mask_HW: Float32, *, light_px: float) -> Float32:
        inside = mask_HW > 0.5
        if inside.sum() < _FEWEST_PIXELS:
            return np.stack([np.ones(3), np.zeros(3)]).astype(np.float32)
        painted, own = color.lab_from_rgb(painted_HWC[inside]), color.lab_from_rgb(own_HWC[inside])
        factor = np.maximum(own.std(0), _LEAST_SPREAD) / np.maximum(painted.std(0), _LEAST_SPREAD)
        return np.stack([factor, own.mean(0) - factor * painted.mean(0)]).astype(np.float32)

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        return color.rgb_from_lab(color.lab_from_rgb(painted_HWC) * measured[0] + measured[1])


class Light:
    """light: the slow changes across the painted face become those of dst's face; detail stays the performer's.

    A trained model keeps some of the light of src's own footage. In linear light a relit surface is its albedo
    times a slowly varying factor, so the painted face is multiplied by the ratio of the two faces' low
    frequencies. These come from a normalised convolution (Knutsson and Westin, CVPR 1993), which counts only
    pixels inside the mask. What is measured is the logarithm of the gain on a coarse grid over the crop.
    """

    def measure(self, painted_HWC: Float32, own_HWC: Float32, mask_HW: Float32, *, light_px: float) -> Float32:
        inside = (mask_HW > 0.5).astype(np.float32)
        if inside.sum() < _FEWEST_PIXELS:
            return np.zeros((_GRID_PX, _GRID_PX, 3), np.float32)
        painted = color.linear_from_srgb(np.clip(painted_HWC, 0, 1))
        own = _slow(color.linear_from_srgb(np.clip(own_HWC, 0, 1)), inside, light_px) + _DARKNESS
        limit = np.log(_MOST_GAIN)
        gain = np.zeros_like(painted)
        for _ in range(_PASSES):
            missing = np.log(own / (_slow(painted * np.exp(gain), inside, light_px) + _DARKNESS))
            gain = np.clip(gain + missing, -limit, limit)
        return _resized(gain, _GRID_PX, _GRID_PX)

    def apply(self, painted_HWC: Float32, measured: Float32) -> Float32:
        height, width = painted_HWC.shape[:2]
        gain = np.exp(_resized(measured, height, width))
        return color.srgb_from_linear(color.linear_from_srgb(painted_HWC) * gain)


def _slow(linear_HWC: Float32, inside_HW: Float32, light_px: float) -> Float32:
    """Linear light smoothed over `light_px`, from inside pixels alone; far from them their mean."""
    mean = linear_HWC[inside_HW > 0].mean(0)
    weight = cv2.GaussianBlur(inside_HW, (0, 0), light_px, borderType=cv2.BORDER_CONSTANT)
    masked = linear_HWC * inside_HW[..., None]
    summed = cv2.GaussianBlur(masked, (0, 0), light_px, borderType=cv2.BORDER_CONSTANT)
    # The small share of the mean decides only where hardly any inside pixel is near.
    share = 1e-3
    return ((summed + share * mean) / (weight[..., None] + share)).astype(np.float32)


def _resized(field: Float32, height: int, width: int) -> Float32:
    if field.shape[:2] == (height, width):
        return field.astype(np.float32)
    return cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR).astype(np.float32)


def matched_histogram(painted_HWC: Float32, own_HWC: Float32, mask_HW: Float32, *, top: float = 1.0) -> Float32:
    """The painted crop with the histogram dst's face has inside the mask, per channel.

    `top` is the quantile of dst that the brightest painted value reaches. Too few masked pixels change nothing.
    """
    inside = mask_HW > 0.5
    if inside.sum() < _FEWEST_PIXELS:
        return painted_HWC
    shares = np.linspace(0, 1, 257)
    out = np.empty_like(painted_HWC)
    for channel in range(3):
        painted = np.quantile(painted_HWC[..., channel][inside], shares)
        own = np.quantile(own_HWC[..., channel][inside], shares * top)
        # One painted value may span many quantiles; it goes to the middle of what dst has there.
        values, group = np.unique(painted, return_inverse=True)
        goals = np.bincount(group, weights=own) / np.bincount(group)
        out[..., channel] = np.interp(painted_HWC[..., channel], values, goals)
    return out


COLOR_TRANSFERS: dict[str, ColorTransfer] = {
    "none": NoTransfer(),
    "rct": LabStatistics(),
    "light": Light(),
}
