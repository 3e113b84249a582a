"""A dst clip as it looks merged: its frames, with the merged picture in place of every one that has one.

For whoever looks at what a merge made before it is a file. Not here: what of it is delivered (`delivery`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Self

from understudy.media.clip import Clip, ClipInfo, Frame
from understudy.media.images import eight_bit, read_image_deep
from understudy.merging.journal import frame_path


class MergedClip:
    """Implements `media.clip.Clip` over an open dst clip and a folder of merged frames; it closes the clip.

    Raises ImageUnreadable for a merged picture that can't be read.
    """

    def __init__(self, clip: Clip, folder: Path) -> None:
        self._clip, self._folder = clip, folder
        self.info: ClipInfo = clip.info
        self.time_base: Fraction = clip.time_base

    def timestamps(self) -> Sequence[int]:
        """The pts of every frame in order of showing."""
        return self._clip.timestamps()

    def frames(
        self, start: int = 0, stop: int | None = None, *, step: int = 1, deep: bool = False
    ) -> Iterator[Frame]:
        """As a clip gives them."""
        for frame in self._clip.frames(start, stop, step=step, deep=deep):
            path = frame_path(self._folder, frame.index)
            if not path.is_file():
                yield frame
                continue
            merged = read_image_deep(path)
            yield replace(frame, rgb=merged if deep else eight_bit(merged))

    def close(self) -> None:
        """Close the clip."""
        self._clip.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
