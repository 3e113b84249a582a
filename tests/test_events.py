import dataclasses
import json
from pathlib import Path

import pytest

from understudy.events import Event, Events, Made, Notice, Progress, StageFinished, StageStarted


def stage(total: int, closed: list[int]) -> Events:
    done = 0
    try:
        yield StageStarted(stage="count", unit="numbers", total=total)
        for done in range(1, total + 1):
            yield Progress(stage="count", done=done, total=total)
        yield StageFinished(stage="count", summary={"numbers": done})
    finally:
        closed.append(done)


def test_a_stage_is_read_to_its_end_or_closed_where_it_is():
    closed: list[int] = []
    events = list(stage(3, closed))
    assert [type(event) for event in events] == [StageStarted, Progress, Progress, Progress, StageFinished]
    half = stage(3, closed)
    next(half), next(half)
    half.close()
    assert closed == [3, 1]


EVENTS: list[Event] = [
    StageStarted(stage="s", unit="frames"),
    Progress(stage="s", done=1),
    Notice(text="n"),
    Made(what="picture", path=Path("p")),
    StageFinished(stage="s"),
]


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_never_changes_and_can_be_written_as_json(event):
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(event, dataclasses.fields(event)[0].name, "other")
    assert json.loads(json.dumps(dataclasses.asdict(event), default=str))


def test_summaries_of_two_stages_are_not_shared():
    first, second = StageFinished(stage="a"), StageFinished(stage="b")
    first.summary["frames"] = 1
    assert second.summary == {}
