"""What people write is the rate that they mean."""

from __future__ import annotations

from fractions import Fraction

import pytest

from understudy.media.rates import exact_rate, rate_words


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (24, Fraction(24)),
        (23.976, Fraction(24000, 1001)),
        (29.97, Fraction(30000, 1001)),
        (12.5, Fraction(25, 2)),
        (0.5, Fraction(1, 2)),
    ],
)
def test_broadcast_rates_are_the_fractions_they_stand_for_and_are_written_as_people_do(
    said: float, meant: Fraction
) -> None:
    assert exact_rate(said) == meant
    assert rate_words(meant) == f"{said:g}"
