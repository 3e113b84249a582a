"""A clock goes on from frame to frame as a recorder's does."""

from __future__ import annotations

from fractions import Fraction

import pytest

from understudy.media.timecode import advanced, at_twice_the_rate

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("start", "frames", "rate", "then"),
    [
        ("01:00:00:00", 0, Fraction(25), "01:00:00:00"),
        ("01:00:00:10", 20, Fraction(25), "01:00:01:05"),
        ("00:59:59:23", 1, Fraction(24000, 1001), "01:00:00:00"),
        ("23:59:59:24", 1, Fraction(25), "00:00:00:00"),
        ("00:00:59;29", 1, NTSC, "00:01:00;02"),
        ("00:09:59;29", 1, NTSC, "00:10:00;00"),
        ("00:00:00;00", 17982, NTSC, "00:10:00;00"),
        ("00:00:00;00", 107892, NTSC, "01:00:00;00"),
        ("00:00:59;59", 1, 2 * NTSC, "00:01:00;04"),
        ("10:00:00:00", 30, NTSC, "10:00:01:00"),
    ],
)
def test_the_clock_some_frames_later(start: str, frames: int, rate: Fraction, then: str) -> None:
    assert advanced(start, frames, rate) == then


def test_a_dropping_clock_never_shows_what_it_leaves_out() -> None:
    shown = [advanced("00:00:00;00", frame, NTSC) for frame in range(0, 20_000)]
    assert len(set(shown)) == len(shown)
    assert not any(
        clock.endswith((";00", ";01")) and clock[6:8] == "00" and int(clock[3:5]) % 10 for clock in shown
    )


def test_what_is_no_clock_gives_none() -> None:
    assert advanced("", 5, Fraction(25)) == advanced("soon", 5, Fraction(25)) == ""
    assert advanced("01:00:00:00", 5, None) == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [("01:00:00:10", "01:00:00:20"), ("00:01:00;02", "00:01:00;04"), ("", ""), ("soon", "")],
)
def test_a_clock_of_twice_the_rate_shows_the_same_moment(before: str, after: str) -> None:
    assert at_twice_the_rate(before) == after
