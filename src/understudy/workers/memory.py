"""How much memory may still be taken: of the computer's, and of what a container or a cluster's job was given.

Where it goes beyond the latter the system ends the process, however much the computer has left.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

from understudy.workers.groups import groups_of

# Files of a control group: the most, what is taken, and what of memory.stat can be given back at once.
_FILES = ("memory.max", "memory.current", "inactive_file")
_OLD_FILES = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def free_memory(system: Path = Path("/")) -> int:
    """In bytes; never below 0."""
    return max(0, min([psutil.virtual_memory().available, *_left_in_groups(system)]))


def _left_in_groups(system: Path) -> Iterator[int]:
    """Of every group with a limit that this process is in."""
    for group, is_old in groups_of("memory", system):
        if (left := _left(group, _OLD_FILES if is_old else _FILES)) is not None:
            yield left


def _left(group: Path, files: tuple[str, str, str]) -> int | None:
    most, taken, idle = files
    try:
        stat = dict(line.split() for line in (group / "memory.stat").read_text("utf-8").splitlines())
        numbers = [int((group / file).read_text("utf-8")) for file in (most, taken)]
        return numbers[0] - numbers[1] + int(stat.get(idle, 0))
    except (OSError, ValueError):  # no such group, or "max"
        return None
