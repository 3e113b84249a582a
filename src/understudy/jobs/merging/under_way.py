"""Whether a clip is being merged right now, whoever does it: a terminal's merge is no run of the studio."""

from __future__ import annotations

from understudy.project.project import Project
from understudy.training.keeping.lock import lock_holder

# What a command does while it holds a clip; `swap` and `demo` find faces too.
_DOES = {"merge": "merged", "swap": "worked on", "demo": "worked on"}


def merging_now(project: Project, clip: str) -> str:
    """A sentence that names the process that merges this clip now; empty where none does."""
    holder = lock_holder(project.clip_lock(clip))
    command = holder.command.split()[1:2] if holder else []
    does = _DOES.get(command[0]) if command else None
    return f"It is being {does} right now by {holder.words}." if holder and does else ""
