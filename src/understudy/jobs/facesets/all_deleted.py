"""Say of a clip that was searched again why none of its faces is stored: a person deleted all, which holds."""

from __future__ import annotations

import shlex
from collections.abc import Generator
from contextlib import ExitStack

from understudy.counts import counted
from understudy.events import Events, Notice, StageFinished
from understudy.project.project import Project


def all_deleted_told(project: Project, clip: str, faceset: str, events: Events) -> Events:
    """The same events of an extraction of `clip` into `faceset`; before its end how such faces come back."""
    with ExitStack() as stack:
        if isinstance(events, Generator):
            stack.callback(events.close)
        for event in events:
            if isinstance(event, StageFinished) and (gone := _all_gone(event)):
                yield Notice(_words(project, clip, faceset, gone), level="warning")
            yield event


def _all_gone(end: StageFinished) -> int:
    """How many faces were deleted, where none stayed and none was made."""
    stored = (end.summary.get(f"faces_{name}", 0) for name in ("written", "there_before"))
    return 0 if any(stored) else int(end.summary.get("faces_deleted_by_hand", 0))


def _words(project: Project, clip: str, faceset: str, gone: int) -> str:
    from understudy.jobs.facesets.curating import rejected_faces

    folder = str(project.folder)
    told = (
        f"{clip}: none of its faces is stored. {counted(gone, 'face')} of it went from {faceset}, by hand or "
        "by `understudy faceset`, and what was deleted is not made again."
    )
    if rejected_faces(project, faceset):
        restore = shlex.join(["understudy", "faceset", "restore", folder, faceset])
        told += f" `{restore}` brings back what lies in the trash."
    anew = shlex.join(["understudy", "clean", folder, "extract"])
    return f"{told} To find faces anew, in all clips, run `{anew}` and then `understudy extract` again."
