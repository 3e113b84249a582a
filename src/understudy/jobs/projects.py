"""Projects in a folder: listed, and one made as a copy of another."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import ProjectInvalid, UnderstudyError
from understudy.files import folder_size_bytes, folder_written_aside, require_free_space, said_plainly
from understudy.merging.delivery.places import clear_leftovers
from understudy.project.project import MANIFEST_NAME, Project

# What a copy does without: what was thrown away, what was said, and who held a lock. The cache is small, and
# without the finds in it every clip would be searched for faces once more.
_LEFT_OUT = {"trash", "logs"}


@dataclass(frozen=True)
class ProjectFacts:
    """One project in a folder. `complaint` says what keeps it from being opened."""

    folder: Path
    name: str
    clips: int
    models: int
    complaint: str = ""


def projects_in(folder: Path) -> list[ProjectFacts]:
    """The projects right inside a folder, by name; one that can't be opened is listed with the reason. Looking
    at them changes none of them."""
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith(".") or not (path / MANIFEST_NAME).is_file():
            continue
        try:
            manifest = Project.look(path)
        except UnderstudyError as error:
            found.append(ProjectFacts(path, path.name, 0, 0, error.message))
        else:
            name = manifest.name or path.name
            found.append(ProjectFacts(path, name, len(manifest.clips), len(manifest.models)))
    return found


def duplicate_project(project: Project, folder: Path, *, name: str = "") -> Project:
    """Copy a project to a new folder: clips inside it, faces, models, merged frames and finished files.

    What was found in its clips too; not its trash and its logs. Clips that lie elsewhere stay there, and both
    name them. Raises ProjectInvalid where something is in the folder already, DiskFull, FolderUnwritable.
    """
    folder = folder.absolute()
    if folder.is_relative_to(project.folder):
        raise ProjectInvalid("A copy can't lie inside its project. Choose another folder.", folder)
    with said_plainly(folder):
        clear_leftovers(folder)  # a copy whose process was killed may be gigabytes
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ProjectInvalid("There is something already. Choose another name for the copy.", folder)
    require_free_space(folder.parent, needed_bytes=folder_size_bytes(project.folder))
    with folder_written_aside(folder) as aside:
        shutil.copytree(project.folder, aside, ignore=_left_out(project.folder), dirs_exist_ok=True)
        with suppress(OSError):  # an empty one gives way; what has come meanwhile does not
            folder.rmdir()
    copy = Project.open(folder)
    with copy.change() as manifest:
        manifest.name = name or folder.name
    return copy


def _left_out(home: Path) -> Callable[[str, list[str]], set[str]]:
    def ignored(folder: str, names: list[str]) -> set[str]:
        locks = {name for name in names if name.endswith(".lock")}
        return locks | (_LEFT_OUT & set(names) if Path(folder) == home else set())

    return ignored
