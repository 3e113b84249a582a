"""What every room is given: the open project, its runs, and the way to tell every window."""

from __future__ import annotations

import contextlib
import hashlib
import platform
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from understudy.errors import AnotherProject, ProjectInvalid, UnderstudyError
from understudy.jobs.runs.book import RunBook
from understudy.project.project import Project
from understudy.provenance.identity import home_folder
from understudy.studio.live import Live
from understudy.studio.receiving import Receiving


@dataclass
class Studio:
    """One running studio. A process has at most one project open."""

    folder: Path | None
    live: Live = field(default_factory=Live)
    projects: Path | None = None  # where projects are looked for and made
    clips: tuple[Path, ...] = ()  # folders whose clips may be chosen without sending them
    flags: tuple[str, ...] = ()  # what another studio beside this one is started with
    when_opened: Callable[[Path], None] = lambda _folder: None
    receiving: Receiving = field(default_factory=Receiving)
    kept: dict[Any, Any] = field(default_factory=dict)  # what rooms keep open between requests
    keeping: threading.Lock = field(default_factory=threading.Lock)  # held by who puts something there
    _closing: list[Callable[[], object]] = field(default_factory=list, repr=False)

    def project(self) -> Project:
        """The project as it stands on disk now. Raises ProjectInvalid where none is open."""
        if self.folder is None:
            raise ProjectInvalid("No project is open in the studio yet. Create or open one first.")
        return Project.open(self.folder)

    def at_end(self, close: Callable[[], object]) -> None:
        """Have `close` called when the studio ends; whoever keeps a file, a thread or a clip open says so."""
        self._closing.append(close)

    def close(self) -> None:
        """Let go of all that rooms keep; what was opened last goes first. It may be opened again."""
        while self._closing:
            with contextlib.suppress(UnderstudyError, OSError):  # what can't be closed holds nothing else up
                self._closing.pop()()
        self.kept.clear()

    @property
    def id(self) -> str:
        """What a browser knows this project on this machine by, again tomorrow and after a kill."""
        return _id_of(self.folder)

    def require_meant(self, project_id: str | None) -> None:
        """Raises AnotherProject for what a window did to a project that was open at this address before."""
        if project_id not in (None, self.id, _id_of(None)):
            raise AnotherProject(
                "This was done in a window of another project, which is not the one that is open here now. "
                "It waits in that browser until its own project is open again."
            )

    @property
    def runs(self) -> RunBook:
        """The stages that run or ran in the project, each in a process of its own."""
        return RunBook(self.project())

    def project_logs(self) -> Path | None:
        """Where the project keeps logs; None as long as none is open."""
        return self.folder / "logs" if self.folder else None

    def log(self) -> Path:
        """Where bugs are written down."""
        return (self.project_logs() or home_folder() / "studios") / "studio.log"


def _id_of(folder: Path | None) -> str:
    told = f"{platform.node()}\0{folder or ''}"
    return hashlib.sha256(told.encode(errors="surrogateescape")).hexdigest()[:16]


async def only_what_is_meant(connection: HTTPConnection) -> None:
    """Every window says with what it does in which project it was done (`X-Project`)."""
    studio_of(connection).require_meant(connection.headers.get("x-project"))


def studio_of(connection: HTTPConnection) -> Studio:
    """The studio that serves this connection."""
    return connection.app.state.studio


StudioHere = Annotated[Studio, Depends(studio_of)]
