"""One writer at a time: an operating system's lock on a file, gone by itself when its process dies."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from understudy.errors import FolderUnwritable
from understudy.files import said_plainly, try_lock, unlock

_RETRY_S = 0.02


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
        while not try_lock(file):
            if time.monotonic() > deadline:
                raise FolderUnwritable(
                    "Another process is changing this project and doesn't finish. Stop it and try again.",
                    path.parent,
                )
            time.sleep(_RETRY_S)
        try:
            yield
        finally:
            unlock(file)
