"""The option that says who does the work. Only a declaration: no heavy imports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import field_validator

from understudy.options import Names, Options, option

_MOST = 64
_CLUSTER = "ray"


@dataclass(frozen=True)
class Workers:
    """Who does the work: so many processes (0: as many as pay), or those of a cluster."""

    count: int = 0
    cluster: str = ""  # its address, or "ray" for that of RAY_ADDRESS or one that is started here


def parse_workers(text: str) -> Workers:
    """What `workers` says. Raises ValueError."""
    if text in ("auto", "local"):
        return Workers()
    if text == _CLUSTER or text.startswith(f"{_CLUSTER}://"):
        return Workers(cluster=text)
    if text.isascii() and text.isdecimal() and int(text) <= _MOST:
        return Workers(count=int(text))
    raise ValueError(f"takes auto, a number up to {_MOST}, ray or ray://HOST:PORT, not {text!r}")


class WorkerOptions(Options):
    """Who does the work of a stage whose frames can be done by many."""

    workers: str = option(
        "auto",
        "How many processes share the frames. auto (or local, or 0) takes one on every accelerator, or on "
        "every core where the clip is long enough to be worth it and the memory lasts. ray hands them to a Ray "
        "cluster at RAY_ADDRESS, or to one of this machine alone; ray://HOST:PORT to the machines there "
        "(not reliable yet), which must all see the project.",
        unit="processes",
        names=Names(lambda: ["auto", _CLUSTER], others=True),
        place=True,
    )

    @field_validator("workers", mode="before")
    @classmethod
    def _names_workers(cls, value: Any) -> Any:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(text, str):
            parse_workers(text)
        return text
