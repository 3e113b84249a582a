"""The option that says who does the work. Only a declaration: no heavy imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import field_validator

from understudy.options import Options, option

_MOST = 64


@dataclass(frozen=True)
class Workers:
    """Who does the work: so many processes (0: as many as pay)."""

    count: int = 0


def parse_workers(text: str) -> Workers:
    """What `workers` says. Raises ValueError."""
    if text in ("auto", "local"):
        return Workers()
    if text.isascii() and text.isdecimal() and int(text) <= _MOST:
        return Workers(count=int(text))
    raise ValueError(f"takes auto or a number up to {_MOST}, not {text!r}")


class WorkerOptions(Options):
    """Who does the work of a stage whose frames can be done by many."""

    workers: str = option(
        "auto",
        "How many processes share the frames. auto (or local, or 0) takes one on every accelerator, or on "
        "every core where the clip is long enough to be worth it and the memory lasts.",
        unit="processes",
    )

    @field_validator("workers", mode="before")
    @classmethod
    def _names_workers(cls, value: Any) -> Any:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(text, str):
            parse_workers(text)
        return text
