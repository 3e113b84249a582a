"""A long sort tells how far it is and can be stopped; a quick one says nothing; both give the same order."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.facesets.conftest import make_record
from understudy.errors import FacesUnknown, OptionInvalid
from understudy.events import Event, Progress, StageFinished, StageStarted
from understudy.facesets.curation.choose import Choice, ranked_part, ranked_table
from understudy.facesets.sorting.told import Told
from understudy.facesets.store import Faceset
from understudy.jobs.facesets import long_sorts
from understudy.jobs.facesets.long_sorts import chosen_told, ranked_told

BY_YAW = Choice(sort="face-yaw")


@pytest.fixture
def faceset(tmp_path: Path) -> Any:
    with Faceset(tmp_path / "faces") as store:
        for frame in range(3):
            store.add(np.zeros((64, 64, 3), np.uint8), make_record(frame=frame))
        yield store


def ended(events: Any) -> tuple[list[Event], Any]:
    told: list[Event] = []
    while True:
        try:
            told.append(next(events))
        except StopIteration as end:
            return told, end.value


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Every sort waits at three quarters until it is let go."""
    go = threading.Event()

    def slowly(table: Any, choice: Choice, told: Told) -> Any:
        told(0.75)
        while not go.wait(0.01):
            told(0.75)
        return ranked_part(table, choice, told)

    monkeypatch.setattr(long_sorts, "ranked_part", slowly)
    monkeypatch.setattr(long_sorts, "_QUIET_S", 0.05)
    monkeypatch.setattr(long_sorts, "_EVERY_S", 0.01)
    return go


def test_a_quick_sort_says_nothing_and_gives_the_order(faceset: Faceset) -> None:
    told, (table, values) = ended(ranked_told(faceset, BY_YAW))
    wanted, wanted_values = ranked_table(faceset, BY_YAW)
    assert told == [] and values == wanted_values
    assert [face.name for face in table.faces] == [face.name for face in wanted.faces]


def test_a_long_sort_says_how_far_it_is(faceset: Faceset, slow: threading.Event) -> None:
    events, told = chosen_told(faceset, BY_YAW), list[Event]()
    for event in events:
        told.append(event)
        if isinstance(event, Progress) and event.done == 75:
            assert event.seconds_left is not None
            slow.set()
    assert isinstance(told[0], StageStarted) and told[0].stage == "sort"
    assert isinstance(told[-2], Progress) and told[-2].done == 100, "a bar that ended stands at its end"
    assert told[-1] == StageFinished(stage="sort", summary={"faces": 3})


def test_a_sort_that_is_closed_ends(faceset: Faceset, slow: threading.Event) -> None:
    before = set(threading.enumerate())  # a studio of another test may sort still

    def sorting() -> list[threading.Thread]:
        return [one for one in threading.enumerate() if one.name.startswith("sorting") and one not in before]

    events = ranked_told(faceset, BY_YAW)
    next(events)
    assert sorting()
    events.close()  # would wait for ever for a sort that hears nothing
    assert not slow.is_set()
    assert not sorting()


def test_what_is_refused_is_refused_as_without_events(faceset: Faceset) -> None:
    with pytest.raises(OptionInvalid):
        ended(ranked_told(faceset, Choice(sort="face-yaw", limit=-1)))
    with pytest.raises(FacesUnknown):
        ended(ranked_told(faceset, Choice(sort="nonsense")))
