"""The small process that starts one run, waits for its end, writes it down, and starts the next that waits.

It has a session of its own, so neither the end of a studio nor a closed terminal reaches it. Where it is killed
itself, the run goes on; only its exit code is then not known. Started by `book.py` as `python -m`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from understudy.files import read_json, write_json
from understudy.jobs.runs.run import (
    EVENTS,
    KEEPER,
    OUTPUT,
    PROCESS,
    RUN,
    STOP,
    RunState,
    this_process,
    write_end,
)

_STOPPED = 130  # what a command says that was asked to stop
_TAIL_BYTES = 16_384
_SAID_AGAIN_S = 3.0
_NOT_BEGUN = "Stopped before it began. Start it again when you want it."
_INTERRUPTED = "KeyboardInterrupt"  # Python's own last word where it is asked to stop while it only begins
_SAYS = "understudy: "
_BUG = "This is a bug in understudy"


def keep(folder: Path, program: Sequence[str]) -> int | None:
    """Let `program` do the run in `folder` and write how it ended.

    Gives its exit code, or None where another process keeps it.
    """
    if not _claimed(folder):
        return None
    if (folder / STOP).exists():  # asked while this process began
        write_end(folder, state="stopped", sentence=_NOT_BEGUN)
        return _STOPPED
    # A run is asked to stop by Ctrl-C's signal, which a shell's background jobs ignore, and so would this one.
    signal.signal(signal.SIGINT, lambda *_: None)
    try:
        code = _done(folder, program)
    except OSError as error:
        write_end(folder, state="failed", sentence=f"Its process can't be started: {error}.")
        return 1
    state, sentence = how_it_ended(folder, code)
    write_end(folder, state=state, sentence=sentence, exit_code=code)
    return code


def _done(folder: Path, program: Sequence[str]) -> int:
    words = [str(word) for word in read_json(folder / RUN)["words"]]
    with (folder / EVENTS).open("ab") as events, (folder / OUTPUT).open("ab") as output:
        child = subprocess.Popen(
            [*program, *words],
            cwd=folder.parents[2],
            stdin=subprocess.DEVNULL,
            stdout=events,
            stderr=output,
            start_new_session=True,
        )
    write_json(folder / PROCESS, this_process(child.pid))
    if (folder / STOP).exists():  # whoever wrote that before now had no process to ask
        if read_json(folder / STOP).get("at_once"):
            child.kill()
        else:
            child.send_signal(signal.SIGINT)
    return _ended(child, folder)


def _ended(child: subprocess.Popen[bytes], folder: Path) -> int:
    """The exit code. A wish to stop can be lost on a process that only begins, so it is said again to one that
    has not answered; any that took it up has said so."""
    while _is_silent(folder):
        is_asked = (folder / STOP).exists()  # before the wait: a second wish ends at once, so it comes late
        with contextlib.suppress(subprocess.TimeoutExpired):
            return child.wait(_SAID_AGAIN_S)
        if is_asked and _is_silent(folder):
            child.send_signal(signal.SIGINT)
    return child.wait()


def _claimed(folder: Path) -> bool:
    try:
        with (folder / KEEPER).open("x", encoding="utf-8"):
            pass
    except FileExistsError:
        return False
    write_json(folder / KEEPER, this_process(os.getpid()))
    return True


def how_it_ended(folder: Path, code: int) -> tuple[RunState, str]:
    """The state and the sentence that follow from an exit code and from what was written to the log."""
    asked = (folder / STOP).exists()
    said = last_sentence(folder / OUTPUT)
    if code == 0:  # a training that is asked to stop keeps its work and says that all is well
        return ("stopped" if asked else "done"), ""
    caught = asked and (code < 0 or said == _INTERRUPTED)
    if caught and _is_silent(folder):
        return "stopped", _NOT_BEGUN
    if code == _STOPPED or caught:
        return "stopped", said if code == _STOPPED else "Ended at once. Start it again to go on."
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return "failed", f"Its process was killed ({name}), usually for its memory. Start it again to go on."
    return "failed", said or f"It ended with code {code} and said nothing."


def _is_silent(folder: Path) -> bool:
    """Whether a run has said nothing yet: a wish to stop may kill its process then, or end it as by a bug."""
    events = folder / EVENTS
    return not events.exists() or not events.stat().st_size


def last_sentence(log: Path) -> str:
    """The last refusal in a log, or the last line of a bug's trace; empty where there is neither."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    said = [line.removeprefix(_SAYS) for line in lines if line.startswith(_SAYS)]
    if said:
        return said[-1]
    bug = next((place for place, line in enumerate(lines) if line.startswith(_BUG)), len(lines))
    return next((line.strip() for line in reversed(lines[:bug]) if line.strip()), "")


def main() -> None:
    """Keep the run whose folder is named, then let the next in the queue begin."""
    folder, program = Path(sys.argv[1]), sys.argv[2:]
    if keep(folder, program) is None:
        return
    from understudy.jobs.runs.book import RunBook
    from understudy.project.project import Project

    RunBook(Project.open(folder.parents[2]), program=program).go_on()


if __name__ == "__main__":
    main()
