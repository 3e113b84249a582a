"""The extract stage: from a clip to the chosen person's faces in a faceset.

"find" looks at every frame and keeps what it sees in a log; then it is decided who is who; "fill" follows the
chosen face through frames where it was not found; "crop" cuts it out. All go on where they stopped. A face that
a person deleted is not made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from understudy.events import Event, Events, Notice, StageFinished, StageStarted
from understudy.faces.finders import fetched
from understudy.faces.inputs import FinderInputs
from understudy.facesets.extraction.choosing import choose
from understudy.facesets.extraction.contents import known_contents
from understudy.facesets.extraction.cropping import planned
from understudy.facesets.extraction.find import find
from understudy.facesets.extraction.finder import FinderPlan
from understudy.facesets.extraction.found import (
    FoundFrame,
    FoundLog,
    clip_content,
    found_path,
    with_redone,
)
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.overlays import draw_overlays, marks_of
from understudy.facesets.extraction.redo import redo_deleted
from understudy.facesets.extraction.redone import brought_over, kept_notice, redone_of
from understudy.facesets.extraction.storing import PutAway, store_faces
from understudy.facesets.extraction.summary import summary_of
from understudy.facesets.extraction.task import Role, Shelf, Task
from understudy.facesets.extraction.timerange import wanted_frames
from understudy.facesets.names import safe_name
from understudy.facesets.store import Faceset
from understudy.media.clip import Clip
from understudy.media.color_spaces import ColorSpace
from understudy.media.opening import open_clip, require_progressive


def extract(
    clip_path: Path,
    *,
    clip_name: str,
    role: Role,
    faceset: Faceset,
    options: ExtractOptions,
    cache: Path,
    people_folder: Path,
    person: int | None = None,
    devices: Sequence[str] = ("cpu",),
    manual_file: Path | None = None,
    trust: bool = False,
    plan_of: Callable[[ExtractOptions, FinderInputs], FinderPlan] = FinderPlan,
    overlays_folder: Path | None = None,
    redo_with: PutAway | None = None,
    edits: Sequence[str] = (),
    shelf: Shelf | None = None,
    color_space: ColorSpace | None = None,
    fps: float | None = None,
) -> Events:
    """Extract one clip's faces into `faceset`.

    `person` chooses among several people, counted from 1, most seen first; `edits` are what was said about the
    tracks (`edits.py`); faces no longer meant go to the `shelf`. `manual_file` holds regions drawn by hand, for
    the detector `manual`; `trust` lets weights that are programs run. `plan_of` says which programs look.
    `redo_with` puts old faces away and has only frames done, again, whose overlays a person deleted. The
    clip is in `color_space`, or sRGB; its images are shown at `fps`.
    Raises what `choose` and `store_faces` raise, ClipMissing, ClipUnreadable, OptionInvalid, WorkerDied,
    FindsUnusable, PackageMissing, WeightsMissing, WeightsChanged, WeightsUntrusted.
    """
    started = time.monotonic()
    with open_clip(clip_path, color_space, fps=fps) as clip:
        require_progressive(clip.info)
        manual = cache if manual_file is None else manual_file.parent
        known = known_contents(clip_name, cache=cache, faceset_folder=faceset.folder, manual=manual)
        task = Task(
            clip_path=clip_path,
            clip_name=clip_name,
            content=clip_content(clip_path, color_space, known=known),
            role=role,
            faceset=faceset,
            options=options,
            cache=cache,
            people_folder=people_folder,
            person=person,
            devices=tuple(devices),
            manual_file=manual_file,
            trust=trust,
            plan_of=plan_of,
            overlays_folder=overlays_folder or cache / "overlays" / safe_name(clip_name),
            edits=tuple(edits),
            shelf=shelf,
            color_space=color_space,
        )
        options.require_names()
        wanted = wanted_frames(clip, options)
        yield from _made_ready(clip, task)
        if redo_with is not None:
            yield from redo_deleted(clip, task, redo_with)
            return
        finished = yield from _stored(clip, task, wanted, started=started)
    yield finished


def _stored(clip: Clip, task: Task, wanted: range, *, started: float) -> Generator[Event, None, StageFinished]:
    """Find, choose, store and draw; returns what came of it."""
    frames, looked_at = yield from _find(clip, task, wanted)
    meant = yield from choose(clip, task, frames)
    plans, drawn = planned(meant.person, task.options), 0
    done = yield from store_faces(clip, task, meant, plans)
    if task.options.overlays:
        marks = marks_of(task, frames, meant.people, meant.person, plans)
        drawn = yield from draw_overlays(clip, task, marks)
    summary = summary_of(task, frames, meant.people, meant.person) | done.counts()
    skipped = not looked_at.todo and not done.plans and not drawn
    return StageFinished(stage="extract", summary=summary | _speed(started, looked_at), skipped=skipped)


def _made_ready(clip: Clip, task: Task) -> Events:
    if clip.info.damage:
        yield Notice(text=f"{task.clip_name}: {clip.info.damage}", level="warning")
    yield from brought_over(task)


@dataclass(frozen=True)
class _LookedAt:
    """Of how many frames this run was to look, and did; those that can't be decoded are never looked at."""

    todo: int
    done: int


def _speed(started: float, looked_at: _LookedAt) -> dict[str, float]:
    """Frames found by earlier runs cost this one no time, so they are not counted."""
    seconds = time.monotonic() - started
    return {"seconds": round(seconds, 2), "frames_per_s": round(looked_at.done / seconds, 2)}


def _timed(clip: Clip, frames: list[FoundFrame]) -> list[FoundFrame]:
    """Finds in images with the times that these have now: their rate may have been said since."""
    if clip.info.kind == "video":
        return frames
    return [replace(frame, time_s=float(frame.index * clip.time_base)) for frame in frames]


def _find(clip: Clip, task: Task, wanted: range) -> Generator[Event, None, tuple[list[FoundFrame], _LookedAt]]:
    """Yields events; returns all wanted frames' finds and how many this run looked at."""
    plan, total, damage = task.finder_plan(), len(wanted), clip.info.damage
    with FoundLog.open(found_path(task.cache, task.clip_name), task.binding()) as log:
        before, known = total - len(log.left(wanted)), len(log.frames)
        if before < total:
            why = f"goes on at frame {before} of {total}" if before else ""
            yield from fetched(plan.options.detector, plan.options.landmarker, plan.inputs)
            yield StageStarted(stage="find", unit="frames", total=total, done=before, why=why)
        yield from find(clip, log, task, wanted)
        looked_at = _LookedAt(total - before, len(log.frames) - known)
        frames = [frame for frame in log.frames if frame.index in wanted]
    if clip.info.damage != damage or (len(frames) < total and not damage):
        text = clip.info.damage or f"{len(frames)} of {total} frames decode; the rest is damaged."
        yield Notice(text=f"{task.clip_name}: {text}", level="warning")
    redone = redone_of(task)
    yield from kept_notice(task, frames, redone)
    return _timed(clip, with_redone(frames, redone)), looked_at
