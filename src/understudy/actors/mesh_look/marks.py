"""The 70 points of a picture: vertices of the mesh, the jaw on the contour that is seen, the pupils."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from understudy.actors import raster
from understudy.actors.mesh_look.paint import Fields
from understudy.actors.mesh_look.template import PAINT_HEIGHT, PAINT_WIDTH, SKIN, Array, Ints, Template

_STEPS = 90
_LEVEL_MM = 2.0
_NOTHING_MM = -1e6
# Where a hidden point of the jaw goes on the midline: shares of the way from the nose's bridge to the chin.
_TOWARDS = (0.21, 0.32, 0.44, 0.62, 0.75, 0.84, 0.89, 0.91, 0.73)


@dataclass(frozen=True, eq=False)
class JawPaths:
    """From every jaw point over the skin to the midline: places on triangles, (17, steps)."""

    triangle: Ints
    weights: Array  # (17, steps, 3)


def jaw_paths(template: Template, fields: Fields) -> JawPaths:
    """Lay the paths in the paint plane; where it is empty (the eyes) they stand still."""
    triangle = np.full(PAINT_HEIGHT * PAINT_WIDTH, -1)
    weights = np.zeros((PAINT_HEIGHT * PAINT_WIDTH, 3), np.float32)
    triangle[template.atlas.pixel], weights[template.atlas.pixel] = (
        template.atlas.triangle,
        template.atlas.weights,
    )
    bridge, chin = template.landmarks_px[27, 1], fields.jaw_px[8, 1]
    ends = np.stack(
        [
            np.full(17, PAINT_WIDTH / 2),
            [bridge + _TOWARDS[min(k, 16 - k)] * (chin - bridge) for k in range(17)],
        ],
        -1,
    )
    share = np.linspace(0, 1, _STEPS)[None, :, None]
    px = fields.jaw_px[:, None] * (1 - share) + ends[:, None] * share
    at = px[..., 1].astype(int).clip(0, PAINT_HEIGHT - 1) * PAINT_WIDTH + px[..., 0].astype(int).clip(
        0, PAINT_WIDTH - 1
    )
    there = triangle[at] >= 0
    last = np.maximum.accumulate(np.where(there, np.arange(_STEPS), -1), axis=1)
    first = np.argmax(there, axis=1)
    last = np.where(last < 0, first[:, None], last)
    at = np.take_along_axis(at, last, axis=1)
    return JawPaths(np.maximum(triangle[at], 0), weights[at])


def seen_jaw(
    template: Template, paths: JawPaths, xy: Array, depth: Array, found: raster.Fragments, size_px: int
) -> npt.NDArray[np.float64]:
    """Jaw points (17, 2) in pixels: the first place of each path that nothing of the head hides.

    `found` are fragments of triangles that begin with the mesh's own.
    """
    corners = template.triangles[paths.triangle]
    both = np.concatenate([xy, depth[:, None]], -1)
    at = (both[corners] * paths.weights[..., None]).sum(2)
    own = np.flatnonzero(found.triangle < len(template.triangles))
    own = own[template.material[found.triangle[own]] == SKIN]
    nearest = np.full(size_px * size_px, _NOTHING_MM, np.float32)
    np.maximum.at(nearest, found.pixel[own], found.depth[own])
    nearest = nearest.reshape(size_px, size_px)
    # Right at an outline a pixel holds what lies behind it as well.
    behind = cv2.erode(nearest, np.ones((3, 3), np.uint8))
    column = np.clip(at[..., 0].astype(int), 0, size_px - 1)
    row = np.clip(at[..., 1].astype(int), 0, size_px - 1)
    seen = at[..., 2] >= behind[row, column] - _LEVEL_MM
    first = np.where(seen.any(1), seen.argmax(1), _STEPS - 1)
    return at[np.arange(17), first, :2].astype(np.float64)
