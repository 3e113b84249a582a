"""One writer at a time: an operating system's lock on a file, gone by itself when its process dies.

While it is held, the file says who holds it.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from understudy.errors import FolderUnwritable
from understudy.files import open_lock, said_plainly, try_lock, unlock
from understudy.training.keeping.lock import NOBODY_KNOWN, holder_words, write_holder

_RETRY_S = 0.02


@contextlib.contextmanager
def exclusive(path: Path, *, wait_s: float = 30.0) -> Iterator[None]:
    """Hold the lock file `path` for the length of the block.

    Raises FolderUnwritable when the file can't be made or another process holds it longer than `wait_s`.
    The file stays; its being there means nothing.
    """
    with said_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = open_lock(path)
    with file:
        deadline = time.monotonic() + wait_s
        while not try_lock(file):
            if time.monotonic() > deadline:
                raise FolderUnwritable(_in_use_sentence(path), path.parent)
            time.sleep(_RETRY_S)
        try:
            with contextlib.suppress(OSError):  # on a full disk it holds all the same
                write_holder(file)
            yield
        finally:
            with contextlib.suppress(OSError):
                file.truncate(0)
            unlock(file)


def _in_use_sentence(path: Path) -> str:
    who = holder_words(path)
    known = "" if who == NOBODY_KNOWN else f": {who}"
    return (
        f"Another process is changing this project{known}. Wait until it is done, then run the same command "
        "again."
    )
