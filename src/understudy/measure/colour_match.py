"""dst with only its colours changed towards the truth: the baseline that a mere tint reaches.

A swap whose figures don't beat this has changed colours and nothing else. Pure functions on pictures.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from understudy.color import as_share
from understudy.measure.pictures import Float32, Picture

_FEWEST_PIXELS = 16
_LEAST_SPREAD = 1e-3


def best_tint(dst: Picture, truth: Picture, mask: npt.ArrayLike) -> Float32:
    """dst under the affine colour change that comes nearest to the truth inside the mask, float32 0..1.

    A 3 x 3 matrix and an offset, by least squares over the masked pixels, so no tint, gain, contrast or
    saturation can have a higher PSNR there (before clipping). It is the strict baseline: it sees the truth.
    Pictures (height, width, 3), mask (height, width); too few pixels inside change nothing.
    """
    start, goal, inside = as_share(dst), as_share(truth), np.asarray(mask) > 0.5
    if inside.sum() < _FEWEST_PIXELS:
        return start
    known = np.column_stack([start[inside], np.ones(int(inside.sum()), np.float32)]).astype(np.float64)
    change, *_ = np.linalg.lstsq(known, goal[inside].astype(np.float64), rcond=None)
    return np.clip(start @ change[:3] + change[3], 0, 1).astype(np.float32)


def matched_statistics(dst: Picture, truth: Picture, mask: npt.ArrayLike) -> Float32:
    """dst with the truth's mean and spread per RGB channel inside the mask: the usual, milder baseline."""
    start, goal, inside = as_share(dst), as_share(truth), np.asarray(mask) > 0.5
    if inside.sum() < _FEWEST_PIXELS:
        return start
    a, b = start[inside].astype(np.float64), goal[inside].astype(np.float64)
    factor = b.std(0) / np.maximum(a.std(0), _LEAST_SPREAD)
    return np.clip((start - a.mean(0)) * factor + b.mean(0), 0, 1).astype(np.float32)
