"""The true swap laid where a swap can be painted, so that both show the same face in the same place.

A swap lies where dst's landmarks say. Where src's head stands otherwise on the neck than dst's, the true swap's
face lies elsewhere, with every turn of the head another way, and pixels laid over pixels then prefer a blurred
face to a sharp one (docs/log.md, 2026-11-27, "Blinks"). Not here: the figures (`pictures.py`).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from understudy.color import as_share, luma
from understudy.geometry import compose, crop_from_frame, for_pixel_grid, inverse
from understudy.measure.pictures import Float32, Picture, psnr

_BLUR_PX = 1.5  # before places are compared: a soft face is where a sharp one is
_STEPS, _SMALL_ENOUGH = 100, 1e-5
_SMOOTHING_PX = 5
_RIM = 0.035  # of the side of a square as large as the face


def laid_on(true_rgb: Picture, true_points_68: npt.ArrayLike, dst_points_68: npt.ArrayLike) -> Float32:
    """The true picture moved, turned and scaled as one so that its face is aligned as dst's is, 0..1."""
    side = true_rgb.shape[0]
    true, dst = (
        crop_from_frame(points, face_type="full", size_px=side) for points in (true_points_68, dst_points_68)
    )
    return _moved(as_share(true_rgb), for_pixel_grid(compose(inverse(dst), true)))


def moved_to_fit(
    true_rgb: Picture, made_rgb: Picture, mask_HW: npt.ArrayLike, *, stretched: bool = True
) -> Float32:
    """The true picture moved, turned and stretched as one, so that its face, inside its mask, lies as the
    made one's does, 0..1; as it is where that brings them no nearer. What is not `stretched` keeps its
    size and proportions, so that a swap of dst's proportions is told from one of src's.

    Evangelidis and Psarakis, "Parametric image alignment using enhanced correlation coefficient maximization",
    IEEE PAMI 30(10), 2008.
    """
    true, made = (
        cv2.GaussianBlur(luma(as_share(each)).astype(np.float32), (0, 0), _BLUR_PX)
        for each in (true_rgb, made_rgb)
    )
    inside = (np.asarray(mask_HW) > 0.5).astype(np.uint8)
    until = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _STEPS, _SMALL_ENOUGH)
    start = np.eye(2, 3, dtype=np.float32)
    ways = cv2.MOTION_AFFINE if stretched else cv2.MOTION_EUCLIDEAN
    if not inside.any():
        return as_share(true_rgb)
    try:
        # The mask is the second picture's, and what is found leads from the first one's pixels to its own.
        _, true_from_made = cv2.findTransformECC(made, true, start, ways, until, inside, _SMOOTHING_PX)
    except cv2.error:  # it does not converge
        return as_share(true_rgb)
    moved = _moved(as_share(true_rgb), inverse(np.asarray(true_from_made, np.float64)))
    # Small and plain faces can be led astray.
    return max(as_share(true_rgb), moved, key=lambda each: psnr(made_rgb, each, mask_HW))


def without_rim(mask_HW: npt.ArrayLike) -> Float32:
    """The mask 0..1 less a rim, where what is around the face shines through."""
    mask = np.asarray(mask_HW, np.float32)
    rim_px = max(1, round(_RIM * float(np.sqrt(mask.sum()))))
    return np.asarray(cv2.erode(mask, np.ones((2 * rim_px + 1, 2 * rim_px + 1))), np.float32)


def _moved(picture: Float32, matrix: npt.NDArray[np.float64]) -> Float32:
    moved = cv2.warpAffine(
        picture, matrix, picture.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.clip(moved, 0, 1).astype(np.float32)
