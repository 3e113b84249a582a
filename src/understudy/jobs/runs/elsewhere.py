"""What commands do in a project that are none of its runs, as a terminal's: who holds its models and its clips.

They are told, and not stopped from here: Ctrl-C in their terminal does that.
"""

from __future__ import annotations

import platform
from collections.abc import Sequence

import psutil

from understudy.jobs.runs.run import Run
from understudy.project.project import Project
from understudy.training.keeping.lock import Holder, holder_of, lock_holder

# What a command does to the model or the clip that it holds; one that holds it for a moment is not told.
_DOES = {
    "train": "trained",
    "pretrain": "trained",
    "extract": "searched for faces",
    "merge": "merged",
    "swap": "worked on",
    "demo": "worked on",
}


def under_way_elsewhere(project: Project, runs: Sequence[Run]) -> list[str]:
    """A sentence for every model and clip that a command holds now which is none of `runs`."""
    ours = {run.process for run in runs if run.living}
    held = [(f"Model {name}", holder_of(project.model_folder(name))) for name in project.manifest.models]
    held += [(f"Clip {name}", lock_holder(project.clip_lock(name))) for name in project.manifest.clips]
    return [sentence for what, holder in held if holder and (sentence := _told(what, holder, ours))]


def _told(what: str, holder: Holder, ours: set[int | None]) -> str:
    if holder.host == platform.node() and _is_of(holder.process, ours):
        return ""
    does = _DOES.get("".join(holder.command.split()[1:2]))
    return f"{what} is being {does} by {holder.words}; Ctrl-C in its terminal stops it." if does else ""


def _is_of(process: int, ours: set[int | None]) -> bool:
    """Whether it is one of these or was started by one, as where a training has several processes."""
    if process in ours:
        return True
    try:
        return any(parent.pid in ours for parent in psutil.Process(process).parents())
    except psutil.Error:  # it has just ended, or is not ours to ask
        return False
