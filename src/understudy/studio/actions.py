"""An action is done once, however often it is asked for: a window that lost its answer may ask again.

Every POST of the page carries an id in `X-Action`. The answer to each is kept for a while; a repeated one gets
it, and one that comes while the first is still being done waits for it. That holds across a kill of the studio
too (`action_log.py`).
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from understudy.studio.action_log import ActionLog

KEPT_BYTES, KEPT_ACTIONS = 16 << 20, 5000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True)
class _Done:
    what: bytes  # hash of what was asked
    answer: list[Message]

    @property
    def size_bytes(self) -> int:
        return sum(len(message.get("body", b"")) for message in self.answer)


class OnlyOnce:
    """ASGI middleware around `app`. `logs` is the folder where what was done is kept for the next studio."""

    def __init__(self, app: ASGIApp, logs: Callable[[], Path | None] = lambda: None) -> None:
        self._app = app
        self._log = ActionLog(logs)
        # In the order they were asked; where an answer is no longer kept, the hash of what was asked.
        self._actions: dict[str, asyncio.Task[_Done] | bytes] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Do it, or answer what was answered when it was done."""
        action = Headers(scope=scope).get("x-action") if scope["type"] == "http" else None
        if action is None or scope["method"] != "POST":
            await self._app(scope, receive, send)
        elif not _ID.fullmatch(action):
            refusal = _refusal("An action's id is 1 to 64 letters and digits.", "ActionInvalid", 400)
            await refusal(scope, receive, send)
        else:
            await self._once(action, scope, receive, send)

    async def _once(self, action: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _whole(receive)
        what = hashlib.sha256(b"\0".join((scope["path"].encode(), scope["query_string"], body))).digest()
        past = await asyncio.to_thread(self._log.past, action)
        known = self._actions.get(action)
        if known is None and past is not None:
            same = past.what == what
            await _answer(past.answer, scope, receive, send, same=same, torn=past.torn)
            return
        if known is None:
            # Its own task: a window that leaves meanwhile doesn't end what it has begun.
            known = self._actions[action] = asyncio.create_task(self._do(action, scope, body, what))
            known.add_done_callback(lambda done: self._is_done(action, done))
        done = None if isinstance(known, bytes) else await asyncio.shield(known)
        same = what == (known if done is None else done.what)
        await _answer(done and done.answer, scope, receive, send, same=same)

    async def _do(self, action: str, scope: Scope, body: bytes, what: bytes) -> _Done:
        answer: list[Message] = []
        waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Message:
            return waiting.pop() if waiting else await asyncio.get_running_loop().create_future()

        async def keep(message: Message) -> None:
            answer.append(message)

        await asyncio.to_thread(self._log.begun, action, what)
        await self._app(scope, receive, keep)
        await asyncio.to_thread(self._log.done, action, what, answer)
        return _Done(what, answer)

    def _is_done(self, action: str, task: asyncio.Task[_Done]) -> None:
        if task.cancelled() or task.exception():  # never answered: it may be tried again
            del self._actions[action]
        else:
            self._make_room()

    def _make_room(self) -> None:
        """The oldest answers are let go first; that an action was done is known much longer."""
        tasks = [(action, one) for action, one in self._actions.items() if isinstance(one, asyncio.Task)]
        kept = [(action, one.result()) for action, one in tasks if _well(one)]
        kept_bytes = sum(one.size_bytes for _, one in kept)
        for action, one in kept:
            if kept_bytes > KEPT_BYTES:
                kept_bytes -= one.size_bytes
                self._actions[action] = one.what
        for action, one in list(self._actions.items())[: max(0, len(self._actions) - KEPT_ACTIONS)]:
            if isinstance(one, bytes) or _well(one):
                del self._actions[action]


def _well(task: asyncio.Task[_Done]) -> bool:
    return task.done() and not task.cancelled() and not task.exception()


async def _whole(receive: Receive) -> bytes:
    body, more = bytearray(), True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message["type"] == "http.request" and message.get("more_body", False)
    return bytes(body)


async def _answer(
    answer: Sequence[Message] | None,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    same: bool,
    torn: bool = False,
) -> None:
    """What was answered before; a refusal where that is not known, or another action had this id."""
    if not same:
        refusal = _refusal("This action's id was used for another action.", "ActionInvalid", 409)
    elif torn:
        sentence = "The studio was ended in the midst of this. Look whether it was done; if not, do it again."
        refusal = _refusal(sentence, "EndedAmid", 409)
    elif answer is None:
        sentence = "This was done already. Its answer is no longer kept; look anew."
        refusal = _refusal(sentence, "DoneAlready", 409)
    else:
        for message in answer:
            # A copy: whoever stands before us adds headers to it.
            copied = {"headers": list(message["headers"])} if "headers" in message else {}
            await send({**message, **copied})
        return
    await refusal(scope, receive, send)


def _refusal(sentence: str, kind: str, status: int) -> Response:
    return JSONResponse({"error": sentence, "kind": kind}, status)
