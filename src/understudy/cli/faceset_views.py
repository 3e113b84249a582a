"""`understudy faceset measure | sheet | landmarks | coverage`: measuring, and pictures beside a faceset."""

from __future__ import annotations

import json as to_json
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from understudy.cli.faceset import ALL, ASKED, choice_of
from understudy.cli.flags import Json, Sets
from understudy.cli.show import run, show
from understudy.project.project import Project


def measure(
    project: Path,
    faceset: str,
    /,
    *,
    identity: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """Measure the faces that were not measured yet, for all sorts and filters. Stopping keeps what is done.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    identity:
        Also who each face is, for the sort `identity` and the column `stranger`.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import curating

    run(curating.measure_faceset(Project.open(project), faceset, identity=identity), json=json)


def sheet(
    project: Path,
    faceset: str,
    /,
    *names: str,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    columns: int = 10,
    rows: int = 8,
    cell_px: int = 128,
    landmarks: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Lay faces out on pages, in any order, each with its name and the value it is sorted by.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    names:
        File names of faces.
    out:
        Folder for the pages. Without it: the project's folder `sheets`.
    columns:
        Faces beside each other, 1 to 100.
    rows:
        Faces above each other, 1 to 100.
    cell_px:
        Side of a face on the page, 16 to 512 pixels.
    landmarks:
        Draw the landmarks on the faces.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import views

    events = views.sheet(
        Project.open(project),
        faceset,
        choice_of(names, which),
        out=out,
        columns=columns,
        rows=rows,
        cell_px=cell_px,
        landmarks=landmarks,
    )
    show(events, as_json=json)


def landmarks(
    project: Path,
    faceset: str,
    /,
    *names: str,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    json: Json = False,
    which: ASKED = ALL,
) -> None:
    """Draw the landmarks on faces, one picture each, to find those that sit wrong; reject those by name.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    names:
        File names of faces.
    out:
        Folder for the pictures. Without it: the project's folder `sheets`.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.facesets import views

    show(views.landmarks(Project.open(project), faceset, choice_of(names, which), out=out), as_json=json)


def coverage(
    project: Path,
    /,
    *,
    src: Sets = (),
    dst: Sets = (),
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    json: Json = False,
) -> None:
    """Say which directions and which light src lacks for dst, and draw the map.

    Parameters
    ----------
    project:
        The project folder.
    src:
        Facesets of src. Without any: all that hold a src clip.
    dst:
        Facesets of dst. Without any: all that hold a dst clip.
    out:
        The picture. Without it: sheets/coverage.png in the project.
    json:
        Print the whole map as JSON.
    """
    from understudy.jobs.facesets import views

    events = views.show_coverage(Project.open(project), src=src, dst=dst, out=out)
    if json:
        *_, finished = events
        print(to_json.dumps(vars(finished)["summary"], indent=1, ensure_ascii=False))
        return
    for line in show(events)[-1].summary["words"]:
        print(line)
