"""Ctrl-C once stops cleanly, and the stage keeps what it did."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from understudy.errors import Stopped
from understudy.events import Events, Notice, Progress
from understudy.jobs.stopping import joined, stoppable


def _endless(kept: list[int]) -> Events:
    done = 0
    try:
        while True:
            done += 1
            yield Progress(stage="train", done=done)
    finally:
        kept.append(done)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_closes_the_stage_after_its_present_step(number: signal.Signals) -> None:
    kept: list[int] = []
    seen = 0
    with pytest.raises(Stopped, match="same command"):
        for _ in stoppable(_endless(kept)):
            seen += 1
            if seen == 3:
                os.kill(os.getpid(), number)
    assert kept == [3]


def test_a_second_ctrl_c_ends_at_once() -> None:
    def stubborn() -> Events:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
        yield Progress(stage="train", done=1)

    with pytest.raises(KeyboardInterrupt):
        list(stoppable(stubborn()))


def test_the_person_who_waits_is_told_at_once() -> None:
    told: list[str] = []
    with pytest.raises(Stopped):
        for _ in stoppable(_endless([]), when_asked=lambda: told.append("stopping")):
            os.kill(os.getpid(), signal.SIGINT)
    assert told == ["stopping"]


def test_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    list(stoppable(iter([Progress(stage="train", done=1)])))
    assert signal.getsignal(signal.SIGINT) is before


def test_events_pass_in_other_threads_too() -> None:
    seen: list[object] = []
    events = [Progress(stage="train", done=1)]
    thread = threading.Thread(target=lambda: seen.extend(stoppable(iter(events))))
    thread.start()
    thread.join()
    assert seen == events


def test_a_stage_that_comes_after_other_words_is_closed_too() -> None:
    kept: list[int] = []
    with pytest.raises(Stopped):
        for event in stoppable(joined([Notice("first")], _endless(kept))):
            if isinstance(event, Progress):
                os.kill(os.getpid(), signal.SIGTERM)
    assert kept == [1]
