"""What of a project is done and what is next, as plain values. Looks at files, changes nothing but caches."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from string import digits
from typing import Any

from understudy.counts import counted
from understudy.errors import ProjectInvalid
from understudy.facesets.curation.entries import HISTORY_NAME
from understudy.facesets.names import safe_name
from understudy.files import folder_sizes, read_json
from understudy.merging.delivery.memory import DeliveryMemory
from understudy.merging.journal import JOURNAL_NAME, merge_facts
from understudy.project.cleaning import Stage
from understudy.project.finished import finished_files
from understudy.project.manifest import ROLES
from understudy.project.project import CAST, Project
from understudy.project.state_values import (
    ClipState,
    FacesetState,
    MergedState,
    ModelState,
    OutputState,
    ProjectState,
)
from understudy.project.trash import size_bytes
from understudy.training.steering.plan import Plan
from understudy.training.steering.plateau import Plateau

SizeOf = Callable[[Path], int]
UNSAID_MODEL = "main"  # the one that commands mean where none is named
_LAST_LINE_BYTES = 128


def project_state(project: Project, *, behind: Callable[[str, str], str] = lambda *_: "") -> ProjectState:
    """Look at everything in the project.

    `behind` tells, for a clip and the model or cast that merged it, what of its frames the settings kept now
    would make otherwise; finding that out takes what lies above here (`jobs.merging.standing`).
    """
    size_of = _size_of(project)
    facesets, faces_of_clip = _facesets(project, size_of)
    clips = tuple(_clip(project, name, faces_of_clip.get(name, 0)) for name in project.manifest.clips)
    models = tuple(model_state(project, name, size_of=size_of) for name in project.manifest.models)
    merged = _looked_at(_merged(project, size_of), models, behind)
    outputs = _outputs(project, size_of)
    first = _first_to_train(project, models)
    meant = tuple(_meant(project, merged))
    left, why = _left(clips, models, meant, first)
    next_stage = next(iter(left), None)
    unripe = None if next_stage else next((model for model in models if model.unripe), None)
    next_model, next_clips = _to_name(project, next_stage, models, first, meant)
    if unripe and unripe.name != UNSAID_MODEL:
        next_model = unripe.name
    return ProjectState(
        folder=project.folder,
        name=project.manifest.name,
        size_bytes=size_of(project.folder),
        trash_bytes=size_of(project.trash.folder),
        clips=clips,
        facesets=facesets,
        models=models,
        merged=merged,
        outputs=outputs,
        next_stage=next_stage,
        next_why=why,
        next_model=next_model,
        next_clips=next_clips,
        stages_left=left,
        train_on=unripe.unripe if unripe else "",
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


def _size_of(project: Project) -> SizeOf:
    """Bytes of whatever lies in the project, which is gone through once for all of it, or elsewhere."""
    known = folder_sizes(project.folder)
    return lambda path: known[path] if path in known else size_bytes(path)


def _facesets(project: Project, size_of: SizeOf) -> tuple[tuple[FacesetState, ...], dict[str, int]]:
    states, of_clip = list[FacesetState](), dict[str, set[tuple[object, ...]]]()
    for performer_name, performer in project.manifest.performers.items():
        for name in performer.facesets:
            folder = project.faceset_folder(performer_name, name)
            with project.faceset(performer_name, name) as faceset:
                notices = tuple(faceset.notices)
                faces = faceset.faces()
                changed = _faces_changed(folder, faceset.newest_ns)
            for record in (face.record for face in faces):  # a copy in another faceset is the same face
                of_clip.setdefault(record.clip, set()).add((record.frame, record.box_xyxy))
            states.append(
                FacesetState(
                    performer=performer_name,
                    name=name,
                    faces=len(faces),
                    size_bytes=size_of(folder),
                    changed=changed,
                    notices=notices,
                )
            )
    return tuple(states), {clip: len(found) for clip, found in of_clip.items()}


def _faces_changed(folder: Path, newest_ns: int) -> datetime | None:
    """The newest date of its pictures and of the history of what was done with them; None where none are there.

    Opening a faceset makes and removes files of its index, so the folder's own date is always about now.
    """
    written = datetime.fromtimestamp(newest_ns / 1e9, UTC) if newest_ns else None
    return max(filter(None, (written, _changed(folder / HISTORY_NAME))), default=None)


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
        searched=is_searched(project, name),
        fps=project.manifest.clips[name].fps,
    )


def is_searched(project: Project, clip: str) -> bool:
    """Whether the log of a clip's finds ends with the line that says so; a long one is not read for that."""
    log = project.cache_folder / f"{safe_name(clip)}.found.jsonl"
    try:
        with log.open("rb") as file:
            file.seek(max(0, file.seek(0, os.SEEK_END) - _LAST_LINE_BYTES))
            lines = file.read().splitlines(keepends=True)
        return bool(lines) and lines[-1].endswith(b"\n") and list(json.loads(lines[-1])) == ["searched"]
    except (OSError, ValueError, TypeError):
        return False


