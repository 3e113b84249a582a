"""Work in steps answers at its end, and tells how far it is on the way."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from understudy.steps import answer_of, within


def _halves() -> Generator[float, None, str]:
    yield 0.5
    yield 1.0
    return "done"


def test_who_need_not_hear_how_far_it_is_gets_the_answer_alone() -> None:
    assert answer_of(_halves()) == "done"


def test_as_a_part_of_longer_work_it_tells_how_far_that_is_and_gives_the_same_answer() -> None:
    assert list(within(0.2, 0.6, _halves())) == pytest.approx([0.4, 0.6])
    assert answer_of(within(0.2, 0.6, _halves())) == "done"
