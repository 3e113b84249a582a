"""Bring all that a hand's step says beside its faces to where these are: regions, finds, overlays, journal.

The log of a faceset (`curation.history`) calls it between moving a step's files and noting that this is done,
and again after a kill: whatever has been said already may be said once more. So nothing of a step stands alone.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from understudy.faces.manual import Region, manual_file, read_regions, write_regions
from understudy.facesets.by_hand.steps import HandStep, HandSteps, Pair, Side
from understudy.facesets.extraction.found import FoundLog, frame_of_line
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.overlays import overlay_name
from understudy.facesets.extraction.redone import redone_path
from understudy.facesets.record import FaceRecord
from understudy.facesets.xmp import extract_record
from understudy.files import said_plainly

if TYPE_CHECKING:
    from understudy.facesets.curation.entries import HandMark


def settle(
    project: Path,
    mark: HandMark,
    folder: Path,
    trash: Path,
    *,
    gone: Sequence[Pair],
    come: Sequence[Pair],
    undone: bool,
    log: HandSteps | None = None,
) -> None:
    """Make true what steps say of their frames, or said before them where they are `undone`.

    `gone` and `come` are the faces, by name and place below the trash, that went there and came from there. A
    step that this project does not know (the faceset is from another one) says nothing. `log`: that of the
    clip's steps, where it is read already. Raises DiskFull, FolderUnwritable, FindsUnusable.
    """
    log = log.look() if log is not None else HandSteps(project / "manual", mark.clip)
    steps = [step for number in mark.steps if (step := log.known(number, mark.command)) is not None]
    if not steps:
        return
    sides = [step.before if undone else step.after for step in steps]
    say(project, mark.clip, together(sides), content=mark.content)
    for step in steps:
        _show_overlays(project / "overlays" / mark.clip, step, shown=not undone)
    _tell_journal(folder, trash, mark, gone=gone, come=come, undone=undone)
    # By their frames, of which each is one step's: the faces may have been renamed since.
    frame_of = {place: r.frame for _, place in gone if (r := _record(trash / place, mark.clip))}
    for step in steps:
        its_own = len(steps) == 1  # a new one does not know its faces yet
        there = [name for name, place in come if its_own or place in {place for _, place in step.away}]
        away = [pair for pair in gone if its_own or frame_of.get(pair[1]) in step.frames]
        log.toggle(
            step,
            undone=undone,
            there=[name for name in there if (folder / name).is_file()],
            away=[(name, place) for name, place in away if (trash / place).is_file()],
        )


def together(sides: Sequence[Side]) -> Side:
    """What several sides say of different frames."""
    return Side(
        {index: said for side in sides for index, said in side.regions.items()},
        {index: found for side in sides for index, found in side.redone.items()},
    )


def say(project: Path, clip: str, side: Side, *, content: str) -> None:
    """Make the regions and the finds that count most what a side of a step says."""
    path = manual_file(project, clip)
    regions = read_regions(path)
    wanted = {index: [Region(**region) for region in said] for index, said in side.regions.items()}
    if any(regions.get(index, []) != said for index, said in wanted.items()):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_regions(path, regions | wanted)
    log_path = redone_path(project / "manual", clip)
    if log_path.exists() or any(found is not None for found in side.redone.values()):
        with FoundLog.open(log_path, {"content": content}) as log:
            log.append([frame_of_line(found) for found in side.redone.values() if found is not None])
            log.forget([index for index, found in side.redone.items() if found is None])
        _sync(log_path)


def _sync(path: Path) -> None:
    with said_plainly(path), path.open("rb+") as file:
        os.fsync(file.fileno())


def _show_overlays(folder: Path, step: HandStep, *, shown: bool) -> None:
    """A deleted overlay is drawn anew, and deleted again when that is taken back; its picture waits hidden."""
    for index in step.overlays:
        here, hidden = folder / overlay_name(index), folder / hidden_name(index)
        start, goal = (hidden, here) if shown else (here, hidden)
        if start.exists():
            start.replace(goal)


def hidden_name(index: int) -> str:
    """What a frame's overlay is called while it is not to be seen."""
    return f".{overlay_name(index)}"


def _tell_journal(
    folder: Path, trash: Path, mark: HandMark, *, gone: Sequence[Pair], come: Sequence[Pair], undone: bool
) -> None:
    """What is put away counts as made, so that no extraction makes it anew; what is taken back never was."""
    left = [record for _, place in gone if (record := _record(trash / place, mark.clip))]
    here = [record for name, _ in come if (record := _record(folder / name, mark.clip))]
    with Journal(folder) as journal:
        for record in left:
            journal.mark(mark.clip, frame=record.frame, person=record.person, made=not undone)
        for record in here:
            face = {"frame": record.frame, "person": record.person, "box": record.box_xyxy}
            if undone:
                journal.mark(mark.clip, made=True, **face)
            else:
                journal.note_face(mark.clip, content=mark.content, **face)


def _record(path: Path, clip: str) -> FaceRecord | None:
    record = extract_record(path.read_bytes()) if path.is_file() else None
    return record if record is not None and record.clip == clip else None
