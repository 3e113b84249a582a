"""`understudy export`: a trained model for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from understudy.cli.flags import Json
from understudy.cli.show import run
from understudy.project.project import Project


def export(
    project: Path,
    /,
    *,
    dfm: Annotated[str, Parameter(show_default=False)],
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    use: str = "",
    json: Json = False,
) -> None:
    """Write a trained model for live programs that read `.dfm` files (ONNX).

    Consent is asked for as for a finished shot, and the file says what it is. Needs the packages of
    understudy[export].

    Parameters
    ----------
    project:
        The project folder.
    dfm:
        The model.
    out:
        The file to write. Without it: the model's name in the project's folder `out`.
    use:
        What it is for, where a performer agreed to named uses alone. It stands in the ledger.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.models.exporting import export_dfm

    run(export_dfm(Project.open(project), dfm, out=out, use=use), json=json)
