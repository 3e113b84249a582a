"""Jaw points on the contour that is seen.

A jaw point on the skin that the cheek, the mouth or the nose hides moves over the skin towards the midline
until it is seen: there runs the visible outline of the face. In profile the far half of the jaw comes to lie on
the line from the bridge of the nose to the chin.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from understudy.actors.raster import Floats
from understudy.actors.template import LIP_CORNER_X, Array, Template, lip_line_y, sample_grid

_STEPS = 120
_LEVEL_MM = 2.0
_CURVED_MM = 16.0
# Canonical y on the midline that jaw points 0-8 move towards.
_TOWARDS_Y = (-33.0, -15.0, 0.0, 17.0, 37.0, 48.0, 58.0, 66.0, 45.0)
_LIPS_MM = 4.0  # nearer to the line between the lips an open mouth lets the far corner be seen


@lru_cache(maxsize=2)
def _paths(head: Template) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Columns and rows from every jaw point to the midline, (17, steps, 2), and where they cross the mouth."""
    columns = len(head.angle_deg)
    middle = (columns - 1) / 2
    down = head.y[:, columns // 2]
    order = np.arange(len(down))
    ends = np.zeros((17, 2))
    for k in range(17):
        y = _TOWARDS_Y[min(k, 16 - k)]
        ends[k] = middle, np.interp(y, np.maximum.accumulate(down), order)
    share = np.linspace(0, 1, _STEPS)[None, :, None]
    paths = head.landmarks_uv[:17, None] * (1 - share) + ends[:, None] * share
    x, y = np.moveaxis(sample_grid(head.points[..., :2], paths), -1, 0)
    return paths, (np.abs(y - lip_line_y(x)) < _LIPS_MM) & (np.abs(x) < LIP_CORNER_X)


def seen_jaw(head: Template, xy: Floats, depth: Floats, nearest: Floats) -> Array:
    """Jaw points 0-16 in pixels, (17, 2).

    `xy` (rows, columns, 2) and `depth` (rows, columns) are the head's vertices before the camera, `nearest`
    (height, width) the depth of the head alone, larger nearer, hugely negative where there is none.
    """
    paths, mouth = _paths(head)
    at = sample_grid(np.concatenate([xy, depth[..., None]], axis=-1).astype(float), paths)
    # Right at an outline a pixel's depth is that of skin that curves towards us, or of what lies behind.
    behind = cv2.erode(nearest, np.ones((3, 3), np.uint8))
    column = np.clip(at[..., 0].astype(int), 0, nearest.shape[1] - 1)
    row = np.clip(at[..., 1].astype(int), 0, nearest.shape[0] - 1)
    seen = (at[..., 2] >= behind[row, column] - _LEVEL_MM) & ~mouth
    seen &= at[..., 2] >= nearest[row, column] - _CURVED_MM
    first = np.where(seen.any(1), seen.argmax(1), _STEPS - 1)
    return at[np.arange(17), first, :2]