def model_state(project: Project, name: str, *, size_of: SizeOf = size_bytes) -> ModelState:
    """How far one model is."""
    folder = project.model_folder(name)
    newest = newest_checkpoint(folder)
    trained, progress = _training(newest[0]) if newest else (False, "")
    return ModelState(
        name=name,
        preset=project.manifest.models[name].preset,
        iteration=int(newest[0]["iteration"]) if newest else 0,
        size_bytes=size_of(folder),
        changed=_changed(newest[1]) if newest else None,
        trained=trained,
        progress=progress,
        unripe=_unripe(name, newest[0]) if newest and trained else "",
    )


def _unripe(name: str, checkpoint: dict[str, Any]) -> str:
    """Why a model whose plan is done should learn on, from where its recipe stands and whether its loss ever
    levelled off; empty where it did, or nothing of it is written down."""
    try:
        course = checkpoint["state"]["course"]
        stages, at = course["recipe"]["stages"], int(course["stage"])
        flat = Plateau.from_json(course["plateau"]).reached
        if flat or int(course["drops"]) or any(stage["plateau"] for stage in stages[:at]):
            return ""
        learnt = counted(int(checkpoint["iteration"]), "iteration")
        place = f" It stands in stage {stages[at]['name']}, {at + 1} of {len(stages)}."
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return ""
    told = f"model {name!r} has learnt for {learnt}, and its loss has not levelled off: train on."
    return told + (place if at + 1 < len(stages) else "")


def _training(checkpoint: dict[str, Any]) -> tuple[bool, str]:
    """Whether a checkpoint's plan is done, and how much of it."""
    try:
        plan = Plan.from_json(checkpoint["state"]["plan"])
        parts = []
        if plan.minutes is not None:
            parts.append(f"{plan.done_seconds / 60:.3g} of {plan.minutes:g} minutes")
        if plan.iterations is not None:
            parts.append(f"{plan.done_iterations} of {plan.iterations} iterations")
        return plan.finished or not parts, ", ".join(parts)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        return False, "an unknown part"  # a checkpoint somebody edited


def _merged(project: Project, size_of: SizeOf) -> tuple[MergedState, ...]:
    states = []
    for clip, entry in project.manifest.clips_of("dst").items():
        for model in (*project.manifest.models, *((CAST,) if entry.cast else ())):
            folder = project.merged_folder(clip, model)
            if not folder.is_dir():
                continue
            painted = _painted_by(folder, model)
            iteration = painted[0][1] if painted else None
            states.append(
                MergedState(
                    clip=clip,
                    model=model,
                    frames=_frames_in(folder),
                    size_bytes=size_of(folder),
                    changed=_changed(folder),
                    complete=iteration is not None,
                    iteration=iteration,
                    encoded=_is_encoded(folder),
                    painted_by=painted,
                )
            )
    return tuple(states)


def _frames_in(folder: Path) -> int:
    with os.scandir(folder) as found:  # there may be a hundred thousand, so no paths are made of them
        return sum(one.name[0] in digits and one.name.endswith((".png", ".exr")) for one in found)


def _looked_at(
    merged: tuple[MergedState, ...], models: tuple[ModelState, ...], behind: Callable[[str, str], str]
) -> tuple[MergedState, ...]:
    """With what is behind the settings; not asked where a merge is to be made again anyhow."""
    worth = {(state.clip, state.model) for state in _up_to_date(merged, models)}
    return tuple(
        replace(state, behind=behind(state.clip, state.model)) if (state.clip, state.model) in worth else state
        for state in merged
    )


def _meant(project: Project, merged: tuple[MergedState, ...]) -> list[MergedState]:
    """Those that the project would deliver: where a clip has a cast, what its cast painted counts alone."""
    casts = {name: entry.cast for name, entry in project.manifest.clips_of("dst").items()}
    return [state for state in merged if not casts[state.clip] or state.model == CAST]


def _painted_by(folder: Path, model: str) -> tuple[tuple[str, int], ...]:
    """The models that painted these frames, and how long each had learnt; none while they are not all there."""
    try:
        facts = merge_facts(folder)
    except ProjectInvalid:
        return ()
    if folder.name == CAST:
        return tuple((made.name, made.iterations) for made in facts.models)
    return ((model, facts.model_iterations),)  # which may have got another name since


def _is_encoded(folder: Path) -> bool:
    """Whether a finished file of all these frames is there, as made, that no later merge has overtaken."""
    merged = _changed(folder / JOURNAL_NAME)
    made = [moment for path in DeliveryMemory(folder).standing_whole() if (moment := _changed(path))]
    return merged is not None and any(moment >= merged for moment in made)


def _outputs(project: Project, size_of: SizeOf) -> tuple[OutputState, ...]:
    return tuple(
        OutputState(path=path, size_bytes=size_of(path), changed=_changed(path))
        for path in finished_files(project)
    )


