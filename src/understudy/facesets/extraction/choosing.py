"""Decide whose faces are taken: from the finds to the person meant, or to pictures to choose by."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from understudy.errors import NoFaceFound, SeveralPeople
from understudy.events import Event, Notice
from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.people import Person, chosen_person, described, people_of
from understudy.facesets.extraction.portraits import write_portraits
from understudy.facesets.extraction.summary import left_out
from understudy.facesets.extraction.task import Task
from understudy.media.clip import Clip


def choose(
    clip: Clip, task: Task, frames: Sequence[FoundFrame]
) -> Generator[Event, None, tuple[Person, list[Person]]]:
    """Yields events; returns the person meant and all people.

    Raises NoFaceFound, SeveralPeople, OptionInvalid.
    """
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
