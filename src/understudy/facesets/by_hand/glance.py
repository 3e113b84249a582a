"""What was found in every frame of a long clip, in a few numbers each, and one frame's finds when asked for.

Reads a log of finds as it grows, without making anything of its points and looks. The log itself is
`extraction.found`'s.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from understudy.facesets.extraction.found import FoundFrame, frame_of_line

_HEAD_BYTES = 1 << 12
# Of a line that `found.line_of_frame` made.
_HEAD = re.compile(rb'\{"frame":(\d+),"time_s":[^{]*"scene":\{[^}]*\},"faces":\[')
_FACE = re.compile(rb'\{"box":\[([^\]]+)\],"score":([^,]+),')
_SPREAD = re.compile(rb'"spread":\[([^\]]+)\]')


class Glimpse(NamedTuple):
    """What was found in a frame."""

    scores: tuple[float, ...]  # of the finds, largest face first
    error_share: float  # mean expected error of the largest face's landmarks over its side; NaN if unknown
    offset: int  # of its line in the log, in bytes


class FoundGlance:
    """A log of finds at a glance."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames: dict[int, Glimpse] = {}
        self._head, self._good_bytes = b"", 0

    def refresh(self) -> bool:
        """Read what was added since; all where the log is another one by now. Says whether anything changed."""
        size = self.path.stat().st_size if self.path.exists() else 0
        head = self._head_now() if size else b""
        if size < self._good_bytes or (self._good_bytes and head != self._head):
            self.frames, self._good_bytes = {}, 0
            self._head = head
            return self._read() or True
        self._head = head
        return size > self._good_bytes and self._read()

    def frame(self, index: int) -> FoundFrame | None:
        """The finds of one frame; None where nobody looked or the log has changed."""
        glimpse = self.frames.get(index)
        if glimpse is None or not self.path.exists():
            return None
        with self.path.open("rb") as file:
            file.seek(glimpse.offset)
            try:
                found = frame_of_line(json.loads(file.readline()))
            except (ValueError, KeyError, TypeError, AttributeError):
                return None
        return found if found.index == index else None

    def _head_now(self) -> bytes:
        with self.path.open("rb") as file:
            return file.readline(_HEAD_BYTES)

    def _read(self) -> bool:
        start = self._good_bytes
        if not self.path.exists():
            return False
        with self.path.open("rb") as file:
            file.seek(start)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                try:
                    if not self._take_quickly(line):
                        self._take(json.loads(line))
                except (ValueError, KeyError, TypeError, AttributeError):
                    break
                self._good_bytes += len(line)
        return self._good_bytes > start

    def _take_quickly(self, line: bytes) -> bool:
        """`_take` of a line as our log writes it, without reading hundreds of points; False for another."""
        head, faces = _HEAD.match(line), list(_FACE.finditer(line))
        if head is None or len(faces) != line.count(b'"score":'):
            return False
        error = math.nan
        if faces:
            end = faces[1].start() if len(faces) > 1 else len(line)
            spread = _SPREAD.search(line, faces[0].end(), end)
            errors = [float(number) for number in spread.group(1).split(b",")] if spread else []
            box = [float(number) for number in faces[0].group(1).split(b",")]
            error = error_share(box, errors)
        scores = tuple(float(face.group(2)) for face in faces)
        self.frames[int(head.group(1))] = Glimpse(scores, error, self._good_bytes)
        return True

    def _take(self, value: Mapping[str, Any]) -> None:
        if "forgotten" in value:
            for index in value["forgotten"]:
                self.frames.pop(int(index), None)
        elif "faces" in value:
            faces = value["faces"]
            error = error_share(faces[0]["box"], faces[0].get("spread", ())) if faces else math.nan
            scores = tuple(float(face["score"]) for face in faces)
            self.frames[int(value["frame"])] = Glimpse(scores, error, self._good_bytes)


def error_share(box_xyxy: Sequence[float], spread_68: Sequence[float]) -> float:
    """Mean expected error of landmarks over the side of a face's box; NaN where it is not known."""
    left, top, right, bottom = box_xyxy
    side = math.sqrt(max((right - left) * (bottom - top), 1e-9))
    return sum(spread_68) / len(spread_68) / side if len(spread_68) else math.nan
