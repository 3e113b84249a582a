"""Which process it was: what is written of one, so that another program, or the next, knows it again.

Numbers of processes are used again, so the moment it was started is written too; and clocks are set, so that
moment is counted from the computer's start. Not here: what follows from a process that is gone.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

_SAME_START_S = 2.0  # by the clock, where nothing better is known
_SYSTEM = Path("/proc")
_BOOT = Path("sys/kernel/random/boot_id")
_START_FIELD = (
    19  # of /proc/PID/stat, counted behind the name, which may hold anything (proc_pid_stat(5), field 22)
)
_OWN_START = psutil.Process().create_time()


def mark_of(number: int | None = None) -> dict[str, Any]:
    """What is written of a process, to know it again; of this one where no number is said.

    `started` is by the clock, in seconds since 1970. Linux alone also tells `ticks` since the start `boot` of
    the computer, which no clock moves. Of one that is gone already its number alone is known.
    """
    number = os.getpid() if number is None else number
    mark: dict[str, Any] = {"process": number}
    with contextlib.suppress(psutil.Error):
        mark["started"] = _started(psutil.Process(number))
        if (counted := _counted(number)) is not None:
            mark |= {"boot": counted[0], "ticks": counted[1]}
    return mark


def found_by(mark: Mapping[str, Any]) -> psutil.Process | None:
    """The process that was marked; None where it is gone, or another one has its number now.

    Marks that tell no ticks are told by the clock, and those that tell no start by the number.
    """
    try:
        found = psutil.Process(int(mark["process"]))
        if found.status() == psutil.STATUS_ZOMBIE:
            return None
        return found if _is_same(found, mark) else None
    except (psutil.NoSuchProcess, KeyError, TypeError, ValueError):
        return None


def lives(mark: Mapping[str, Any]) -> bool:
    """Whether the process that was marked runs; also where it is not ours to ask more."""
    try:
        return found_by(mark) is not None
    except psutil.AccessDenied:
        return True


def _is_same(found: psutil.Process, mark: Mapping[str, Any]) -> bool:
    counted = _counted(found.pid)
    if counted is not None and "ticks" in mark:
        return counted == (mark.get("boot"), mark["ticks"])
    if mark.get("started") is None:
        return True
    return abs(_started(found) - float(mark["started"])) <= _SAME_START_S


def _counted(number: int) -> tuple[str, int] | None:
    """The computer's start, and the ticks from there to the process's; None where the system doesn't tell."""
    try:
        boot = (_SYSTEM / _BOOT).read_text("ascii").strip()
        told = (_SYSTEM / str(number) / "stat").read_bytes()
    except OSError:
        return None
    return boot, int(told.rpartition(b")")[2].split()[_START_FIELD])


def _started(process: psutil.Process) -> float:
    """When a process was started, by the clock as it stood when this one was.

    Where psutil moves the starts of all processes with a clock that is set, it moves our own by as much.
    """
    return process.create_time() - (psutil.Process().create_time() - _OWN_START)
