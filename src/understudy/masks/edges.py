"""Masks drawn to the edges of the picture: a network sees a face in few pixels, its picture shows more.

About every pixel a mask is taken for a linear function of the picture's colour: the guided filter (He, Sun and
Tang, "Guided image filtering", 2013, section 3.5). The function is found in the network's pixels and applied
in the picture's (He and Sun, "Fast guided filter", 2015). Where colour says nothing of the mask, as on a cheek
that goes over into the neck, the mask stays as it was seen. What that is worth: docs/log.md, 2026-11-27,
"Masks drawn to the edges of the picture". Not here: what sees the mask.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from understudy.geometry import for_pixel_grid, transform_points

UInt8 = npt.NDArray[np.uint8]
Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]

_RADIUS_PX = 4  # of the window that a function is found in, in the mask's pixels
_NOISE = 4e-4  # variance of a colour 0..1 that is no edge
_EVEN = 1e-4  # variance of a mask that has none
# Sensor noise would walk along the edge with what it colours: means of like colours around, in 8-bit steps, px.
_AROUND_PX, _LIKE, _NEAR_PX = 5, 50.0, 1.5
# The filter's means soften every edge; this much steeper about one half, the mask errs least.
_STEEPER = 2.0
_MOST_FINE = 8  # times as fine as the picture, before it is averaged


def mask_to_edges(
    mask_HW: Float32, shown_HWC: UInt8, picture_HWC: UInt8, picture_from_mask: Float64
) -> Float32:
    """The mask 0..1 as it lies in `picture_HWC`, with the picture's edges; nothing beyond the mask's square.

    `shown_HWC` is what the mask was seen in, RGB of the mask's size; `picture_from_mask` (2, 3) says where its
    points lie in the picture, both 8-bit.
    """
    made = np.zeros(picture_HWC.shape[:2], np.float32)
    top, bottom, left, right = _reached(mask_HW.shape, made.shape, picture_from_mask)
    if top >= bottom or left >= right:
        return made
    found, known = _mask_from_colour(_without_noise(shown_HWC), mask_HW)
    found *= _STEEPER
    found[..., 3] += (1 - _STEEPER) / 2
    layers = np.dstack([found, known, mask_HW])
    layers[[0, -1]] = layers[:, [0, -1]] = 0
    laid = _laid(layers, picture_from_mask - [[0, 0, left], [0, 0, top]], right - left, bottom - top)
    colours = _without_noise(picture_HWC[top:bottom, left:right])
    drawn = np.clip(np.einsum("hwc,hwc->hw", laid[..., :3], colours) + laid[..., 3], 0, 1)
    made[top:bottom, left:right] = laid[..., 5] + laid[..., 4] * (drawn - laid[..., 5])
    return made


def _reached(
    mask_shape: tuple[int, ...], picture_shape: tuple[int, ...], picture_from_mask: Float64
) -> tuple[int, int, int, int]:
    """Top, bottom, left and right of what of the picture the mask's square covers, and a little more."""
    (rows, columns), (height, width) = mask_shape, picture_shape
    corners = transform_points(picture_from_mask, np.array([[0, 0], [columns, 0], [0, rows], [columns, rows]]))
    left, top = np.floor(corners.min(0)).astype(int) - _AROUND_PX
    right, bottom = np.ceil(corners.max(0)).astype(int) + _AROUND_PX
    return max(0, int(top)), min(height, int(bottom)), max(0, int(left)), min(width, int(right))


def _laid(layers_HWC: Float32, picture_from_mask: Float64, width: int, height: int) -> Float32:
    """What lies in the mask's square as it lies in a picture; averaged where that is the coarser one."""
    scale = math.sqrt(abs(np.linalg.det(picture_from_mask[:, :2])))
    fine = min(_MOST_FINE, max(1, math.ceil(1 / max(scale, 1e-6) - 1e-6)))
    laid = cv2.warpAffine(
        layers_HWC,
        for_pixel_grid(picture_from_mask * fine),
        (width * fine, height * fine),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if fine > 1:
        laid = cv2.resize(laid, (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(laid, np.float32)


def _without_noise(picture_HWC: UInt8) -> Float32:
    calm = cv2.bilateralFilter(np.ascontiguousarray(picture_HWC), _AROUND_PX, _LIKE, _NEAR_PX)
    return np.asarray(calm / np.float32(255), np.float32)


def _mask_from_colour(guide_HWC: Float32, mask_HW: Float32) -> tuple[Float32, Float32]:
    """What each channel is worth for the mask and what is added to it, (H, W, 4), by their equation 19; and the
    share of the mask's changes that this explains, (H, W), 0..1."""
    height, width = mask_HW.shape
    mean_of_guide, mean_of_mask = _mean(guide_HWC), _mean(mask_HW)
    products = _mean((guide_HWC[..., :, None] * guide_HWC[..., None, :]).reshape(height, width, 9))
    spread = products.reshape(height, width, 3, 3) - mean_of_guide[..., :, None] * mean_of_guide[..., None, :]
    spread += np.float32(_NOISE) * np.eye(3, dtype=np.float32)
    shared = _mean(guide_HWC * mask_HW[..., None]) - mean_of_guide * mean_of_mask[..., None]
    # Cramer's rule: a solver for each pixel takes fifty times as long.
    red, green, blue = spread[..., 0], spread[..., 1], spread[..., 2]
    of_red = np.cross(green, blue)
    sides = np.stack([of_red, np.cross(blue, red), np.cross(red, green)], axis=2)
    worth = np.einsum("hwsc,hwc->hws", sides, shared) / (red * of_red).sum(2, keepdims=True)
    added = mean_of_mask - (worth * mean_of_guide).sum(2)
    explained = _mean(np.maximum((worth * shared).sum(2), 0))
    changes = _mean(np.maximum(_mean(mask_HW * mask_HW) - mean_of_mask * mean_of_mask, 0))
    known = np.clip(explained / (changes + _EVEN), 0, 1).astype(np.float32)
    return _mean(np.dstack([worth, added])), known


def _mean(values: Float32) -> Float32:
    side = 2 * _RADIUS_PX + 1
    return np.asarray(cv2.boxFilter(values, -1, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)
