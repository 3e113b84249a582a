"""Enlarge a painted face whose model paints smaller than the face is in the frame.

An enlarger is one entry of `ENLARGERS`; a network becomes one by putting an object with the same method there.
Not here: where the larger crop goes (`painted`, `composite`).
"""

from __future__ import annotations

from typing import Protocol

import cv2
import numpy as np
import numpy.typing as npt

from understudy.errors import OptionInvalid
from understudy.options import meant

Float32 = npt.NDArray[np.float32]

_FACTORS = (2, 4)
_SLOW_START = 0.25  # a face this much larger than it was painted gets the full power; at its own size none


class Enlarger(Protocol):
    """One way to find more detail in a small face."""

    def enlarged(self, crop_HWC: Float32, factor: int) -> Float32:
        """The crop (h, w, 3), encoded RGB 0..1, `factor` times as large, with the details it should have."""
        ...


class Lanczos:
    """lanczos: a windowed sinc, then unsharp masking at the size of the small crop's pixels, without halos.

    Values stay within those of the small crop's pixels around, so that edges get steeper and not brighter.
    """

    _AMOUNT = 1.0
    _RADIUS = 0.7  # of a small pixel

    def enlarged(self, crop_HWC: Float32, factor: int) -> Float32:
        size = (crop_HWC.shape[1] * factor, crop_HWC.shape[0] * factor)
        large = cv2.resize(crop_HWC, size, interpolation=cv2.INTER_LANCZOS4)
        mean = cv2.GaussianBlur(large, (0, 0), self._RADIUS * factor, borderType=cv2.BORDER_REPLICATE)
        sharp = large + self._AMOUNT * (large - mean)
        near = np.ones((3, 3), np.uint8)
        low = cv2.resize(cv2.erode(crop_HWC, near), size, interpolation=cv2.INTER_LINEAR)
        high = cv2.resize(cv2.dilate(crop_HWC, near), size, interpolation=cv2.INTER_LINEAR)
        return np.clip(sharp, low, high).astype(np.float32)


ENLARGERS: dict[str, Enlarger] = {
    "lanczos": Lanczos(),
}


def require_enlarger(name: str) -> None:
    """Raise OptionInvalid for a name that is not in the catalog."""
    if name != "none" and name not in ENLARGERS:
        known, near = ", ".join(["none", *ENLARGERS]), meant(name, ["none", *ENLARGERS])
        raise OptionInvalid(f"Option 'super_resolution' can't be {name!r}: known here are {known}.{near}")


def super_resolved(crop_HWC: Float32, *, name: str, power: float, shown_px: float) -> Float32:
    """The square crop for a face that is shown `shown_px` large: as it is, or 2 or 4 times as large.

    `power` is how much of the enlarger's picture is mixed with a cubic enlargement; it sets in with the first
    quarter that the face is larger than its crop, so that a zoom has no jump.
    """
    larger = shown_px / len(crop_HWC)
    if name == "none" or power <= 0 or larger <= 1:
        return crop_HWC
    factor = next((factor for factor in _FACTORS if larger <= factor), _FACTORS[-1])
    side = len(crop_HWC) * factor
    plain = np.asarray(cv2.resize(crop_HWC, (side, side), interpolation=cv2.INTER_CUBIC), np.float32)
    share = power * min(1.0, (larger - 1) / _SLOW_START)
    return (plain + share * (ENLARGERS[name].enlarged(crop_HWC, factor) - plain)).astype(np.float32)
