"""What is kept beside a merged frame: the mask it was blended through, and the painted faces alone.

Layers are gathered by looking on while the frame is composed. Faces have straight colours (not multiplied by
the mask), the mask is their alpha; where faces overlap they are laid over each other as in the frame. In raw
modes the mask is neither eroded nor feathered, and colours reach to the edge of the painted square. Not here:
files (`pictures`), exports for other programs (`delivery`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from understudy.merging.light import Float32, LightName, Picture, stored
from understudy.merging.painted import PaintedFace
from understudy.merging.place import Place


class Layers:
    """Gathers the layers of one frame. Implements `watching.Watch`."""

    def __init__(self, height: int, width: int, *, faces: bool) -> None:
        self.mask_HW = np.zeros((height, width), np.float32)
        self._covered_HW = np.zeros((height, width), np.float32) if faces else None
        self._premultiplied_HWC = np.zeros((height, width, 3), np.float32) if faces else None
        self._coverage = np.zeros((0, 0), np.float32)

    def __call__(self, step: str, picture: npt.NDArray[Any], face: PaintedFace, place: Place) -> None:
        """Keep what matters of a step."""
        if step == "mask":
            _lay_over(place.of(self.mask_HW), picture, picture)
        if step in ("mask", "square"):
            self._coverage = picture
        if step == "joined" and self._covered_HW is not None and self._premultiplied_HWC is not None:
            _lay_over(place.of(self._covered_HW), self._coverage, self._coverage)
            weight = self._coverage[..., None]
            _lay_over(place.of(self._premultiplied_HWC), picture * weight, weight)

    def stored_mask(self, dtype: np.dtype[Any]) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
        """(height, width), uint8 for frames of 8 bits, else uint16."""
        if dtype == np.uint8:
            return np.rint(self.mask_HW * 255).astype(np.uint8)
        return np.rint(self.mask_HW * 65535).astype(np.uint16)

    def stored_faces(self, light: LightName, dtype: np.dtype[Any]) -> Picture | None:
        """(height, width, 3) in the frame's own type, black where no face is; None where only masks are."""
        if self._covered_HW is None or self._premultiplied_HWC is None:
            return None
        covered = self._covered_HW[..., None]
        straight = np.divide(
            self._premultiplied_HWC,
            covered,
            out=np.zeros_like(self._premultiplied_HWC),
            where=covered > 0,
        )
        return stored(straight, light, dtype)


def _lay_over(below: Float32, above: Float32, weight: Float32) -> None:
    """Porter and Duff's "over" of premultiplied values, SIGGRAPH 1984, into `below`."""
    below[...] = above + below * (1 - weight)
