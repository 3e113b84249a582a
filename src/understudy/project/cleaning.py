"""Take back what a stage made, and bring it back: everything goes to the trash, nothing is deleted.

What the last cleaning of a stage moves is planned in a note in the trash before anything moves, so that it
comes back at once and a killed process loses nothing: the same command goes on.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from understudy.errors import NothingToUndo, UndoImpossible
from understudy.facesets.curation.entries import safe_place
from understudy.facesets.extraction.journal import JOURNAL_NAME
from understudy.files import read_json, said_plainly, write_json
from understudy.project.inside import inside, require_inside
from understudy.project.lock import exclusive
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


@dataclass(frozen=True)
class Return:
    """One thing that comes back. `replaced` says where in the trash lies what stood in its place, if anything
    did; None also when it was only looked at."""

    path: Path
    replaced: Path | None = None


@dataclass(frozen=True)
class _Plan:
    """Where each part lay or lies, and its place in the trash: of what a cleaning moves, and of what bringing
    that back moves out of the way. A part may not have moved yet, or be back already."""

    parts: dict[Path, Path] = field(default_factory=dict)
    displaced: dict[Path, Path] = field(default_factory=dict)


def clean(project: Project, stage: Stage, *, dry_run: bool = False) -> list[Removal]:
    """Move all that `stage` made to the trash, or only list it; clips and the manifest are never among it.

    Raises, before anything moves, LeadsOut where some of it lies behind a link out of the project, and
    ModelInUse or FolderUnwritable while another process works on it.
    """
    paths = _made_by(project, stage)
    _require_inside(project, paths)
    if dry_run:
        return [Removal(path, size_bytes(path)) for path in paths]
    with _alone(project, stage, paths):
        paths = [path for path in paths if _is_there(path)]
        if not paths:
            return []
        before = _read_plan(project, stage).parts
        # A cleaning that was killed, or its undoing: what it moved belongs to this one.
        is_begun = any(_is_there(origin) and not _is_there(place) for origin, place in before.items())
        moved = {origin: place for origin, place in before.items() if is_begun and _is_there(place)}
        places = {path: project.trash.place_for(path) for path in paths}
        _write_plan(project, stage, _Plan({**moved, **places}))
        entries = [project.trash.put(path, to=place) for path, place in places.items()]
    return [Removal(path, entry.size_bytes, entry) for path, entry in zip(paths, entries, strict=True)]


def bring_back(project: Project, stage: Stage, *, dry_run: bool = False) -> list[Return]:
    """Move all that the last `clean` of a stage moved back to where it lay, or only list it. What was made
    there since goes to the trash, and comes back when this is done once more.

    Raises, before anything moves, NothingToUndo, UndoImpossible where some of it is in neither place or a clip
    of the project is in its place, LeadsOut where a link on its way leads out of the project, and ModelInUse or
    FolderUnwritable while another process works on it.
    """
    nothing = f"Nothing that {stage} made was cleaned, or all that its last `clean` moved is back."
    _require_inside(project, _read_plan(project, stage).parts)
    if dry_run:
        if not (wanted := _to_bring_back(project, _read_plan(project, stage))):
            raise NothingToUndo(nothing, project.folder)
        return [Return(origin) for origin in wanted]
    with _alone(project, stage, [*_read_plan(project, stage).parts]):
        plan = _read_plan(project, stage)
        wanted = _to_bring_back(project, plan)
        newer = {origin: project.trash.place_for(origin) for origin in wanted if _is_there(origin)}
        plan = _Plan(plan.parts, {**plan.displaced, **newer})
        _write_plan(project, stage, plan)
        for origin, place in wanted.items():
            if origin in newer:
                project.trash.put(origin, to=newer[origin])
            project.trash.move_back(place, origin)
        _write_plan(project, stage, _Plan(plan.displaced))
    if not wanted:
        raise NothingToUndo(nothing, project.folder)
    return [Return(origin, newer.get(origin)) for origin in wanted]


def _to_bring_back(project: Project, plan: _Plan) -> dict[Path, Path]:
    """What of a plan lies in the trash; all else of it is back, or UndoImpossible is raised."""
    wanted = {origin: place for origin, place in plan.parts.items() if _is_there(place)}
    if gone := [origin for origin in plan.parts if origin not in wanted and not _is_there(origin)]:
        names = ", ".join(origin.relative_to(project.folder).as_posix() for origin in gone)
        raise UndoImpossible(
            f"Not all that was cleaned is still in the trash: {names}. Move the rest back by hand.",
            project.trash.folder,
        )
    there = [origin for origin in wanted if _is_there(origin)]
    if clips := [path for path in there if path not in _without_clips(project, there)]:
        raise UndoImpossible(
            "What would come back has the place of a clip of the project. Move that elsewhere and say where "
            "with `understudy relink`, or take it out with `understudy remove`.",
            clips[0],
        )
    return wanted


def _require_inside(project: Project, paths: Iterable[Path]) -> None:
    """Raise LeadsOut where one of these paths, or the trash, lies behind a link out of the project."""
    for path in (*paths, project.trash.folder / "any"):
        require_inside(project.folder, path)


def _note(project: Project, stage: Stage) -> Path:
    return project.trash.folder / f".cleaned-{stage}.json"


def _write_plan(project: Project, stage: Stage, plan: _Plan) -> None:
    """Note what is about to move; no note where that is nothing."""

    def said(parts: dict[Path, Path]) -> dict[str, str]:
        return {origin.relative_to(project.folder).as_posix(): place.name for origin, place in parts.items()}

    if plan.parts:
        write_json(_note(project, stage), {"parts": said(plan.parts), "displaced": said(plan.displaced)})
        return
    with said_plainly(project.trash.folder):
        _note(project, stage).unlink(missing_ok=True)


def _read_plan(project: Project, stage: Stage) -> _Plan:
    try:
        said = read_json(_note(project, stage))
        parts, displaced = (dict(said[name]) for name in ("parts", "displaced"))
        return _Plan(_places(project, parts), _places(project, displaced))
    except (OSError, ValueError, KeyError, TypeError):  # never cleaned, or somebody edited the note
        return _Plan()


def _places(project: Project, said: dict[str, str]) -> dict[Path, Path]:
    """Raises ValueError where the note leads out of the project."""
    trash = project.trash.folder
    return {inside(project.folder, origin): trash / safe_place(name, parts=1) for origin, name in said.items()}


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)  # a link that leads nowhere is there too


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


@contextlib.contextmanager
def _alone(project: Project, stage: Stage, paths: Sequence[Path]) -> Iterator[None]:
    """While nobody else cleans, or works on what lies at these paths."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(exclusive(project.cache_folder / ".cleaning.lock", wait_s=0.5))
        for lock in _locks(project, stage, paths):
            stack.enter_context(exclusive(lock, wait_s=0.5))
        for folder in paths if stage == "train" else ():
            if not folder.is_dir():
                continue
            if os.name == "posix":
                stack.enter_context(model_lock(folder))
            else:  # there a folder can't move while a file in it is open
                with model_lock(folder):
                    pass
        yield


def _locks(project: Project, stage: Stage, paths: Sequence[Path]) -> list[Path]:
    """Clips are locked before facesets everywhere, so that nobody waits for ever."""
    if stage == "train":
        return []
    if stage == "merge":
        return [project.clip_lock(path.name) for path in sorted(paths)]
    if stage == "encode":  # a finished file doesn't say of which clip it is
        return [project.clip_lock(name) for name in sorted(project.manifest.clips_of("dst"))]
    home = project.folder / "facesets"
    facesets = [path.relative_to(home).as_posix() for path in sorted(paths) if path.is_relative_to(home)]
    clips = [project.clip_lock(name) for name in sorted(project.manifest.clips)]
    return [*clips, *(project.faceset_lock(name) for name in facesets)]


def _inside(folder: Path, pattern: str = "*") -> list[Path]:
    return sorted(folder.glob(pattern)) if folder.is_dir() else []


def _without_clips(project: Project, paths: list[Path]) -> list[Path]:
    # A finished file may serve as the next swap's clip.
    clips = {project.clip_path(name).resolve() for name in project.manifest.clips}
    return [path for path in paths if path.resolve() not in clips]
