"""Do the next item's work in a thread while this one is used: decoding beside detecting, never far ahead."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


@contextlib.contextmanager
def read_ahead(items: Iterator[T], *, depth: int = 2) -> Iterator[Iterator[T]]:
    """Give `items` made by one thread, at most `depth` before they are asked for.

    What `items` raises comes out where the item would have. Leaving the block stops the thread and closes
    `items`, where they can be closed.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as thread:
        try:
            yield _taken(items, thread, depth)
        finally:
            thread.shutdown(wait=True, cancel_futures=True)
            if isinstance(items, Generator):
                items.close()


def done_ahead(work: Iterable[Callable[[], T]], *, threads: int) -> Generator[T]:
    """The results of `work` in order, done by several threads, at most two a thread before they are asked for.

    What a piece of work raises comes out where its result would have. Closing the generator waits for the
    pieces in progress and drops the others.
    """
    waiting: deque[Future[T]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="work-ahead") as pool:
        try:
            for piece in work:
                waiting.append(pool.submit(piece))
                if len(waiting) >= 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _taken(items: Iterator[T], thread: ThreadPoolExecutor, depth: int) -> Iterator[T]:
    waiting: deque[Future[list[T]]] = deque(thread.submit(_next, items) for _ in range(depth))
    while item := waiting.popleft().result():
        waiting.append(thread.submit(_next, items))
        yield item[0]


def _next(items: Iterator[T]) -> list[T]:
    # An empty list marks the end: StopIteration can't cross a future.
    return [item for _, item in zip(range(1), items, strict=False)]
