"""A bug while a request is answered: the log gets its traceback, the window a sentence that leads there.

Nothing of a request but its method and path is written, so that no link, cookie or content stands in a log.
"""

from __future__ import annotations

import contextlib
import json
import logging
import secrets
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from understudy.errors import UnderstudyError

LARGEST_LOG_BYTES = 4 << 20


class Mishaps:
    """ASGI middleware around `app`. `log` says where the log lies now."""

    def __init__(self, app: ASGIApp, log: Callable[[], Path]) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass through; answer a bug in words."""
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            with contextlib.suppress(ClientDisconnect):  # a window that left
                await self._app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - a bug is written down, and the studio goes on
            what = f"{scope.get('method', scope['type'])} {json.dumps(scope.get('path', ''))}"
            reference, sentence = _noted(self._log(), what, error)
            if scope["type"] == "websocket":
                with contextlib.suppress(RuntimeError, OSError):
                    await send({"type": "websocket.close", "code": 1011})
            elif not begun:
                content = {"error": sentence, "kind": "Bug", "reference": reference}
                await JSONResponse(content, 500)(scope, receive, send)


@contextlib.contextmanager
def bugs_told(log: Callable[[], Path], what: str, tell: Callable[[str], None]) -> Iterator[None]:
    """Write down a bug in the block and `tell` it in words, for a thread of which nobody else would hear.

    What the library refuses passes.
    """
    try:
        yield
    except UnderstudyError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug is written down, and the studio goes on
        tell(_noted(log(), what, error)[1])


def _noted(log: Path, what: str, error: BaseException) -> tuple[str, str]:
    """What a bug is found under in the log, and the sentence that leads there."""
    reference = secrets.token_hex(3)
    write_down(log, reference, what, "".join(traceback.format_exception(error)))
    return reference, (
        "This is a bug in understudy, not something you did; nothing that was finished is lost. "
        f"The log says more under {reference}. Path: {log}"
    )


def write_down(log: Path, reference: str, what: str, text: str) -> None:
    """Add to the log. A log that grows too large makes room; one that can't be written is let be."""
    when = time.strftime("%Y-%m-%d %H:%M:%S")
    with contextlib.suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists() and log.stat().st_size > LARGEST_LOG_BYTES:
            log.replace(log.with_suffix(".old.log"))
        with log.open("a", encoding="utf-8") as file:
            file.write(f"{when} {reference} {what}\n{text.rstrip()}\n\n")


@contextlib.contextmanager
def server_log(log: Callable[[], Path]) -> Iterator[None]:
    """What the web server and the event loop complain of goes there too, instead of to the terminal."""
    handler = _ToTheLog(log)
    loggers = [logging.getLogger(name) for name in ("uvicorn", "asyncio", "websockets")]
    before = [one.propagate for one in loggers]
    for one in loggers:
        one.addHandler(handler)
        one.propagate = False
    try:
        yield
    finally:
        for one, was in zip(loggers, before, strict=True):
            one.removeHandler(handler)
            one.propagate = was


class _ToTheLog(logging.Handler):
    def __init__(self, log: Callable[[], Path]) -> None:
        super().__init__(logging.ERROR)
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        write_down(self._log(), "server", record.name, self.format(record))
