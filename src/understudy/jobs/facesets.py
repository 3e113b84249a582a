"""Work on one faceset of a project: finds it by its name, locks it, and hands the project's trash to the room
that does the work.

A faceset is named `PERFORMER/NAME`, or `PERFORMER` alone where that says enough. What the commands do is
decided in `facesets.curation`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.counts import counted
from understudy.errors import FacesetUnusable, FacesUnknown
from understudy.events import Events, Notice, StageFinished
from understudy.facesets.curation import choose as choosing
from understudy.facesets.curation.choose import Choice, chosen, ranked_table, rows_of
from understudy.facesets.curation.entries import Step
from understudy.facesets.curation.history import History
from understudy.facesets.curation.naming import first_names, names_in_order, recover_names, rename_in_order
from understudy.facesets.curation.reject import reject, rejected, restore
from understudy.facesets.extraction.task import Shelf
from understudy.facesets.sorting.table import COLUMNS
from understudy.facesets.store import Faceset, StoredFace
from understudy.project.lock import exclusive
from understudy.project.project import Project


@dataclass(frozen=True)
class Desk:
    """One faceset on the table: the faces, and where what is put away goes."""

    name: str
    faceset: Faceset
    trash: Path


def full_name(project: Project, text: str) -> str:
    """`PERFORMER/NAME` of what a person wrote. Raises FacesUnknown, naming the facesets there are."""
    known = all_names(project)
    if text in known:
        return text
    of_performer = [name for name in known if name.split("/")[0] == text]
    if f"{text}/main" in of_performer:
        return f"{text}/main"
    if len(of_performer) == 1:
        return of_performer[0]
    if of_performer:
        raise FacesUnknown(f"{text!r} has several facesets; say which: {', '.join(of_performer)}.")
    raise FacesUnknown(f"There is no faceset {text!r}; the project has {', '.join(known) or 'none'}.")


def all_names(project: Project) -> list[str]:
    """Every faceset of the manifest as PERFORMER/NAME."""
    performers = project.manifest.performers
    return [f"{performer}/{name}" for performer, entry in performers.items() for name in entry.facesets]


@contextlib.contextmanager
def looked_at(project: Project, text: str) -> Iterator[Desk]:
    """Open a faceset to look at it, after finishing a change that a killed process began."""
    name = full_name(project, text)
    finish_change(project, name)
    with project.faceset(*name.split("/")) as faceset:
        yield Desk(name, faceset, project.trash.folder)


def finish_change(project: Project, name: str) -> list[str]:
    """Finish a change of a faceset that a killed process began, so that nobody sees half of it; says so.

    Raises FolderUnwritable when another process is at it and does not end.
    """
    folder = project.faceset_folder(*name.split("/"))
    if not History(folder, project.trash.folder, recover=False).is_unfinished:
        return []
    with exclusive(lock_path(project, name)):
        return [f"{name}: {text}" for text in History(folder, project.trash.folder).notices]


@contextlib.contextmanager
def changed(project: Project, text: str) -> Iterator[Desk]:
    """Open a faceset to change it, alone, after finishing what a killed process began.

    Raises FolderUnwritable when another process changes it right now, FacesetUnusable when it has no faces yet.
    """
    name = full_name(project, text)
    performer, _, short = name.partition("/")
    folder = project.faceset_folder(performer, short)
    if not folder.is_dir():
        raise FacesetUnusable(f"Faceset {name} has no faces yet. Run `understudy extract`.", folder)
    with exclusive(lock_path(project, name), wait_s=2.0):
        History(folder, project.trash.folder)  # finishes what is unfinished
        with project.faceset(performer, short) as faceset:
            yield Desk(name, faceset, project.trash.folder)


def lock_path(project: Project, name: str) -> Path:
    """The lock of one faceset's changes."""
    return project.cache_folder / f".faceset-{name.replace('/', '-')}.lock"


