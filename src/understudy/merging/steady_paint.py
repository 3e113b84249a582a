"""One painted face averaged with its neighbours in time, each brought along dst's own movement, so that it does
not boil.

A model paints every frame for itself, and its small mistakes differ from frame to frame: lips and lids swim,
though the footage holds still. The plate has the true motion. So the way of every place is measured between
dst's own crops (dense inverse search: Kroeger et al., ECCV 2016), what was painted before and after is moved
by it, and they are averaged bilaterally (Tomasi and Manduchi, ICCV 1998): a neighbour hardly counts where
dst's own face can't be brought to fit, as behind a blink, or where something else was painted. Nothing is
blurred by it, because only what moved alike is averaged. Not here: which frames are neighbours (`stream`),
masks and tones.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
UInt8 = npt.NDArray[np.uint8]

_SEEN_PX = 128  # the crop's size in which movement is looked for
_MOST_PX = 192  # the largest in which it is averaged
_CELLS = 48  # along the crop's side: what is compared is the mean over one of these
_PLATE_ALIKE = 0.05  # of white: a cell of dst's own face that differs by this counts for 0.6 of one that fits
_PAINT_ALIKE = 0.10  # the same of what was painted


def steadied_paint(
    painted_HWC: Float32,
    own_HWC: Float32,
    neighbours: Sequence[tuple[int, Float32, Float32]],
    *,
    reach: int,
) -> Float32:
    """What was painted, averaged over its track.

    `neighbours` are (distance in frames, painted, dst's own crop), none of them across a cut, all 0..1. Those
    farther than `reach`, or of another size, don't count.
    """
    near = [
        (abs(distance), painted, own)
        for distance, painted, own in neighbours
        if 0 < abs(distance) <= reach and painted.shape == painted_HWC.shape
    ]
    if not near:
        return painted_HWC
    most_px = min(max(painted_HWC.shape[:2]), _MOST_PX)
    small = _no_larger(painted_HWC, most_px)
    steady = _averaged(small, own_HWC, [(d, _no_larger(each, most_px), own) for d, each, own in near], reach)
    if small is painted_HWC:
        return steady
    # What boils are shapes; details finer than these stay as they were painted.
    return painted_HWC + cv2.resize(steady - small, painted_HWC.shape[1::-1], interpolation=cv2.INTER_CUBIC)


def _averaged(
    painted_HWC: Float32, own_HWC: Float32, near: Sequence[tuple[int, Float32, Float32]], reach: int
) -> Float32:
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    here = _grey(own_HWC)
    total, weights = painted_HWC.copy(), np.ones((*painted_HWC.shape[:2], 1), np.float32)
    for distance, painted, own in near:
        there = _grey(own)
        way = np.asarray(search.calc(here, there, np.zeros((*here.shape, 2), np.float32)), np.float32)
        brought = _brought(painted, way, cv2.INTER_CUBIC)
        plate_apart = _cells(cv2.absdiff(_brought(there, way, cv2.INTER_LINEAR), here)) / np.float32(255)
        paint_apart = _cells(cv2.absdiff(brought, painted_HWC)).mean(-1)
        alike = _alike(plate_apart, _PLATE_ALIKE) * _alike(paint_apart, _PAINT_ALIKE)
        alike *= np.float32(1 - distance / (reach + 1))
        weight = cv2.resize(alike, painted_HWC.shape[1::-1], interpolation=cv2.INTER_LINEAR)[..., None]
        brought *= weight
        total += brought
        weights += weight
    return total / weights


def _no_larger(picture: Float32, most_px: int) -> Float32:
    if max(picture.shape[:2]) <= most_px:
        return picture
    return np.asarray(cv2.resize(picture, (most_px, most_px), interpolation=cv2.INTER_AREA), np.float32)


def _grey(crop_HWC: Float32) -> UInt8:
    how = cv2.INTER_AREA if len(crop_HWC) > _SEEN_PX else cv2.INTER_CUBIC
    grey = cv2.cvtColor(np.ascontiguousarray(crop_HWC, np.float32), cv2.COLOR_RGB2GRAY)
    seen = cv2.resize(grey, (_SEEN_PX, _SEEN_PX), interpolation=how)
    return np.rint(255 * np.clip(seen, 0, 1)).astype(np.uint8)


def _brought(picture: npt.NDArray[Any], way: Float32, how: int) -> npt.NDArray[Any]:
    """A neighbour's picture, each place moved to where it is now; `way` (height, width, xy) is now to there."""
    height, width = picture.shape[:2]
    if (height, width) != way.shape[:2]:
        scale = np.float32(width / way.shape[1])
        way = cv2.resize(way, (width, height), interpolation=cv2.INTER_LINEAR) * scale
    x, y = cv2.split(way + _places(height, width))
    return cv2.remap(picture, x, y, how, borderMode=cv2.BORDER_REPLICATE)


@lru_cache(8)
def _places(height: int, width: int) -> Float32:
    """(height, width, xy) every pixel's own place."""
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1).astype(np.float32)


def _cells(apart: npt.NDArray[Any]) -> Float32:
    cells = cv2.resize(apart, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    return np.asarray(cells, np.float32)


def _alike(apart_cells: Float32, enough: float) -> Float32:
    """1 in cells in whose neighbourhood two pictures are alike, towards 0 where they are not."""
    near = np.asarray(cv2.blur(apart_cells, (3, 3)), np.float32)
    return np.exp(-(near**2) / np.float32(2 * enough**2))
