"""The arithmetic of soft masks in crop space: shrink, feather, end inside the crop.

Working in the crop makes every size grow with the face. Masks are (height, width), 0..1; what lies beyond the
crop counts as 0. Not here: which mask it is (`face_mask`), blending (`blend`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

NOISE_FLOOR = 1 / 255  # what is weaker than one step of an 8-bit picture is nothing
_STEP_PX = 4  # a large disc is the sum of discs of this radius, which are much faster
_TAIL = 2.5 / 4  # of a feather's width: further out than this many sigmas next to nothing is left of it
_COARSE_SIGMA_PX = 5.0  # a Gaussian this wide looks the same from half as many pixels


@dataclass(frozen=True, kw_only=True)
class Sides:
    """A size on every side of an upright face, in mask pixels; left and right as the picture shows them."""

    left: float = 0.0
    right: float = 0.0
    top: float = 0.0
    bottom: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Edge:
    """How a mask ends. Sizes are mask pixels; those of `more_*` are added to the size of all sides."""

    erode_px: float = 0.0
    blur_px: float = 0.0
    border_px: float = 2.0
    more_erode: Sides = Sides()
    more_blur: Sides = Sides()
    right: tuple[float, float] = (1.0, 0.0)  # where an upright face's right side of the picture lies


def soft_mask(mask_HW: Float32, edge: Edge) -> Float32:
    """Erode, feather, fade at the crop's border and cut the noise, in this order. Values 0..1."""
    mask = eroded(mask_HW, edge.erode_px)
    mask = eroded_at_sides(mask, edge.more_erode, edge.right)
    mask = feathered_at_sides(mask, edge.blur_px, edge.more_blur, edge.right)
    return cut_noise(np.clip(faded_at_border(mask, edge.border_px), 0, 1))


def doubt(mask_HW: Float32) -> float:
    """How undecided a mask is, 0..1: twice its mean distance from 0 or 1; a half everywhere is 1."""
    return float(2 * np.minimum(mask_HW, 1 - mask_HW).mean())


def eroded(mask_HW: Float32, radius_px: float) -> Float32:
    """Shrink a mask by `radius_px` on every side, or grow it where negative."""
    change = cv2.erode if radius_px > 0 else cv2.dilate

    def step(mask: Float32, radius: int) -> Float32:
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        return _morphed(change, mask, kernel, (radius, radius))

    steps = int(abs(radius_px)) // _STEP_PX
    mask = mask_HW
    for _ in range(steps):
        mask = step(mask, _STEP_PX)
    return _between(lambda radius: step(mask, radius), mask, abs(radius_px) - steps * _STEP_PX)


def eroded_at_sides(mask_HW: Float32, more: Sides, right: tuple[float, float] = (1.0, 0.0)) -> Float32:
    """Move the edge of single sides inwards, or outwards where negative. An edge that leans moves by its share.

    `right` is the unit vector, in mask pixels, to the right of the upright face.
    """
    inwards = {"left": right, "right": _turned(right, 2), "top": _turned(right, 1), "bottom": _turned(right, 3)}
    mask = mask_HW
    for side, direction in inwards.items():
        mask = _eroded_along(mask, getattr(more, side), direction)
    return mask


def lowered(mask_HW: Float32, kept_HW: Float32, length_px: float, right: tuple[float, float]) -> Float32:
    """Move the upper edge inwards by `length_px`, but not within `kept_HW`; `right` as in `eroded_at_sides`."""
    moved = _eroded_along(mask_HW, length_px, _turned(right, 1))
    return np.asarray(np.maximum(moved, np.minimum(mask_HW, kept_HW)), np.float32)


def feathered(mask_HW: Float32, width_px: float) -> Float32:
    """Soften a mask's edge over about `width_px`, which is four sigmas of the Gaussian."""
    if width_px < 0.5:
        return mask_HW
    sigma = width_px / 4
    height, width = mask_HW.shape
    halvings = 0
    while sigma / 2**halvings > _COARSE_SIGMA_PX and not (height | width) & ((2 << halvings) - 1):
        halvings += 1
    if not halvings:
        return _blurred(mask_HW, sigma)
    small = (width >> halvings, height >> halvings)
    shrunk = np.asarray(cv2.resize(mask_HW, small, interpolation=cv2.INTER_AREA), np.float32)
    coarse = _blurred(shrunk, sigma / 2**halvings)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def feathered_inside(mask_HW: Float32, width_px: float) -> Float32:
    """`feathered`, but narrower near the crop's border, so that the edge keeps its shape and ends inside."""
    if width_px < 0.5:
        return mask_HW
    height, width = mask_HW.shape
    margin = int(width_px * _TAIL) + 1
    if 2 * margin < min(height, width):
        rim = mask_HW.copy()
        rim[margin:-margin, margin:-margin] = 0
        if not rim.any():
            return feathered(mask_HW, width_px)
    soft = np.zeros_like(mask_HW)
    for level_px, weight in _widths_by_depth(height, width, float(width_px)):
        soft += weight * feathered(mask_HW, level_px)
    return soft


