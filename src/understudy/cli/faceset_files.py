"""`understudy faceset resize | retype | pack | unpack`: faces in another shape, facesets in one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from understudy.cli.changes import run_change
from understudy.cli.faceset import ALL, ASKED, choice_of
from understudy.cli.flags import DryRun, Json
from understudy.cli.show import run
from understudy.project.project import Project


def resize(
    project: Path,
    faceset: str,
    size_px: int,
    /,
    *names: str,
    dry_run: DryRun = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Give faces another size: cut anew from their clips' frames, or from their pictures where a clip is gone.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    size_px:
        Side of the square crops, in pixels.
    names:
        File names of faces.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import files

    opened, choice = Project.open(project), choice_of(names, which)
    events = files.recut_faces(opened, faceset, choice, size_px=size_px, dry_run=dry_run)
    run_change(events, opened, faceset, json=json, dry_run=dry_run)


def retype(
    project: Path,
    faceset: str,
    face_type: str,
    /,
    *names: str,
    size_px: int | None = None,
    dry_run: DryRun = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Give faces another face type: cut anew from their clips' frames, or from their pictures without those.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    face_type:
        half, mid-full, full, full-no-align, whole, head or head-no-align.
    names:
        File names of faces.
    size_px:
        Another side of the crops at the same time, in pixels.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import files

    opened, choice = Project.open(project), choice_of(names, which)
    events = files.recut_faces(opened, faceset, choice, size_px=size_px, face_type=face_type, dry_run=dry_run)
    run_change(events, opened, faceset, json=json, dry_run=dry_run)


def pack(
    project: Path,
    faceset: str,
    /,
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    json: Json = False,
) -> None:
    """Write a faceset into one file, a tar that any program unpacks. The faceset stays as it is.

    An older pack of that name goes to the project's trash; any other file there is left alone.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    out:
        The file. Without it: the project's folder `packs`.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import files

    run(files.pack_set(Project.open(project), faceset, out=out), json=json)


def unpack(project: Path, faceset: str, file: Path, /, *, dry_run: DryRun = False, json: Json = False) -> None:
    """Bring the faces of a pack into a faceset, which is made where it is missing. Nothing is overwritten.

    Faces that are there already are not brought in twice.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME.
    file:
        The pack.
    dry_run:
        Only say what would be done.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import files

    opened = Project.open(project)
    events = files.unpack_set(opened, faceset, file, dry_run=dry_run)
    run_change(events, opened, faceset, json=json, dry_run=dry_run)
