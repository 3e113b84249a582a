"""Let an iterator work ahead in a thread: decode the next frames while this one is painted."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from typing import Generic, Self, TypeVar, cast

T = TypeVar("T")

_WAIT_S = 0.1


class Prefetched(Generic[T]):
    """Iterate over `source` while a thread keeps up to `depth` items ready. Use it as a context manager.

    Errors of the source come out where its item would have. Leaving the context stops the thread after the
    item it works on; the source is closed in that thread.
    """

    def __init__(self, source: Iterator[T], *, depth: int) -> None:
        self._source = source
        self._ready: queue.Queue[tuple[str, object]] = queue.Queue(maxsize=max(1, depth))
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="prefetch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stopping.set()
        self._thread.join()

    def __iter__(self) -> Iterator[T]:
        while True:
            kind, value = self._ready.get()
            if kind == "end":
                return
            if kind == "error":
                raise cast(BaseException, value)
            yield cast(T, value)

    def _work(self) -> None:
        try:
            for item in self._source:
                if not self._hand_over("item", item):
                    break
            self._hand_over("end", None)
        except BaseException as error:  # noqa: BLE001  whatever it is, the consumer must see it
            self._hand_over("error", error)
        finally:
            close = getattr(self._source, "close", None)
            if close is not None:
                close()

    def _hand_over(self, kind: str, value: object) -> bool:
        while not self._stopping.is_set():
            try:
                self._ready.put((kind, value), timeout=_WAIT_S)
            except queue.Full:
                continue
            return True
        return False
