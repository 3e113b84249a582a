"""One computation at a time, and of every window its latest wish: a slider asks faster than a CPU answers."""

from __future__ import annotations

import contextlib
import threading
from collections import OrderedDict
from collections.abc import Iterator

_WINDOWS = 64


class Superseded(Exception):
    """The window has wished something else since."""


class Turns:
    """Lets callers in one by one; who was overtaken by a later wish of the same window is sent away."""

    def __init__(self) -> None:
        self._free = threading.Condition()
        self._busy = False
        self._latest: OrderedDict[str, int] = OrderedDict()
        self.waiting = 0

    @contextlib.contextmanager
    def turn(self, window: str, number: int) -> Iterator[None]:
        """Have the turn during the block. Wishes of a window count up. Raises Superseded."""
        with self._free:
            self._latest[window] = max(number, self._latest.get(window, number))
            self._latest.move_to_end(window)
            while len(self._latest) > _WINDOWS:
                self._latest.popitem(last=False)
            self._free.notify_all()  # an older wish of this window need not wait any more
            self.waiting += 1
            try:
                self._free.wait_for(lambda: not self._busy or self._is_late(window, number))
            finally:
                self.waiting -= 1
            if self._is_late(window, number):
                raise Superseded
            self._busy = True
        try:
            yield
        finally:
            with self._free:
                self._busy = False
                self._free.notify_all()

    def _is_late(self, window: str, number: int) -> bool:
        return self._latest.get(window, number) > number
