"""One project per process: another project is opened in a studio of its own, and its link is given.

So a window never reaches more than the project it was let in to, and work on one never holds up another.
A studio begun like this has no terminal; it ends when no window was open for a while.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from pathlib import Path

from understudy.errors import StudioMissing
from understudy.studio.open_studio import Studio
from understudy.studio.running import new_link, running

_ENDS_ALONE_MIN = 30
_BEGINS_WITHIN_S = 60.0


def open_project(studio: Studio, folder: Path) -> str | None:
    """Open a project here where none is open yet, and give None; else give a link into a studio of its own.

    The project was looked into before. Raises StudioMissing where its studio does not begin.
    """
    folder = folder.absolute()
    with studio.keeping:
        if studio.folder is None:
            studio.folder = folder
            studio.when_opened(folder)
    if studio.folder == folder:
        return None
    for note in running():
        if note.project == str(folder):
            return new_link(note)
    return _begun(studio, folder)


def _begun(studio: Studio, folder: Path) -> str:
    words = ["studio", str(folder), "--json", "--ends-alone-min", str(_ENDS_ALONE_MIN), *studio.flags]
    log = studio.log()
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as complaints:
        process = subprocess.Popen(
            [sys.executable, "-m", "understudy", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            start_new_session=True,
        )
    assert process.stdout
    giving_up = threading.Timer(_BEGINS_WITHIN_S, process.kill)
    giving_up.start()
    with process.stdout:
        line = process.stdout.readline()
    giving_up.cancel()
    with contextlib.suppress(ValueError, KeyError):
        return json.loads(line)["url"]
    raise StudioMissing("A studio for this project did not begin. The log of this one says why.", log)
