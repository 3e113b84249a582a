"""Backups: checkpoints that outlive the newest three, in `backups/`, until there are too many.

A backup shares its files with the checkpoint it was made from (hard links) where the disk can do that, so it
takes no room as long as that one stays. What counts for its age is when it was made or gone back to, whichever
came last, and not its iteration: a model that goes back passes the same iterations again. Backups of the way
that it left stay until newer ones take their place, so that one can go back to them too.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import CheckpointCorrupt
from understudy.files import (
    ASIDE_SUFFIX,
    folder_aside,
    folder_size_bytes,
    folder_written_aside,
    is_written_now,
    move_to_trash,
    read_json,
    said_plainly,
    sha256_of,
    stat_of,
    write_json,
)
from understudy.training.keeping.folders import STATE_NAME, numbered_folders, whole_folders

FOLDER_NAME = "backups"
_CHECKPOINTS = "checkpoints"  # as in checkpoint.py, which imports torch
_NEEDED = ("model", "ema")  # a training can do without the other files
_REPLACED = "replaced-"  # before the number of a backup whose successor is about to take its name
# In a backup's state file rather than its dates, which change when a project is copied.
_MADE, _GONE_BACK_TO = "backed_up_s", "gone_back_to_s"


@dataclass(frozen=True)
class Backup:
    """One backup on disk."""

    iteration: int
    folder: Path
    made_s: float  # seconds since 1970
    size_bytes: int


def back_up(model_dir: Path, iteration: int, *, kept: int) -> Path:
    """Keep the checkpoint of that iteration; the oldest backups beyond `kept` go. Returns its folder.

    One of the same iteration that holds something else is replaced. Hold the model's lock meanwhile: what a
    killed process left half-made goes too. Raises DiskFull or FolderUnwritable.
    """
    root = model_dir / FOLDER_NAME
    source, goal = model_dir / _CHECKPOINTS / f"{iteration:09d}", root / f"{iteration:09d}"
    for left in root.glob(f".*{ASIDE_SUFFIX}"):
        if not is_written_now(left):
            shutil.rmtree(left, ignore_errors=True)
    _settle(root)
    known = _digests(source)
    if known and known.items() <= _digests(goal).items():
        _mark(goal, _MADE)
    else:
        _copy(source, goal)
    others = [folder for folder in _by_age(root) if folder != goal]
    for old in others[: max(0, len(others) + 1 - kept)]:
        _remove(old)
    return goal


def backups(model_dir: Path) -> list[Backup]:
    """All backups of a model, oldest first. One that goes meanwhile, to make room for a newer one, is none."""
    found = [(folder, _times(folder)) for folder in _by_age(model_dir / FOLDER_NAME)]
    return [
        Backup(int(folder.name), folder, times[0], folder_size_bytes(folder))
        for folder, times in found
        if times
    ]


def restore_backup(model_dir: Path, iteration: int, *, trash: Path) -> list[Path]:
    """Make a backup the newest checkpoint; the checkpoints after it go to `trash`. Returns where they lie now.

    So does what stands in its place and is not as it was backed up. The backup stays, as the newest of all, and
    so do those made after it, until their turn comes. Hold the model's lock meanwhile. Raises CheckpointCorrupt
    where there is no such backup or it is damaged, DiskFull or FolderUnwritable.
    """
    _settle(model_dir / FOLDER_NAME)
    source = model_dir / FOLDER_NAME / f"{iteration:09d}"
    if not (source / STATE_NAME).exists():
        there = ", ".join(str(b.iteration) for b in backups(model_dir)) or "none"
        raise CheckpointCorrupt(f"There is no backup of iteration {iteration}; there are: {there}.", model_dir)
    root = model_dir / _CHECKPOINTS
    newer = [folder for folder in numbered_folders(root) if int(folder.name) > iteration]
    goal, replaced = root / source.name, list[Path]()
    if not _is_whole(goal, digests := _digests(source)):
        if not _is_whole(source, {name: digests.get(name, "") for name in _NEEDED}):
            raise CheckpointCorrupt(
                f"The backup of iteration {iteration} is damaged, so everything stays as it was. Go back to "
                "another one, or put back a copy of its folder.",
                source,
            )
        with folder_written_aside(goal) as aside:
            _fill(source, aside)
            replaced = [move_to_trash(goal, trash)] if goal.exists() else []
    _mark(source, _GONE_BACK_TO)
    return replaced + [move_to_trash(folder, trash) for folder in newer]


def _digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of tensors that is there, by its name; empty where that can't be read."""
    try:
        known = dict(read_json(folder / STATE_NAME)["sha256"])
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    return {name: str(digest) for name, digest in known.items() if _tensors(folder, name).exists()}