def feathered_at_sides(
    mask_HW: Float32, width_px: float, more: Sides, right: tuple[float, float] = (1.0, 0.0)
) -> Float32:
    """`feathered_inside`, wider or narrower towards single sides, with no seam between them."""
    if not any(vars(more).values()):
        return feathered_inside(mask_HW, width_px)
    across, down = _directions(mask_HW, right)
    towards = {
        "left": np.minimum(across, 0) ** 2,
        "right": np.maximum(across, 0) ** 2,
        "top": np.minimum(down, 0) ** 2,
        "bottom": np.maximum(down, 0) ** 2,
    }  # squares of sine and cosine: the four add up to one
    soft = np.zeros_like(mask_HW)
    widths = {side: max(0.0, width_px + getattr(more, side)) for side in towards}
    for wanted in set(widths.values()):
        weight = sum(towards[side] for side, width in widths.items() if width == wanted)
        soft += np.asarray(weight, np.float32) * feathered_inside(mask_HW, wanted)
    return soft


def faded_at_border(mask_HW: Float32, width_px: float) -> Float32:
    """Fade smoothly over `width_px`, at least 2, to exactly 0 on the outermost pixels: no square can show."""
    height, width = mask_HW.shape
    ramp = np.clip(_depth(height, width) / np.float32(max(2.0, width_px)), 0, 1)
    return np.asarray(mask_HW * (ramp * ramp * (3 - 2 * ramp)), np.float32)


def resized_mask(mask_HW: Float32, size_px: int) -> Float32:
    """The mask at another size, values kept within 0..1."""
    if mask_HW.shape == (size_px, size_px):
        return mask_HW.astype(np.float32)
    shrinks = size_px < mask_HW.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.clip(cv2.resize(mask_HW, (size_px, size_px), interpolation=how), 0, 1).astype(np.float32)


def cut_noise(mask_HW: Float32) -> Float32:
    """Values below NOISE_FLOOR become exactly 0, so that a frame outside its masks stays as it was."""
    return np.multiply(mask_HW, mask_HW >= NOISE_FLOOR, dtype=np.float32)


def _between(changed: Callable[[int], Float32], unchanged: Float32, size_px: float) -> Float32:
    """What lies between the two whole sizes around `size_px`, so that an edge moves by parts of a pixel."""
    whole = int(size_px)
    part = np.float32(size_px - whole)
    low = changed(whole) if whole else unchanged
    if part < 1e-3:
        return low
    return np.asarray(low + part * (changed(whole + 1) - low), np.float32)


def _eroded_along(mask_HW: Float32, length_px: float, direction: tuple[float, float]) -> Float32:
    """Shrink by a line from every pixel against `direction`; a negative length grows that side."""
    change = cv2.erode if length_px > 0 else cv2.dilate

    def step(length: int) -> Float32:
        # Eroding looks back to where the edge comes from, growing looks ahead to where it goes to.
        reach = np.arange(length + 1)[:, None] * np.array(direction) * (-1 if length_px > 0 else 1)
        places = np.rint(reach).astype(int)
        low = places.min(0)
        columns, rows = (places - low).T
        kernel = np.zeros((rows.max() + 1, columns.max() + 1), np.uint8)
        kernel[rows, columns] = 1
        return _morphed(change, mask_HW, kernel, (int(-low[0]), int(-low[1])))

    return _between(step, mask_HW, abs(length_px))


def _morphed(
    change: Callable[..., Any], mask_HW: Float32, kernel: npt.NDArray[Any], anchor: tuple[int, int]
) -> Float32:
    changed = change(mask_HW, kernel, anchor=anchor, borderType=cv2.BORDER_CONSTANT, borderValue=0.0)
    return np.asarray(changed, np.float32)


def _blurred(mask_HW: Float32, sigma_px: float) -> Float32:
    soft = cv2.GaussianBlur(mask_HW, (0, 0), sigma_px, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(soft, np.float32)


def _turned(right: tuple[float, float], quarters: int) -> tuple[float, float]:
    x, y = right
    return ((x, y), (-y, x), (-x, -y), (y, -x))[quarters]


def _directions(mask_HW: Float32, right: tuple[float, float]) -> tuple[Float32, Float32]:
    """Cosine and sine of every pixel's direction from the mask's middle, in the face's upright."""
    height, width = mask_HW.shape
    rows, columns = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    total = max(float(mask_HW.sum()), 1e-6)
    x = columns[None, :] - float(mask_HW.sum(0) @ columns) / total
    y = rows[:, None] - float(mask_HW.sum(1) @ rows) / total
    across, down = x * right[0] + y * right[1], y * right[0] - x * right[1]
    length = np.maximum(np.hypot(across, down), 1e-6)
    return np.asarray(across / length, np.float32), np.asarray(down / length, np.float32)


@lru_cache(maxsize=32)
def _widths_by_depth(height: int, width: int, widest_px: float) -> list[tuple[float, Float32]]:
    """Feather widths, halved until nothing is left, and where each counts: as wide as the border lets it be."""
    widths = [widest_px, widest_px / 2, widest_px / 4, widest_px / 8, 0.0]
    room = np.clip(_depth(height, width) / np.float32(_TAIL), 0, widest_px)
    levels = []
    for place, level in enumerate(widths):
        weight = np.ones_like(room)
        if place > 0:
            weight *= np.clip((widths[place - 1] - room) / (widths[place - 1] - level), 0, 1)
        if place < len(widths) - 1:
            weight *= np.clip((room - widths[place + 1]) / (level - widths[place + 1]), 0, 1)
        levels.append((level, weight.astype(np.float32)))
    return levels


@lru_cache(maxsize=32)
def _depth(height: int, width: int) -> Float32:
    """How many pixels every pixel lies inside the outermost ones."""
    rows = np.minimum(np.arange(height), np.arange(height)[::-1])
    columns = np.minimum(np.arange(width), np.arange(width)[::-1])
    depth = np.minimum(rows[:, None], columns[None, :]).astype(np.float32)
    depth.flags.writeable = False
    return depth
