"""Gaps in the numbers of images are told, and what only looks like one is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.media.numbering import skipped_numbers


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (
            ["a.0001.png", "a.0002.png", "a.0004.png"],
            "1 number is left out among the images, first after a.0002",
        ),
        (["1.png", "2.png", "5.png", "7.png"], "3 numbers are left out among the images, first after 2.png"),
        (["s2_10.png", "s2_20.png", "s2_30.png"], ""),
        (["1.png", "2.png", "3.png"], ""),
        (["a1.png", "b3.png", "b4.png"], ""),
        (["title.png", "1.png", "3.png"], ""),
        (["7.png"], ""),
    ],
)
def test_gaps_in_the_numbering_are_told(names: list[str], said: str) -> None:
    told = skipped_numbers([Path(name) for name in names])
    assert told.startswith(said) and bool(told) == bool(said)
