"""Curate one faceset of a project: finds it by its name, locks it, and hands the project's trash to the room
that does the work.

A faceset is named `PERFORMER/NAME`, or `PERFORMER` alone where that says enough. What the commands do is
decided in `facesets.curation`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.counts import counted
from understudy.errors import FacesetUnusable, FacesUnknown, StepOutdated
from understudy.events import Event, Events, Notice, StageFinished
from understudy.facesets.curation import choose as choosing
from understudy.facesets.curation.choose import Choice, ranked_table, rows_of
from understudy.facesets.curation.entries import Step, names_after
from understudy.facesets.curation.history import History, require_step
from understudy.facesets.curation.naming import first_names, names_in_order, recover_names, rename_in_order
from understudy.facesets.curation.reject import reject, rejected, restore
from understudy.facesets.extraction.task import Shelf
from understudy.facesets.sorting.identities import measure_identities
from understudy.facesets.sorting.measure import measure_faces
from understudy.facesets.sorting.table import COLUMNS, Table
from understudy.facesets.store import Faceset, StoredFace
from understudy.jobs.facesets.long_sorts import chosen_told, ranked_told
from understudy.project.lock import exclusive
from understudy.project.project import Project
from understudy.project.unknown import unknown
from understudy.steps import answer_of


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
    raise FacesUnknown(unknown("faceset", text, known, short=project.manifest.performers))


def all_names(project: Project) -> list[str]:
    """Every faceset of the manifest as PERFORMER/NAME."""
    performers = project.manifest.performers
    return [f"{performer}/{name}" for performer, entry in performers.items() for name in entry.facesets]


@contextlib.contextmanager
def looked_at(project: Project, text: str, opened: Faceset | None = None) -> Iterator[Desk]:
    """Open a faceset to look at it, after finishing a change that a killed process began. One that is `opened`
    already is taken as it is."""
    name = full_name(project, text)
    finish_change(project, name)
    if opened is not None:
        yield Desk(name, opened, project.trash.folder)
        return
    with project.faceset(*name.split("/")) as faceset:
        yield Desk(name, faceset, project.trash.folder)


def finish_change(project: Project, name: str) -> list[str]:
    """Finish a change of a faceset that a killed process began, so that nobody sees half of it; says so.

    Raises FolderUnwritable when another process is at it and does not end.
    """
    folder = project.faceset_folder(*name.split("/"))
    if not History(folder, project.trash.folder, recover=False).is_unfinished:
        return []
    with exclusive(project.faceset_lock(name)):
        return [f"{name}: {text}" for text in History(folder, project.trash.folder).notices]


@contextlib.contextmanager
def changed(
    project: Project, text: str, opened: Faceset | None = None, *, only: Sequence[str] = ()
) -> Iterator[Desk]:
    """Open a faceset to change it, alone, after finishing what a killed process began. One that is `opened`
    already is looked at anew instead, which is quicker, and stays open; of very many faces `only` a few, where
    no others are meant.

    Raises FolderUnwritable when another process changes it right now, FacesetUnusable when it has no faces yet.
    """
    name = full_name(project, text)
    performer, _, short = name.partition("/")
    folder = project.faceset_folder(performer, short)
    if not folder.is_dir():
        raise FacesetUnusable(f"Faceset {name} has no faces yet. Run `understudy extract`.", folder)
    with exclusive(project.faceset_lock(name), wait_s=2.0):
        finished = History(folder, project.trash.folder).notices  # what a dead process had begun
        if opened is not None:
            _ = opened.look_at(only) if only and not finished else opened.refresh()
            yield Desk(name, opened, project.trash.folder)
            return
        with project.faceset(performer, short) as faceset:
            yield Desk(name, faceset, project.trash.folder)


def _lock_of(project: Project, faceset: Faceset) -> Path:
    """The lock of changes of an open faceset of the project."""
    return project.faceset_lock(f"{faceset.folder.parent.name}/{faceset.folder.name}")


@contextlib.contextmanager
def step_of_extraction(project: Project, name: str, *, clip: str, command: str = "") -> Iterator[None]:
    """Make one step of the faceset's history of all faces that a clip's extraction writes inside the block,
    also when it is stopped or fails; one with all else of that `command`."""
    folder, lock = project.faceset_folder(*name.split("/")), project.faceset_lock(name)
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
    with exclusive(_lock_of(project, faceset)):
        reject(faceset, faces, trash=project.trash.folder, why=why, command=command)


def shelf_of(project: Project, faceset: Faceset, *, clip: str, command: str = "") -> Shelf:
    """Where an extraction puts faces of an open faceset that are not meant, and gets them back from."""
    lock, trash = _lock_of(project, faceset), project.trash.folder

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


def list_faces(project: Project, text: str, choice: Choice) -> list[dict[str, Any]]:
    """The faces meant by a choice, in its order, each with all that is known of it by column, and under the
    name of the sort the value it is sorted by."""
    with looked_at(project, text) as desk:
        return _listed(*ranked_table(desk.faceset, choice), choice)


def listed_faces(project: Project, text: str, choice: Choice) -> Generator[Event, None, list[dict[str, Any]]]:
    """The same once what the choice speaks of is measured; a long sort tells how far it is."""
    with looked_at(project, text) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        table, values = yield from ranked_told(desk.faceset, choice)
        return _listed(table, values, choice)


def _listed(table: Table, values: Sequence[Any], choice: Choice) -> list[dict[str, Any]]:
    rows = rows_of(table)
    if choice.sort and choice.sort not in COLUMNS:
        return [{**row, choice.sort: value} for row, value in zip(rows, values, strict=True)]
    return rows


def spread_of(project: Project, text: str, where: str) -> dict[str, tuple[float, float]]:
    """The least and the greatest value, over all faces, of every number that a filter speaks of."""
    with looked_at(project, text) as desk:
        return choosing.spread_of(desk.faceset, where)


def measure_faceset(project: Project, text: str, *, identity: bool = False) -> Events:
    """Measure the faces that were not measured yet, for every sort and filter at once; with `identity` also who
    they are, which needs weights that a person added."""
    with looked_at(project, text) as desk:
        yield from measure_faces(desk.faceset)
        if identity:
            yield from measure_identities(desk.faceset)


def reject_faces(
    project: Project, text: str, choice: Choice, *, dry_run: bool = False, opened: Faceset | None = None
) -> list[StoredFace]:
    """Put the chosen faces into the trash; returns them. Raises FacesUnknown when nothing says which."""
    return answer_of(rejected_told(project, text, choice, dry_run=dry_run, opened=opened))


def rejected_told(
    project: Project, text: str, choice: Choice, *, dry_run: bool = False, opened: Faceset | None = None
) -> Generator[Event, None, list[StoredFace]]:
    """The same once what the choice speaks of is measured; a long sort tells how far it is."""
    if choice.is_all:
        raise FacesUnknown("Say which faces to reject: names, --from FILE, --where FILTER or --limit N.")
    with changed(project, text, opened) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        faces = yield from chosen_told(desk.faceset, choice)
        if faces and not dry_run:
            reject(desk.faceset, faces, trash=desk.trash, why=choice.words)
        return faces


def keep_faces(
    project: Project, text: str, choice: Choice, *, dry_run: bool = False, opened: Faceset | None = None
) -> list[StoredFace]:
    """Put all faces but the chosen ones into the trash; returns those put away.

    Raises FacesUnknown when nothing says which, or when nothing would be left.
    """
    return answer_of(kept_told(project, text, choice, dry_run=dry_run, opened=opened))


def kept_told(
    project: Project, text: str, choice: Choice, *, dry_run: bool = False, opened: Faceset | None = None
) -> Generator[Event, None, list[StoredFace]]:
    """The same once what the choice speaks of is measured; a long sort tells how far it is."""
    if choice.is_all:
        raise FacesUnknown("Say which faces to keep: names, --from FILE, --where FILTER or --limit N.")
    with changed(project, text, opened) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        kept = {face.name for face in (yield from chosen_told(desk.faceset, choice))}
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


def restore_faces(
    project: Project,
    text: str,
    *,
    names: Sequence[str] = (),
    last: bool = False,
    opened: Faceset | None = None,
) -> list[str]:
    """Bring rejected faces back; returns their names now."""
    with changed(project, text, opened) as desk:
        return restore(desk.faceset, trash=desk.trash, names=names, last=last)


def rename_faces(project: Project, text: str, choice: Choice, *, dry_run: bool = False) -> Events:
    """Number the faces in an order."""
    with changed(project, text) as desk:
        yield from choosing.made_ready(desk.faceset, choice)
        faces = yield from chosen_told(desk.faceset, choice)
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


def next_steps(project: Project, text: str) -> dict[str, dict[str, Any] | None]:
    """The step that `undo` would take back now, and the one that would be done again: number, verb, words."""
    history = _looked_at_history(project, text)

    def told(steps: Sequence[Step]) -> dict[str, Any] | None:
        return {"step": steps[0].number, "verb": steps[0].verb, "words": steps[0].words} if steps else None

    return {"undo": told(history.to_undo()), "redo": told(history.to_redo())}


def undo(
    project: Project,
    text: str,
    *,
    steps: int = 1,
    step: int | None = None,
    redo: bool = False,
    dry_run: bool = False,
    opened: Faceset | None = None,
) -> Events:
    """Take back the last changes, or do again what was taken back; what a hand did to faces of clips wholly.

    With the number of a `step`, that one and no other. Raises NothingToUndo, UndoImpossible, StepOutdated, and
    FolderUnwritable where a clip whose faces a hand drew is being extracted.
    """
    verb, past = ("redo", "done again") if redo else ("undo", "taken back")
    if dry_run:
        with looked_at(project, text) as desk:
            there = _next_of(History(desk.faceset.folder, desk.trash, recover=False), redo=redo)
            if there:
                require_step(there[0], step, past, desk.faceset.folder)
            for one in there[:steps]:
                yield Notice(f"would be {past}: {one.words}")
        return
    done, names = 0, dict[str, str]()
    with _next_steps(project, text, opened, steps=steps, redo=redo) as (desk, history):
        try:
            while done < steps:
                if done and not (history.can_redo if redo else history.can_undo):
                    yield Notice(f"Only {done} of {steps} steps {'was' if done == 1 else 'were'} there.")
                    break
                went, surprises = history.redo(step) if redo else history.undo(step)
                step = None  # of several, the number is the first one's
                done += 1
                names = names_after(names, went.new_names(taken_back=not redo))
                yield Notice(f"{past}: {went.words}")
                for surprise in surprises:
                    yield Notice(surprise, level="warning")
        finally:
            if done:
                desk.faceset.renamed(names)  # once, however many steps
        faces = len(desk.faceset)
    yield StageFinished(stage=verb, summary={"steps": done, "faces": faces})


@contextlib.contextmanager
def _next_steps(
    project: Project, text: str, opened: Faceset | None, *, steps: int, redo: bool
) -> Iterator[tuple[Desk, History]]:
    """A faceset and its history, alone with the clips whose regions the next `steps` change.

    Clips are locked before facesets everywhere, so that nobody waits for ever; hence the look before.
    """
    clips = _clips(project, _next_of(_looked_at_history(project, text), redo=redo)[:steps])
    with contextlib.ExitStack() as stack:
        for clip in clips:
            stack.enter_context(exclusive(project.clip_lock(clip), wait_s=2.0))
        desk = stack.enter_context(changed(project, text, opened))
        history = History(desk.faceset.folder, desk.trash)
        now = _next_of(history, redo=redo)[:steps]
        if now and not {*_clips(project, now)} <= {*clips}:
            raise StepOutdated(f"Somebody did more here just now: {now[0].words}. Look at it, and ask again.")
        yield desk, history


def _looked_at_history(project: Project, text: str) -> History:
    """The history of a faceset as it stands, also while another process is at it."""
    folder = project.faceset_folder(*full_name(project, text).split("/"))
    return History(folder, project.trash.folder, recover=False)


def _next_of(history: History, *, redo: bool) -> list[Step]:
    """The steps that would be taken back, or done again, the next one first."""
    return history.to_redo() if redo else history.to_undo()


def _clips(project: Project, steps: Sequence[Step]) -> list[str]:
    """The clips of the project that some steps are about, in the order in which they are locked."""
    return sorted({clip for step in steps for clip in step.clips} & project.manifest.clips.keys())
