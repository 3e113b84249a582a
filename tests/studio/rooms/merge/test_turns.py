"""One at a time, and of every window only the latest wish."""

from __future__ import annotations

import threading

import pytest

from understudy.studio.rooms.merge.turns import Superseded, Turns


def test_a_wish_that_was_overtaken_is_sent_away_and_other_windows_are_served() -> None:
    turns = Turns()
    with turns.turn("a", 5):
        pass
    with pytest.raises(Superseded), turns.turn("a", 4):
        pass
    with turns.turn("b", 1):
        pass


def test_two_are_never_inside_at_once() -> None:
    turns, inside, most = Turns(), [], []

    def come(window: str) -> None:
        with turns.turn(window, 1):
            inside.append(window)
            most.append(len(inside))
            threading.Event().wait(0.01)
            inside.pop()

    threads = [threading.Thread(target=come, args=(str(number),)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 6 and turns.waiting == 0


def test_windows_that_are_long_gone_are_forgotten() -> None:
    turns = Turns()
    for number in range(500):
        with turns.turn(f"window {number}", 1):
            pass
    assert len(turns._latest) <= 64
