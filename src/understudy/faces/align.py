"""Cut an aligned crop out of a frame, and lay one back into it, without aliasing, holes or half-pixel drift.

Transforms are those of `geometry.crop_from_frame`. Any numeric image that OpenCV warps; channels stay.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import cv2
import numpy as np
import numpy.typing as npt

from understudy.geometry import for_pixel_grid, inverse, resized_crop

Image = npt.NDArray[Any]
_MOST_FINE = 16


def crop(image: Image, crop_from_frame: npt.ArrayLike, size_px: int) -> Image:
    """The aligned crop (size_px, size_px, C) of `image` (H, W, C), in its dtype.

    Pixels are averaged when the crop is smaller than what it shows and interpolated by Lanczos when larger.
    What lies outside the frame repeats the frame's edge.
    """
    matrix = np.asarray(crop_from_frame, float)
    scale = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    fine = min(_MOST_FINE, max(1, math.ceil(1 / scale - 1e-6)))
    method = cv2.INTER_LANCZOS4 if fine == 1 else cv2.INTER_LINEAR
    fine_px = size_px * fine
    warped = cv2.warpAffine(
        image,
        for_pixel_grid(resized_crop(matrix, from_px=size_px, to_px=fine_px)),
        (fine_px, fine_px),
        flags=method,
        borderMode=cv2.BORDER_REPLICATE,
    )
    if fine > 1:
        warped = cv2.resize(warped, (size_px, size_px), interpolation=cv2.INTER_AREA)
    return warped.reshape(size_px, size_px, *image.shape[2:])


def squeezed(image: Image, size_px: int) -> Image:
    """The whole of `image` (H, W, C) in a square of `size_px`, whatever its shape, in its dtype.

    `geometry.square_from_frame` says where its pixels go.
    """
    height, width = image.shape[:2]
    how = cv2.INTER_AREA if min(height, width) >= size_px else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (size_px, size_px), interpolation=how))


def warp_to_frame(
    image: npt.NDArray[Any],
    frame_from_crop: npt.ArrayLike,
    width: int,
    height: int,
    *,
    outside: Literal["zero", "edge"] = "zero",
) -> npt.NDArray[np.float32]:
    """`image`, a crop (h, w) or (h, w, C), laid into a frame: float32 (height, width[, C]) in its own range.

    Every frame pixel asks the crop for its colour, so there are no holes. A crop at least twice as fine as the
    frame is averaged by whole halvings first: averaging to the frame's own size would blur it twice. Beyond the
    crop there is 0, or its edge repeated with `outside="edge"` (for colours under a mask warped with "zero").
    """
    source = np.asarray(image, np.float32)
    matrix = np.asarray(frame_from_crop, float)
    scale = math.sqrt(abs(np.linalg.det(matrix[:, :2])))
    halvings = math.floor(math.log2(max(1.0, 1 / scale)))
    if halvings:
        small = (max(1, source.shape[1] >> halvings), max(1, source.shape[0] >> halvings))
        ratio = np.array([source.shape[1] / small[0], source.shape[0] / small[1]])
        source = cv2.resize(source, small, interpolation=cv2.INTER_AREA)
        matrix = np.column_stack([matrix[:, :2] * ratio, matrix[:, 2]])
    border = cv2.BORDER_CONSTANT if outside == "zero" else cv2.BORDER_REPLICATE
    warped = cv2.warpAffine(
        source,
        for_pixel_grid(inverse(matrix)),
        (width, height),
        flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
        borderMode=border,
        borderValue=0,
    )
    low, high = source.min(), source.max()
    if outside == "zero":  # the nothing around the crop is a value too
        low, high = min(low, 0), max(high, 0)
    np.clip(warped, low, high, out=warped)  # cubic overshoots at edges
    return np.asarray(warped, np.float32).reshape(height, width, *np.shape(image)[2:])
