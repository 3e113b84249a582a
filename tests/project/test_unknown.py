"""A name that nothing in the project has is answered with those there are, and with the nearest."""

from __future__ import annotations

from understudy.project.unknown import unknown


def test_the_refusal_of_a_name_lists_those_there_are_and_asks_for_the_nearest() -> None:
    assert unknown("model", "mian", ["main", "close"]) == (
        "The project has no model called 'mian'; it has main, close. Did you mean \"main\"?"
    )
    assert unknown("dst clip", "x", ["shot"]) == "The project has no dst clip called 'x'; it has shot."
    assert unknown("model", "main", []) == "The project has no model called 'main'; it has none yet."


def test_a_name_may_be_meant_in_short() -> None:
    told = unknown("faceset", "scr", ["src/main", "src/close"], short=["src"])
    assert told.endswith('it has src/main, src/close. Did you mean "src"?')
