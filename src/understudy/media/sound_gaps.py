"""Where a file's time stamps say that nothing is heard, so that what follows the gap stays at its time.

Containers that count samples, as AVI, and MOV and MP4 of plain ones, close a gap up; so does whoever lays
decoded blocks end to end. Which silence belongs where is told here; `sound.py` makes it.
"""

from __future__ import annotations

import re
from fractions import Fraction

_ROUNDED_S = Fraction(1, 100)  # shorter than any lost packet, longer than a container rounds
_LONGEST_S = Fraction(3600)  # more is a clock that was set anew
_PLAIN = re.compile(r"pcm_([suf])(8|16|24|32|64)(le|be)?")


class Gaps:
    """Follows a stream's pieces in order and says how much silence comes before each.

    `begins_s` is where the stream is written from, so that a late first piece has silence before it as well;
    None where its own beginning is kept. Clocks that run a little fast or slow are no gaps.
    """

    def __init__(self, begins_s: Fraction | None = None) -> None:
        self._heard_s = begins_s  # as far as what was written lasts
        self._stamped_s = begins_s  # where by its time stamps the next piece would begin

    def before(self, begins_s: Fraction | None, length_s: Fraction) -> Fraction:
        """Seconds of silence before a piece that begins, by its time stamp, at `begins_s`."""
        if self._heard_s is None or self._stamped_s is None:
            self._heard_s = self._stamped_s = begins_s or Fraction(0)
        silence_s = Fraction(0)
        if begins_s is not None:
            if _ROUNDED_S < begins_s - self._stamped_s <= _LONGEST_S:
                silence_s = max(silence_s, begins_s - self._heard_s)
            self._stamped_s = begins_s
        self._stamped_s += length_s
        self._heard_s += silence_s + length_s
        return silence_s


def plain_sample(codec: str) -> tuple[int, bytes] | None:
    """(bytes of one sample, a silent byte) of uncompressed sound by its codec's name; None for any other."""
    match = _PLAIN.fullmatch(codec)
    if match is None or (match[1] == "u" and match[2] != "8"):
        return None
    return int(match[2]) // 8, b"\x80" if match[1] == "u" else b"\0"