def _is_whole(folder: Path, digests: Mapping[str, str]) -> bool:
    """Whether a checkpoint's files are those of which these are the SHA-256."""
    try:
        return bool(_digests(folder)) and all(sha256_of(_tensors(folder, n)) == d for n, d in digests.items())
    except OSError:
        return False


def _tensors(folder: Path, name: str) -> Path:
    return folder / f"{name}.safetensors"


def _by_age(root: Path) -> list[Path]:
    """The folders of whole backups, the one that goes first in front."""
    aged = [
        (max(times), int(folder.name), folder) for folder in whole_folders(root) if (times := _times(folder))
    ]
    return [folder for _, _, folder in sorted(aged)]


def _times(folder: Path) -> tuple[float, float] | None:
    """When a backup was made and when it was last gone back to, 0 for never, in seconds since 1970; None where
    it is gone meanwhile. Those of earlier versions say neither: they are as old as their state file."""
    path = folder / STATE_NAME
    made_ns, _ = stat_of(path)
    if not made_ns:
        return None
    try:
        state = read_json(path)
        return float(state.get(_MADE, made_ns / 1e9)), float(state.get(_GONE_BACK_TO, 0.0))
    except (OSError, ValueError, TypeError, AttributeError):
        return made_ns / 1e9, 0.0


def _mark(folder: Path, what: str) -> None:
    """Write down that this happens to a backup now; one whose state can't be read says nothing."""
    path = folder / STATE_NAME
    try:
        state = dict(read_json(path))
    except (OSError, ValueError, TypeError):
        return
    write_json(path, state | {what: time.time()})


def _copy(source: Path, goal: Path) -> None:
    """Files of one folder, linked or copied aside and swapped in. What has the name goes when that is done."""
    try:
        with folder_written_aside(goal) as aside:
            _fill(source, aside)
            _mark(aside, _MADE)
            if goal.exists():
                goal.rename(goal.with_name(_REPLACED + goal.name))
    finally:
        _settle(goal.parent)


def _settle(root: Path) -> None:
    """Backups that were to be replaced go where their successor has come, and get their name back elsewhere."""
    for folder in root.glob(f"{_REPLACED}*"):
        named = root / folder.name.removeprefix(_REPLACED)
        if named.exists():
            _remove(folder)
        else:
            with said_plainly(named):
                folder.rename(named)


def _remove(folder: Path) -> None:
    """Remove a backup, out of the list at once: a kill leaves no half of it there."""
    gone = folder_aside(folder)
    with said_plainly(folder):
        folder.rename(gone)
        shutil.rmtree(gone)


def _fill(source: Path, folder: Path) -> None:
    for file in sorted(source.iterdir()):
        _link(file, folder / file.name)


def _link(source: Path, goal: Path) -> None:
    # The state may be amended later, and that of the backup must not change with it.
    if source.suffix == ".json":
        shutil.copy2(source, goal)
        return
    try:
        os.link(source, goal)
    except OSError:  # another disk, or one without links
        shutil.copy2(source, goal)


def made_words(backup: Backup) -> str:
    """How a backup is listed: its iteration, size and loss."""
    state = read_json(backup.folder / STATE_NAME)["state"]
    return f"iteration {backup.iteration}, loss {state.get('loss', 0):.4f}, {backup.size_bytes / 1e6:,.0f} MB"
