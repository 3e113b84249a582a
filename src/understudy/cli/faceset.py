"""`understudy faceset VERB PROJECT FACESET …`: look at a faceset, choose, clean and arrange its faces.

FACESET is PERFORMER/NAME, or PERFORMER alone where that says enough. The verbs are functions in
`jobs.facesets.curating`; here their words become flags and their results lines.
"""

from __future__ import annotations

import json as to_json
import shlex
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from cyclopts import App, Parameter

from understudy.cli.changes import run_change, say_who_learns
from understudy.cli.flags import DryRun, Json, Which
from understudy.cli.show import run, show
from understudy.counts import counted
from understudy.errors import FacesUnknown
from understudy.events import Event, Events
from understudy.project.project import Project

if TYPE_CHECKING:  # needs OpenCV, which `--help` does not
    from understudy.facesets.curation.choose import Choice
    from understudy.facesets.store import StoredFace

faceset = App(name="faceset", help="Look at a faceset, choose, clean and arrange its faces.")
_FILES = "understudy.cli.faceset_files"
_VIEWS, _SETS = "understudy.cli.faceset_views", "understudy.cli.faceset_sets"
_EXCHANGE = "understudy.cli.exchange"
faceset.command(f"{_VIEWS}:coverage", name="coverage", help="Say what src lacks for dst, and draw the map.")
faceset.command(f"{_VIEWS}:measure", name="measure", help="Measure faces, for every sort and filter.")
faceset.command(f"{_VIEWS}:sheet", name="sheet", help="Lay faces out on pages.")
faceset.command(f"{_VIEWS}:landmarks", name="landmarks", help="Draw the landmarks on faces.")
faceset.command(f"{_FILES}:resize", name="resize", help="Give faces another size.")
faceset.command(f"{_FILES}:retype", name="retype", help="Give faces another face type.")
faceset.command(f"{_FILES}:pack", name="pack", help="Write a faceset into one file.")
faceset.command(f"{_FILES}:unpack", name="unpack", help="Bring a pack's faces into a faceset.")
faceset.command(f"{_SETS}:new", name="new", help="Make an empty faceset of a performer.")
faceset.command(f"{_SETS}:copy", name="copy", help="Copy faces of one faceset into another.")
faceset.command(f"{_SETS}:merge", name="merge", help="Bring the faces of several facesets together in one.")
faceset.command(f"{_EXCHANGE}:import_", name="import", help="Take faces of other programs.")
faceset.command(f"{_EXCHANGE}:export", name="export", help="Write faces for other programs.")
ASKED = Annotated[Which, Parameter(name="*", group="Which faces")]
ALL = Which()
Answer = TypeVar("Answer")
_SHOWN = ("clip", "frame", "yaw_deg", "pitch_deg", "sharpness")


