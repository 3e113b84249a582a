"""Which pixels of a painted crop and of dst's own crop are compared, and a sample of them.

Not here: what is made of their colours (`color_transfer`, `histogram`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from understudy import geometry
from understudy.masks.hull import eyes_mouth_mask
from understudy.merging.coloring.options import ColorArea

Float32 = npt.NDArray[np.float32]
Float64 = npt.NDArray[np.float64]
Inside = npt.NDArray[np.bool_]

FEWEST_PIXELS = 16
_SUM = np.ones(3, np.float32)
_EYES_AND_MOUTH = 0.3  # above this a pixel belongs to them


def area(kind: ColorArea, mask_HW: Float32, landmarks_68: Float64) -> Float32:
    """Where colours are compared, from the crop's mask 0..1 and dst's landmarks in crop pixels.

    Eyes and mouth are left out of "skin": their colours are the performers' own and say nothing about light.
    """
    if kind == "crop":
        return np.ones_like(mask_HW)
    if kind == "mask":
        return mask_HW
    size_px = len(mask_HW)
    return mask_HW * (eyes_mouth_mask(landmarks_68, size_px, size_px) < _EYES_AND_MOUTH)


def within_frame(area_HW: Float32, crop_from_frame: Float64, frame_size: tuple[int, int]) -> Float32:
    """The area without pixels beyond the frame, width and height: a crop repeats the frame's edge there."""
    size_px, (width, height) = len(area_HW), frame_size
    centres = np.stack(np.meshgrid(*[np.arange(size_px) + 0.5] * 2), -1).reshape(-1, 2)
    x, y = geometry.transform_points(geometry.inverse(crop_from_frame), centres).T
    seen = (x >= 0) & (y >= 0) & (x <= width) & (y <= height)
    return area_HW if seen.all() else area_HW * seen.reshape(area_HW.shape)


def compared(painted_HWC: Float32, own_HWC: Float32, area_HW: Float32) -> Inside:
    """Pixels inside the area whose values are numbers in both crops: deep files may hold infinities."""
    return (area_HW > 0.5) & np.isfinite(painted_HWC @ _SUM + own_HWC @ _SUM)


def sample(crop_HWC: Float32, inside_HW: Inside, most: int) -> Float32:
    """At most `most` of the pixels inside, (n, 3), spread evenly over them; the same places every time."""
    pixels = crop_HWC[inside_HW]
    return pixels[:: -(-len(pixels) // most)]
