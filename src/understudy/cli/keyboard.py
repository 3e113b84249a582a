"""Single keys from a terminal, without Enter. Nothing is read, and nothing changed, where no person sits.

The terminal is put back as it was when the block ends, also by an error, and when the process ends otherwise.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sys
from collections.abc import Callable, Iterator

Read = Callable[[], str]


@contextlib.contextmanager
def keys() -> Iterator[Read]:
    """Gives a function that returns the keys pressed since its last call, "" for none; it never waits."""
    if not person_sits_here():
        yield lambda: ""
    elif os.name == "nt":
        yield _pressed_on_windows
    elif not _at_the_front(sys.stdin.fileno()):
        yield lambda: ""
    else:
        with _unbuffered() as read:
            yield read


def person_sits_here() -> bool:
    """Whether somebody can answer a question."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty() and "CI" not in os.environ


@contextlib.contextmanager
def _unbuffered() -> Iterator[Read]:
    import select
    import termios

    number = sys.stdin.fileno()
    before = termios.tcgetattr(number)

    def restore() -> None:
        with contextlib.suppress(termios.error, ValueError, OSError):
            if _at_the_front(number):
                termios.tcsetattr(number, termios.TCSADRAIN, before)

    def read() -> str:
        found = b""
        while _at_the_front(number) and select.select([number], [], [], 0)[0]:
            byte = os.read(number, 64)
            if not byte:
                break
            found += byte
        return found.decode(errors="ignore")

    now = termios.tcgetattr(number)
    now[3] &= ~(termios.ICANON | termios.ECHO)  # Ctrl-C stays a signal
    now[6][termios.VMIN], now[6][termios.VTIME] = 0, 0
    atexit.register(restore)
    try:
        termios.tcsetattr(number, termios.TCSADRAIN, now)
        yield read
    finally:
        restore()
        atexit.unregister(restore)


def _at_the_front(terminal: int) -> bool:
    """Whether its keys are ours. A job in the background must neither read nor change the terminal: the system
    would stop it."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:  # another session's terminal, lent by whoever started this process
        return True


def _pressed_on_windows() -> str:
    import msvcrt

    found = ""
    while msvcrt.kbhit():  # type: ignore[attr-defined]
        found += msvcrt.getwch()  # type: ignore[attr-defined]
    return found
