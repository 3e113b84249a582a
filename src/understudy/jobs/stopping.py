"""Stop a job cleanly: the first Ctrl-C closes the stage where it stands, the second ends the process.

A stage that is closed keeps what is done, so the same command goes on from there. A terminal that is closed
stops its job like that too, unless `nohup` was to keep it running.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Generator, Iterable
from types import FrameType

from understudy.errors import Stopped
from understudy.events import Event, Events
from understudy.stop_signals import stop_signals


def joined(*streams: Iterable[Event]) -> Events:
    """One stream after the other, as a stage that can be closed in any of them."""
    for stream in streams:
        yield from stream


def stoppable(events: Events, *, when_asked: Callable[[], None] = lambda: None) -> Generator[Event, None, None]:
    """The same events, until the user asks to stop; then close the stage and raise Stopped.

    `when_asked` is called at once, for a word to the person who waits for the present step to end. Signals can
    only be caught in the main thread; elsewhere the events pass through unchanged.
    """
    if threading.current_thread() is not threading.main_thread():
        yield from events
        return
    asked = threading.Event()

    def ask(number: int, _frame: FrameType | None) -> None:
        # A closing terminal may say so twice, and a computer that shuts down says it in two ways.
        if asked.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        asked.set()
        with contextlib.suppress(OSError):  # nobody can be told at a terminal that is closed
            when_asked()

    before = {number: signal.signal(number, ask) for number in stop_signals()}
    try:
        for event in events:
            yield event
            if asked.is_set():
                events.close()  # type: ignore[attr-defined]  # stages are generators
                raise Stopped("Stopped. What was finished is kept; run the same command again to go on.")
    except GeneratorExit:  # nobody reads any more; the stage saves while signals still wait for it
        events.close()  # type: ignore[attr-defined]
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
