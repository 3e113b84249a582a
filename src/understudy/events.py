"""What a long job says while it runs.

A stage is a generator of these; the terminal's progress bar, the studio and the tests are three readers of
the same stream. Closing the generator stops the stage, which then keeps what is done. Nothing here prints.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal


@dataclass(frozen=True, kw_only=True)
class StageStarted:
    """A stage begins, or goes on at `done` of `total` when it was stopped before."""

    stage: str
    unit: str
    total: int | None = None  # None: not known, e.g. training until a time is up
    done: int = 0
    why: str = ""  # e.g. "goes on at frame 120 of 400"
    clip: str = ""  # of several, e.g. "clip 2 of 5, street": its figures are of that one

    @property
    def words(self) -> str:
        """Which clip it is about, and why it begins where it does."""
        return "; ".join(said for said in (self.clip, self.why) if said)


@dataclass(frozen=True, kw_only=True)
class Progress:
    """`done` units are finished. `seconds_left` is given where the stage knows better than a rate would.

    `details` are JSON-able figures for those who show more than one line.
    """

    stage: str
    done: int
    total: int | None = None
    seconds_left: float | None = None
    loss: float | None = None
    rate: float | None = None  # units per second, from the stage's own clock
    note: str = ""
    begun: float = 0.0  # 0..1 of the unit that comes after those, where one takes long
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Notice:
    """Something a person should read: a choice made for them, a warning, a repair."""

    text: str
    level: Literal["info", "warning"] = "info"


@dataclass(frozen=True)
class Made:
    """A file for the user now exists."""

    what: str
    path: Path


@dataclass(frozen=True, kw_only=True)
class StageFinished:
    """A stage is done; `summary` is JSON-able and goes into the report."""

    stage: str
    summary: dict[str, Any] = field(default_factory=dict)
    skipped: bool = False  # nothing was left to do


Event = StageStarted | Progress | Notice | Made | StageFinished
Events = Iterator[Event]
