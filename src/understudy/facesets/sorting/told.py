"""How far a long sort is, for whoever waits: a listener is told the share that is done; it raises to stop."""

from __future__ import annotations

from collections.abc import Callable

Told = Callable[[float], None]  # a share of the work, 0 to 1, that never falls


def nobody(_share: float) -> None:
    """Listens to nothing."""


def part_of(told: Told, start: float, end: float) -> Told:
    """Tells of a part of the work, which is from `start` to `end` of the whole."""
    return lambda share: told(start + (end - start) * share)
