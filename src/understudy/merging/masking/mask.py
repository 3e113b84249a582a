"""The soft mask of one painted face, in crop space: chosen, eroded, feathered, and zero at the crop's border.

Working in the crop makes erode and blur grow with the face. Not here: where the hull comes from (`masks`),
blending (`blend`).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from understudy.merging.masking.options import MaskKind

Float32 = npt.NDArray[np.float32]

NOISE_FLOOR = 1 / 255  # what is weaker than one step of an 8-bit picture is nothing
_BORDER_SHARE = 1 / 24  # of the crop's side, over which every mask fades to zero


def chosen_mask(kind: MaskKind, *, learned_HW: Float32, hull_HW: Float32) -> Float32:
    """The mask `kind` asks for, values 0..1, in the shape both masks share."""
    learned = np.clip(learned_HW, 0, 1).astype(np.float32)
    if kind == "learned":
        return learned
    if kind == "dst-hull":
        return np.clip(hull_HW, 0, 1).astype(np.float32)
    return learned * np.clip(hull_HW, 0, 1).astype(np.float32)


def eroded(mask_HW: Float32, radius_px: float) -> Float32:
    """Shrink a mask by `radius_px` on every side, or grow it where negative; beyond the crop counts as 0."""
    steps = round(abs(radius_px))
    if steps == 0:
        return mask_HW
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * steps + 1, 2 * steps + 1))
    padded = cv2.copyMakeBorder(mask_HW, steps, steps, steps, steps, cv2.BORDER_CONSTANT, value=0.0)
    change = cv2.erode if radius_px > 0 else cv2.dilate
    return change(padded, kernel)[steps:-steps, steps:-steps].astype(np.float32)


def feathered(mask_HW: Float32, width_px: float) -> Float32:
    """Soften a mask's edge over about `width_px` (four sigmas of the Gaussian); beyond the crop counts as 0."""
    if width_px < 0.5:
        return mask_HW
    soft = cv2.GaussianBlur(mask_HW, (0, 0), width_px / 4, borderType=cv2.BORDER_CONSTANT)
    return soft.astype(np.float32)


def faded_at_border(mask_HW: Float32) -> Float32:
    """Multiply by a ramp that is exactly 0 on the outermost pixels, so that no square edge can ever show."""
    height, width = mask_HW.shape
    rows = np.minimum(np.arange(height), np.arange(height)[::-1])
    columns = np.minimum(np.arange(width), np.arange(width)[::-1])
    ramp_px = max(2.0, _BORDER_SHARE * min(height, width))
    ramp = np.clip(np.minimum(rows[:, None], columns[None, :]) / ramp_px, 0, 1)
    return (mask_HW * ramp * ramp * (3 - 2 * ramp)).astype(np.float32)


def soft_mask(mask_HW: Float32, *, erode_px: float, blur_px: float) -> Float32:
    """Erode, feather, fade at the border and cut the noise, in this order. Values 0..1."""
    mask = faded_at_border(feathered(eroded(mask_HW, erode_px), blur_px))
    return cut_noise(np.clip(mask, 0, 1))


def resized_mask(mask_HW: Float32, size_px: int) -> Float32:
    """The mask at another size, values kept within 0..1."""
    if mask_HW.shape == (size_px, size_px):
        return mask_HW.astype(np.float32)
    shrinks = size_px < mask_HW.shape[0]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    return np.clip(cv2.resize(mask_HW, (size_px, size_px), interpolation=how), 0, 1).astype(np.float32)


def cut_noise(mask_HW: Float32) -> Float32:
    """Values below NOISE_FLOOR become exactly 0, so that a frame outside its masks stays as it was."""
    return np.where(mask_HW < NOISE_FLOOR, 0, mask_HW).astype(np.float32)
