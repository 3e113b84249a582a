"""The extract stage: from a clip to the chosen person's faces in a faceset.

Two passes. "find" looks at every frame and keeps what it sees in a log; then it is decided who is who; "crop"
cuts the chosen person out. Both go on where they stopped. A face that a person deleted is not made again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from understudy.errors import FacesetUnusable, NoFaceFound, SeveralPeople
from understudy.events import Event, Events, Notice, StageFinished, StageStarted
from understudy.faces.inputs import FinderInputs
from understudy.facesets.extraction.cropping import Plan, cut, planned
from understudy.facesets.extraction.find import find
from understudy.facesets.extraction.finder import FinderPlan
from understudy.facesets.extraction.found import (
    FoundFrame,
    FoundLog,
    clip_identity,
    found_path,
    redone_path,
    with_redone,
)
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.people import Person, chosen_person, described, people_of
from understudy.facesets.extraction.portraits import write_portraits
from understudy.facesets.extraction.summary import left_out, summary_of
from understudy.facesets.extraction.task import Role, Task
from understudy.facesets.extraction.timerange import wanted_frames
from understudy.facesets.store import Faceset
from understudy.files import require_free_space
from understudy.media.clip import Clip
from understudy.media.opening import open_clip


@dataclass(frozen=True)
class _Done:
    """What the crop pass will do and leave."""

    plans: list[Plan]
    written_before: int
    deleted: int


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
    plan_of: Callable[[ExtractOptions, FinderInputs], FinderPlan] = FinderPlan,
) -> Events:
    """Extract one clip's faces into `faceset`.

    `person` chooses among several people, counted from 1, most seen first. `plan_of` says which programs look,
    in this process and others. Raises ClipMissing, ClipUnreadable,
    NoFaceFound, SeveralPeople (after writing a picture of each into `people_folder`), OptionInvalid,
    FacesetUnusable when the faceset holds faces of another clip of that name, WeightsMissing.
    """
    started = time.monotonic()
    with open_clip(clip_path) as clip:
        task = Task(
            clip_path=clip_path,
            clip_name=clip_name,
            content=str(clip_identity(clip_path)),
            role=role,
            faceset=faceset,
            options=options,
            cache=cache,
            people_folder=people_folder,
            person=person,
            devices=tuple(devices),
            plan_of=plan_of,
        )
        task.finder_plan().require_known()
        wanted = wanted_frames(clip, options)
        if clip.info.damage:
            yield Notice(text=f"{clip_name}: {clip.info.damage}", level="warning")
        frames, found_before = yield from _find(clip, task, wanted)
        chosen, people = yield from _choose(clip, task, frames)
        done = yield from _crop(clip, task, chosen)
    seconds = time.monotonic() - started
    counts = {
        "faces_written": len(done.plans),
        "faces_there_before": done.written_before,
        "faces_deleted_by_hand": done.deleted,
    }
    speed = {"seconds": round(seconds, 2), "frames_per_s": round(len(frames) / seconds, 2)}
    yield StageFinished(
        stage="extract",
        summary=summary_of(task, frames, people, chosen) | counts | speed,
        skipped=found_before == len(wanted) and not done.plans,
    )


def _find(clip: Clip, task: Task, wanted: range) -> Generator[Event, None, tuple[list[FoundFrame], int]]:
    """Yields events; returns all wanted frames' finds and how many of them were there before."""
    options = task.options
    binding = {
        "content": task.content,
        "detector": options.detector,
        "landmarker": options.landmarker,
        "frame_step": options.frame_step,
        "max_faces": options.max_faces,
        "min_face": options.min_face,
    }
    total, damage = len(wanted), clip.info.damage
    with FoundLog.open(found_path(task.cache, task.clip_name), binding) as log:
        before = total - len(log.left(wanted))
        if before < total:
            why = f"goes on at frame {before} of {total}" if before else ""
            yield StageStarted(stage="find", unit="frames", total=total, done=before, why=why)
        yield from find(clip, log, task, wanted)
        frames = [frame for frame in log.frames if frame.index in wanted]
    if clip.info.damage != damage or (len(frames) < total and not damage):
        text = clip.info.damage or f"{len(frames)} of {total} frames decode; the rest is damaged."
        yield Notice(text=f"{task.clip_name}: {text}", level="warning")
    redone = FoundLog.look(redone_path(task.cache, task.clip_name), {"content": task.content})
    return with_redone(frames, redone), before


