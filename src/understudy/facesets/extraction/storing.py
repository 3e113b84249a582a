"""The second pass as a whole: which of the planned faces are to be written, into the faceset and its journal.

A face that a person deleted is not made again. Cutting is `cropping.py`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.errors import FacesetUnusable
from understudy.events import Event, Events, Notice, StageStarted
from understudy.faces.manual import Region, read_regions
from understudy.facesets.extraction.belonging import noted_frames, put_in_order, stored_frames
from understudy.facesets.extraction.choosing import Meant
from understudy.facesets.extraction.cropping import Plan, cut
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.extraction.task import Task
from understudy.facesets.store import StoredFace
from understudy.files import require_free_space
from understudy.media.clip import Clip

PutAway = Callable[[Sequence[StoredFace]], None]  # moves faces to where a person can get them back


@dataclass(frozen=True)
class Done:
    """What the crop pass did and left."""

    plans: list[Plan]
    written_before: int
    deleted: int

    def counts(self) -> dict[str, int]:
        """For the report."""
        return {
            "faces_written": len(self.plans),
            "faces_there_before": self.written_before,
            "faces_deleted_by_hand": self.deleted,
        }


def store_faces(clip: Clip, task: Task, meant: Meant, plans: Sequence[Plan]) -> Generator[Event, None, Done]:
    """Yields events; returns what was to be done. What is stored but no longer meant is put away first."""
    name, faceset, person = task.clip_name, task.faceset, meant.person.number
    faceset.sweep()
    faceset.refresh()  # another process may have written in it since it was opened
    were_away = bool(Journal.look(faceset.folder).away(name))
    if task.shelf is not None and (task.edits or task.person is not None or were_away):
        yield from put_in_order(
            name, faceset, plans=plans, tracks=meant.tracks, shelf=task.shelf, drawn=_drawn(task)
        )
    with Journal(faceset.folder) as journal:
        require_same_content(task, journal.contents(name))
        faces = [face for face in faceset.faces() if face.record.clip == name]
        stored, noted = stored_frames(faces, plans, meant.tracks), _noted(journal, name, meant, plans)
        others = {face.record.person for face in faces if face.record.frame not in stored}
        yield from _told(task, journal, others - {person})
        left = [plan for plan in plans if plan.sighting.frame.index not in stored | noted]
        if left:
            require_room(clip, task, faces=len(left))
            journal.note_clip(name, content=task.content, frames=clip.info.frame_count)
            journal.note_run(name, content=task.content, settings=settings_of(task.options))
            before = len(plans) - len(left)
            why = f"goes on at face {before} of {len(plans)}" if before else ""
            yield StageStarted(stage="crop", unit="faces", total=len(plans), done=before, why=why)
            yield from cut(clip, left, task=task, journal=journal, done=before)
            faceset.refresh()
    return Done(left, len(stored), len(noted - stored))


def _drawn(task: Task) -> dict[int, list[Region]]:
    """Faces drawn by hand beside what another detector found."""
    if task.options.detector == "manual" or task.manual_file is None:
        return {}
    return read_regions(task.manual_file)


def _noted(journal: Journal, clip: str, meant: Meant, plans: Sequence[Plan]) -> set[int]:
    """Frames whose planned face was written before, at its place or under the number its person has or had."""
    found_as = {id(sight.face): track.person for track in meant.tracks for sight in track.sightings}
    numbers: dict[int, set[int]] = {}
    for track in meant.person.tracks:
        own = {found_as[id(sight.face)] for sight in track.sightings if id(sight.face) in found_as}
        numbers[track.number] = own | {meant.person.number}
    return noted_frames(journal.written(clip), plans, meant.tracks, numbers)


def replace_faces(
    clip: Clip, task: Task, plans: Sequence[Plan], frames: Collection[int], put_away: PutAway
) -> Generator[Event, None, Done]:
    """Put the faces of these frames away and write the planned ones instead, also of faces that were deleted.

    Yields events; returns what was done.
    """
    name, faceset = task.clip_name, task.faceset
    require_same_content(task, Journal.look(faceset.folder).contents(name))
    require_room(clip, task, faces=len(plans))
    old = [face for face in faceset.faces() if face.record.clip == name and face.record.frame in frames]
    if old:
        put_away(old)
        faceset.refresh()
    faceset.sweep()
    with Journal(faceset.folder) as journal:
        for person in sorted(journal.persons(name)):
            for frame in sorted(journal.frames(name, person) & set(frames)):
                journal.mark(name, frame=frame, person=person, made=False)
        if plans:
            yield StageStarted(stage="crop", unit="faces", total=len(plans))
            yield from cut(clip, plans, task=task, journal=journal, done=0)
            faceset.refresh()
    return Done(list(plans), len(old), 0)


def require_room(clip: Clip, task: Task, *, faces: int) -> None:
    """Raise DiskFull unless so many faces can be stored."""
    needed_bytes = faces * _face_bytes(task.options, (clip.info.width, clip.info.height))
    require_free_space(task.faceset.folder, needed_bytes=needed_bytes)


def _face_bytes(options: ExtractOptions, frame_size: tuple[int, int]) -> int:
    """About what a stored face needs, rather too much than too little."""
    width, height = (options.size_px, options.size_px) if options.face_type != "mark-only" else frame_size
    return int(width * height * (3 if options.image_format == "png" else 0.8)) + 4000


def settings_of(options: ExtractOptions) -> dict[str, Any]:
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
    if before and before[-1] != settings_of(task.options):
        text = (
            f"{name}: faces extracted before with other settings stay as they are. To make them again, run "
            "`understudy clean extract` first."
        )
        yield Notice(text=text)


def require_same_content(task: Task, contents: set[str]) -> None:
    """Raise FacesetUnusable when faces were written from another content of the clip's name."""
    if contents - {task.content}:
        raise FacesetUnusable(
            f"Clip {task.clip_name!r} is no longer the one that faces were extracted from. Put those away with "
            "`understudy clean extract`, or add the new clip under another name.",
            task.faceset.folder,
        )
