"""Reads the files of faces by a few threads: waiting for the disk and digesting hold up nobody.

Not here: what the files hold (`xmp.py`), which of them have to be read (`store.py`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

_FEW = 16  # files for which no thread is begun
_THREADS = 4
_TOGETHER = 64  # in memory at once
_FILE_LIMIT_BYTES = 256 << 20


@dataclass(frozen=True, eq=False)
class ReadFile:
    """One file, or why it can't be read. `status` is from before it was read; a file too large for a face has
    no `data`."""

    name: str
    status: os.stat_result | None = None
    data: bytes = b""
    digest: bytes = b""
    error: OSError | None = None


def read_files(folder: Path, names: Sequence[str]) -> Iterator[ReadFile]:
    """The files of these names in `folder`, in their order; those that can't be read say why."""
    read = partial(_read, str(folder))
    if len(names) <= _FEW:
        yield from map(read, names)
        return
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="reading") as pool:
        for first in range(0, len(names), _TOGETHER):
            yield from pool.map(read, names[first : first + _TOGETHER])


def _read(folder: str, name: str) -> ReadFile:
    path = os.path.join(folder, name)  # noqa: PTH118  a Path would cost as much as the reading
    try:
        status = os.stat(path)  # noqa: PTH116
        data = b""
        if status.st_size <= _FILE_LIMIT_BYTES:
            with open(path, "rb") as file:  # noqa: PTH123
                data = file.read()
    except OSError as error:
        return ReadFile(name, error=error)
    return ReadFile(name, status, data, content_digest(data))


def content_digest(data: bytes) -> bytes:
    """What the index knows a file's content by, 16 bytes."""
    return hashlib.blake2b(data, digest_size=16).digest()