@faceset.command(name="list")
def list_faces(
    project: Path,
    faceset: str,
    /,
    *names: str,
    only_names: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """List faces: all, or those a filter, names, an order and a limit leave.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone, like src.
    names:
        File names of faces.
    only_names:
        Print file names alone, for other programs and for --from.
    json:
        Print everything that is known of each face as JSON.
    """
    from understudy.jobs.facesets import curating

    opened, choice = Project.open(project), choice_of(names, which)
    rows = _answered(curating.listed_faces(opened, faceset, choice), for_programs=json or only_names)
    if json:
        print(to_json.dumps(rows, indent=2, ensure_ascii=False))
    elif only_names:
        print("\n".join(row["name"] for row in rows))
    else:
        _print_table(rows, which, f"{project} {faceset}")
        if not rows:
            _print_texts_not_there(opened, faceset, choice)
        if which.where and not rows:
            for name, (least, most) in curating.spread_of(opened, faceset, which.where).items():
                print(f"{name} goes from {_cell(least)} to {_cell(most)} here")


@faceset.command
def select(project: Path, faceset: str, /, *names: str, json: Json = False, which: ASKED = ALL) -> None:
    """Print the file names of the chosen faces in their order, for other programs and for --from.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    names:
        File names of faces.
    json:
        Print the names as a JSON list.
    """
    from understudy.jobs.facesets import curating

    opened, choice = Project.open(project), choice_of(names, which)
    rows = _answered(curating.listed_faces(opened, faceset, choice), for_programs=True)
    chosen = [row["name"] for row in rows]
    print(to_json.dumps(chosen, ensure_ascii=False) if json else "\n".join(chosen))


@faceset.command
def reject(
    project: Path,
    faceset: str,
    /,
    *names: str,
    dry_run: DryRun = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Put the chosen faces into the project's trash. The extraction won't make them again.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    names:
        File names of faces.
    dry_run:
        Only say which would go.
    json:
        Print the names of those that went as JSON.
    """
    from understudy.jobs.facesets import curating

    opened, choice = Project.open(project), choice_of(names, which)
    gone = _answered(curating.rejected_told(opened, faceset, choice, dry_run=dry_run), for_programs=json)
    if json:
        print(to_json.dumps([face.name for face in gone], ensure_ascii=False))
    elif not gone:
        print(f"No face matched, so nothing {'would change' if dry_run else 'was changed'}.")
        _print_texts_not_there(opened, faceset, choice)
    elif dry_run:
        stay = curating.count_faces(opened, faceset) - len(gone)
        print(f"{counted(len(gone), 'face')} would go to the trash, {stay} would stay")
        _print_names("would go to the trash", gone)
    else:
        _print_gone(project, faceset, gone)
    if gone and not dry_run:
        say_who_learns(opened, faceset)


@faceset.command
def keep(
    project: Path,
    faceset: str,
    /,
    *names: str,
    dry_run: DryRun = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Keep the chosen faces and put all others into the project's trash.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    names:
        File names of faces.
    dry_run:
        Only say which would go.
    json:
        Print the names of those that went as JSON.
    """
    from understudy.jobs.facesets import curating

    opened, choice = Project.open(project), choice_of(names, which)
    gone = _answered(curating.kept_told(opened, faceset, choice, dry_run=dry_run), for_programs=json)
    _print_kept(opened, project, faceset, gone, dry_run=dry_run, json=json)
    if gone and not dry_run:
        say_who_learns(opened, faceset)


def _print_kept(
    opened: Project, project: Path, faceset: str, gone: list[StoredFace], *, dry_run: bool, json: bool
) -> None:
    from understudy.jobs.facesets import curating

    if json:
        print(to_json.dumps([face.name for face in gone], ensure_ascii=False))
        return
    stay = curating.count_faces(opened, faceset) - (len(gone) if dry_run else 0)
    if not gone:
        print(f"All {stay} are chosen to stay, so nothing {'would change' if dry_run else 'was changed'}.")
    elif dry_run:
        print(f"{counted(stay, 'face')} would stay, {len(gone)} would go to the trash")
        _print_names("would go to the trash", gone)
    else:
        print(f"{counted(stay, 'face')} stayed")
        _print_gone(project, faceset, gone)


@faceset.command
def restore(
    project: Path,
    faceset: str,
    /,
    *names: str,
    last: Annotated[bool, Parameter(negative="")] = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Bring rejected faces back: all, those named, or those of the last rejection.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    names:
        File names that the faces had.
    last:
        Only what was rejected last.
    dry_run:
        Only list what lies in the trash and could come back.
    json:
        Print names as JSON.
    """
    from understudy.jobs.facesets import curating

    opened = Project.open(project)
    if dry_run:
        back = [str(name) for name in curating.rejected_faces(opened, faceset)]
        if not json:
            print("\n".join(back))
    else:
        back = curating.restore_faces(opened, faceset, names=names, last=last)
    if json:
        print(to_json.dumps(back, ensure_ascii=False))
    else:
        print(f"{counted(len(back), 'face')} {'can come' if dry_run else 'came'} back")
    if back and not dry_run:
        say_who_learns(opened, faceset)


@faceset.command
def rename(
    project: Path, faceset: str, /, *, dry_run: DryRun = False, json: Json = False, which: ASKED = ALL
) -> None:
    """Number the faces in an order: 00000, 00001, … `recover-names` gives the first names back.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import curating

    run(curating.rename_faces(Project.open(project), faceset, choice_of((), which), dry_run=dry_run), json=json)


@faceset.command(name="recover-names")
def recover_names(project: Path, faceset: str, /, *, dry_run: DryRun = False, json: Json = False) -> None:
    """Give every face its first name again: clip, frame and person.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import curating

    run(curating.recover_face_names(Project.open(project), faceset, dry_run=dry_run), json=json)


@faceset.command
def history(project: Path, faceset: str, /, *, json: Json = False) -> None:
    """List every change of a faceset; each is one step that `undo` takes back.

    Numbers may be missing between two steps: one that changed several things has the number of the last, and
    what came to nothing has used up its own.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    json:
        Print the list as JSON.
    """
    from understudy.jobs.facesets import curating

    entries = curating.history(Project.open(project), faceset)
    if json:
        fields = ("number", "when", "verb", "words", "faces", "undone")
        print(
            to_json.dumps([{f: getattr(e, f) for f in fields} for e in entries], indent=2, ensure_ascii=False)
        )
        return
    for entry in entries:
        print(f"{entry.number:>4}  {entry.when}  {entry.words}{'  (taken back)' if entry.undone else ''}")
    if not entries:
        print("nothing has been changed yet")


@faceset.command
def undo(
    project: Path,
    faceset: str,
    /,
    *,
    steps: int = 1,
    step: int | None = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Take back the last change of a faceset, or several; also what was drawn in frames, wholly.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    steps:
        How many changes, newest first.
    step:
        The number of the step that is meant, as `history` shows it: refused where it is not the next one.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import curating

    opened = Project.open(project)
    events = curating.undo(opened, faceset, steps=steps, step=step, dry_run=dry_run)
    run_change(events, opened, faceset, json=json, dry_run=dry_run)


@faceset.command
def redo(
    project: Path,
    faceset: str,
    /,
    *,
    steps: int = 1,
    step: int | None = None,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Do again what `undo` took back, as long as nothing else was done since.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    steps:
        How many changes.
    step:
        The number of the step that is meant, as `history` shows it: refused where it is not the next one.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import curating

    opened = Project.open(project)
    events = curating.undo(opened, faceset, steps=steps, step=step, redo=True, dry_run=dry_run)
    run_change(events, opened, faceset, json=json, dry_run=dry_run)


def choice_of(names: tuple[str, ...], which: Which) -> Choice:
    """The flags as the library's choice, with the names that --from brings."""
    from understudy.facesets.curation.choose import Choice

    if which.listed is not None:
        names = (*names, *_names_in(which.listed))
    return Choice(names=names, where=which.where, sort=which.sort, backwards=which.backwards, limit=which.limit)


def _names_in(path: Path) -> list[str]:
    """The lines of a file, or of the standard input for -."""
    if str(path) == "-":
        text = sys.stdin.read()
    else:
        try:
            text = path.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise FacesUnknown("This list of names can't be read. Check its path.", path) from error
    return [line.strip() for line in text.splitlines() if line.strip()]


def _answered(events: Generator[Event, None, Answer], *, for_programs: bool) -> Answer:
    """What a stage answers at its end, with a bar for its events: beside an output that is for programs."""
    answers: list[Answer] = []

    def told() -> Events:
        answers.append((yield from events))

    show(told(), beside_output=for_programs)
    return answers[0]


def _print_table(rows: list[dict[str, Any]], which: Which, named: str) -> None:
    from understudy.facesets.curation.where import columns_in

    asked = [which.sort, *(sorted(columns_in(which.where)) if which.where else ())]
    known = set(rows[0]) if rows else set[str]()
    usual = [name for name in _SHOWN if name in asked or any(row[name] is not None for row in rows)]
    columns = list(dict.fromkeys([*usual, *(name for name in asked if name in known and name != "name")]))
    width = max([len(row["name"]) for row in rows], default=4)
    print(f"{'name':<{width}} " + " ".join(f"{column:>11}" for column in columns))
    for row in rows:
        print(f"{row['name']:<{width}} " + " ".join(f"{_cell(row[column]):>11}" for column in columns))
    for remark in _remarks(rows, which, named):
        print(remark)
    print(counted(len(rows), "face"))


def _remarks(rows: list[dict[str, Any]], which: Which, named: str) -> Iterator[str]:
    """What the table leaves open. A sort or filter that asks for a column has measured it."""
    from understudy.facesets.curation.where import columns_in

    asked = {which.sort, *(columns_in(which.where) if which.where else ())}
    for name in _SHOWN:
        missing = sum(row[name] is None for row in rows)
        if missing and name not in asked:
            of = "" if missing == len(rows) else f" of {counted(missing, 'face')}"
            measure = f"`understudy faceset list {named} --sort {name}` measures it"
            yield f"{name}{of} is not measured yet; {measure}, and so does any filter or sort that needs it"


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _print_names(heading: str, faces: list[StoredFace]) -> None:
    print(f"{heading}:")
    for face in faces:
        print(f"  {face.name}")


def _print_gone(project: Path, faceset: str, gone: list[StoredFace]) -> None:
    undo = shlex.join(["understudy", "faceset", "undo", str(project), faceset])
    them = "it" if len(gone) == 1 else "them"
    print(f"{counted(len(gone), 'face')} went to the trash; `{undo}` brings {them} back")


def _print_texts_not_there(project: Project, faceset: str, choice: Choice) -> None:
    from understudy.jobs.facesets import curating

    sentence = curating.texts_not_there(project, faceset, choice)
    if sentence:
        print(sentence)
