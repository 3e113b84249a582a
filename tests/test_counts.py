"""One thing is one thing, and not one things."""

from __future__ import annotations

import pytest

from understudy.counts import counted


@pytest.mark.parametrize(("count", "said"), [(0, "0 faces"), (1, "1 face"), (2, "2 faces")])
def test_one_thing_alone_has_no_s(count: int, said: str) -> None:
    assert counted(count, "face") == said


def test_other_plurals_are_given() -> None:
    assert counted(1, "file was", "files were") == "1 file was"
    assert counted(3, "file was", "files were") == "3 files were"
