"""A window that slides over frames, so that each can look at those before and after it.

No more frames are kept than it needs. Not here: what they look for (`runs`, `stream`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol, TypeVar


class Numbered(Protocol):
    """A frame that knows its number in the clip."""

    index: int


T = TypeVar("T", bound=Numbered)


def with_neighbours(frames: Iterable[T], *, reach: int) -> Iterator[tuple[Sequence[T], int]]:
    """Every frame once, as its place in a window that holds all frames up to `reach` away.

    `frames` ascend and may have gaps. The window is reused: what is needed of it is taken before the next one.
    """
    window: list[T] = []
    at = 0
    for frame in frames:
        window.append(frame)
        while at < len(window) and window[at].index + reach <= frame.index:
            yield window, at
            at += 1
        # The next frame to come out lies after the newest minus `reach`, so it looks back this far at most.
        stale = sum(other.index < frame.index - 2 * reach for other in window[:at])
        del window[:stale]
        at -= stale
    while at < len(window):
        yield window, at
        at += 1
