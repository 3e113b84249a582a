"""Take back what a stage made: everything goes to the trash, nothing is deleted."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from understudy.facesets.extraction.journal import JOURNAL_NAME
from understudy.project.project import Project
from understudy.project.trash import TrashEntry, size_bytes
from understudy.training.keeping.lock import model_lock

Stage = Literal["extract", "train", "merge", "encode"]
STAGES: tuple[Stage, ...] = ("extract", "train", "merge", "encode")


@dataclass(frozen=True)
class Removal:
    """One thing that a stage made. `trashed` says where it lies now; None when it was only looked at."""

    path: Path
    size_bytes: int
    trashed: TrashEntry | None = None


def clean(project: Project, stage: Stage, *, dry_run: bool = False) -> list[Removal]:
    """Move all that `stage` made to the trash, or only list it; clips and the manifest are never among it.

    Raises ModelInUse, before anything moves, when a model is being trained right now.
    """
    removals = []
    paths = _made_by(project, stage)
    if stage == "train" and not dry_run:
        for path in paths:
            _require_idle(path)
    for path in paths:
        size = size_bytes(path)
        removals.append(Removal(path, size, None if dry_run else project.trash.put(path)))
    return removals


def _made_by(project: Project, stage: Stage) -> list[Path]:
    if stage == "extract":
        return [
            # Faces that were imported, unpacked or copied are nobody's to make again.
            *(path.parent for path in _inside(project.folder / "facesets", f"*/*/{JOURNAL_NAME}")),
            *_inside(project.people_folder),
            *_inside(project.overlays_folder),
            *_inside(project.cache_folder, "*.found.jsonl"),
            *_inside(project.cache_folder, "*.filled.jsonl"),
            # Not frames that a person had done again: that was a decision, and can't be made again.
            *_inside(project.cache_folder, "*.overlays.jsonl"),
        ]
    if stage == "train":
        return _inside(project.folder / "models")
    if stage == "merge":
        return _inside(project.folder / "merged")
    return _without_clips(project, _inside(project.out_folder))


def _require_idle(model_folder: Path) -> None:
    if model_folder.is_dir():
        with model_lock(model_folder):
            pass


def _inside(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(folder.glob(pattern)) if folder.is_dir() else []


def _without_clips(project: Project, paths: list[Path]) -> list[Path]:
    # A finished file may serve as the next swap's clip.
    clips = {project.clip_path(name).resolve() for name in project.manifest.clips}
    return [path for path in paths if path.resolve() not in clips]
