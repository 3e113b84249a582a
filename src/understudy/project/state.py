"""What of a project is done and what is next, as plain values. Looks at files, changes nothing but caches."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from understudy.files import read_json
from understudy.project.cleaning import Stage
from understudy.project.manifest import Role
from understudy.project.project import Project
from understudy.project.trash import size_bytes


@dataclass(frozen=True, kw_only=True)
class ClipState:
    """One clip and how many of its faces are stored. `there` is False when the file is gone."""

    name: str
    role: Role
    path: Path
    there: bool
    size_bytes: int
    faces: int


@dataclass(frozen=True, kw_only=True)
class FacesetState:
    """One faceset on disk."""

    performer: str
    name: str
    faces: int
    size_bytes: int
    changed: datetime | None
    notices: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ModelState:
    """One model: how far its newest whole checkpoint is."""

    name: str
    preset: str
    iteration: int
    size_bytes: int
    changed: datetime | None


@dataclass(frozen=True, kw_only=True)
class MergedState:
    """Merged frames of one clip by one model."""

    clip: str
    model: str
    frames: int
    size_bytes: int
    changed: datetime | None


@dataclass(frozen=True, kw_only=True)
class OutputState:
    """One finished file."""

    path: Path
    size_bytes: int
    changed: datetime | None


@dataclass(frozen=True, kw_only=True)
class ProjectState:
    """Everything `understudy status` tells. `next_stage` is None when all is done, "add" when clips lack."""

    folder: Path
    name: str
    size_bytes: int
    trash_bytes: int
    clips: tuple[ClipState, ...]
    facesets: tuple[FacesetState, ...]
    models: tuple[ModelState, ...]
    merged: tuple[MergedState, ...]
    outputs: tuple[OutputState, ...]
    next_stage: Stage | str | None
    next_why: str


def project_state(project: Project) -> ProjectState:
    """Look at everything in the project."""
    facesets, faces_of_clip = _facesets(project)
    clips = tuple(_clip(project, name, faces_of_clip.get(name, 0)) for name in project.manifest.clips)
    models = tuple(_model(project, name) for name in project.manifest.models)
    merged = _merged(project)
    outputs = _outputs(project)
    next_stage, why = _next(clips, models, merged, outputs)
    return ProjectState(
        folder=project.folder,
        name=project.manifest.name,
        size_bytes=size_bytes(project.folder),
        trash_bytes=size_bytes(project.trash.folder),
        clips=clips,
        facesets=facesets,
        models=models,
        merged=merged,
        outputs=outputs,
        next_stage=next_stage,
        next_why=why,
    )


def newest_checkpoint(model_folder: Path) -> tuple[dict[str, Any], Path] | None:
    """The state of the checkpoint with the most iterations, and its folder; damaged ones don't count."""
    found = []
    for path in model_folder.glob("checkpoints/*/state.json"):
        if not path.parent.name.isdigit():  # half-written or set aside
            continue
        try:
            state = read_json(path)
            found.append((int(state["iteration"]), path.parent.name, state, path.parent))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return max(found, key=lambda entry: entry[:2])[2:] if found else None


def _facesets(project: Project) -> tuple[tuple[FacesetState, ...], dict[str, int]]:
    states, faces_of_clip = [], {}
    for performer_name, performer in project.manifest.performers.items():
        for name in performer.facesets:
            folder = project.faceset_folder(performer_name, name)
            with project.faceset(performer_name, name) as faceset:
                notices = tuple(faceset.notices)
                faces = faceset.faces()
            for face in faces:
                faces_of_clip[face.record.clip] = faces_of_clip.get(face.record.clip, 0) + 1
            states.append(
                FacesetState(
                    performer=performer_name,
                    name=name,
                    faces=len(faces),
                    size_bytes=size_bytes(folder),
                    changed=_changed(folder),
                    notices=notices,
                )
            )
    return tuple(states), faces_of_clip


def _clip(project: Project, name: str, faces: int) -> ClipState:
    path = project.clip_path(name)
    there = path.exists()
    return ClipState(
        name=name,
        role=project.manifest.clips[name].role,
        path=path,
        there=there,
        size_bytes=size_bytes(path) if there else 0,
        faces=faces,
    )


def _model(project: Project, name: str) -> ModelState:
    folder = project.model_folder(name)
    newest = newest_checkpoint(folder)
    return ModelState(
        name=name,
        preset=project.manifest.models[name].preset,
        iteration=int(newest[0]["iteration"]) if newest else 0,
        size_bytes=size_bytes(folder),
        changed=_changed(newest[1]) if newest else None,
    )


def _merged(project: Project) -> tuple[MergedState, ...]:
    states = []
    for clip in project.manifest.clips_of("dst"):
        for model in project.manifest.models:
            folder = project.merged_folder(clip, model)
            if not folder.is_dir():
                continue
            states.append(
                MergedState(
                    clip=clip,
                    model=model,
                    frames=sum(1 for path in folder.rglob("*.png") if not path.name.startswith(".")),
                    size_bytes=size_bytes(folder),
                    changed=_changed(folder),
                )
            )
    return tuple(states)


def _outputs(project: Project) -> tuple[OutputState, ...]:
    """Finished files in the project's own folder, and those that went elsewhere and are still there."""
    found = {path.absolute() for path in _encoded(project) if path.exists()}
    if project.out_folder.is_dir():
        found |= {p for p in project.out_folder.iterdir() if not p.name.startswith(".")}
    return tuple(
        OutputState(path=path, size_bytes=size_bytes(path), changed=_changed(path)) for path in sorted(found)
    )


def _encoded(project: Project) -> list[Path]:
    """Where finished files went, as the merged folders remember it."""
    paths: list[Path] = []
    for memory in project.folder.glob("merged/*/*/encode.json"):
        try:
            paths += [Path(text) for text in read_json(memory)]
        except (OSError, ValueError, TypeError):  # torn: the files are there all the same, only not listed
            continue
    return paths


def _next(
    clips: tuple[ClipState, ...],
    models: tuple[ModelState, ...],
    merged: tuple[MergedState, ...],
    outputs: tuple[OutputState, ...],
) -> tuple[str | None, str]:
    for role in ("src", "dst"):
        if not any(clip.role == role for clip in clips):
            return "add", f"there is no {role} clip yet"
    for clip in clips:
        if not clip.faces:
            return "extract", f"no faces of clip {clip.name!r} are stored"
    untrained = [model.name for model in models if not model.iteration]
    if not models:
        return "train", "there is no model yet"
    if untrained:
        return "train", f"model {untrained[0]!r} has learnt nothing yet"
    done = {(state.clip, state.model) for state in merged if state.frames}
    for clip in clips:
        if clip.role == "dst" and not any((clip.name, model.name) in done for model in models):
            return "merge", f"clip {clip.name!r} is not merged yet"
    if not outputs:
        return "encode", "there is no finished file yet"
    return None, "everything is done"


def _changed(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
