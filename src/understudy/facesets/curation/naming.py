"""Rename a faceset's faces: to numbers in any order, or back to clip, frame and person.

All of it is one entry of the history, in two phases, so that names may be exchanged at will and a kill loses
nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.counts import counted
from understudy.events import Events, StageFinished, StageStarted
from understudy.facesets.curation.history import History
from understudy.facesets.names import FreeNames, face_stem
from understudy.facesets.store import Faceset, StoredFace


def names_taken(folder: Path) -> set[str]:
    """All names in a folder, in `str.casefold`."""
    return {path.name.casefold() for path in folder.iterdir()} if folder.is_dir() else set()


def rename_in_order(faceset: Faceset, faces: Sequence[StoredFace], *, trash: Path, by: str) -> Events:
    """Name `faces` 00000, 00001, … in their order. Faces that are not among them keep their names."""
    names = names_in_order(faceset, faces)
    yield from _renamed(faceset, names, trash=trash, verb="rename", words=f"rename by {by}")


def recover_names(faceset: Faceset, *, trash: Path) -> Events:
    """Give every face its first name again: clip, frame and person."""
    names = first_names(faceset)
    yield from _renamed(faceset, names, trash=trash, verb="recover-names", words="recover names")


def names_in_order(faceset: Faceset, faces: Sequence[StoredFace]) -> dict[str, str]:
    """The new name of every face whose name `rename_in_order` would change."""
    digits = max(5, len(str(len(faces))))
    wishes = {face.name: f"{number:0{digits}d}{face.path.suffix.lower()}" for number, face in enumerate(faces)}
    return _granted(faceset, wishes)


def first_names(faceset: Faceset) -> dict[str, str]:
    """The new name of every face whose name `recover_names` would change."""
    wishes = {}
    for face in faceset.faces():
        record = face.record
        stem = face_stem(record.clip, record.frame, record.person)
        wishes[face.name] = stem + face.path.suffix.lower()
    return _granted(faceset, wishes)


def _granted(faceset: Faceset, wishes: dict[str, str]) -> dict[str, str]:
    """Wishes in order of preference: the first to want a name gets it, the next one a number."""
    free = FreeNames(names_taken(faceset.folder) - {name.casefold() for name in wishes})
    goals = {name: free.take(wish) for name, wish in wishes.items()}
    return {name: goal for name, goal in goals.items() if name != goal}


def _renamed(faceset: Faceset, changed: dict[str, str], *, trash: Path, verb: str, words: str) -> Events:
    history = History(faceset.folder, trash)
    yield StageStarted(stage=verb, unit="faces", total=len(changed))
    with history.change(verb, f"{words}: {counted(len(changed), 'face')}") as change:
        for name, goal in changed.items():
            change.rename(name, goal)
    faceset.renamed(changed)
    yield StageFinished(
        stage=verb, summary={"faces": len(faceset), "renamed": len(changed)}, skipped=not changed
    )