def _choose(
    clip: Clip, task: Task, frames: Sequence[FoundFrame]
) -> Generator[Event, None, tuple[Person, list[Person]]]:
    """Yields events; returns the person meant and all people."""
    people = people_of(frames, task.options)
    if not people:
        raise NoFaceFound(_no_face_sentence(task, frames), clip.info.path)
    chosen = chosen_person(people, task.person)
    if chosen is None:
        yield from write_portraits(clip, people, task.people_folder, clip_name=task.clip_name)
        raise SeveralPeople(
            f"{len(people)} people are seen in {task.role} clip {task.clip_name!r}: {described(people)}. "
            f"Look at their pictures and say which one is meant with --{task.role}-face NUMBER.",
            task.people_folder,
        )
    if task.person is None and len(people) > 1:
        text = (
            f"{task.clip_name}: {described([chosen])} is clearly the main one of {len(people)} people seen and "
            f"is taken; --{task.role}-face NUMBER takes another."
        )
        yield Notice(text=text)
    return chosen, people


def _no_face_sentence(task: Task, frames: Sequence[FoundFrame]) -> str:
    start = f"No face was found in the {task.role} clip {task.clip_name!r} ({len(frames)} frames)"
    unwanted = left_out(task, frames)
    if unwanted:
        counts = ", ".join(f"{count} {why}" for why, count in unwanted.items())
        return (
            f"{start} that is sure enough; left out were: {counts}. Lower min_score, or widen the limits for "
            "absurd faces, in the extract options to use them."
        )
    return (
        f"{start}. Check that a face is seen upright and larger than a twelfth of the picture, or lower "
        "min_face in the extract options."
    )


def _crop(clip: Clip, task: Task, chosen: Person) -> Generator[Event, None, _Done]:
    """Yields events; returns what was to be done."""
    name, faceset = task.clip_name, task.faceset
    plans = planned(chosen, task.options)
    faceset.sweep()
    with Journal(faceset.folder) as journal:
        _require_same_content(task, journal.contents(name))
        records = [face.record for face in faceset.faces()]
        stored = {r.frame for r in records if r.clip == name and r.person == chosen.number}
        noted = journal.frames(name, chosen.number)
        yield from _told(task, journal, {r.person for r in records if r.clip == name} - {chosen.number})
        left = [plan for plan in plans if plan.sighting.frame.index not in stored | noted]
        if left:
            require_free_space(
                faceset.folder,
                needed_bytes=len(left) * _face_bytes(task.options, (clip.info.width, clip.info.height)),
            )
            journal.note_run(name, content=task.content, settings=_settings(task.options))
            before = len(plans) - len(left)
            why = f"goes on at face {before} of {len(plans)}" if before else ""
            yield StageStarted(stage="crop", unit="faces", total=len(plans), done=before, why=why)
            yield from cut(clip, left, task=task, journal=journal, done=before)
            faceset.refresh()
    return _Done(left, len(stored), len(noted - stored))


def _face_bytes(options: ExtractOptions, frame_size: tuple[int, int]) -> int:
    """About what a stored face needs, rather too much than too little."""
    width, height = (options.size_px, options.size_px) if options.face_type != "mark-only" else frame_size
    return int(width * height * (3 if options.image_format == "png" else 0.8)) + 4000


def _settings(options: ExtractOptions) -> dict[str, Any]:
    """The options that faces of one faceset should share."""
    return options.model_dump(include={"face_type", "size_px", "landmarker", "smooth"})


def _told(task: Task, journal: Journal, others: set[int]) -> Events:
    """What a person should know about faces that are there from earlier runs."""
    name = task.clip_name
    if others:
        text = (
            f"This faceset also holds faces of person {min(others)} from {name}. If that was a mistake, put "
            "them away with `understudy clean extract`."
        )
        yield Notice(text=text, level="warning")
    before = journal.settings(name)
    if before and before[-1] != _settings(task.options):
        text = (
            f"{name}: faces extracted before with other settings stay as they are. To make them again, run "
            "`understudy clean extract` first."
        )
        yield Notice(text=text)


def _require_same_content(task: Task, contents: set[str]) -> None:
    if contents - {task.content}:
        raise FacesetUnusable(
            f"Clip {task.clip_name!r} is no longer the one that faces were extracted from. Put those away with "
            "`understudy clean extract`, or add the new clip under another name.",
            task.faceset.folder,
        )
