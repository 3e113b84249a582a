"""Looking on while a frame is composed: every step shows its picture to whoever wants to keep or explain it."""

from __future__ import annotations

from typing import Any, Protocol

import numpy.typing as npt

from understudy.merging.painted import PaintedFace
from understudy.merging.place import Place


class Watch(Protocol):
    """Is shown what every step made, in the crop or in the place's box."""

    def __call__(self, step: str, picture: npt.NDArray[Any], face: PaintedFace, place: Place) -> None: ...


def unwatched(step: str, picture: npt.NDArray[Any], face: PaintedFace, place: Place) -> None:
    """Nobody looks."""
