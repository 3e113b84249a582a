"""Work in steps: a generator that tells how far it is, and answers at its end."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def answer_of(steps: Generator[Any, None, Answer]) -> Answer:
    """What such work answers, for those who need not hear how far it is."""
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def within(start: float, end: float, steps: Generator[float, None, Answer]) -> Generator[float, None, Answer]:
    """Steps that tell 0..1 of their own work, as the part from `start` to `end` of a longer one."""
    while True:
        try:
            done = next(steps)
        except StopIteration as stop:
            return stop.value
        yield start + (end - start) * done
