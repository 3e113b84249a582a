"""Which pixels of a painted crop and of dst's own crop are compared, and a sample of them.

Not here: what is made of their colours (`color_transfer`, `histogram`).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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


def compared(painted_HWC: Float32, own_HWC: Float32, area_HW: Float32) -> Inside:
    """Pixels inside the area whose values are numbers in both crops: deep files may hold infinities."""
    return (area_HW > 0.5) & np.isfinite(painted_HWC @ _SUM + own_HWC @ _SUM)


def sample(crop_HWC: Float32, inside_HW: Inside, most: int) -> Float32:
    """At most `most` of the pixels inside, (n, 3), spread evenly over them; the same places every time."""
    pixels = crop_HWC[inside_HW]
    return pixels[:: -(-len(pixels) // most)]
