"""Tells every open window what changed: one WebSocket a window, small JSON messages by topic.

Any thread may `say`; a window that is too slow loses its oldest messages and is told to look anew.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect

MOST_WINDOWS = 100
HEARTBEAT_S = 10.0  # a window that hears nothing for longer than two of these knows that its connection is dead
_WAITING = 500  # messages for one window

routes = APIRouter()


class Live:
    """The windows that listen."""

    def __init__(self) -> None:
        self._windows: dict[asyncio.Queue[dict[str, Any]], asyncio.AbstractEventLoop] = {}

    @property
    def windows(self) -> int:
        """How many windows listen."""
        return len(self._windows)

    @property
    def is_heard(self) -> bool:
        """Whether any window listens."""
        return bool(self._windows)

    def say(self, topic: str, **facts: Any) -> None:
        """Send a message to every window; `facts` must be JSON-able."""
        for queue, loop in list(self._windows.items()):
            with contextlib.suppress(RuntimeError):  # a loop that is closed has no window any more
                loop.call_soon_threadsafe(_put, queue, {"topic": topic, **facts})

    @contextlib.contextmanager
    def window(self) -> Any:
        """The queue of one window, as long as it listens."""
        queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_WAITING)
        self._windows[queue] = asyncio.get_running_loop()
        try:
            yield queue
        finally:
            del self._windows[queue]


def _put(queue: asyncio.Queue[dict[str, Any]], message: dict[str, Any]) -> None:
    if queue.full():
        while not queue.empty():
            queue.get_nowait()
        message = {"topic": "look-anew"}
    queue.put_nowait(message)


@routes.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Messages for one window until it leaves."""
    studio_live: Live = socket.app.state.studio.live
    await socket.accept()
    if studio_live.windows >= MOST_WINDOWS:
        await socket.close(1013, "Too many windows are open.")
        return
    with studio_live.window() as queue, contextlib.suppress(WebSocketDisconnect, RuntimeError):
        leaving = asyncio.create_task(_until_it_leaves(socket))
        waiting = asyncio.create_task(queue.get())
        try:
            while not leaving.done():
                await asyncio.wait({waiting, leaving}, timeout=HEARTBEAT_S, return_when=asyncio.FIRST_COMPLETED)
                if waiting.done():
                    await socket.send_json(waiting.result())
                    waiting = asyncio.create_task(queue.get())
                elif not leaving.done():
                    await socket.send_json({"topic": "here"})
        finally:
            waiting.cancel()
            leaving.cancel()


async def _until_it_leaves(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            await socket.receive_text()
