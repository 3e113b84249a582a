"""How many cores may be kept busy: of the computer's, and of what a container or a cluster's job was given.

More threads than that gain nothing: the system halts them all for the rest of every tenth of a second.
"""

from __future__ import annotations

import os
from pathlib import Path

from understudy.workers.groups import groups_of


def cores(system: Path = Path("/")) -> int:
    """Cores that this process may use; a part of one counts whole."""
    found = [allowed_cores()]
    for group, is_old in groups_of("cpu", system):
        if (most := _most(group, is_old=is_old)) is not None:
            found.append(most)
    return max(1, min(found))


def allowed_cores() -> int:
    """Those that the system runs this process on, for however little of the time."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _most(group: Path, *, is_old: bool) -> int | None:
    """A group's share of time in whole cores; None without a limit."""
    try:
        if is_old:
            names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            quota, period = (int((group / name).read_text("utf-8")) for name in names)
        else:
            quota, period = map(int, (group / "cpu.max").read_text("utf-8").split())
    except (OSError, ValueError):  # no such group, or "max"
        return None
    return -(-quota // period) if quota > 0 and period > 0 else None
