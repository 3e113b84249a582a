"""Finds of frames that a person asked for again: where they are kept, and what is said about them.

They count more than any search. A person's decision can't be made again, so they lie beside the regions that
were drawn by hand and not in the cache, where they lay once.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from understudy.events import Events, Notice
from understudy.facesets.extraction.found import FoundFrame, FoundLog, arrange, found_path, with_redone
from understudy.facesets.extraction.task import Task
from understudy.facesets.names import safe_name
from understudy.files import said_plainly


def redone_path(folder: Path, clip_name: str) -> Path:
    """The clip's file of such finds."""
    return folder / f"{safe_name(clip_name)}.redone.jsonl"


def redone_folder(task: Task) -> Path:
    """Where a task keeps them; in the cache alone where there is no place for what was drawn by hand."""
    return task.cache if task.manual_file is None else task.manual_file.parent


def look_redone(
    cache: Path, clip_name: str, *, manual: Path | None, content: str | None = None
) -> list[FoundFrame]:
    """Such finds in order of frames, also those that an earlier version left in the cache."""
    frames: dict[int, FoundFrame] = {}
    for folder in (cache, manual or cache):
        found = FoundLog.look(redone_path(folder, clip_name), content=content)
        frames.update((frame.index, frame) for frame in found)
    return [frame for _, frame in sorted(frames.items())]


def look_found(cache: Path, clip_name: str, *, manual: Path | None = None) -> list[FoundFrame]:
    """All that is known of a clip's frames without searching, whatever it was searched with."""
    frames = FoundLog.look(found_path(cache, clip_name))
    return with_redone(frames, look_redone(cache, clip_name, manual=manual))


def redone_of(task: Task) -> list[FoundFrame]:
    """Such finds of the clip as it is now."""
    return look_redone(task.cache, task.clip_name, manual=redone_folder(task), content=task.content)


def brought_over(task: Task) -> Events:
    """Move the file from where it lay once, and put one of another content of the clip beside, and say so."""
    path, old = redone_path(redone_folder(task), task.clip_name), redone_path(task.cache, task.clip_name)
    if old != path and old.exists() and not path.exists():
        with said_plainly(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            old.replace(path)
    yield from set_aside_notice(task, arrange(path, {"content": task.content}))


def set_aside_notice(task: Task, aside: Path | None) -> Events:
    """Say where such finds lie that can't be used."""
    if aside is not None:
        text = (
            f"{task.clip_name}: frames that were done again before don't fit this clip, or their file is "
            f"damaged, so not all of them count. Nothing is lost; they lie in {aside}."
        )
        yield Notice(text, level="warning")


def kept_notice(task: Task, frames: Sequence[FoundFrame], redone: Sequence[FoundFrame]) -> Events:
    """Say how many of the frames are not as they were searched but as a person asked for them."""
    count = len({frame.index for frame in frames} & {frame.index for frame in redone})
    if count:
        path = redone_path(redone_folder(task), task.clip_name)
        text = (
            f"{task.clip_name}: {count} frame{'s' if count > 1 else ''} kept as done again with "
            "--redo-deleted, whatever detector is said. To look at them anew, draw overlays with --overlays, "
            f"delete theirs and run `understudy extract --redo-deleted`; to forget them all, move {path} away."
        )
        yield Notice(text)
