"""What a run has said so far: its events from a place in the file on, and where it stands now.

A line that is half written is left for the next look, and one that is torn by a crash is left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

_AT_ONCE_BYTES = 1 << 20
_LONGEST_LINE_BYTES = 64 << 20  # one with the numbers of all frames of a film takes a megabyte or two
_TAIL_BYTES = 65_536
_STANDINGS_KEPT = 512


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where a run stands: the stage it is in and how far. Units and rates as in `events.py`.

    `stages` are those it went through with what they said at their end; `warnings` counts what should be read.
    """

    stage: str = ""
    unit: str = ""
    why: str = ""
    clip: str = ""
    done: int = 0
    total: int | None = None
    rate: float | None = None
    seconds_left: float | None = None
    loss: float | None = None
    note: str = ""
    finished: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


def read_events(path: Path, since: int) -> tuple[list[dict[str, Any]], int]:
    """The events after byte `since` and where to go on: whole lines, a megabyte at once or one longer line.

    What is no event is given as {"event": "Line", "text": …}.
    """
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(min(max(0, since), end))
            data = file.read(_AT_ONCE_BYTES)
            if b"\n" not in data:
                data += file.readline(_LONGEST_LINE_BYTES)
    except OSError:
        return [], since
    whole = data.rfind(b"\n") + 1
    return _parsed(data[:whole]), min(max(0, since), end) + whole


def read_standing(path: Path) -> Standing:
    """Where the run stands, from the end of what it said; read again only where it said more."""
    try:
        told = path.stat()
    except OSError:
        return Standing()
    return _standing_at(path, (told.st_mtime_ns, told.st_size, told.st_ino))


@lru_cache(_STANDINGS_KEPT)
def _standing_at(path: Path, _stamp: tuple[int, int, int]) -> Standing:
    for most_bytes in (
        _TAIL_BYTES,
        _LONGEST_LINE_BYTES,
    ):  # the last line may be longer than all of a usual tail
        data = read_tail(path, most_bytes)
        whole = data[: data.rfind(b"\n") + 1]
        if whole:
            break
    return _standing(_parsed(whole))


def read_tail(path: Path, most_bytes: int) -> bytes:
    """The end of a file, from the beginning of a line on where it is longer; nothing where there is none."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            file.seek(max(0, end - most_bytes))
            data = file.read(most_bytes)
    except OSError:
        return b""
    return data if end <= most_bytes else data[data.find(b"\n") + 1 :]


def read_text(path: Path, since: int) -> tuple[str, int]:
    """What a file says after byte `since` and where to go on; at most a megabyte at once."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, since))
            data = file.read(_AT_ONCE_BYTES)
    except OSError:
        return "", since
    if len(data) == _AT_ONCE_BYTES:  # a letter of several bytes is not cut in two
        data = data[: data.rfind(b"\n") + 1] or data
    return data.decode("utf-8", "replace"), max(0, since) + len(data)


def read_result(path: Path) -> Any:
    """What a run answered: the one JSON document it printed, or what its last stage said at its end; None where
    there is neither, or not yet."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    try:
        told = json.loads(text)
    except ValueError:
        ends = [event for event in _parsed(text.encode()) if event["event"] == "StageFinished"]
        return ends[-1].get("summary") if ends else None
    return told.get("summary") if isinstance(told, dict) and told.get("event") == "StageFinished" else told


def _standing(events: list[dict[str, Any]]) -> Standing:
    now: dict[str, Any] = {}
    for event in events:
        match event["event"]:
            case "StageStarted":
                now = {name: event.get(name) for name in ("stage", "unit", "why", "clip", "done", "total")}
            case "Progress":
                told = ("stage", "done", "rate", "seconds_left", "loss", "note", "details")
                now |= {name: event.get(name) for name in told}
                now["total"] = event.get("total") or now.get("total")
                now["finished"] = False
            case "StageFinished":
                now |= {"stage": event.get("stage"), "finished": True, "seconds_left": None}
    return Standing(**{name: value for name, value in now.items() if value is not None})


def _parsed(data: bytes) -> list[dict[str, Any]]:
    events = []
    for line in data.splitlines():
        try:
            event = json.loads(line)
        except ValueError:
            event = None
        if isinstance(event, dict) and isinstance(event.get("event"), str):
            events.append(event)
        elif line.strip() and not line.startswith(b"{"):  # a torn event begins like one
            events.append({"event": "Line", "text": line.decode("utf-8", "replace")})
    return events
