"""What a segmenter is, and the list of those there are: from a face's picture to its visible skin."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from understudy import __version__
from understudy.errors import OptionInvalid, SegmenterUnknown, WeightsMissing
from understudy.options import meant


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


# Makes a segmenter that looks on a device, by torch's name of it or "auto". One that was trained raises
# WeightsMissing where its weights are not installed.
SegmenterFactory = Callable[[str], Segmenter]
AUTO = "auto"  # the accelerator where there is one


def _skin(_device: str) -> Segmenter:
    from understudy.masks.skin import SkinSegmenter

    return SkinSegmenter()


def _dense(device: str) -> Segmenter:
    from understudy.faces.dense.reader import FaceReader
    from understudy.masks.dense import DenseSegmenter
    from understudy.masks.placing import device_named

    return DenseSegmenter(FaceReader(device=device_named(device)))


SEGMENTERS: Mapping[str, SegmenterFactory] = {
    "dense": _dense,
    "skin": _skin,
}


# Counted up whenever the product's segmenters, or those of projects, see otherwise with the same weights, so
# that masks are made again; frames that one of the product's took part in by `merging.fingerprints.RECIPE`.
_LOOK, _OWN_LOOK = 3, 2
_NAME = re.compile(r"[\w-]{1,60}")


def can_name_segmenter(name: str) -> bool:
    """Whether a segmenter can be called so; whether there is one, `Segmenters` knows."""
    return bool(_NAME.fullmatch(name))


@dataclass(frozen=True)
class Segmenters:
    """Every segmenter that can be named: those of the product, and a project's own, each in a folder below
    `folder`. They look on `device`, by torch's name of it or "auto"."""

    folder: Path | None = None
    device: str = AUTO

    def on(self, device: str) -> Segmenters:
        """The same, looking on another device."""
        return replace(self, device=device)

    def own(self) -> list[str]:
        """Names of the project's own segmenters, also of those that have learned nothing yet."""
        if self.folder is None or not self.folder.is_dir():
            return []
        found = [path.name for path in self.folder.iterdir() if (path / ABOUT_NAME).is_file()]
        return sorted(name for name in found if name not in SEGMENTERS)

    def folder_of(self, name: str) -> Path:
        """Where a segmenter of the project's own lies, or would. Raises OptionInvalid."""
        if name in SEGMENTERS or name in ("dense", "nothing"):
            raise OptionInvalid(f"{name!r} is a name of understudy's own. Take another for your segmenter.")
        if not can_name_segmenter(name):
            raise OptionInvalid(
                f"A segmenter can't be called {name!r}: take letters, digits, - and _, 60 at most, like mic."
            )
        assert self.folder is not None
        return self.folder / name

    def require_own(self, name: str) -> None:
        """Raise SegmenterUnknown for a name that none of the project's own segmenters has."""
        if name not in self.own():
            known = self.own()
            raise SegmenterUnknown(
                f"The project has no segmenter {name!r} of its own; it has {', '.join(known) or 'none yet'}."
                f"{meant(name, known)}"
            )

    def names(self) -> list[str]:
        """All names, the product's first."""
        return [*SEGMENTERS, *self.own()]

    def require(self, name: str) -> None:
        """Raise SegmenterUnknown for a name that none has, with those there are."""
        if name not in self.names():
            known = self.names()
            raise SegmenterUnknown(
                f"There is no segmenter {name!r}; known are {', '.join(known)}.{meant(name, known)}"
            )

    def load(self, name: str) -> Segmenter:
        """The segmenter of that name. Raises SegmenterUnknown, WeightsMissing, UnsafeFile."""
        self.require(name)
        if name in SEGMENTERS:
            return SEGMENTERS[name](self.device)
        from understudy.masks.own import open_segmenter

        assert self.folder is not None
        return open_segmenter(self.folder / name, device=self.device)

    def made_by(self, name: str) -> str:
        """What its masks are noted to be made by: another text as soon as it might see otherwise."""
        self.require(name)
        if name in SEGMENTERS:
            return f"{name} {__version__} look {_LOOK}"
        from understudy.masks.own import read_about

        assert self.folder is not None
        about = read_about(self.folder / name)
        return f"{name} {about.sha256[:16] if about else ''} look {_OWN_LOOK}"


PRODUCTS_OWN = Segmenters()
ABOUT_NAME = "segmenter.json"
"""In the folder of every segmenter that a project taught: what it is (`own.py`)."""


def stock_segmenter(device: str = AUTO) -> tuple[str, Segmenter]:
    """The best segmenter of understudy that can look here, with its name: dense, or skin without weights."""
    for name in ("dense", "skin"):
        with contextlib.suppress(WeightsMissing):
            return name, SEGMENTERS[name](device)
    raise AssertionError("skin needs no weights")
