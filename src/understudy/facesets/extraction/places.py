"""One way to write a place in a clip: seconds, a clock time or a frame's number."""

from __future__ import annotations

import re

_FRAME = re.compile(r"(\d+)f", re.ASCII)
_SECONDS = re.compile(r"(\d+(?:\.\d*)?|\.\d+)s?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{1,2}(?:\.\d*)?)", re.ASCII)
_MOST_LETTERS = 24


def parse_place(text: str) -> float | int:
    """Seconds as a float, or the index of a frame as an int.

    Takes seconds ("12.5"), a clock time ("1:02.5", "0:01:02.500") or a frame's number, counted from 0, with an
    f ("310f"). Raises ValueError with a sentence for people.
    """
    said = text.strip()
    if len(said) <= _MOST_LETTERS:
        if match := _FRAME.fullmatch(said):
            return int(match[1])
        if match := _SECONDS.fullmatch(said):
            return float(match[1])
        match = _CLOCK.fullmatch(said)
        if match and float(match[3]) < 60 and (match[1] is None or int(match[2]) < 60):
            return int(match[1] or 0) * 3600 + int(match[2]) * 60 + float(match[3])
    raise ValueError(
        "a place in a clip is seconds (12.5), a clock time (1:02.5 or 0:01:02.500), or the number of a frame "
        "with an f (310f)"
    )
