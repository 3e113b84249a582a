"""Working ahead in a thread: order, errors, bounds and a clean end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from understudy.errors import ClipUnreadable
from understudy.merging.prefetch import Prefetched


def test_items_come_in_order_and_all() -> None:
    with Prefetched(iter(range(50)), depth=3) as ahead:
        assert list(ahead) == list(range(50))


def test_an_error_comes_out_where_its_item_would_have() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise ClipUnreadable("broken")

    got = []
    with pytest.raises(ClipUnreadable, match="broken"), Prefetched(source(), depth=4) as ahead:
        for item in ahead:
            got.append(item)
    assert got == [1]


def test_it_works_ahead_but_not_further_than_asked() -> None:
    made = []

    def source() -> Iterator[int]:
        for k in range(100):
            made.append(k)
            yield k

    with Prefetched(source(), depth=3) as ahead:
        first = iter(ahead)
        next(first)
        time.sleep(0.15)
        assert 3 <= len(made) <= 6


def test_leaving_early_ends_the_thread_and_closes_the_source() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.set()

    before = threading.active_count()
    with Prefetched(source(), depth=2) as ahead:
        next(iter(ahead))
    assert closed.is_set() and threading.active_count() == before
