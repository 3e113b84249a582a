"""A batch made ahead is the batch that was ordered, or is thrown away."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Generator

from tests.training.conftest import tiny_options
from tests.training.feeding.test_feed import caches
from understudy.facesets.store import Faceset
from understudy.training.feeding.ahead import Ahead, Order
from understudy.training.feeding.feed import Feed
from understudy.training.options import TrainOptions


@pytest.fixture
def feed(tmp_path: Path, facesets: tuple[Faceset, Faceset]) -> Feed:
    return Feed(*caches(tmp_path, facesets), tiny_options(), torch.device("cpu"))


def order(
    iteration: int, *, options: TrainOptions | None = None, seed: int = 0, foretold: bool = True
) -> Order:
    draws = Generator().manual_seed(1000 * seed + iteration)
    return Order(iteration, draws, options or tiny_options(), foretold=foretold, shown=iteration)


def counted(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    made: list[int] = []
    real = feed.lessons

    def lessons(generator: Generator, **how: object):
        made.append(int(how["shown"]))  # type: ignore[call-overload]
        return real(generator, **how)  # type: ignore[arg-type]

    monkeypatch.setattr(feed, "lessons", lessons)
    return made


def test_batches_made_ahead_are_those_made_when_asked(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    made = counted(feed, monkeypatch)
    with Ahead(feed) as ahead, Ahead(feed) as at_once:
        for number in range(3):
            early = ahead.lessons(order(number), then=order(number + 1))
            late = at_once.lessons(order(number))
            for one, other in zip(early, late, strict=True):
                assert torch.equal(one.seen_BCHW, other.seen_BCHW)
    assert sorted(made) == [0, 0, 1, 1, 2, 2, 3]  # none twice in one run


@pytest.mark.parametrize(
    "other",
    [
        order(1, seed=1),
        order(1, options=tiny_options(random_warp=0.99)),
        order(1, options=tiny_options(batch_size=2)),
        order(7),
    ],
)
def test_a_batch_that_is_no_longer_wanted_is_made_anew(feed: Feed, other: Order) -> None:
    with Ahead(feed) as ahead:
        ahead.lessons(order(0), then=order(1))
        got = ahead.lessons(other)[0].seen_BCHW
        assert torch.equal(got, ahead.lessons(other)[0].seen_BCHW)
    assert len(got) == other.options.batch_size


def test_a_batch_made_ahead_tells_openings_where_they_are_asked_by_then(feed: Feed) -> None:
    with Ahead(feed) as ahead:
        ahead.lessons(order(0), then=order(1))
        told = ahead.lessons(replace(order(1), openings=True), then=order(2))
        assert all(one.openings_B2 is not None for one in told)
        assert all(one.openings_B2 is None for one in ahead.lessons(order(2)))


def test_where_the_clock_decides_a_batch_bent_almost_alike_will_do(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = counted(feed, monkeypatch)
    with Ahead(feed) as ahead:
        ahead.lessons(order(0), then=order(1))
        ahead.lessons(order(1, options=tiny_options(random_warp=0.99), foretold=False), then=order(2))
        ahead.lessons(order(2, options=tiny_options(random_warp=0.9), foretold=False))
    assert made == [0, 1, 2, 2]


def test_options_that_do_not_concern_faces_leave_a_batch_as_it_is(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = counted(feed, monkeypatch)
    with Ahead(feed) as ahead:
        ahead.lessons(order(0), then=order(1))
        ahead.lessons(order(1, options=tiny_options(learning_rate=1e-5)))
    assert made == [0, 1]


def test_the_learner_waits_for_the_first_batch_alone(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    real, made = feed.lessons, threading.Semaphore(0)

    def slow(*what: object, **how: object):
        time.sleep(0.5)
        lessons = real(*what, **how)  # type: ignore[arg-type]
        made.release()
        return lessons

    monkeypatch.setattr(feed, "lessons", slow)
    with Ahead(feed) as ahead:
        ahead.lessons(order(0), then=order(1))
        first = ahead.waited_s
        assert made.acquire(timeout=60) and made.acquire(timeout=60)  # a step that is as long as the next batch
        ahead.lessons(order(1))
        assert first >= 0.5 and ahead.waited_s - first < 0.5


def test_what_goes_wrong_ahead_is_raised_where_the_batch_is_wanted(
    feed: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Ahead(feed) as ahead:
        ahead.lessons(order(0))
        monkeypatch.setattr(feed, "lessons", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            ahead.lessons(order(1))


def test_no_thread_stays_and_the_number_of_threads_is_as_before(feed: Feed) -> None:
    before, threads = torch.get_num_threads(), threading.active_count()
    with Ahead(feed) as ahead:
        ahead.lessons(order(0), then=order(1))
        assert torch.get_num_threads() == before
    assert threading.active_count() <= threads
