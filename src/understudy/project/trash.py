"""The project's trash: what was replaced or removed lies here under a dated name and can go back.

Beside every entry stands a small note of where it came from. Emptying it is left to people.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from understudy.errors import ProjectInvalid
from understudy.files import (
    ORIGIN_SUFFIX,
    folder_size_bytes,
    kept_in_trash,
    move_whole,
    origin_note,
    read_json,
    said_plainly,
    stat_of,
    write_json,
)
from understudy.project.inside import inside


@dataclass(frozen=True)
class TrashEntry:
    """One thing in the trash. `origin` is None when its note was lost."""

    path: Path
    origin: Path | None
    size_bytes: int


class Trash:
    """The trash of the project in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._project = folder
        self.folder = folder / "trash"

    def put(self, path: Path, *, to: Path | None = None) -> TrashEntry:
        """Move a file or folder of the project here, `to` the place that was kept for it, or to a new one."""
        size = size_bytes(path)
        now = to or self.place_for(path)
        move_whole(path, now)
        return TrashEntry(now, self._project / self._inside(path), size)

    def place_for(self, path: Path) -> Path:
        """Keep a place here for a file or folder of the project: a note of where it lies, and nothing moves."""
        origin = self._inside(path)
        place = kept_in_trash(path, self.folder)
        write_json(origin_note(place), {"origin": origin.as_posix()})
        return place

    def entries(self) -> list[TrashEntry]:
        """Everything in the trash, oldest first."""
        if not self.folder.is_dir():
            return []
        names = sorted(p.name for p in self.folder.iterdir())
        paths = [self.folder / n for n in names if not n.endswith(ORIGIN_SUFFIX) and not n.startswith(".")]
        return [TrashEntry(path, self._origin(path), size_bytes(path)) for path in paths]

    def restore(self, entry: TrashEntry) -> Path:
        """Move an entry back to where it was. What is there now goes to the trash first.

        Raises ProjectInvalid when it is not known where it belongs.
        """
        if entry.origin is None:
            raise ProjectInvalid("It isn't known where this belongs. Move it by hand.", entry.path)
        if entry.origin.exists():
            self.put(entry.origin)
        self.move_back(entry.path, entry.origin)
        return entry.origin

    def move_back(self, path: Path, origin: Path) -> None:
        """Move what lies here under `path` to `origin`, where nothing is."""
        move_whole(path, origin)
        with said_plainly(self.folder):
            origin_note(path).unlink(missing_ok=True)

    def _inside(self, path: Path) -> Path:
        return path.absolute().relative_to(self._project.absolute())

    def _origin(self, path: Path) -> Path | None:
        try:
            return inside(self._project, read_json(origin_note(path))["origin"])
        except (OSError, ValueError, KeyError, TypeError):
            return None


def size_bytes(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    return stat_of(path)[1] if path.is_file() else folder_size_bytes(path)
