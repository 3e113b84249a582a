"""Move a faceset's files out to the trash and in from it, in two phases that a kill can't spoil.

First everything that leaves goes out, then everything that comes goes in; so names may be exchanged at will.
Each phase may be run again from its start: what has already moved is left alone. Nothing is overwritten. Which
files move and why is `history.py`'s.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from understudy.counts import counted
from understudy.files import move_whole as move
from understudy.files import sha256_of

# (name in the faceset's folder, place below the trash)
Pair = tuple[str, str]
_DISPLACED = "displaced"


@dataclass
class Outcome:
    """What could not go as planned: files that were gone, and strangers found under a name that was needed."""

    gone: list[str] = field(default_factory=list)
    displaced: list[str] = field(default_factory=list)

    def sentences(self) -> list[str]:
        """One sentence for each kind of surprise; empty when all went as planned."""
        said = []
        if self.gone:
            one, many = "file was no longer there and is", "files were no longer there and are"
            said.append(f"{counted(len(self.gone), one, many)} left out ({_some(self.gone)}).")
        if self.displaced:
            one = "file of the same name had come in between; it is"
            many = "files of the same names had come in between; they are"
            came = counted(len(self.displaced), one, many)
            said.append(f"{came} in the trash now ({_some(self.displaced)}).")
        return said


def move_out(pairs: Sequence[Pair], *, folder: Path, trash: Path, outcome: Outcome) -> None:
    """The first phase: from the faceset's folder into the trash."""
    for name, place in pairs:
        start, goal = folder / name, trash / place
        if goal.exists():
            _remove_if_same(start, goal)
        elif start.exists():
            move(start, goal)
        else:
            outcome.gone.append(name)
    _sync(folder)


def move_in(pairs: Sequence[Pair], *, folder: Path, trash: Path, hold: str, outcome: Outcome) -> None:
    """The second phase: from the trash into the faceset's folder. A stranger under a name that is needed goes
    to `hold`, a folder of the trash."""
    for name, place in pairs:
        start, goal = trash / place, folder / name
        if not start.exists():
            if not goal.exists():
                outcome.gone.append(name)
            continue
        if goal.exists():
            if _remove_if_same(start, goal):
                continue
            move(goal, _free(trash / hold / _DISPLACED / name))
            outcome.displaced.append(name)
        move(start, goal)
    _sync(folder)


def _remove_if_same(start: Path, goal: Path) -> bool:
    """After a kill between copying to another disk and removing, the file lies in both places."""
    if start.exists() and sha256_of(start) == sha256_of(goal):
        start.unlink()
        return True
    return False


def _free(path: Path) -> Path:
    numbered = (path.with_name(f"{path.stem}-{n}{path.suffix}") for n in itertools.count(2))
    candidates = itertools.chain((path,), numbered)
    return next(candidate for candidate in candidates if not candidate.exists())


def _sync(folder: Path) -> None:
    # Renames must be on the disk before the log says so; not every system can open a folder for that.
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _some(names: Sequence[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
