"""A user's own presets: named sets of options, in a project's manifest or in the user's folder.

Kept, listed and taken out here; that their options exist is asked for by whoever keeps them (`jobs.presets`).
What is replaced or taken out goes to the trash beside, as a file that can be read.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

import tomlkit
from pydantic import ValidationError

from understudy.errors import PresetInvalid
from understudy.files import move_to_trash, said_plainly, write_text
from understudy.project.lock import exclusive
from understudy.project.manifest import PresetEntry, PresetTables
from understudy.project.project import Project
from understudy.provenance.identity import home_folder

PresetStage = Literal["encode", "merge"]
FILE_NAME = "presets.toml"


def own_presets(project: Project | None, stage: PresetStage) -> dict[str, PresetEntry]:
    """Those of a project, or (None) of the user, by name. Raises PresetInvalid for a file that is none."""
    tables = _user_tables() if project is None else project.manifest.presets
    return dict(cast("dict[str, PresetEntry]", getattr(tables, stage)))


def put_own_preset(project: Project | None, stage: PresetStage, name: str, entry: PresetEntry | None) -> None:
    """Keep a preset under its name, or (None) take it out. What was there goes to the trash."""
    with _changing(project) as tables:
        known = dict(cast("dict[str, PresetEntry]", getattr(tables, stage)))
        if (before := known.pop(name, None)) is not None and before != entry:
            _put_away(project, stage, name, before)
        if entry is not None:
            known[name] = entry
        setattr(tables, stage, known)


@contextlib.contextmanager
def _changing(project: Project | None) -> Iterator[PresetTables]:
    if project is not None:
        with project.change() as manifest:
            yield manifest.presets
        return
    with exclusive(home_folder() / ".presets.lock"):
        tables = _user_tables()
        yield tables
        write_text(_user_file(), tomlkit.dumps(tables.model_dump(exclude_defaults=True)))


def _user_file() -> Path:
    return home_folder() / FILE_NAME


def _user_tables() -> PresetTables:
    path = _user_file()
    if not path.exists():
        return PresetTables()
    try:
        with said_plainly(path):
            return PresetTables.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, ValidationError) as error:
        raise PresetInvalid(
            f"Your own presets can't be read: {str(error).splitlines()[0]}. Correct the file, or move it away.",
            path,
        ) from None


def _put_away(project: Project | None, stage: PresetStage, name: str, entry: PresetEntry) -> None:
    folder = home_folder() if project is None else project.folder
    aside = folder / f"{stage}-preset-{name}.toml"
    write_text(aside, tomlkit.dumps(entry.model_dump()))
    if project is None:
        move_to_trash(aside, folder / "trash")
    else:
        project.trash.put(aside)
