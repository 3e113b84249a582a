"""Looks at the project's runs twice a second and tells every window when one has something new to say.

It looks at files, so a run that another window, a command or a studio before this one started is told as well.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator
from pathlib import Path

from anyio import to_thread
from fastapi import FastAPI

from understudy.errors import UnderstudyError
from understudy.jobs.runs.run import EVENTS, LIVING, RunState, read_run
from understudy.studio.mishaps import bugs_told
from understudy.studio.open_studio import Studio

_LOOK_EVERY_S = 0.5
_AFTER_BUG_S = 60.0


@contextlib.asynccontextmanager
async def watching_runs(app: FastAPI) -> AsyncIterator[None]:
    """Watch as long as the application is served."""
    ending = threading.Event()
    thread = threading.Thread(target=_watch, args=(app.state.studio, ending), daemon=True, name="run-watch")
    thread.start()
    try:
        yield
    finally:
        ending.set()
        await to_thread.run_sync(thread.join)


def _watch(studio: Studio, ending: threading.Event) -> None:
    watch = RunWatch(studio)
    wait_s, bugs = _LOOK_EVERY_S, list[str]()
    while not ending.wait(wait_s):
        wait_s = _LOOK_EVERY_S
        with contextlib.suppress(UnderstudyError, OSError):  # no project, or one that is being moved
            with bugs_told(studio.log, "watch the runs", bugs.append):
                watch.look()
            if bugs:  # the next look may meet it again, and the log is to stay short
                bugs.clear()
                wait_s = _AFTER_BUG_S


class RunWatch:
    """What was told of each run, to tell what is new. Runs that are over are not looked at again."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._folder: Path | None = None
        self._runs = Path()
        self._told: dict[str, tuple[RunState, int]] = {}

    def look(self) -> None:
        """Say which runs are new, said something or changed their state since the last look."""
        if self._studio.folder is None:
            return
        if self._studio.folder != self._folder:
            book = self._studio.runs
            book.go_on()  # a queue that a switched off computer left
            self._folder, self._runs, self._told = self._studio.folder, book.folder, {}
        names = sorted(path.name for path in self._runs.iterdir()) if self._runs.is_dir() else []
        before, self._told = self._told, {}
        for name in names:
            known = before.get(name)
            now = known if known and known[0] not in LIVING else self._standing(name)
            if now is None:
                continue
            self._told[name] = now
            if now != known:
                self._studio.live.say("runs", id=name, state=now[0])
            if now[0] == "lost" and known and known[0] in LIVING:
                self._studio.runs.go_on()  # who would have begun the next in the queue was killed too

    def _standing(self, name: str) -> tuple[RunState, int] | None:
        run = read_run(self._runs / name)
        return (run.state, _size(self._runs / name / EVENTS)) if run else None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
