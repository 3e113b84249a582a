"""Join a painted face and a frame through a mask: overlay and seamless cloning.

All pictures here are float32 RGB 0..1 of one shape, masks 0..1. Not here: which colours the face has
(`color_transfer`), where it lies (`composite`).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]

SMALLEST_SIDE_PX = 4
_MARGIN_PX = 4


class BlendFailed(Exception):
    """This face can't be blended into this frame; the message says why, for the list of unswapped frames."""


def overlay(frame_HWC: Float32, painted_HWC: Float32, mask_HW: Float32) -> Float32:
    """frame·(1 − mask) + painted·mask."""
    weight = mask_HW[..., None]
    return (frame_HWC * (1 - weight) + painted_HWC * weight).astype(np.float32)


def seamless(frame_HWC: Float32, painted_HWC: Float32, mask_HW: Float32) -> Float32:
    """The painted face with the frame's colours flowing in from the mask's edge; to be overlaid with the mask.

    Pérez, Gangnet and Blake, "Poisson image editing", SIGGRAPH 2003, by OpenCV. The solver works in 8 bits, so
    its change is added to the frame instead of replacing it: a deep frame keeps its finer steps. Raises
    BlendFailed where the mask has no room for it.
    """
    binary = (mask_HW > 0.1).astype(np.uint8) * 255
    _, _, width, height = cv2.boundingRect(binary)
    if min(width, height) < SMALLEST_SIDE_PX:
        raise BlendFailed(f"the mask is only {width} x {height} pixels, too small for seamless cloning")
    # Around the frame's own edge the solver needs pixels to flow in from.
    around = (_MARGIN_PX, _MARGIN_PX)
    binary = np.pad(binary, (around, around))
    frame_8 = _as_bytes(np.pad(frame_HWC, (around, around, (0, 0)), mode="edge"))
    painted_8 = _as_bytes(np.pad(painted_HWC, (around, around, (0, 0)), mode="edge"))
    try:
        cloned = cv2.seamlessClone(painted_8, frame_8, binary, _stable_centre(binary), cv2.NORMAL_CLONE)
    except cv2.error as error:
        raise BlendFailed(f"seamless cloning failed: {error.err or error}") from error
    change = (cloned.astype(np.float32) - frame_8.astype(np.float32)) / 255
    return (frame_HWC + change[_MARGIN_PX:-_MARGIN_PX, _MARGIN_PX:-_MARGIN_PX]).astype(np.float32)


def _stable_centre(binary_HW: npt.NDArray[np.uint8]) -> tuple[int, int]:
    # OpenCV centres the mask's bounding box on this point; any other choice makes the face jitter.
    x, y, width, height = cv2.boundingRect(binary_HW)
    return int(x + width // 2), int(y + height // 2)


def _as_bytes(picture: Float32) -> npt.NDArray[np.uint8]:
    return np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8)
