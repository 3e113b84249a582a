"""The clock that cameras write beside frames: what it shows some frames later. SMPTE ST 12-1.

Where a second has 29.97 or 59.94 frames, a clock with ";" leaves out the first numbers of every minute but each
tenth, so that it keeps up with real time.
"""

from __future__ import annotations

import re
from fractions import Fraction

CLOCK = re.compile(r"(\d{2}):(\d{2}):(\d{2})([:;.])(\d{2,3})")
_DAY_S = 24 * 3600


def advanced(timecode: str, frames: int, rate: Fraction | None) -> str:
    """The timecode `frames` after one, "01:00:00:00"; empty where that is no timecode or no rate is known."""
    match = CLOCK.fullmatch(timecode)
    if match is None or not rate:
        return ""
    per_second = round(rate)
    drops = match[4] != ":"
    hours, minutes, seconds, count = (int(match[k]) for k in (1, 2, 3, 5))
    number = (3600 * hours + 60 * minutes + seconds) * per_second + count
    if drops:
        skipped = per_second // 15
        passed = 60 * hours + minutes
        number -= skipped * (passed - passed // 10)
    number += frames
    if drops:
        number = _with_gaps(number, per_second)
    whole, count = divmod(number % (_DAY_S * per_second), per_second)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{match[4]}{count:02d}"


def _with_gaps(number: int, per_second: int) -> int:
    """The number that a dropping clock shows for the `number`-th frame of the day."""
    skipped = per_second // 15
    ten_minutes = 600 * per_second - 9 * skipped
    tens, rest = divmod(number, ten_minutes)
    first_minute, others = 60 * per_second, 60 * per_second - skipped
    gaps = 0 if rest < first_minute else 1 + (rest - first_minute) // others
    return number + skipped * (9 * tens + gaps)


def at_twice_the_rate(timecode: str) -> str:
    """The same moment on a clock that counts twice as many frames a second; empty where it is no timecode."""
    match = CLOCK.fullmatch(timecode)
    return f"{timecode[: match.start(5)]}{2 * int(match[5]):02d}" if match else ""
