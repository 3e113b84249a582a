"""One writer at a time: an operating system's lock on a file, gone by itself when its process dies."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from understudy.errors import FolderUnwritable
from understudy.files import said_plainly

_RETRY_S = 0.02

if sys.platform == "win32":
    import msvcrt

    def _try_lock(file: BinaryIO) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: BinaryIO) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: BinaryIO) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)


@contextlib.contextmanager
def exclusive(path: Path, *, wait_s: float = 30.0) -> Iterator[None]:
    """Hold the lock file `path` for the length of the block.

    Raises FolderUnwritable when the file can't be made or another process holds it longer than `wait_s`.
    The file stays; its being there means nothing.
    """
    with said_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+b")
    with file:
        deadline = time.monotonic() + wait_s
        while not _try_lock(file):
            if time.monotonic() > deadline:
                raise FolderUnwritable(
                    "Another process is changing this project and doesn't finish. Stop it and try again.",
                    path.parent,
                )
            time.sleep(_RETRY_S)
        try:
            yield
        finally:
            _unlock(file)
