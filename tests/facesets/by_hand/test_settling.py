"""`facesets/by_hand/settling.py`: when a process dies or a disk is full, all of a step is there, or nothing."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.facesets.by_hand.test_drawing import drawn
from tests.facesets.by_hand.test_stored import add
from understudy.errors import DiskFull
from understudy.faces.manual import manual_file, read_regions
from understudy.facesets.by_hand.drawing import Hand
from understudy.facesets.by_hand.stored import StoredFaces
from understudy.facesets.curation.history import History
from understudy.facesets.extraction.found import line_of_frame
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.overlays import DrawnLog, overlay_name
from understudy.facesets.extraction.redone import look_redone
from understudy.facesets.store import Faceset


class Killed(BaseException):
    """The process is gone: nothing after it reaches the disk."""


class Disk:
    """Counts what reaches the disk, and lets nothing through from a certain number on."""

    def __init__(self) -> None:
        self.is_watched, self.is_full, self.left = False, False, 0
        sys.addaudithook(self.hear)  # can't be taken away again, only fall silent

    def hear(self, event: str, args: tuple[Any, ...]) -> None:
        if self.is_watched and event in ("open", "os.rename", "os.remove", "os.mkdir", "os.rmdir"):
            writes = bool(args[2] & (os.O_WRONLY | os.O_RDWR)) if event == "open" else not self.is_full
            if writes and self.left <= 0:
                raise OSError(errno.ENOSPC, "full") if self.is_full else Killed
            self.left -= writes

    def run(self, work: Callable[[], Any], *, after: int, full: bool = False) -> BaseException | None:
        """Do the work on a disk that takes so many more changes; gives what was raised."""
        self.is_watched, self.is_full, self.left = True, full, after
        try:
            work()
        except (Killed, DiskFull) as error:
            return error
        finally:
            self.is_watched = False
        return None


DISK = Disk()


def drawn_log(folder: Path) -> DrawnLog:
    path = folder / "cache" / "shot.overlays.jsonl"
    return DrawnLog(path, folder / "overlays" / "shot", content="content")


def hand_at(folder: Path) -> Hand:
    """A hand as a new process makes it: after what a dead one left unfinished."""
    hand = Hand(
        clip_name="shot",
        content="content",
        options=ExtractOptions(size_px=128),
        trash=folder / "trash",
        project=folder,
        cache=folder / "cache",
        stored=StoredFaces(folder / "faces", "shot", lambda: Faceset(folder / "faces")),
        known=lambda _: None,
        overlays=drawn_log(folder),
    )
    hand.stored.refresh()
    return hand


def state(folder: Path) -> dict[str, Any]:
    """Everything that a step of a hand says, wherever it is kept."""
    hand = hand_at(folder)
    faces = {place.name: place for places in hand.stored.all().values() for place in places}
    return {
        "faces": {name: (place.frame, place.box_xyxy) for name, place in faces.items()},
        "regions": read_regions(manual_file(folder, "shot")),
        "finds": [line_of_frame(frame) for frame in look_redone(hand.cache, "shot", manual=hand.manual)],
        "undo": [step.words for step in hand.steps.to_undo()],
        "redo": [step.words for step in hand.steps.to_redo()],
        "overlay": (folder / "overlays" / "shot" / overlay_name(3)).is_file(),
        "made": {(one.frame, one.person) for one in Journal.look(folder / "faces").written("shot")},
    }


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Frame 3 has a face and a deleted overlay; frames 4 and 5 were drawn by one command."""
    folder = tmp_path / "project"
    (folder / "faces").mkdir(parents=True)
    add(folder / "faces", 3)
    (folder / "overlays" / "shot").mkdir(parents=True)
    drawn_log(folder).note(3, "x")
    hand = hand_at(folder)
    hand.put([drawn(4)], command="carry")
    hand.put([drawn(5)], command="carry")
    return folder


def put(folder: Path) -> None:
    hand_at(folder).put([drawn(3, x=62), drawn(7)])


def remove(folder: Path) -> None:
    hand = hand_at(folder)
    hand.remove([place.name for place in hand.stored.of_frame(4)])


def undo(folder: Path) -> None:
    hand_at(folder).undo()


def redo(folder: Path) -> None:
    hand_at(folder).redo()


def undo_as_the_faceset_does(folder: Path) -> None:
    History(folder / "faces", folder / "trash").undo()


def redo_as_the_faceset_does(folder: Path) -> None:
    History(folder / "faces", folder / "trash").redo()


WORKS: list[tuple[tuple[Callable[[Path], None], ...], Callable[[Path], None]]] = [
    ((), put),
    ((), remove),
    ((), undo),
    ((undo,), redo),
    ((put,), undo_as_the_faceset_does),
    ((), undo_as_the_faceset_does),
    ((undo_as_the_faceset_does,), redo_as_the_faceset_does),
]


def cases(project: Path, before: tuple[Callable[[Path], None], ...]) -> Iterator[Path]:
    """The project after what was done before, again and again."""
    for work in before:
        work(project)
    for number in range(10_000):
        folder = project.parent / f"case {number}"
        shutil.copytree(project, folder)
        yield folder
        shutil.rmtree(folder)


@pytest.mark.parametrize("full", [False, True], ids=["killed", "full"])
@pytest.mark.parametrize(("before", "work"), WORKS, ids=lambda it: getattr(it, "__name__", ""))
def test_a_step_that_is_cut_off_anywhere_is_there_wholly_or_not_at_all(
    project: Path, before: tuple[Callable[[Path], None], ...], work: Callable[[Path], None], full: bool
) -> None:
    seen = []
    for after, folder in enumerate(cases(project, before)):
        was = state(folder) if not seen else seen[0]
        error = DISK.run(lambda folder=folder: work(folder), after=after, full=full)
        History(folder / "faces", folder / "trash")  # as the next opening does
        seen = [was, *seen[1:], state(folder)]
        if error is None:
            break
        if full:
            assert isinstance(error, DiskFull)
    *between, done = seen[1:]
    assert len(between) > 5
    assert all(one in (was, done) for one in between)
    assert was in between
    assert done in between
    assert done != was
