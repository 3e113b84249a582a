"""`understudy faceset import | export`: faces from and for DeepFaceLab and faceswap."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from understudy.cli.changes import run_change
from understudy.cli.flags import Json
from understudy.cli.show import run
from understudy.facesets.exchange.options import ExportOptions, ImportOptions
from understudy.project.project import Project


def import_(
    project: Path,
    faceset: str,
    /,
    *paths: Path,
    format: Literal["auto", "dfl", "faceswap"] = "auto",
    frames: str | None = None,
    json: Json = False,
    options: Annotated[ImportOptions, Parameter(name="*", group="Importing")] = ImportOptions(),
) -> None:
    """Take faces of DeepFaceLab or faceswap into a faceset. Nothing that their files say is ever run.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, which is made if it isn't there, or PERFORMER alone.
    paths:
        Pictures, folders of them, faceset.pak, meta.dat, alignments (.fsa) or faceswap's JSON.
    format:
        Whose files: auto, dfl or faceswap.
    frames:
        The frames that the faces come from: a clip's name in the project, a video or a folder of images. Needed
        for alignments and JSON, and to cut faces anew.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.errors import OptionInvalid
    from understudy.jobs.facesets import exchange

    if not paths:
        raise OptionInvalid("Name what to import: pictures, a folder, a .pak, a .fsa or a .json.")
    opened = Project.open(project)
    events = exchange.import_faces(opened, faceset, paths, form=format, frames=frames, options=options)
    run_change(events, opened, faceset, json=json)


def export(
    project: Path,
    faceset: str,
    out: Path,
    /,
    *,
    format: Literal["dfl", "dfl-pak", "faceswap-json", "faceswap-png"],
    frames: str | None = None,
    json: Json = False,
    options: Annotated[ExportOptions, Parameter(name="*", group="Exporting")] = ExportOptions(),
) -> None:
    """Write a faceset for DeepFaceLab or faceswap. What lies at OUT is never replaced.

    Parameters
    ----------
    project:
        The project folder.
    faceset:
        PERFORMER/NAME, or PERFORMER alone.
    out:
        A folder for dfl and faceswap-png, a file for dfl-pak and faceswap-json.
    format:
        What to write: dfl (JPEGs), dfl-pak, faceswap-json or faceswap-png.
    frames:
        The frames that the faces come from, where the project's own clips are not those or not there.
    json:
        Print every event as a JSON line instead of a progress bar.
    """
    from understudy.jobs.facesets import exchange

    opened = Project.open(project)
    run(exchange.export_faces(opened, faceset, out, form=format, frames=frames, options=options), json=json)
