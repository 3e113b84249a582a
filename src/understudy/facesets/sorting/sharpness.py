"""How wide the edges inside a face are: the blur a person sees, without loops over pixels.

Not here: which part of a picture is the face (`pixels.py`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating[Any]]

SIDE_PX = 256  # widths are told in pixels of a crop of this size
_STEADIED_PX = 0.7  # noise would cut every edge into steps
_SEEN_SHARE, _SEEN_LEVELS = 0.06, 3.0  # contrast below which nobody sees an edge: Weber, and the sensor's floor
# Widths at which blur is just noticed, for edges below and above a contrast of 50, and the law's exponent.
_NOTICED_PX = (5.0, 3.0)
_STRONG_LEVELS = 50.0
_EXPONENT = 3.6
# A gaussian edge is 3.54 sigma wide by our measure and about 5.6 sigma from extremum to extremum.
_MARZILIANO_FROM_OURS = 1.6


@dataclass(frozen=True)
class Sharpness:
    """`sharpness` 0..1 is the share of seen contrast whose blur nobody notices; `blur_px` the mean width of
    edges. Both are NaN where there is no edge at all."""

    sharpness: float
    blur_px: float


def edge_sharpness(grey: Float32, inside: npt.NDArray[np.bool_], *, crop_px: int) -> Sharpness:
    """Measure the edges of `grey` (H, W), 0..255, that lie `inside` (H, W).

    `crop_px` is the size at which the whole crop would have the scale of `grey`. An edge is a stretch of a row
    or column over which the grey only rises or only falls (Marziliano et al., "A no-reference perceptual blur
    metric", ICIP 2002). Its width is (sum d)^2 / sum d^2 of its slopes d, which a soft shade beside a hard edge
    hardly changes. How many of them look blurred follows Narvekar and Karam, "A no-reference image blur metric
    based on the cumulative probability of blur detection (CPBD)", IEEE TIP 20(9), 2011, with the probability
    itself in the place of its threshold, and edges weighed by their contrast, so that the measure is smooth.
    """
    soft = np.asarray(cv2.GaussianBlur(grey, (0, 0), _STEADIED_PX), np.float32)
    seen = _SEEN_LEVELS + _SEEN_SHARE * float(soft[inside].mean()) if inside.any() else 0.0
    across = _edges(soft, inside, seen)
    down = _edges(np.ascontiguousarray(soft.T), np.ascontiguousarray(inside.T), seen)
    contrast = np.concatenate([across[0], down[0]])
    if len(contrast) == 0:
        return Sharpness(float("nan"), float("nan"))
    width_px = np.concatenate([across[1], down[1]]) * (SIDE_PX / crop_px)
    noticed = np.where(contrast <= _STRONG_LEVELS, *_NOTICED_PX)
    unseen = np.exp(-((width_px * _MARZILIANO_FROM_OURS / noticed) ** _EXPONENT))
    total = float(contrast.sum())
    return Sharpness(float((unseen * contrast).sum()) / total, float((width_px * contrast).sum()) / total)


def _edges(grey: Float32, inside: npt.NDArray[np.bool_], seen: float) -> tuple[Floats, Floats]:
    """Contrast and width in pixels of every edge along the rows whose middle is inside."""
    slope = np.diff(grey, axis=1)
    rises = slope > 0
    begins = np.ones(slope.shape, bool)
    np.not_equal(rises[:, 1:], rises[:, :-1], out=begins[:, 1:])
    first = np.flatnonzero(begins)
    if len(first) == 0:
        return np.empty(0, np.float32), np.empty(0, np.float32)
    flat = np.abs(slope).ravel()
    contrast = np.add.reduceat(flat, first)
    length = np.diff(first, append=flat.size)
    row, column = np.divmod(first + length // 2, slope.shape[1])
    chosen = np.flatnonzero((contrast >= seen) & inside[np.minimum(row, grey.shape[0] - 1), column])
    squared = np.add.reduceat(flat * flat, first)[chosen]
    contrast = contrast[chosen]
    return contrast, contrast * contrast / np.maximum(squared, 1e-6)
