"""What a segmenter is, and the list of those there are: from a face's picture to its visible skin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt


class Segmenter(Protocol):
    """Sees which pixels of a crop are a face's visible skin: no hair, no hand, no microphone before it."""

    def segment(
        self, crops_NHWC: npt.NDArray[np.uint8], landmarks_N682: npt.NDArray[np.float64]
    ) -> npt.NDArray[np.float32]:
        """Soft masks (n, size, size), 0..1, of square RGB crops (n, size, size, 3).

        `landmarks_N682` (n, 68, 2) are in crop pixels, measured from the crop's corner. Eyes, brows and mouth
        count as skin.
        """
        ...


# Makes a segmenter. One that was trained raises WeightsMissing where its weights are not installed.
SegmenterFactory = Callable[[], Segmenter]


def _skin() -> Segmenter:
    from understudy.masks.skin import SkinSegmenter

    return SkinSegmenter()


SEGMENTERS: Mapping[str, SegmenterFactory] = {
    "skin": _skin,
}
