import functools
import threading
import time

import pytest

from understudy.workers.ahead import done_ahead, read_ahead


def counted(made: list[int], stop: int = 100, closed: list[bool] | None = None):
    try:
        for number in range(stop):
            made.append(number)
            yield number
    finally:
        if closed is not None:
            closed.append(True)


def test_everything_comes_in_order_and_from_another_thread():
    threads = set()

    def numbers():
        for number in range(20):
            threads.add(threading.current_thread())
            yield number

    with read_ahead(numbers()) as items:
        assert list(items) == list(range(20))
    assert threading.current_thread() not in threads


def test_falsy_items_do_not_end_it():
    with read_ahead(n for n in (0, None, [], "")) as items:
        assert list(items) == [0, None, [], ""]


def test_it_never_runs_far_ahead():
    made: list[int] = []
    with read_ahead(counted(made), depth=2) as items:
        next(items)
        time.sleep(0.05)
        assert len(made) <= 4


def test_leaving_early_closes_the_source():
    before, made, closed = threading.active_count(), [], []
    with read_ahead(counted(made, closed=closed)) as items:
        next(items)
    assert closed == [True]
    assert len(made) < 10
    assert threading.active_count() <= before


def test_an_error_of_the_source_comes_out_in_its_place():
    def broken():
        yield 1
        raise RuntimeError("torn")

    with read_ahead(broken()) as items:
        assert next(items) == 1
        with pytest.raises(RuntimeError, match="torn"):
            next(items)


def test_work_done_by_several_threads_comes_in_order():
    def slower_first(number: int) -> int:
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number

    work = (functools.partial(slower_first, number) for number in range(30))
    assert list(done_ahead(work, threads=3)) == list(range(30))


def test_work_is_never_begun_far_ahead_and_stops_with_its_reader():
    made: list[int] = []
    results = done_ahead((functools.partial(int, number) for number in counted(made)), threads=2)
    assert next(results) == 0
    results.close()
    assert len(made) <= 4


def test_what_a_piece_of_work_raises_comes_out_in_its_place():
    pieces = [lambda: 1, lambda: 1 / 0, lambda: 3]
    results = done_ahead(iter(pieces), threads=2)
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)
