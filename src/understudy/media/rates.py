"""Frames per second as people say them, as the exact fractions that they mean."""

from __future__ import annotations

from fractions import Fraction

MOST_FRAMES_PER_SECOND = 1000.0
_SAME_RATE = 0.005


def exact_rate(fps: float) -> Fraction:
    """Frames per second as a fraction; 23.976 and 29.97 are what broadcast means by them."""
    broadcast = Fraction(round(fps) * 1000, 1001)
    if fps != round(fps) and abs(fps - broadcast) < _SAME_RATE:
        return broadcast
    return Fraction(fps).limit_denominator(1001)


def rate_words(rate: Fraction | float) -> str:
    """A rate as people write it, like 24 or 23.976."""
    return f"{round(float(rate), 3):g}"
