"""The extract stage: from a clip to the chosen person's faces in a faceset.

Two passes. "find" looks at every frame and keeps what it sees in a log; then it is decided who is who; "crop"
cuts the chosen person out. Both go on where they stopped. A face that a person deleted is not made again.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from understudy.errors import FacesetUnusable, NoFaceFound, OptionInvalid, SeveralPeople
from understudy.events import Event, Events, Notice, StageFinished, StageStarted
from understudy.faces.detect import DETECTORS
from understudy.faces.inputs import FinderInputs
from understudy.faces.landmark import LANDMARKERS
from understudy.facesets.extraction.cropping import Plan, cut, planned
from understudy.facesets.extraction.find import find, frames_to_find
from understudy.facesets.extraction.found import FoundFrame, FoundLog, clip_identity
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.people import Person, chosen_person, described, is_wanted, people_of
from understudy.facesets.extraction.portraits import write_portraits
from understudy.facesets.names import safe_name
from understudy.facesets.store import Faceset
from understudy.files import require_free_space
from understudy.media.clip import Clip
from understudy.media.opening import open_clip

Role = Literal["src", "dst"]


@dataclass(frozen=True)
class _Task:
    """What is to be extracted, where to."""

    clip_name: str
    content: str
    role: Role
    faceset: Faceset
    options: ExtractOptions
    log_path: Path
    people_folder: Path
    person: int | None
    device: str


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
    device: str = "cpu",
) -> Events:
    """Extract one clip's faces into `faceset`.

    `person` chooses among several people, counted from 1, most seen first. Raises ClipMissing, ClipUnreadable,
    NoFaceFound, SeveralPeople (after writing a picture of each into `people_folder`), OptionInvalid,
    FacesetUnusable when the faceset holds faces of another clip of that name, WeightsMissing.
    """
    started = time.monotonic()
    _require_known(options)
    with open_clip(clip_path) as clip:
        task = _Task(
            clip_name=clip_name,
            content=str(clip_identity(clip_path)),
            role=role,
            faceset=faceset,
            options=options,
            log_path=cache / f"{safe_name(clip_name)}.found.jsonl",
            people_folder=people_folder,
            person=person,
            device=device,
        )
        if clip.info.damage:
            yield Notice(text=f"{clip_name}: {clip.info.damage}", level="warning")
        frames, found_before = yield from _find(clip, task)
        chosen, people = yield from _choose(clip, task, frames)
        done = yield from _crop(clip, task, chosen)
    seconds = time.monotonic() - started
    summary = _summary(task, frames, people, chosen, done)
    nothing_left = found_before == len(frames) and not done.plans
    yield StageFinished(
        stage="extract",
        summary=summary | {"seconds": round(seconds, 2), "frames_per_s": round(len(frames) / seconds, 2)},
        skipped=nothing_left,
    )


def _require_known(options: ExtractOptions) -> None:
    for name, value, known in (
        ("detector", options.detector, DETECTORS),
        ("landmarker", options.landmarker, LANDMARKERS),
    ):
        if value not in known:
            raise OptionInvalid(f"Option {name!r} can't be {value!r}; known: {', '.join(known)}.")


def _find(clip: Clip, task: _Task) -> Generator[Event, None, tuple[list[FoundFrame], int]]:
    """Yields events; returns all frames' finds and how many of them were there before."""
    options = task.options
    binding = {
        "content": task.content,
        "detector": options.detector,
        "landmarker": options.landmarker,
        "frame_step": options.frame_step,
        "max_faces": options.max_faces,
        "min_face": options.min_face,
    }
    inputs = FinderInputs(device=task.device, smallest_face_share=options.min_face, clip_name=task.clip_name)
    total, damage = frames_to_find(clip, options), clip.info.damage
    with FoundLog.open(task.log_path, binding) as log:
        before = len(log.frames)
        if not log.complete:
            why = f"goes on at frame {before} of {total}" if before else ""
            yield StageStarted(stage="find", unit="frames", total=total, done=before, why=why)
            yield from find(
                clip,
                log,
                detector=DETECTORS[options.detector](inputs),
                landmarker=LANDMARKERS[options.landmarker](inputs),
                options=options,
            )
        if clip.info.damage != damage or (len(log.frames) < total and not damage):
            text = clip.info.damage or f"{len(log.frames)} of {total} frames decode; the rest is damaged."
            yield Notice(text=f"{task.clip_name}: {text}", level="warning")
        return log.frames, before


