"""`understudy faceset VERB PROJECT FACESET …`: look at a faceset, choose, clean and arrange its faces.

FACESET is PERFORMER/NAME, or PERFORMER alone where that says enough. The verbs are functions in
`jobs.facesets`; here their words become flags and their results lines.
"""

from __future__ import annotations

import json as to_json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from understudy.cli.flags import DryRun, Json, Which
from understudy.cli.show import show
from understudy.cli.words import print_result
from understudy.errors import FacesUnknown
from understudy.project.project import Project

if TYPE_CHECKING:  # needs OpenCV, which `--help` does not
    from understudy.events import Events
    from understudy.facesets.curation.choose import Choice
    from understudy.facesets.store import StoredFace

faceset = App(name="faceset", help="Look at a faceset, choose, clean and arrange its faces.")
ASKED = Annotated[Which, Parameter(name="*", group="Which faces")]
ALL = Which()
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
    from understudy.facesets.curation.choose import row_of
    from understudy.jobs import facesets

    faces = facesets.list_faces(Project.open(project), faceset, _choice(names, which))
    if json:
        print(to_json.dumps([row_of(face) for face in faces], indent=2, ensure_ascii=False, default=str))
    elif only_names:
        print("\n".join(face.name for face in faces))
    else:
        _print_table(faces, extra=which.sort)


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
    from understudy.jobs import facesets

    gone = facesets.reject_faces(Project.open(project), faceset, _choice(names, which), dry_run=dry_run)
    _print_gone(gone, dry_run=dry_run, json=json)


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
    from understudy.jobs import facesets

    gone = facesets.keep_faces(Project.open(project), faceset, _choice(names, which), dry_run=dry_run)
    _print_gone(gone, dry_run=dry_run, json=json)


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
    from understudy.jobs import facesets

    opened = Project.open(project)
    if dry_run:
        back = [str(name) for name in facesets.rejected_faces(opened, faceset)]
    else:
        back = facesets.restore_faces(opened, faceset, names=names, last=last)
    if json:
        print(to_json.dumps(back, ensure_ascii=False))
    else:
        print(f"{len(back)} faces {'can come' if dry_run else 'came'} back")


@faceset.command
def rename(project: Path, faceset: str, /, *, json: Json = False, which: ASKED = ALL) -> None:
    """Number the faces in an order: 00000, 00001, … `recover-names` gives the first names back.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs import facesets

    _run(facesets.rename_faces(Project.open(project), faceset, _choice((), which)), json=json)


@faceset.command(name="recover-names")
def recover_names(project: Path, faceset: str, /, *, json: Json = False) -> None:
    """Give every face its first name again: clip, frame and person.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs import facesets

    _run(facesets.recover_face_names(Project.open(project), faceset), json=json)


@faceset.command
def history(project: Path, faceset: str, /, *, json: Json = False) -> None:
    """List every change of a faceset; each is one step that `undo` takes back.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    json:
        Print the list as JSON.
    """
    from understudy.jobs import facesets

    entries = facesets.history(Project.open(project), faceset)
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
def undo(project: Path, faceset: str, /, *, steps: int = 1, json: Json = False) -> None:
    """Take back the last change of a faceset, or several.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    steps:
        How many changes, newest first.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs import facesets

    _run(facesets.undo(Project.open(project), faceset, steps=steps), json=json)


@faceset.command
def redo(project: Path, faceset: str, /, *, steps: int = 1, json: Json = False) -> None:
    """Do again what `undo` took back, as long as nothing else was done since.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    steps:
        How many changes.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs import facesets

    _run(facesets.undo(Project.open(project), faceset, steps=steps, redo=True), json=json)


def _choice(names: tuple[str, ...], which: Which) -> Choice:
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


def _print_table(faces: list[StoredFace], *, extra: str) -> None:
    from understudy.facesets.curation.choose import row_of

    columns = [*_SHOWN, *([extra] if extra and extra not in (*_SHOWN, "name") else [])]
    width = max([len(face.name) for face in faces], default=4)
    print(f"{'name':<{width}} " + " ".join(f"{column:>10}" for column in columns))
    for face in faces:
        row = row_of(face)
        print(f"{face.name:<{width}} " + " ".join(f"{_cell(row.get(column)):>10}" for column in columns))
    print(f"{len(faces)} faces")


def _cell(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _print_gone(gone: list[StoredFace], *, dry_run: bool, json: bool) -> None:
    if json:
        print(to_json.dumps([face.name for face in gone], ensure_ascii=False))
        return
    if dry_run:
        print("\n".join(face.name for face in gone))
    word = "would go" if dry_run else "went"
    print(
        f"{len(gone)} faces {word} to the trash"
        + ("" if dry_run else "; `understudy faceset undo` brings them back")
    )


def _run(events: Events, *, json: bool) -> None:
    finished = show(events, as_json=json)
    if not json:
        print_result(finished)
