"""Which frame of a clip a face of another program comes from, by the name it gives its frame.

In a folder of images the name says it. Frames of a video were numbered from 1 by every program of the field;
folders made by hand may count from 0, which only all of their names together show.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePath

from understudy.errors import ExchangeUnreadable
from understudy.facesets.exchange.foreign import last_number
from understudy.facesets.extraction.looking import frames_at
from understudy.media.clip import Clip, Frame


@dataclass(frozen=True)
class Place:
    """Where a face stands in its clip, as far as that is known; frame_size 0, 0 where it isn't."""

    frame: int
    time_s: float
    frame_size: tuple[int, int]


def number_in_names(source_name: str, name: str) -> int | None:
    """The number of a frame that its own name gives it, or that of the face where the frame has none."""
    return last_number(source_name) if source_name else last_number(name.rpartition("_")[0] or name)


def place_without_clip(
    source_name: str, name: str, frame_size: tuple[int, int], *, first_number: int = 1
) -> Place:
    """The place by numbers in names alone; the clip's first frame has `first_number`."""
    number = number_in_names(source_name, name)
    return Place(max(0, number - first_number) if number is not None else 0, 0.0, frame_size)


class Places:
    """Looks frames up in an open clip."""

    def __init__(self, clip: Clip) -> None:
        self._clip = clip
        info = clip.info
        self.frame_size = (info.width, info.height)
        self._times = clip.timestamps()
        self._by_stem: dict[str, int] = {}
        if info.kind == "images" and info.path.is_dir():
            self._by_stem = {PurePath(name).stem: index for index, name in enumerate(info.file_names)}

    def of(self, source_name: str) -> Place:
        """Raises ExchangeUnreadable where the clip has no such frame."""
        index = self._index(source_name)
        if index is None or not 0 <= index < self._clip.info.frame_count:
            raise ExchangeUnreadable(f"The clip has no frame called {source_name or 'nothing'!r}.")
        first = self._times[0]
        return Place(index, float((self._times[index] - first) * self._clip.time_base), self.frame_size)

    def frames(self, indices: Iterable[int]) -> Iterator[Frame]:
        """The frames of these indices, streamed. What can't be decoded is left out."""
        return frames_at(self._clip, sorted(indices))

    def _index(self, source_name: str) -> int | None:
        if self._by_stem:
            return self._by_stem.get(PurePath(source_name).stem)
        number = last_number(source_name)
        return None if number is None else number - 1