def _choose(
    clip: Clip, task: _Task, frames: Sequence[FoundFrame]
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


def _no_face_sentence(task: _Task, frames: Sequence[FoundFrame]) -> str:
    start = f"No face was found in the {task.role} clip {task.clip_name!r} ({len(frames)} frames)"
    unwanted = sum(bool(frame.faces) for frame in frames)
    if unwanted:
        return (
            f"{start} that is sure enough; {unwanted} frames have doubtful ones. Lower min_score in the "
            "extract options to use them."
        )
    return (
        f"{start}. Check that a face is seen upright and larger than a twelfth of the picture, or lower "
        "min_face in the extract options."
    )


def _crop(clip: Clip, task: _Task, chosen: Person) -> Generator[Event, None, _Done]:
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
            require_free_space(faceset.folder, needed_bytes=len(left) * _face_bytes(task.options))
            journal.note_run(name, content=task.content, settings=_settings(task.options))
            before = len(plans) - len(left)
            why = f"goes on at face {before} of {len(plans)}" if before else ""
            yield StageStarted(stage="crop", unit="faces", total=len(plans), done=before, why=why)
            yield from cut(
                clip,
                left,
                clip_name=name,
                content=task.content,
                faceset=faceset,
                journal=journal,
                options=task.options,
                done=before,
            )
            faceset.refresh()
    return _Done(left, len(stored), len(noted - stored))


def _face_bytes(options: ExtractOptions) -> int:
    """About what a stored face needs, rather too much than too little."""
    return int(options.size_px**2 * (3 if options.image_format == "png" else 0.8)) + 4000


def _settings(options: ExtractOptions) -> dict[str, Any]:
    """The options that faces of one faceset should share."""
    return options.model_dump(include={"face_type", "size_px", "landmarker", "smooth"})


def _told(task: _Task, journal: Journal, others: set[int]) -> Events:
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


def _require_same_content(task: _Task, contents: set[str]) -> None:
    if contents - {task.content}:
        raise FacesetUnusable(
            f"Clip {task.clip_name!r} is no longer the one that faces were extracted from. Put those away with "
            "`understudy clean extract`, or add the new clip under another name.",
            task.faceset.folder,
        )


def _summary(
    task: _Task, frames: Sequence[FoundFrame], people: Sequence[Person], chosen: Person, done: _Done
) -> dict[str, Any]:
    """What goes into the report: counts, and for every frame without a face of the chosen person why."""
    of_chosen = {sighting.frame.index for sighting in chosen.sightings}
    reasons: dict[str, list[int]] = {}
    for frame in frames:
        if frame.index in of_chosen:
            continue
        wanted = any(is_wanted(face, task.options) for face in frame.faces)
        reason = "another person" if wanted else "too doubtful" if frame.faces else "no face"
        reasons.setdefault(reason, []).append(frame.index)
    return {
        "clip": task.clip_name,
        "role": task.role,
        "frames": len(frames),
        "frames_with_face": sum(any(is_wanted(f, task.options) for f in frame.faces) for frame in frames),
        "frames_with_chosen": len(of_chosen),
        "faces_written": len(done.plans),
        "faces_there_before": done.written_before,
        "faces_deleted_by_hand": done.deleted,
        "faces_in_faceset": len(task.faceset),
        "person": chosen.number,
        "people": [
            {
                "person": p.number,
                "share_of_frames": round(p.frame_share, 4),
                "share_of_faces": round(p.weight_share, 4),
            }
            for p in people
        ],
        "frames_skipped": {reason: as_ranges(indices) for reason, indices in sorted(reasons.items())},
        "faceset_notices": task.faceset.notices,
    }


def as_ranges(indices: Sequence[int]) -> str:
    """ "0-4, 7, 9-12" of ascending numbers."""
    stretches: list[list[int]] = []
    for index in indices:
        if stretches and index == stretches[-1][-1] + 1:
            stretches[-1][1:] = [index]
        else:
            stretches.append([index])
    return ", ".join("-".join(str(end) for end in stretch) for stretch in stretches)
