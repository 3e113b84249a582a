"""Blur the painted face along its own movement, as a shutter does. Not here: which faces are its neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_SHORTEST_PX = 0.3  # a shorter line is not seen
_SAMPLES_PER_PX = 8


def movement(here: Float64, neighbours: Sequence[tuple[int, Float64]]) -> Float64:
    """How far the face goes in one frame, in frame pixels: (x, y).

    `here` is its centre, `neighbours` are (distance in frames, centre) of the same track. Half of the way from
    the frame before to the frame after; at a track's ends, as at cuts, the way to the one neighbour there is.
    Where two faces share a track, the nearer one counts.
    """
    ways = []
    for side in (-1, 1):
        there = [centre for distance, centre in neighbours if distance == side]
        if there:
            ways.append(side * (min(there, key=lambda centre: float(np.hypot(*(centre - here)))) - here))
    return np.mean(ways, axis=0) if ways else np.zeros(2)


def motion_blurred(crop_HWC: Float32, way_in_crop: Float64, *, shutter: float) -> Float32:
    """The crop, smeared along `way_in_crop` (x, y in its pixels for one frame) while the shutter is open."""
    line = shutter * np.asarray(way_in_crop, float)
    if np.hypot(*line) < _SHORTEST_PX:
        return crop_HWC
    blurred = cv2.filter2D(crop_HWC, -1, line_kernel(line), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(blurred, np.float32)


def line_kernel(line: Float64) -> Float32:
    """A straight line through the middle, from -line/2 to line/2 (x, y in pixels, also parts of one). Sum 1."""
    x, y = (float(part) for part in line)
    half_width, half_height = (int(np.ceil(abs(part) / 2)) + 1 for part in (x, y))
    steps = max(3, int(np.ceil(np.hypot(x, y) * _SAMPLES_PER_PX)))
    along = (np.arange(steps) + 0.5) / steps - 0.5
    at_x, at_y = along * x + half_width, along * y + half_height
    left, top = np.floor(at_x).astype(int), np.floor(at_y).astype(int)
    kernel = np.zeros((2 * half_height + 1, 2 * half_width + 1))
    for dx in (0, 1):
        for dy in (0, 1):
            share = np.abs(1 - dx - (at_x - left)) * np.abs(1 - dy - (at_y - top))
            np.add.at(kernel, (top + dy, left + dx), share)
    return (kernel / kernel.sum()).astype(np.float32)
