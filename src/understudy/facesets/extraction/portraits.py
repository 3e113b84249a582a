"""A picture of every person in a clip, for a human to choose by."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from understudy.events import Made
from understudy.facesets.extraction.people import Person
from understudy.facesets.extraction.tracks import Sighting
from understudy.files import write_bytes
from understudy.media.clip import Clip
from understudy.media.images import encode_jpeg

_CONTEXT = 2.4  # picture side over the face box's
_MOST_PX = 512
_MOST_PEOPLE = 12


def write_portraits(clip: Clip, people: Sequence[Person], folder: Path, *, clip_name: str) -> Iterator[Made]:
    """Write `person-<number>.jpg` of the most seen people into `folder`."""
    for person in people[:_MOST_PEOPLE]:
        sighting = person.best()
        index = sighting.frame.index
        for frame in clip.frames(index, index + 1):
            picture = portrait(frame.rgb_8bit, sighting)
            path = folder / f"person-{person.number}.jpg"
            write_bytes(path, encode_jpeg(picture, quality=92))
            yield Made(what=f"picture of person {person.number} in {clip_name}", path=path)


def portrait(frame_rgb: npt.NDArray[np.uint8], sighting: Sighting) -> npt.NDArray[np.uint8]:
    """The face with room around it, at most 512 px large."""
    height, width = frame_rgb.shape[:2]
    left, top, right, bottom = sighting.face.detection.box_xyxy
    half = max(right - left, bottom - top) * _CONTEXT / 2
    x, y = (left + right) / 2, (top + bottom) / 2
    columns = slice(max(0, int(x - half)), max(1, min(width, int(x + half))))
    rows = slice(max(0, int(y - half)), max(1, min(height, int(y + half))))
    picture = frame_rgb[rows, columns]
    shrink = min(1.0, _MOST_PX / max(picture.shape[:2]))
    if shrink < 1:
        picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(picture, np.uint8)
