"""Ctrl-C once stops cleanly, and the stage keeps what it did."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from understudy.errors import Stopped
from understudy.events import Events, Notice, Progress
from understudy.jobs.stopping import joined, stoppable


@pytest.fixture(autouse=True)
def not_under_nohup() -> Iterator[None]:
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def _endless(kept: list[int]) -> Events:
    done = 0
    try:
        while True:
            done += 1
            yield Progress(stage="train", done=done)
    finally:
        kept.append(done)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
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


def test_a_closed_terminal_that_says_so_twice_lets_the_stage_end_and_keep_what_is_done() -> None:
    kept: list[int] = []

    def nobody_there() -> None:
        raise OSError("no terminal")

    with pytest.raises(Stopped):
        for _ in stoppable(_endless(kept), when_asked=nobody_there):
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
    assert kept == [1]


def test_under_nohup_a_closed_terminal_stops_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        seen = 0
        for _ in stoppable(iter([Progress(stage="train", done=n) for n in range(3)])):
            os.kill(os.getpid(), signal.SIGHUP)
            seen += 1
    finally:
        assert signal.signal(signal.SIGHUP, before) is signal.SIG_IGN
    assert seen == 3


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