def _left(
    clips: tuple[ClipState, ...],
    models: tuple[ModelState, ...],
    merged: tuple[MergedState, ...],
    first: Sequence[ModelState],
) -> tuple[tuple[Stage | str, ...], str]:
    """The first stage that has something left to do and those behind it, and what it has. Models that are not
    `first` come last."""
    for role in ROLES:
        if not any(clip.role == role for clip in clips):
            return ("add", "extract", "train", "merge", "encode"), f"there is no {role} clip yet"
    dst = [clip.name for clip in clips if clip.role == "dst"]
    left: tuple[tuple[Stage, list[str]], ...] = (
        ("extract", [_left_to_extract(clip) for clip in clips]),
        ("train", [_left_to_train(model) for model in first] or ["there is no model yet"]),
        ("merge", [_left_to_merge(name, models, merged) for name in dst]),
        ("encode", [_left_to_encode(name, models, merged) for name in dst]),
        ("train", [_left_to_train(model) for model in models]),
    )
    for place, (_, reasons) in enumerate(left):
        if any(reasons):
            return tuple(dict.fromkeys(stage for stage, _ in left[place:])), next(filter(None, reasons))
    return (), "everything that was asked is done"


def _first_to_train(project: Project, models: tuple[ModelState, ...]) -> Sequence[ModelState]:
    """Those whose training comes before any merge: the ones that have begun to learn, where any has. A cast may
    need every model."""
    if any(entry.cast for entry in project.manifest.clips.values()):
        return models
    return [model for model in models if model.iteration] or models


def _to_name(
    project: Project,
    stage: Stage | str | None,
    models: tuple[ModelState, ...],
    first: Sequence[ModelState],
    merged: tuple[MergedState, ...],
) -> tuple[str, tuple[str, ...]]:
    """Which model the next training, merge or encode is about, and which dst clips; empty for all of them."""
    if stage == "train":
        name = next((model.name for model in (*first, *models) if _left_to_train(model)), "")
        return "" if name == UNSAID_MODEL else name, ()
    if stage not in ("merge", "encode"):
        return "", ()
    reason, dst = _left_to_merge if stage == "merge" else _left_to_encode, project.manifest.clips_of("dst")
    left = [name for name in dst if reason(name, models, merged)]
    by = {name: _model_of_clip(project, stage, name, models, merged) for name in left}
    alike = tuple(name for name in left if by[name] == by[left[0]])
    return by[left[0]], alike if len(alike) < len(dst) else ()


def _model_of_clip(
    project: Project, stage: str, clip: str, models: tuple[ModelState, ...], merged: tuple[MergedState, ...]
) -> str:
    """Empty where it is the one that is meant unsaid, or the clip's cast, which names its own."""
    if project.manifest.clips[clip].cast:
        return ""
    of_clip = [state for state in merged if state.clip == clip]
    learnt = sorted((model for model in models if model.iteration), key=_newest_first)
    if stage == "encode":
        of_clip = _up_to_date(of_clip, models)
    else:  # what is behind its settings is the reason, before what is behind its model
        reasons = (lambda state: state.behind, lambda state: state.complete, lambda state: state.frames)
        of_clip = next(filter(None, (list(filter(reason, of_clip)) for reason in reasons)), [])
    known = [model.name for model in learnt]
    meant = [state.model for state in of_clip if state.model in known] or known
    return "" if UNSAID_MODEL in meant or not meant else min(meant, key=known.index)


def _newest_first(model: ModelState) -> float:
    return -model.changed.timestamp() if model.changed else 0.0


def _left_to_extract(clip: ClipState) -> str:
    if not clip.faces and clip.searched:
        return (
            f"clip {clip.name!r} was searched, but none of its faces is stored: `understudy extract` says why, "
            "and `understudy remove` takes the clip out"
        )
    if not clip.faces:
        return f"no faces of clip {clip.name!r} are stored"
    return "" if clip.searched else f"clip {clip.name!r} is not searched for faces to its end"


def _left_to_train(model: ModelState) -> str:
    if not model.iteration:
        return f"model {model.name!r} has learnt nothing yet"
    return "" if model.trained else f"model {model.name!r} has {model.progress} done"


def _left_to_merge(clip: str, models: tuple[ModelState, ...], merged: tuple[MergedState, ...]) -> str:
    of_clip = [state for state in merged if state.clip == clip]
    if _up_to_date(of_clip, models):
        return ""
    if behind := next((state.behind for state in of_clip if state.behind), ""):
        return behind
    if any(state.complete for state in of_clip):
        return f"clip {clip!r} is merged with an older state of the model"
    return f"clip {clip!r} is not merged {'to its end' if any(s.frames for s in of_clip) else 'yet'}"


def _left_to_encode(clip: str, models: tuple[ModelState, ...], merged: tuple[MergedState, ...]) -> str:
    of_clip = _up_to_date([state for state in merged if state.clip == clip], models)
    if any(state.encoded for state in of_clip):
        return ""
    return f"there is no finished file of clip {clip!r} as it is merged now"


def _up_to_date(merged: Sequence[MergedState], models: tuple[ModelState, ...]) -> list[MergedState]:
    """Those painted to their end by what their model knows now, as the settings kept now have it."""
    known = {model.name: model.iteration for model in models}
    return [
        state
        for state in merged
        if state.complete
        and not state.behind
        and all(known.get(name) == iteration for name, iteration in state.painted_by)
    ]


def _changed(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, UTC)
    except OSError:
        return None
