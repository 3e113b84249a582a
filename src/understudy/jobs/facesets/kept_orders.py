"""Orders of a faceset that stays open, made beside the requests: each says how far it is, and is stopped when
nobody wants it any more.

What an order is: `kept_open.py`.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future, InvalidStateError, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Generic, TypeVar

from understudy.errors import SortingStopped
from understudy.facesets.sorting.told import Told

ORDERS_KEPT = 24
_AT_ONCE = 2  # a short one does not wait for a long one, nor for one that is just stopped
_SAY_EVERY_S = 0.5
_STOPPED = "Sorting was stopped; the faces stand as before."
_KNOWN_FROM = 0.02  # a smaller share says too little about the time that is left

Made = TypeVar("Made")


@dataclass(eq=False)
class Underway(Generic[Made]):
    """One order that is made, or was."""

    future: Future[Made] = field(default_factory=Future)
    share: float = 0.0
    began_s: float = 0.0  # 0: others come first
    stopped: bool = False

    @property
    def seconds_left(self) -> float | None:
        """About how long it still takes; None where that can't be said yet."""
        if not self.began_s or self.share < _KNOWN_FROM:
            return None
        return (time.monotonic() - self.began_s) * (1 - self.share) / self.share

    def end(self, error: BaseException | None = None) -> bool:
        """Whoever waits waits no longer; the computing ends as soon as it tells how far it is. Says whether it
        was still going on."""
        self.stopped = True
        try:
            self.future.set_exception(error or SortingStopped(_STOPPED))
        except InvalidStateError:
            return False
        return True


class KeptOrders(Generic[Made]):
    """Orders by what was asked for. `say` hears of what is made, twice a second."""

    def __init__(self, say: Callable[[Underway[Made]], Any]) -> None:
        self._say = say
        self._lock = threading.Lock()
        self._orders: OrderedDict[Hashable, Underway[Made]] = OrderedDict()
        self._maker = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="sorting")

    def get(self, wanted: Hashable, make: Callable[[Told], Made], *, wait_s: float) -> Made | None:
        """The order; None where it still takes longer than `wait_s`. `make` gets whom to tell how far it is.

        Raises SortingStopped where somebody stopped it meanwhile, and what `make` raises.
        """
        with self._lock:
            underway = self._orders.pop(wanted, None)
            if underway is None or underway.stopped:
                underway = Underway[Made]()
                made = self._maker.submit(self._made, underway, make)
                made.add_done_callback(partial(_handed_over, underway))
            self._orders[wanted] = underway
            old = [self._orders.popitem(last=False)[1] for _ in range(len(self._orders) - ORDERS_KEPT)]
        for one in old:
            one.end()
        try:
            return underway.future.result(wait_s)
        except NotYet:
            return None

    def underway(self, wanted: Hashable) -> Underway[Made] | None:
        """What is made, or was, of what was asked for."""
        with self._lock:
            return self._orders.get(wanted)

    def stop(self) -> int:
        """Stop all that are not there yet; says how many that were."""
        with self._lock:
            going = [one for one in self._orders.values() if not one.future.done()]
        return sum(one.end() for one in going)

    def close(self) -> None:
        """Stop all, and make none any more."""
        self.stop()
        self._maker.shutdown(wait=False)

    def _made(self, underway: Underway[Made], make: Callable[[Told], Made]) -> Made:
        underway.began_s = said_s = time.monotonic()

        def told(share: float) -> None:
            nonlocal said_s
            underway.share = share
            if underway.stopped:
                raise _Unwanted
            if time.monotonic() - said_s >= _SAY_EVERY_S:
                said_s = time.monotonic()
                self._say(underway)

        told(0.0)
        return make(told)


def _handed_over(underway: Underway[Made], made: Future[Made]) -> None:
    """Who waits gets what was made, or why it was not; nothing where it was stopped before."""
    error = made.exception()
    if error is not None:
        underway.end(error)
        return
    with contextlib.suppress(InvalidStateError):
        underway.future.set_result(made.result())


class _Unwanted(Exception):
    """Ends a computation that nobody waits for."""
