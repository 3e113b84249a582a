"""Heavy work in turn: so many computations at once, and light answers never wait for them.

A route says `dependencies=[HEAVY]`. Who waits holds no thread, and what nobody waits for any more is not begun.
An action is never dropped. Not here: which wish of a window is its latest (`rooms/merge/turns.py`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Any

from fastapi import Depends, Request
from starlette.requests import ClientDisconnect

from understudy.workers.cores import cores

# All of them together are far fewer than the threads that handlers have, which are forty.
AT_ONCE = min(6, max(2, cores()))
# These let one after the other compute; the others wait inside, so that a later wish overtakes an older one.
PREVIEWS_AT_ONCE = 8
# In each lane; all lanes hold fewer than may be under way at once (`connections.py`): light ones come in.
MOST_WAITING = 80


class TooBusy(Exception):
    """More was asked for than can be kept waiting."""

    sentence = "The studio has more to do than it can keep in mind. Wait a moment and ask again."


class Lane:
    """Lets so many in at once, in the order they came. For one event loop alone."""

    def __init__(self, at_once: int, most_waiting: int = MOST_WAITING) -> None:
        self.at_once, self.most_waiting = at_once, most_waiting
        self.busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @contextlib.asynccontextmanager
    async def turn(self, request: Request) -> AsyncIterator[None]:
        """Have a turn during the block. Raises TooBusy, and ClientDisconnect where who asked has left."""
        if self.busy < self.at_once:
            self.busy += 1
        else:
            await self._wait(request)
        try:
            yield
        finally:
            self._leave()

    async def _wait(self, request: Request) -> None:
        is_action = request.method != "GET"
        if not is_action and self.waiting >= self.most_waiting:
            raise TooBusy
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        leaving = None if is_action else asyncio.create_task(_left(request))
        try:
            await asyncio.wait({mine, leaving} if leaving else {mine}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            self._give_up(mine)
            raise
        finally:
            if leaving:
                leaving.cancel()
        if not mine.done():
            self._give_up(mine)
            raise ClientDisconnect

    def _give_up(self, mine: asyncio.Future[None]) -> None:
        if mine.done():  # it was just let in
            self._leave()
        else:
            self._waiting.remove(mine)

    def _leave(self) -> None:
        if self._waiting:
            self._waiting.popleft().set_result(None)
        else:
            self.busy -= 1


async def _left(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def lane_of(request: Request, name: str, at_once: int) -> Lane:
    """The lane of this name in the studio that is asked."""
    lanes: dict[str, Lane] = request.app.state.lanes
    return lanes.setdefault(name, Lane(at_once))


async def _in_turn(request: Request) -> AsyncIterator[None]:
    async with lane_of(request, "heavy", AT_ONCE).turn(request):
        yield


async def _among_previews(request: Request) -> AsyncIterator[None]:
    async with lane_of(request, "previews", PREVIEWS_AT_ONCE).turn(request):
        yield


# The turn ends with the computation: a slow reader of the answer holds nobody up.
HEAVY: Any = Depends(_in_turn, scope="function")
PREVIEW: Any = Depends(_among_previews, scope="function")