@contextlib.contextmanager
def step_of_extraction(project: Project, name: str, *, clip: str, command: str = "") -> Iterator[None]:
    """Make one step of the faceset's history of all faces that a clip's extraction writes inside the block,
    also when it is stopped or fails; one with all else of that `command`."""
    folder, lock = project.faceset_folder(*name.split("/")), lock_path(project, name)
    with exclusive(lock):
        number = History(folder, project.trash.folder).begin_extraction(clip, command=command)
    try:
        yield
    finally:
        with exclusive(lock):
            History(folder, project.trash.folder).end_extraction(number)


def put_away(
    project: Project, faceset: Faceset, faces: Sequence[StoredFace], *, why: str, command: str = ""
) -> None:
    """Reject faces of an open faceset of the project, for a reason of a stage's own."""
    folder = faceset.folder
    with exclusive(lock_path(project, f"{folder.parent.name}/{folder.name}")):
        reject(faceset, faces, trash=project.trash.folder, why=why, command=command)


def shelf_of(project: Project, faceset: Faceset, *, clip: str, command: str = "") -> Shelf:
    """Where an extraction puts faces of an open faceset that are not meant, and gets them back from."""
    folder, trash = faceset.folder, project.trash.folder
    lock = lock_path(project, f"{folder.parent.name}/{folder.name}")

    def put(faces: Sequence[StoredFace]) -> None:
        with exclusive(lock):
            reject(faceset, faces, trash=trash, why=f"not meant in {clip}", command=command)

    def bring_back(names: Sequence[str]) -> list[str]:
        with exclusive(lock):
            there = [name for name in names if name in rejected(faceset, trash=trash)]
            if there:
                restore(faceset, trash=trash, names=there, why=f"meant again in {clip}", command=command)
        return there

    return Shelf(put, bring_back)


def made_ready(project: Project, text: str, choice: Choice) -> Events:
    """Measure the faces as far as a choice needs it; without events when all is known."""
    with looked_at(project, text) as desk:
        yield from choosing.made_ready(desk.faceset, choice)


def list_faces(project: Project, text: str, choice: Choice) -> list[dict[str, Any]]:
    """The faces meant by a choice, in its order, each with all that is known of it by column, and under the
    name of the sort the value it is sorted by."""
    with looked_at(project, text) as desk:
        table, values = ranked_table(desk.faceset, choice)
        rows = rows_of(table)
        if choice.sort and choice.sort not in COLUMNS:
            return [{**row, choice.sort: value} for row, value in zip(rows, values, strict=True)]
        return rows


def spread_of(project: Project, text: str, where: str) -> dict[str, tuple[float, float]]:
    """The least and the greatest value, over all faces, of every number that a filter speaks of."""
    with looked_at(project, text) as desk:
        return choosing.spread_of(desk.faceset, where)


def reject_faces(project: Project, text: str, choice: Choice, *, dry_run: bool = False) -> list[StoredFace]:
    """Put the chosen faces into the trash; returns them. Raises FacesUnknown when nothing says which."""
    if choice.is_all:
        raise FacesUnknown("Say which faces to reject: names, --from FILE, --where FILTER or --limit N.")
    with changed(project, text) as desk:
        faces = chosen(desk.faceset, choice)
        if faces and not dry_run:
            reject(desk.faceset, faces, trash=desk.trash, why=choice.words)
        return faces


def keep_faces(project: Project, text: str, choice: Choice, *, dry_run: bool = False) -> list[StoredFace]:
    """Put all faces but the chosen ones into the trash; returns those put away.

    Raises FacesUnknown when nothing says which, or when nothing would be left.
    """
    if choice.is_all:
        raise FacesUnknown("Say which faces to keep: names, --from FILE, --where FILTER or --limit N.")
    with changed(project, text) as desk:
        kept = {face.name for face in chosen(desk.faceset, choice)}
        if not kept:
            raise FacesUnknown(
                " ".join(
                    (
                        "No face is chosen to be kept, so all stay.",
                        choosing.texts_not_there(desk.faceset, choice) or "To put all away, reject them.",
                    )
                )
            )
        others = [face for face in desk.faceset.faces() if face.name not in kept]
        if others and not dry_run:
            reject(desk.faceset, others, trash=desk.trash, why=f"all but {choice.words}")
        return others


