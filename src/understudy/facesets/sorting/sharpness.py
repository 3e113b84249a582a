"""How wide the edges inside a face are: the blur a person sees, without loops over pixels.

Not here: which part of a picture is the face (`pixels.py`).
"""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Floats = npt.NDArray[np.floating[Any]]

SIDE_PX = 256  # widths are told in pixels of a crop of this size
_STEADIED_PX = 0.7  # noise would cut every edge into steps
# Of a step between two pixels, blurred so: what the sharpest edge of a crop of SIDE_PX measures.
SHARPEST_PX = 2 * math.sqrt(math.pi) * _STEADIED_PX
_SEEN_SHARE, _SEEN_LEVELS = 0.06, 3.0  # contrast below which nobody sees an edge: Weber, and the sensor's floor
_QUANTILE = 0.25


def edge_width_px(grey: Float32, inside: npt.NDArray[np.bool_], *, crop_px: int) -> float:
    """The width of the sharper edges of `grey` (H, W), 0..255, that lie `inside` (H, W); NaN without any edge.

    `crop_px` is the size at which the whole crop would have the scale of `grey`. An edge is a stretch of a row
    or column over which the grey only rises or only falls (Marziliano et al., "A no-reference perceptual blur
    metric", ICIP 2002). Its width is (sum d)^2 / sum d^2 of its slopes d, which is 3.54 sigma for a gaussian
    edge and hardly grows by a soft shade beside it. Told is the width that a quarter of the edges' energy
    (sum d^2) stays below: a soft cheek says nothing about focus, lids and lips do. Against counting edges whose
    blur is noticed (CPBD) and against Laplacians it was nearer to the true blur, above all under noise.
    """
    soft = np.asarray(cv2.GaussianBlur(grey, (0, 0), _STEADIED_PX), np.float32)
    seen = _SEEN_LEVELS + _SEEN_SHARE * float(soft[inside].mean()) if inside.any() else 0.0
    across = _edges(soft, inside, seen)
    down = _edges(np.ascontiguousarray(soft.T), np.ascontiguousarray(inside.T), seen)
    energy = np.concatenate([across[0], down[0]])
    if len(energy) == 0:
        return math.nan
    width_px = np.concatenate([across[1], down[1]])
    order = np.argsort(width_px)
    below = np.cumsum(energy[order], dtype=np.float64)
    place = int(np.searchsorted(below, _QUANTILE * below[-1]))
    return float(width_px[order[place]]) * (SIDE_PX / crop_px)


def _edges(grey: Float32, inside: npt.NDArray[np.bool_], seen: float) -> tuple[Floats, Floats]:
    """Energy and width in pixels of every edge along the rows whose middle is inside."""
    slope = np.diff(grey, axis=1)
    rises = slope > 0
    begins = np.ones(slope.shape, bool)
    np.not_equal(rises[:, 1:], rises[:, :-1], out=begins[:, 1:])
    first = np.flatnonzero(begins)
    if len(first) == 0:
        return np.empty(0), np.empty(0)
    flat = np.abs(slope).ravel()
    contrast = np.add.reduceat(flat, first)
    length = np.diff(first, append=flat.size)
    row, column = np.divmod(first + length // 2, slope.shape[1])
    chosen = np.flatnonzero((contrast >= seen) & inside[np.minimum(row, grey.shape[0] - 1), column])
    energy = np.add.reduceat(flat * flat, first)[chosen]
    return energy, contrast[chosen] ** 2 / np.maximum(energy, 1e-6)
