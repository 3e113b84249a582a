"""How much memory may still be taken: of the computer's, and of what a container or a cluster's job was given.

Where it goes beyond the latter the system ends the process, however much the computer has left.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

# Files of a control group: the most, what is taken, and what of memory.stat can be given back at once
# (Linux, admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst).
_FILES = ("memory.max", "memory.current", "inactive_file")
_OLD_FILES = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def free_memory(system: Path = Path("/")) -> int:
    """In bytes; never below 0."""
    return max(0, min([psutil.virtual_memory().available, *_left_in_groups(system)]))


def _left_in_groups(system: Path) -> Iterator[int]:
    """Of every group with a limit that this process is in; of none elsewhere than on Linux."""
    try:
        lines = (system / "proc/self/cgroup").read_text("utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, place = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        root = system / "sys/fs/cgroup" / ("memory" if controllers else "")
        own = root / place.lstrip("/")  # as the computer names it; in a container the root is its own
        for group in (own, *own.parents):
            if (left := _left(group, _OLD_FILES if controllers else _FILES)) is not None:
                yield left
            if group == root:
                break


def _left(group: Path, files: tuple[str, str, str]) -> int | None:
    most, taken, idle = files
    try:
        stat = dict(line.split() for line in (group / "memory.stat").read_text("utf-8").splitlines())
        numbers = [int((group / file).read_text("utf-8")) for file in (most, taken)]
        return numbers[0] - numbers[1] + int(stat.get(idle, 0))
    except (OSError, ValueError):  # no such group, or "max"
        return None
