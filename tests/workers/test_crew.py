"""Handing a job out to several processes of one machine."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from understudy.errors import OptionInvalid, WorkerDied
from understudy.events import Notice
from understudy.workers.crew import handed_out, shared_out
from understudy.workers.job import Order, Words, Work

WORDS = Words(
    does="doubled numbers", again="are doubled again", kept="The others are kept.", advice="fewer --workers"
)


@dataclass(frozen=True)
class Doubling:
    """Doubles numbers; its process dies at `deadly` unless the file `once` is there.

    With a file `deaths`, which counts them, 0 is doubled half a second after the second.
    """

    deadly: int = -1
    once: Path | None = None
    refuses: bool = False
    deaths: Path | None = None

    @contextlib.contextmanager
    def opened(self) -> Iterator[Work]:
        if self.refuses:
            raise OptionInvalid("These numbers can't be doubled.")

        def work(numbers: list[int]) -> Iterator[tuple[int, int]]:
            for number in numbers:
                while number == 0 and self.deaths and len(self.deaths.read_text()) < 2:
                    time.sleep(0.5)
                if number == self.deadly and not (self.once and self.once.exists()):
                    if self.once:
                        self.once.touch()
                    if self.deaths:
                        self.deaths.write_text(self.deaths.read_text() + "x")
                    os.kill(os.getpid(), signal.SIGKILL)
                yield number, 2 * number

        yield work


STRETCHES = [range(0, 5), range(5, 10), range(10, 15)]


def test_answers_come_in_the_order_of_frames_from_any_number_of_processes() -> None:
    for count in (1, 2):
        assert list(shared_out([Doubling()] * count, STRETCHES, Order(WORDS))) == [2 * n for n in range(15)]
    assert multiprocessing.active_children() == []


def test_without_an_order_answers_come_as_they_are_and_none_is_lost() -> None:
    assert sorted(shared_out([Doubling()] * 2, STRETCHES, Order(WORDS, in_order=False))) == [
        2 * n for n in range(15)
    ]


def test_a_parcel_is_what_is_sent_instead_of_the_stretch() -> None:
    order = Order(WORDS, parcel=lambda stretch: [number for number in stretch if number % 2])
    assert list(shared_out([Doubling()], STRETCHES, order)) == [2 * n for n in range(15) if n % 2]


def test_a_killed_process_is_replaced_for_the_frames_it_had_left(tmp_path: Path) -> None:
    job = Doubling(deadly=7, once=tmp_path / "died")
    said = list(shared_out([job] * 2, STRETCHES, Order(WORDS, in_order=False)))
    notices = [each for each in said if isinstance(each, Notice)]
    assert sorted(each for each in said if not isinstance(each, Notice)) == [2 * n for n in range(15)]
    assert [each.text for each in notices] == [
        "A process that doubled numbers died (signal 9; usually the memory ran out); frames 7 to 9 are doubled "
        "again."
    ]


def test_frames_that_kill_twice_are_named() -> None:
    with pytest.raises(
        WorkerDied, match=r"doubled numbers died twice at frames 7 to 9 .*The others are kept.*fewer"
    ):
        list(shared_out([Doubling(deadly=7)] * 2, STRETCHES, Order(WORDS)))
    assert multiprocessing.active_children() == []


def test_frames_before_those_that_kill_twice_come_even_from_a_process_that_is_late(tmp_path: Path) -> None:
    (deaths := tmp_path / "deaths").touch()
    came = []
    with pytest.raises(WorkerDied, match="twice at frames 7 to 9 "):
        for answer in shared_out([Doubling(deadly=7, deaths=deaths)] * 2, STRETCHES, Order(WORDS)):
            came += [] if isinstance(answer, Notice) else [answer]
    assert came == [2 * n for n in range(7)]
    assert multiprocessing.active_children() == []


def test_what_a_process_refuses_is_said_as_if_it_were_refused_here() -> None:
    with pytest.raises(OptionInvalid, match="can't be doubled"):
        list(shared_out([Doubling(refuses=True)], STRETCHES, Order(WORDS)))


class Puppet:
    """A member that works on what it is given only when told to."""

    def __init__(self) -> None:
        self.number, self.left, self.given, self.is_dead = -1, [], [], False

    def begin(self, number: int, indices: range) -> None:
        self.number = number
        self.given.append(number)

    def end(self) -> None:
        self.number = -1


class Puppets:
    """A crew whose first member never finishes."""

    def __init__(self, *, in_order: bool) -> None:
        self.members = [Puppet(), Puppet()]
        self.order = Order(WORDS, in_order=in_order)

    def idle(self) -> list[Puppet]:
        return [member for member in self.members if member.number < 0]

    def heard(self) -> list:
        if self.members[1].number < 0:
            raise TimeoutError
        return [(self.members[1], None)]


def test_one_slow_process_does_not_let_the_others_pile_up_finds():
    puppets = Puppets(in_order=True)
    with pytest.raises(TimeoutError):
        list(handed_out(puppets, [range(3)] * 100))
    assert puppets.members[0].given == [0]
    assert puppets.members[1].given == [1, 2, 3]


def test_where_order_does_not_matter_nobody_waits_for_a_slow_process() -> None:
    puppets = Puppets(in_order=False)
    with pytest.raises(TimeoutError):
        list(handed_out(puppets, [range(3)] * 100))
    assert puppets.members[1].given == list(range(1, 100))
