"""One run as its folder tells it: what it was to do, which process does it, and how it ended.

Every file in the folder has one writer and is swapped in whole, so a run's state is told by which are there:

    run.json       what it is to do, from whoever asked for it, and which runs it waits for
    keeper.json    the process that started it and waits for its end
    process.json   the process that does it
    stop.json      that it was asked to stop
    end.json       how it ended
    events.jsonl   what it said, event by event; anything else it printed is a line too
    output.log     what it wrote to its standard error: refusals, and bugs

How a process is known again: `workers/identity.py`.
"""

from __future__ import annotations

import platform
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import psutil
from pydantic import BaseModel, ConfigDict, ValidationError

from understudy.files import read_json, write_json
from understudy.project.asked_here import is_asked_here
from understudy.workers.identity import found_by, lives, mark_of

RunState = Literal["queued", "running", "stopping", "done", "failed", "stopped", "lost"]
LIVING: tuple[RunState, ...] = ("queued", "running", "stopping")
_ENDED: dict[str, RunState] = {"done": "done", "failed": "failed", "stopped": "stopped", "lost": "lost"}
RUN, KEEPER, PROCESS, STOP, END = "run.json", "keeper.json", "process.json", "stop.json", "end.json"
EVENTS, OUTPUT = "events.jsonl", "output.log"
_RUNS_KEPT = 512
_TO_WRITE_S = 5.0  # a file that was begun is whole by then
_LOST = "Its process ended and nobody saw how: the computer was switched off, or both processes were killed."


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run. `words` follow `understudy` in the project's folder; times are seconds since 1970.

    `exit_code` and `sentence`, what a person should read of its end, are known when it has ended; a negative
    code is the signal that killed it. Runs begin in the order of their `place`, the time they were asked for
    unless they were moved. A `lost` run has no process any more and nobody saw it end. `after` are
    those that ran or waited before it when it was queued or moved; `because` is the failed one for which it
    was taken out again. One that waits `from_elsewhere` was not asked for on this machine, or not where its
    project lies now, and begins only when a person says so.
    """

    id: str
    title: str
    words: tuple[str, ...]
    state: RunState
    created: float
    place: float = 0.0
    started: float | None = None
    ended: float | None = None
    exit_code: int | None = None
    sentence: str = ""
    process: int | None = None
    after: tuple[str, ...] = ()
    because: str = ""
    from_elsewhere: bool = False

    @property
    def living(self) -> bool:
        """Whether it waits, runs or is about to stop."""
        return self.state in LIVING


def read_run(folder: Path) -> Run | None:
    """The run in a folder; None where there is none that can be read. One that is over is read once."""
    try:
        over = (folder / END).stat()
    except OSError:
        return _run_in(folder)
    return _run_that_is_over(folder, (over.st_mtime_ns, over.st_size, over.st_ino))


@lru_cache(_RUNS_KEPT)
def _run_that_is_over(folder: Path, _stamp: tuple[int, int, int]) -> Run | None:
    return _run_in(folder)


class _About(BaseModel):
    """What stands in run.json."""

    model_config = ConfigDict(strict=True)

    words: list[str]
    title: str = ""
    created: float = 0.0
    place: float | None = None
    after: list[str] = []
    seals: list[str] = []


def _run_in(folder: Path) -> Run | None:
    try:
        about = _About.model_validate(_read(folder / RUN))
        keeper, process, end = (_read(folder / name) for name in (KEEPER, PROCESS, END))
        begun, told = process or keeper, end or {}
        state, sentence = _state(folder, keeper, process, end)
        return Run(
            id=folder.name,
            title=about.title,
            words=tuple(about.words),
            state=state,
            created=about.created,
            place=about.created if about.place is None else about.place,
            started=float(begun["at"]) if begun else None,
            ended=None if told.get("at") is None else float(told["at"]),
            exit_code=None if told.get("exit_code") is None else int(told["exit_code"]),
            sentence=sentence,
            process=int(process["process"]) if process else None,
            after=tuple(about.after),
            because=str(told.get("because", "")),
            from_elsewhere=state == "queued" and not _is_asked_here(folder, about),
        )
    except (ValidationError, KeyError, TypeError, ValueError, OverflowError):
        return None  # somebody edited it, or a disk spoiled it: the other runs are still told


def _is_asked_here(folder: Path, about: _About) -> bool:
    return is_asked_here(folder.absolute().parents[2], (folder.name, *about.words), about.seals)


def _state(
    folder: Path, keeper: dict[str, Any] | None, process: dict[str, Any] | None, end: dict[str, Any] | None
) -> tuple[RunState, str]:
    if end is not None:
        return _ended_as(end), str(end.get("sentence", ""))
    if not (folder / KEEPER).exists():
        return "queued", ""
    if is_alive(process) or is_alive(keeper) or (keeper is None and _is_fresh(folder / KEEPER)):
        return ("stopping" if (folder / STOP).exists() else "running"), ""
    end = _read(folder / END)  # it may have ended while we looked
    return (_ended_as(end), str(end.get("sentence", ""))) if end else ("lost", _LOST)


def _ended_as(end: dict[str, Any]) -> RunState:
    """A run that is over never counts as living, whatever its file says."""
    return _ENDED.get(str(end.get("state")), "failed")


def this_process(number: int) -> dict[str, Any]:
    """What is written of a process, to know it again."""
    return {**mark_of(number), "host": platform.node(), "at": time.time()}


def is_alive(written: dict[str, Any] | None) -> bool:
    """Whether the process that was written of still runs, on this computer."""
    return written is not None and written.get("host") == platform.node() and lives(written)


def process_of(written: dict[str, Any]) -> psutil.Process | None:
    """The process that was written of; None where it is gone or was on another computer."""
    if written.get("host") != platform.node():
        return None
    try:
        return found_by(written)
    except psutil.Error:  # not ours, so not one of ours either
        return None


def write_end(
    folder: Path, *, state: RunState, sentence: str = "", exit_code: int | None = None, because: str = ""
) -> None:
    """Write how a run ended; `because` of which other one it never began."""
    told = {"state": state, "exit_code": exit_code, "sentence": sentence, "at": time.time()}
    write_json(folder / END, told | ({"because": because} if because else {}))


def written_process(folder: Path) -> dict[str, Any] | None:
    """What is written of the process that does a run."""
    return _read(folder / PROCESS)


def _read(path: Path) -> dict[str, Any] | None:
    try:
        value = read_json(path)
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None


def _is_fresh(path: Path) -> bool:
    try:
        return abs(time.time() - path.stat().st_mtime) < _TO_WRITE_S  # the clock may be set back
    except OSError:
        return False
