"""Bring faces of several sets together in one: copies, so that every set stays as it is.

A face whose very content is there already is not copied twice; another one under a taken name gets a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.counts import counted
from understudy.events import Events, Progress, StageFinished, StageStarted
from understudy.facesets.curation.history import History
from understudy.facesets.curation.naming import names_taken
from understudy.facesets.names import FreeNames
from understudy.facesets.store import Faceset, StoredFace
from understudy.files import require_free_space

Source = tuple[Faceset, Sequence[StoredFace]]


def gather(goal: Faceset, sources: Sequence[Source], *, trash: Path, verb: str, words: str) -> Events:
    """Copy faces of other sets into `goal`, one entry of its history. Raises DiskFull, FolderUnwritable."""
    wanted = [
        (digests[face.name], face)
        for digests, faces in ((source.digests(), faces) for source, faces in sources)
        for face in faces
    ]
    require_free_space(goal.folder, needed_bytes=sum(face.path.stat().st_size for _, face in wanted))
    there, free = set(goal.digests().values()), FreeNames(names_taken(goal.folder))
    copied, total = 0, len(wanted)
    yield StageStarted(stage=verb, unit="faces", total=total)
    with History(goal.folder, trash).change(verb, words) as change:
        for number, (digest, face) in enumerate(wanted, 1):
            if digest not in there:
                there.add(digest)
                change.add(free.take(face.name), face.path.read_bytes())
                copied += 1
            if number % 20 == 0 or number == total:
                yield Progress(stage=verb, done=number, total=total)
        change.words = f"{words}: {counted(copied, 'face')}"
    goal.refresh()
    summary = {"copied": copied, "there_already": total - copied, "faces": len(goal)}
    yield StageFinished(stage=verb, summary=summary, skipped=not copied)
