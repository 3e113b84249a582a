"""What a segmenter is, and the list of those there are: from a face's picture to its visible skin."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from understudy import __version__
from understudy.errors import SegmenterUnknown


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


def _dense() -> Segmenter:
    from understudy.faces.dense.reader import FaceReader
    from understudy.masks.dense import DenseSegmenter

    return DenseSegmenter(FaceReader())


SEGMENTERS: Mapping[str, SegmenterFactory] = {
    "dense": _dense,
    "skin": _skin,
}


@dataclass(frozen=True)
class Segmenters:
    """Every segmenter that can be named: those of the product."""

    folder: Path | None = None

    def names(self) -> list[str]:
        """All names, the product's first."""
        return list(SEGMENTERS)

    def require(self, name: str) -> None:
        """Raise SegmenterUnknown for a name that none has, with those there are."""
        if name not in self.names():
            raise SegmenterUnknown(f"There is no segmenter {name!r}; known are {', '.join(self.names())}.")

    def load(self, name: str) -> Segmenter:
        """The segmenter of that name. Raises SegmenterUnknown, WeightsMissing."""
        self.require(name)
        return SEGMENTERS[name]()

    def made_by(self, name: str) -> str:
        """What its masks are noted to be made by: another text as soon as it might see otherwise."""
        self.require(name)
        return f"{name} {__version__}"