def count_faces(project: Project, text: str) -> int:
    """How many faces a faceset has."""
    with looked_at(project, text) as desk:
        return len(desk.faceset)


def texts_not_there(project: Project, text: str, choice: Choice) -> str:
    """A sentence for texts of the filter that no face has in that column; empty where there are none."""
    with looked_at(project, text) as desk:
        return choosing.texts_not_there(desk.faceset, choice)


def rejected_faces(project: Project, text: str) -> dict[str, Path]:
    """Name before and place in the trash of every face that was rejected and can come back."""
    with looked_at(project, text) as desk:
        return rejected(desk.faceset, trash=desk.trash)


def restore_faces(project: Project, text: str, *, names: Sequence[str] = (), last: bool = False) -> list[str]:
    """Bring rejected faces back; returns their names now."""
    with changed(project, text) as desk:
        return restore(desk.faceset, trash=desk.trash, names=names, last=last)


def rename_faces(project: Project, text: str, choice: Choice, *, dry_run: bool = False) -> Events:
    """Number the faces in an order."""
    with changed(project, text) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        faces = chosen(desk.faceset, choice)
        if dry_run:
            yield _would_rename(names_in_order(desk.faceset, faces))
            return
        by = (choice.sort or "clip and frame") + (" backwards" if choice.backwards else "")
        yield from rename_in_order(desk.faceset, faces, trash=desk.trash, by=by)


def recover_face_names(project: Project, text: str, *, dry_run: bool = False) -> Events:
    """Give every face its first name again."""
    with changed(project, text) as desk:
        if dry_run:
            yield _would_rename(first_names(desk.faceset))
            return
        yield from recover_names(desk.faceset, trash=desk.trash)


def _would_rename(names: Mapping[str, str]) -> Notice:
    some = [f"{old} to {new}" for old, new in list(names.items())[:3]]
    more = ["…"] if len(names) > len(some) else []
    return Notice(", ".join([f"{counted(len(names), 'face')} would be renamed", *some, *more]))


def history(project: Project, text: str) -> list[Step]:
    """Every step of a faceset's history, oldest first: one for each command."""
    with looked_at(project, text) as desk:
        return History(desk.faceset.folder, desk.trash, recover=False).steps()


def undo(project: Project, text: str, *, steps: int = 1, redo: bool = False, dry_run: bool = False) -> Events:
    """Take back the last changes, or do again what was taken back. Raises NothingToUndo, UndoImpossible."""
    if dry_run:
        with looked_at(project, text) as desk:
            looked = History(desk.faceset.folder, desk.trash, recover=False)
            for step in (looked.to_redo() if redo else looked.to_undo())[:steps]:
                yield Notice(f"would be {'done again' if redo else 'taken back'}: {step.words}")
        return
    verb, past = ("redo", "done again") if redo else ("undo", "taken back")
    done = 0
    with changed(project, text) as desk:
        for _ in range(steps):
            opened = History(desk.faceset.folder, desk.trash)
            if done and not (opened.can_redo if redo else opened.can_undo):
                yield Notice(f"Only {done} of {steps} steps {'was' if done == 1 else 'were'} there.")
                break
            step, surprises = opened.redo() if redo else opened.undo()
            done += 1
            yield Notice(f"{past}: {step.words}")
            desk.faceset.renamed(step.new_names(taken_back=not redo))
            for surprise in surprises:
                yield Notice(surprise, level="warning")
        yield StageFinished(stage=verb, summary={"steps": done, "faces": len(desk.faceset)})
