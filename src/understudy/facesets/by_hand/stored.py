"""Which faces of a clip lie in a faceset, in a few values each, quick to look at again and again.

The files are the truth: where the folder has changed, the faces that are new or other ones are read anew.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from understudy.faces.boxes import overlap
from understudy.facesets.by_hand.glance import error_share
from understudy.facesets.pictures import image_files
from understudy.facesets.store import Faceset

_NEAR_FRAMES = 24
_SAME_FACE = 0.35  # overlap over the smaller box


@dataclass(frozen=True)
class StoredPlace:
    """One face of the clip."""

    name: str
    frame: int
    person: int
    track: int
    score: float
    error_share: float  # NaN where it is not known
    box_xyxy: tuple[float, float, float, float]

    def shares(self, box_xyxy: Any) -> bool:
        """Whether a box is most likely about the same face."""
        boxes = np.asarray(self.box_xyxy, float)[None], np.asarray(box_xyxy, float)[None]
        return bool(overlap(*boxes, over="smaller")[0, 0] > _SAME_FACE)


class StoredFaces:
    """The faces of one clip in the faceset that `opened` opens."""

    def __init__(self, folder: Path, clip_name: str, opened: Callable[[], Faceset]) -> None:
        self.folder, self.clip_name, self._opened = folder, clip_name, opened
        self._digests: dict[str, bytes] = {}  # of all files, also those of other clips
        self._places: dict[str, StoredPlace] = {}
        self._by_frame: dict[int, list[StoredPlace]] = defaultdict(list)
        self._seen: tuple[int, int] | None = None
        self._files: frozenset[tuple[str, int]] | None = None

    def refresh(self) -> bool:
        """Look at the folder again where it has changed; says whether it had."""
        state = self._state()
        if state == self._seen:
            return False
        self._seen = state
        files = _files(self.folder)
        if files == self._files:  # somebody only opened the index, which lies in the folder
            return False
        self._files = files
        if not self.folder.is_dir():
            self._digests, self._places = {}, {}
        else:
            with self._opened() as faceset:
                there = faceset.digests()
                for name in self._digests.keys() - there.keys():
                    del self._digests[name]
                    self._places.pop(name, None)
                for name, digest, record in faceset.plain_records(self._digests):
                    self._digests[name] = digest
                    self._places.pop(name, None)
                    if record.get("clip") == self.clip_name:
                        self._places[name] = _place(name, record)
        self._by_frame = defaultdict(list)
        for place in self._places.values():
            self._by_frame[place.frame].append(place)
        return True

    def all(self) -> dict[int, list[StoredPlace]]:
        """Faces by frame."""
        return self._by_frame

    def of_frame(self, index: int) -> list[StoredPlace]:
        """The faces of a frame."""
        return self._by_frame.get(index, [])

    def identity_near(self, index: int, box_xyxy: Any, *, person: int) -> tuple[int, int]:
        """Person and track of a new face at this place by faces stored of frames around it; track 0 is none.

        Where no face lies near, the person most faces are of, or else `person`. Nobody is in a frame twice:
        beside another person's face it is somebody else, the first free number where nobody else is known.
        """
        taken = {place.person for place in self.of_frame(index)}
        for distance in range(_NEAR_FRAMES + 1):
            for frame in (index - distance, index + distance):
                near = [
                    place
                    for place in self.of_frame(frame)
                    if place.shares(box_xyxy) and place.person not in taken
                ]
                if near:
                    return near[0].person, near[0].track
        counts = Counter(place.person for place in self._places.values())
        known = [other for other, _ in counts.most_common()] or [person]
        free = [other for other in known if other not in taken]
        return (free[0] if free else next(other for other in count(1) if other not in taken)), 0

    def _state(self) -> tuple[int, int] | None:
        try:
            status = self.folder.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_ino


def _files(folder: Path) -> frozenset[tuple[str, int]]:
    if not folder.is_dir():
        return frozenset()
    return frozenset((name, mtime_ns) for name, _, mtime_ns in image_files(folder))


def _place(name: str, record: dict[str, Any]) -> StoredPlace:
    left, top, right, bottom = map(float, record["box_xyxy"])
    error = error_share((left, top, right, bottom), record.get("spread_68") or ())
    return StoredPlace(
        name=name,
        frame=int(record["frame"]),
        person=int(record.get("person", 1)),
        track=int(record.get("track", 0)),
        score=float(record["score"]),
        error_share=error if math.isfinite(error) else math.nan,
        box_xyxy=(left, top, right, bottom),
    )
