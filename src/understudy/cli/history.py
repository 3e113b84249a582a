"""`understudy history`: one face through a model's iterations, under its losses."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from understudy.cli.flags import Json
from understudy.cli.show import run
from understudy.project.project import Project


def history(
    project: Path,
    /,
    *,
    model: str = "main",
    face: str = "",
    column: str = "dst as src",
    movie: Annotated[bool, Parameter(negative="")] = False,
    json: Json = False,
) -> None:
    """Lay out how a model painted one face through its iterations, with the losses above.

    Parameters
    ----------
    project:
        The project folder.
    model:
        Name of the model.
    face:
        Which dst face, by the name beside it on the preview sheets. Without it: the one in the middle.
    column:
        Which column of the preview sheets, by its heading.
    movie:
        Make a movie of all sheets as well.
    json:
        Print every event as a JSON line.
    """
    from understudy.jobs.stages import history as history_of

    run(history_of(Project.open(project), model, face=face, column=column, movie=movie), json=json)
