"""Take back what a stage made, and bring it back: everything goes to the trash, nothing is deleted.

What went at once is noted beside it in the trash, so that it also comes back at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from understudy.errors import NothingToUndo, UndoImpossible
from understudy.facesets.extraction.journal import JOURNAL_NAME
from understudy.files import read_json, write_json
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
    removals: list[Removal] = []
    paths = _made_by(project, stage)
    if stage == "train" and not dry_run:
        for path in paths:
            _require_idle(path)
    cleaned = _cleaned(project, stage)
    for path in paths:
        size = size_bytes(path)
        removals.append(Removal(path, size, None if dry_run else project.trash.put(path)))
        if not dry_run:  # after each, so that what went before a kill comes back too
            moved = [removal.trashed.path.name for removal in removals if removal.trashed]
            write_json(_note(project, stage), {"cleaned": [*cleaned, moved]})
    return removals


def bring_back(project: Project, stage: Stage, *, dry_run: bool = False) -> list[Path]:
    """Move all that the last `clean` of a stage moved back to where it lay, or only list it; what was made
    there since goes to the trash.

    Raises, before anything moves, NothingToUndo, UndoImpossible where some of it is in the trash no more, and
    ModelInUse.
    """
    *before, names = _cleaned(project, stage) or [[]]
    if not names:
        raise NothingToUndo(f"Nothing that {stage} made was cleaned, or all of it is back.", project.folder)
    there = {entry.path.name: entry for entry in project.trash.entries()}
    if gone := [name for name in names if name not in there or there[name].origin is None]:
        raise UndoImpossible(
            f"Not all that was cleaned is still in the trash: {', '.join(gone)}. Move the rest back by hand.",
            project.trash.folder,
        )
    entries = [there[name] for name in names]
    paths = [entry.origin for entry in entries if entry.origin is not None]
    if dry_run:
        return paths
    for path in paths if stage == "train" else ():
        _require_idle(path)
    for number, entry in enumerate(entries, 1):
        project.trash.restore(entry)
        left = [names[number:]] if names[number:] else []
        write_json(_note(project, stage), {"cleaned": [*before, *left]})
    return paths


def _note(project: Project, stage: Stage) -> Path:
    return project.trash.folder / f".cleaned-{stage}.json"


def _cleaned(project: Project, stage: Stage) -> list[list[str]]:
    """The names in the trash of what went, each time, the last one last."""
    try:
        return [[str(name) for name in names] for names in read_json(_note(project, stage))["cleaned"]]
    except (OSError, ValueError, KeyError, TypeError):  # never cleaned, or somebody edited the note
        return []


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
