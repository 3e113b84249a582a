"""Runs the studio on this machine until it is stopped. Not here: who is let in (`door.py`, `guard.py`)."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from understudy.stop_signals import stop_signals
from understudy.studio.actions import OnlyOnce
from understudy.studio.addresses import Address, listen
from understudy.studio.app import studio_app
from understudy.studio.connections import BACKLOG, NotTooMany, PatientConnection
from understudy.studio.door import Door
from understudy.studio.guard import Guard
from understudy.studio.mishaps import Mishaps, server_log
from understudy.studio.open_studio import Studio
from understudy.studio.options import StudioOptions
from understudy.studio.running import left_token, noted, take_left_token, write_note

_LONGEST_GOODBYE_S = 2
_LARGEST_MESSAGE_BYTES = 1 << 16  # windows only listen


@dataclass
class Serving:
    """A studio that is reached."""

    address: Address
    door: Door
    stop: Callable[[], None] = field(repr=False)
    ending: threading.Event = field(default_factory=threading.Event, repr=False)  # set when it is asked to stop

    def new_link(self) -> str:
        """A link that lets one browser in, once; the one before is worth nothing from now on."""
        return f"{self.address.url}/login?token={self.door.new_token()}"


def served_app(studio: Studio, door: Door, names: frozenset[str] = frozenset()) -> ASGIApp:
    """The studio's application as it is reached from outside: behind its guard."""
    app = studio_app(studio)
    app.add_middleware(Mishaps, log=studio.log)
    return NotTooMany(Guard(OnlyOnce(app, studio.project_logs), door, names))


def serve(studio: Studio, options: StudioOptions, *, when_open: Callable[[Serving], None]) -> None:
    """Serve until a signal to stop; `when_open` is called as soon as links work.

    Raises OptionInvalid, AddressUnusable or CertificateUnusable before anything is served.
    """
    address = listen(options)
    left = left_token(address.port)
    door = Door(takes_left=lambda hashed: take_left_token(left, hashed))
    server = _Server(
        uvicorn.Config(
            served_app(studio, door, address.names),
            log_config=None,  # its log would hold links
            access_log=False,
            http=PatientConnection,
            backlog=BACKLOG,
            lifespan="on",  # the rooms watch as long as it serves
            proxy_headers=False,
            server_header=False,
            ssl_certfile=options.certificate,
            ssl_keyfile=options.key,
            ws_max_size=_LARGEST_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=_LONGEST_GOODBYE_S,
        )
    )
    studio.when_opened = lambda folder: write_note(address.port, address.url, folder)
    server.when_open = lambda: when_open(Serving(address, door, server.ask_to_stop, server.ending))
    if options.ends_alone_min:
        server.tick = _Loneliness(studio, 60 * options.ends_alone_min, server.ask_to_stop).look
    with noted(address.port, address.url, studio.folder), server_log(studio.log):
        server.run(sockets=[address.socket])
    server.ended.set()


class _Loneliness:
    """Ends a studio in which no window was open for so long."""

    def __init__(self, studio: Studio, after_s: float, end: Callable[[], None]) -> None:
        self._studio, self._after_s, self._end = studio, after_s, end
        self._since = time.monotonic()

    def look(self) -> None:
        if self._studio.live.is_heard:
            self._since = time.monotonic()
        elif time.monotonic() - self._since > self._after_s:
            self._end()


class _Server(uvicorn.Server):
    """Uvicorn, which tells when it is open, and for which a signal to stop is an ordinary end."""

    when_open: Callable[[], None] = staticmethod(lambda: None)
    tick: Callable[[], None] = staticmethod(lambda: None)  # once a second

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ending, self.ended = threading.Event(), threading.Event()

    async def on_tick(self, counter: int) -> bool:
        if counter % 10 == 0:
            self.tick()
        return await super().on_tick(counter)

    async def startup(self, sockets: list | None = None) -> None:
        await super().startup(sockets)
        self.when_open()

    def ask_to_stop(self) -> None:
        """End soon; asked a second time, at once."""
        self.force_exit = self.should_exit
        self.should_exit = True
        if not self.ending.is_set():
            self.ending.set()
            threading.Thread(target=self._leave_in_the_end, daemon=True).start()

    def _leave_in_the_end(self) -> None:
        """A request that is still computed in a thread can't be stopped. What it writes it writes aside, so
        that nothing is broken when it ends with the process."""
        if not self.ended.wait(2 * _LONGEST_GOODBYE_S):
            sys.stdout.flush()
            os._exit(0)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield
            return

        def asked(_number: int, _frame: FrameType | None) -> None:
            self.ask_to_stop()

        before = {number: signal.signal(number, asked) for number in stop_signals()}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
