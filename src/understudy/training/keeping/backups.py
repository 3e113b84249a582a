"""Backups: checkpoints that outlive the newest three, in `backups/`, until there are too many.

A backup shares its files with the checkpoint it was made from (hard links) where the disk can do that, so it
takes no room as long as that one stays.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from understudy.errors import CheckpointCorrupt
from understudy.files import (
    ASIDE_SUFFIX,
    folder_size_bytes,
    folder_written_aside,
    is_written_now,
    move_to_trash,
    read_json,
    said_plainly,
    sha256_of,
    stat_of,
)

FOLDER_NAME = "backups"
_CHECKPOINTS = "checkpoints"  # as in checkpoint.py, which imports torch
_STATE = "state.json"
_NEEDED = ("model", "ema")  # a training can do without the other files


@dataclass(frozen=True)
class Backup:
    """One backup on disk."""

    iteration: int
    folder: Path
    made_s: float  # seconds since 1970
    size_bytes: int


def back_up(model_dir: Path, iteration: int, *, kept: int) -> Path:
    """Keep the checkpoint of that iteration; the oldest backups beyond `kept` go. Returns its folder.

    Hold the model's lock meanwhile: what a killed process left half-made goes too. Raises DiskFull or
    FolderUnwritable.
    """
    root = model_dir / FOLDER_NAME
    goal = root / f"{iteration:09d}"
    for left in root.glob(f".*{ASIDE_SUFFIX}"):
        if not is_written_now(left):
            shutil.rmtree(left, ignore_errors=True)
    if not goal.exists():
        _copy(model_dir / _CHECKPOINTS / goal.name, goal)
    for old in sorted(_folders(root), reverse=True)[kept:]:
        with said_plainly(root):
            shutil.rmtree(old)
    return goal


def backups(model_dir: Path) -> list[Backup]:
    """All backups of a model, oldest first. One that goes meanwhile, to make room for a newer one, is none."""
    found = [(folder, stat_of(folder)[0]) for folder in sorted(_folders(model_dir / FOLDER_NAME))]
    return [
        Backup(int(folder.name), folder, made_ns / 1e9, folder_size_bytes(folder))
        for folder, made_ns in found
        if made_ns
    ]


def restore_backup(model_dir: Path, iteration: int, *, trash: Path) -> list[Path]:
    """Make a backup the newest checkpoint; the checkpoints after it go to `trash`. Returns where they lie now.

    So does what stands in its place and is not as it was backed up. The backup stays. Hold the model's lock
    meanwhile. Raises CheckpointCorrupt where there is no such backup or it is damaged, DiskFull or
    FolderUnwritable.
    """
    source = model_dir / FOLDER_NAME / f"{iteration:09d}"
    if not source.is_dir():
        there = ", ".join(str(b.iteration) for b in backups(model_dir)) or "none"
        raise CheckpointCorrupt(f"There is no backup of iteration {iteration}; there are: {there}.", model_dir)
    root = model_dir / _CHECKPOINTS
    newer = [folder for folder in _folders(root) if int(folder.name) > iteration]
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
    return replaced + [move_to_trash(folder, trash) for folder in newer]


def _digests(folder: Path) -> dict[str, str]:
    """The SHA-256 of each file of tensors that is there, by its name; empty where that can't be read."""
    try:
        known = dict(read_json(folder / _STATE)["sha256"])
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


def _folders(root: Path) -> list[Path]:
    return [p for p in root.iterdir() if p.name.isdigit()] if root.is_dir() else []


def _copy(source: Path, goal: Path) -> None:
    """Files of one folder, linked or copied aside and swapped in."""
    with folder_written_aside(goal) as aside:
        _fill(source, aside)


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
    state = read_json(backup.folder / _STATE)["state"]
    return f"iteration {backup.iteration}, loss {state.get('loss', 0):.4f}, {backup.size_bytes / 1e6:,.0f} MB"
