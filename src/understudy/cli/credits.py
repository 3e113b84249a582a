"""`understudy credits`: the card that says what was done and who agreed."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

from understudy.merging.delivery.options import LabelLanguage
from understudy.project.project import Project

_Side = Annotated[int, Parameter(validator=Number(lte=16384))]


def credits(
    project: Path,
    /,
    *,
    out: Annotated[Path | None, Parameter(name=["--out", "-o"])] = None,
    language: LabelLanguage = "en",
    width: _Side = 1920,
    height: _Side = 1080,
) -> None:
    """Print what a film's credits should say of the faces in it, or write it as a picture or as text.

    It stops where a consent that was recorded doesn't hold today.

    Parameters
    ----------
    project:
        The project folder.
    out:
        A .png, white on black, or a .txt. What stands there goes to the project's trash.
    language:
        The card's language.
    width:
        Pixels of the picture.
    height:
        Pixels of the picture.
    """
    from understudy.jobs.delivery.consents import credits_of, write_credits
    from understudy.provenance.words import escaped

    opened = Project.open(project)
    lines = credits_of(opened, language)
    if out is None:
        print(escaped("\n".join(lines), keep="\n"))
        return
    write_credits(opened, lines, out, width=width, height=height)
    print(f"for the credits: {out}")
