"""Decide whose faces are taken: from the finds to the person meant, or to pictures to choose by.

The steps themselves are elsewhere: tracks, a person's edits of them, people, the filling of gaps, the pictures.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass, replace

from understudy.errors import NoFaceFound, SeveralPeople, TrackEditInvalid
from understudy.events import Event, Events, Notice
from understudy.facesets.extraction.edits import EditedTracks, edited
from understudy.facesets.extraction.filling import FilledLog, fill, filled_path, gaps_of, with_filled
from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.people import Person, chosen_person, described, people_from
from understudy.facesets.extraction.portraits import write_portraits
from understudy.facesets.extraction.summary import left_out
from understudy.facesets.extraction.task import Task
from understudy.facesets.extraction.trackpictures import moved_numbers, write_tracks
from understudy.facesets.extraction.tracks import Track, tracks_of
from understudy.media.clip import Clip


@dataclass(frozen=True, eq=False)
class Meant:
    """Whose faces are taken, with the gaps of the tracks filled; all people; all tracks as they were found."""

    person: Person
    people: list[Person]
    tracks: list[Track]


def choose(clip: Clip, task: Task, frames: Sequence[FoundFrame]) -> Generator[Event, None, Meant]:
    """Yields events, also of filling gaps and of the tracks' pictures; returns what is meant.

    Raises NoFaceFound, SeveralPeople, PersonUnknown, TrackEditInvalid.
    """
    tracks = tracks_of(frames, task.options)
    after_edits = edited(tracks, task.edits)
    yield from _require_same_tracks(clip, task, frames, after_edits)
    people = people_from(after_edits.tracks, frames=len(frames))
    if not people and task.edits:
        raise TrackEditInvalid(f"No track of {task.clip_name!r} is left after {', '.join(task.edits)}.")
    if not people:
        raise NoFaceFound(_no_face_sentence(task, frames), clip.info.path)
    chosen = people[0] if after_edits.chosen else (yield from _chosen(clip, task, people, after_edits))
    whole = yield from _filled(clip, task, frames, chosen)
    yield from write_tracks(clip, after_edits.with_tracks(whole.tracks), task)
    return Meant(whole, [whole if person is chosen else person for person in people], tracks)


def _require_same_tracks(
    clip: Clip, task: Task, frames: Sequence[FoundFrame], after_edits: EditedTracks
) -> Events:
    """Write the pictures anew and raise TrackEditInvalid where edits name tracks that are others by now."""
    moved = moved_numbers(after_edits, task, looked_at={frame.index for frame in frames})
    if moved:
        yield from write_tracks(clip, after_edits, task)
        raise TrackEditInvalid(
            f"The tracks of {task.clip_name!r} were numbered anew, and {', '.join(map(str, moved))} of "
            f"{', '.join(task.edits)} is somebody else or elsewhere now. Look at the pictures: if what was "
            "said still holds, run the same command again; if not, --track none forgets it.",
            task.people_folder,
        )


def _chosen(
    clip: Clip, task: Task, people: list[Person], after_edits: EditedTracks
) -> Generator[Event, None, Person]:
    chosen = chosen_person(people, task.person)
    if chosen is None:
        yield from write_tracks(clip, after_edits, task)
        yield from write_portraits(clip, people, task.people_folder, clip_name=task.clip_name)
        raise SeveralPeople(
            f"{len(people)} people are seen in {task.role} clip {task.clip_name!r}: {described(people)}. "
            f"Look at their pictures and say which one is meant with --{task.role}-face NUMBER, or which "
            "tracks with --track choose:NUMBER.",
            task.people_folder,
        )
    if task.person is None and len(people) > 1:
        text = (
            f"{task.clip_name}: {described([chosen])} is clearly the main one of {len(people)} people seen and "
            f"is taken; --{task.role}-face NUMBER takes another."
        )
        yield Notice(text=text)
    return chosen


def _filled(
    clip: Clip, task: Task, frames: Sequence[FoundFrame], chosen: Person
) -> Generator[Event, None, Person]:
    gaps = gaps_of(chosen.tracks, frames, longest=task.options.fill_gap)
    if not gaps:
        return chosen
    with FilledLog(filled_path(task.cache, task.clip_name), task.binding()) as log:
        yield from fill(clip, gaps, log)
        return replace(chosen, tracks=with_filled(chosen.tracks, gaps, log.gaps))


def _no_face_sentence(task: Task, frames: Sequence[FoundFrame]) -> str:
    start = f"No face was found in the {task.role} clip {task.clip_name!r} ({len(frames)} frames)"
    unwanted = left_out(task, frames)
    if unwanted:
        counts = ", ".join(f"{count} {why}" for why, count in unwanted.items())
        turned = "" if task.options.rotations else "with --rotations where heads are not upright, "
        return (
            f"{start} that is sure enough; left out were: {counts}. Extract again {turned}with a lower "
            "--min-score, or with wider limits for absurd faces."
        )
    return (
        f"{start}. Check that a face is seen upright and larger than a twelfth of the picture, or lower "
        "min_face in the extract options."
    )
