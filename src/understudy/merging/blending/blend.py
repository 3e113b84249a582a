"""Join a painted face and a frame through a mask: overlay and seamless cloning.

All pictures here are float32 RGB of one shape, 0..1 or beyond, masks 0..1. Not here: which colours the face has
(`color_transfer`), where it lies (`composite`), how a membrane is solved (`poisson`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from understudy.merging.blending.poisson import EDGE_CELLS, FINEST_SIDE_PX, Membrane, changes, edge_width_px

Float32 = npt.NDArray[np.float32]

SMALLEST_SIDE_PX = 4
_INSIDE = 0.1  # a soft mask's value from which on a pixel takes part in cloning
_RAMP = 0.1  # how much more it takes to count fully, so that a face moving by parts of a pixel does not flicker
_MOST_ERODED_PX = 3
_ERODED_SHARE = 1 / 16  # of the mask's shorter side: what the erosion may take of a small face


class BlendFailed(Exception):
    """This face can't be blended into this frame; the message says why, for the list of unswapped frames."""


@dataclass(frozen=True, eq=False)
class Cloning:
    """One painted face to be cloned into a part of a frame; what touches its edge is cut by the frame's."""

    frame_HWC: Float32
    painted_HWC: Float32
    mask_HW: Float32


def overlay(frame_HWC: Float32, painted_HWC: Float32, mask_HW: Float32) -> Float32:
    """frame·(1 − mask) + painted·mask."""
    weight = cv2.merge([mask_HW] * 3)  # numpy repeats a mask along a last axis of three slowly
    result = np.multiply(painted_HWC, weight, dtype=np.float32)
    np.subtract(1, weight, out=weight)
    weight *= frame_HWC
    result += weight
    return result


def seamless(frame_HWC: Float32, painted_HWC: Float32, mask_HW: Float32, *, device: str = "cpu") -> Float32:
    """The painted face with the frame's colours flowing in from the mask's edge; to be overlaid with the mask.

    Raises BlendFailed where the mask has no room for it.
    """
    return seamless_all([Cloning(frame_HWC, painted_HWC, mask_HW)], device=device)[0]


def seamless_all(clonings: Sequence[Cloning], *, device: str = "cpu") -> list[Float32]:
    """`seamless` for many faces of any sizes at once, on the device. Raises BlendFailed where one can't be."""
    boxes = [_box(one.mask_HW) for one in clonings]
    membranes = [_membrane(one, box) for one, box in zip(clonings, boxes, strict=True)]
    pictures = []
    for one, box, change in zip(clonings, boxes, changes(membranes, device=device), strict=True):
        picture = one.frame_HWC.astype(np.float32)  # a copy
        picture[box] += change
        pictures.append(picture)
    return pictures


def inside_weight(mask_HW: Float32) -> Float32:
    """Where a painted face's gradients count, 0..1, for a soft mask: its inside, a little smaller.

    OpenCV's seamlessClone takes what is above a threshold, less 3 pixels. Here both are continuous in the
    mask's values, so that a mask that moves by a part of a pixel moves the result by as little. Masks larger
    than the membrane's finest grid get an edge as soft as that grid needs.
    """
    rows, columns = _box(mask_HW)
    short, long = sorted((rows.stop - rows.start, columns.stop - columns.start))
    eroded_px = min(_MOST_ERODED_PX, int(short * _ERODED_SHARE))
    weight = np.clip((_shrunk(mask_HW, eroded_px) - _INSIDE) / _RAMP, 0, 1)
    missing_px = EDGE_CELLS * long / FINEST_SIDE_PX - edge_width_px(weight)
    if long > FINEST_SIDE_PX and missing_px > 0:
        radius_px = int(np.ceil(missing_px / 2))
        side = 2 * radius_px + 1
        weight = cv2.blur(_shrunk(weight, radius_px), (side, side), borderType=cv2.BORDER_REPLICATE)
    return weight.astype(np.float32)


def _shrunk(mask_HW: Float32, radius_px: int) -> Float32:
    if radius_px == 0:
        return mask_HW
    kernel = np.ones((2 * radius_px + 1, 2 * radius_px + 1), np.uint8)
    return np.asarray(cv2.erode(mask_HW, kernel, borderType=cv2.BORDER_REPLICATE), np.float32)


def _box(mask_HW: Float32) -> tuple[slice, slice]:
    x, y, width, height = cv2.boundingRect((mask_HW > _INSIDE).astype(np.uint8))
    if min(width, height) < SMALLEST_SIDE_PX:
        raise BlendFailed(f"the mask is only {width} x {height} pixels, too small for seamless cloning")
    return slice(y, y + height), slice(x, x + width)


def _membrane(cloning: Cloning, box: tuple[slice, slice]) -> Membrane:
    ends = []
    for axis, span in enumerate(box):
        along = cloning.mask_HW.max(1 - axis)
        ends += [_rim(along, span.start), _rim(along[::-1], len(along) - span.stop)]
    top, bottom, left, right = ends
    weight = inside_weight(cloning.mask_HW)[box]
    weight[0] *= top is None
    weight[-1] *= bottom is None
    weight[:, 0] *= left is None
    weight[:, -1] *= right is None
    return Membrane(cloning.painted_HWC[box] - cloning.frame_HWC[box], weight, (top, bottom, left, right))


def _rim(along: Float32, first: int) -> float | None:
    """How far inside the box's edge the frame's values stand, from where the mask's profile crosses _INSIDE.

    On the mean of all places within a pixel this is half a pixel, where OpenCV has it always.
    """
    if first == 0:
        return None
    before, inside = float(along[first - 1]), float(along[first])
    return 1 - (inside - _INSIDE) / (inside - before)
