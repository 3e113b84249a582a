"""How many connections the studio holds, and how long one may say nothing.

Uvicorn holds as many as come and waits for their requests for ever, so that whoever opens a thousand and is
silent takes every file handle there is; its own limit answers without a word of why. Not here: who is let in
(`guard.py`), which comes later.
"""

from __future__ import annotations

import asyncio
import sys

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

BACKLOG = 128
MOST_REQUESTS = 200  # under way at once; a browser has six
SILENT_S = 20.0  # without a whole request
_MOST_CONNECTIONS = 512
_FULL = b"The studio has too many open connections. Close some windows, or wait a moment.\n"
_TURNED_AWAY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
    b"Retry-After: 5\r\nContent-Length: %d\r\n\r\n%s" % (len(_FULL), _FULL)
)
_BUSY = "The studio is asked for too much at once. Wait a moment and ask again."


def most_connections() -> int:
    """Half of the file handles that this process may have; the rest is for files."""
    if sys.platform == "win32":
        return _MOST_CONNECTIONS
    import resource

    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_CONNECTIONS if allowed < 0 else min(_MOST_CONNECTIONS, max(16, allowed // 2))


class PatientConnection(H11Protocol):
    """One connection: turned away in words where there are too many, closed where no request comes."""

    silent_s = SILENT_S
    _silence: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.write(_TURNED_AWAY)
            transport.close()
            return
        self._be_patient()

    def data_received(self, data: bytes) -> None:
        """Part of a request, which must be whole in time."""
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._is_at_work():
            self._wait_no_more()
        elif self._silence is None:
            self._be_patient()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        super().connection_lost(exc)
        self._wait_no_more()

    def _be_patient(self) -> None:
        self._silence = self.loop.call_later(self.silent_s, self._give_up)

    def _wait_no_more(self) -> None:
        if self._silence is not None:
            self._silence.cancel()
            self._silence = None

    def _is_at_work(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _give_up(self) -> None:
        self._silence = None
        # A WebSocket has taken the connection over, and has a heartbeat of its own.
        if self.transport.get_protocol() is self and not self._is_at_work():
            self.transport.close()


class NotTooMany:
    """ASGI middleware around `app`: refuses requests in words while too many are under way."""

    def __init__(self, app: ASGIApp, most: int = MOST_REQUESTS) -> None:
        self._app, self._most = app, most
        self.under_way = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let through, or refuse. Windows that listen are counted by `live.py`."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif self.under_way >= self._most:
            refusal = JSONResponse({"error": _BUSY, "kind": "TooBusy"}, 503, {"Retry-After": "1"})
            await refusal(scope, receive, send)
        else:
            self.under_way += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self.under_way -= 1
