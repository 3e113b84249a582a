"""Steps whose results are kept while a frame is looked at under one setting after another.

A step is kept under all that decides it: what it takes, by content, and the options it reads. So a changed
slider does anew only what it touches, and nothing has to know which options those are. A merge makes every step
once, so it keeps none. Clips and models have their own memory (`remembered`).
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from typing import Any, Protocol, TypeVar

import numpy as np

T = TypeVar("T")
_KEPT_BYTES = 96_000_000


class Keep(Protocol):
    """Gives what `make` makes. `of` is all that decides it: arrays, and values whose words tell them apart."""

    def __call__(self, step: str, of: Iterable[Any], make: Callable[[], T]) -> T: ...


def anew(step: str, of: Iterable[Any], make: Callable[[], T]) -> T:
    """Keeps nothing."""
    return make()


class KeptSteps:
    """What steps gave last, within a limit of memory. Safe to be used by several threads."""

    def __init__(self, limit_bytes: int = _KEPT_BYTES) -> None:
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[Any, int]] = OrderedDict()
        self._size_bytes = 0

    def of(self, step: str, of: Iterable[Any], make: Callable[[], T]) -> T:
        """As `Keep`. What is given must not be written into."""
        key = _digest(step, of)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key][0]
        made = make()
        with self._lock:
            if key not in self._kept:
                size = _size_bytes(made)
                self._kept[key] = made, size
                self._size_bytes += size
            while self._size_bytes > self._limit_bytes and len(self._kept) > 1:
                self._size_bytes -= self._kept.popitem(last=False)[1][1]
        return made


def _digest(step: str, of: Iterable[Any]) -> bytes:
    digest = hashlib.blake2b(step.encode(), digest_size=16)
    for part in of:
        if isinstance(part, np.ndarray):
            digest.update(repr((part.shape, part.dtype.str)).encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            digest.update(repr(part).encode())
        digest.update(b"\0")
    return digest.digest()


def _size_bytes(made: Any) -> int:
    if isinstance(made, np.ndarray):
        return made.nbytes
    if is_dataclass(made):
        return 256 + sum(_size_bytes(getattr(made, field.name)) for field in fields(made))
    return 256
