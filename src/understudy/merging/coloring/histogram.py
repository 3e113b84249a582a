"""Histograms of a painted face brought to those of dst's own face, per channel.

What is compared is 257 quantiles of each channel. Quantiles of neighbouring frames may be averaged: the result
is the distribution between theirs (their barycentre: Agueh and Carlier, "Barycenters in the Wasserstein space",
SIAM J. Math. Anal. 43(2), 2011). Values are encoded RGB of any range.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from understudy import color
from understudy.merging.coloring.pixels import FEWEST_PIXELS, Inside, compared

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_SHARES = np.linspace(0, 1, 257)
_FINE = 4096  # even steps between the least and the greatest value
_ALIKE = 1e-5  # values nearer than this are one


def quantiles(crop_HWC: Float32, inside_HW: Inside) -> Float32:
    """The quantiles of each channel inside, (257, 3), from the least value to the greatest."""
    ordered = np.sort(crop_HWC[inside_HW], axis=0)
    places = _SHARES * (len(ordered) - 1)
    return np.stack([np.interp(places, np.arange(len(ordered)), plane) for plane in ordered.T], -1).astype(
        np.float32
    )


def matched(
    painted_HWC: Float32, painted_quantiles: Float32, own_quantiles: Float32, *, top: float = 1.0
) -> Float32:
    """The painted crop with each channel taken from its own quantiles to those of dst.

    `top` is the quantile of dst that the brightest painted value reaches: DeepFaceLab's hist match threshold
    divided by 255. Values beyond the quantiles move as the outermost does.
    """
    out = np.empty_like(painted_HWC)
    for channel in range(painted_HWC.shape[-1]):
        goals = np.interp(_SHARES * top, _SHARES, own_quantiles[:, channel])
        # One painted value may span many quantiles; it goes to the middle of what dst has there.
        steps = np.rint(painted_quantiles[:, channel].astype(np.float64) / _ALIKE)
        values, group = np.unique(steps, return_inverse=True)
        goals = np.bincount(group, weights=goals) / np.bincount(group)
        out[..., channel] = _followed(painted_HWC[..., channel], values * _ALIKE, goals)
    return out


def _followed(plane_HW: Float32, values: Float64, goals: Float64) -> Float32:
    """Where a course of goals over rising values leads each pixel; beyond its ends the move stays the same."""
    low, high = values[0], values[-1]
    within = np.clip(plane_HW, low, high)
    # Even steps are found at once; searching for every pixel would take five times as long.
    even = np.interp(np.linspace(low, high, _FINE + 1), values, goals).astype(np.float32)
    place = (within - np.float32(low)) * np.float32(_FINE / max(high - low, _ALIKE))
    left = np.clip(place.astype(np.int32), 0, _FINE - 1)
    before = even[left]
    return before + (even[left + 1] - before) * (place - left).astype(np.float32) + (plane_HW - within)


def matched_histogram(painted_HWC: Float32, own_HWC: Float32, area_HW: Float32, *, top: float = 1.0) -> Float32:
    """The painted crop with the histogram dst's face has inside the area, measured here and now.

    Too few pixels change nothing.
    """
    inside = compared(painted_HWC, own_HWC, area_HW)
    if inside.sum() < FEWEST_PIXELS:
        return painted_HWC
    return matched(painted_HWC, quantiles(painted_HWC, inside), quantiles(own_HWC, inside), top=top)


def gray(painted_HWC: Float32) -> Float32:
    """The luma of a crop in all three channels: hist-match-bw gives this dst's histograms."""
    return np.repeat(color.luma(painted_HWC)[..., None], 3, axis=-1)
