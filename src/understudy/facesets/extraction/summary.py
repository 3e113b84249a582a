"""What an extraction says at its end: counts, and for every frame without the chosen face why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from understudy.facesets.extraction.found import FoundFrame
from understudy.facesets.extraction.people import Person
from understudy.facesets.extraction.task import Task
from understudy.facesets.extraction.tracks import why_unwanted


def summary_of(
    task: Task,
    frames: Sequence[FoundFrame],
    people: Sequence[Person],
    chosen: Person,
) -> dict[str, Any]:
    """What goes into the report about finding and choosing."""
    of_chosen = {sighting.frame.index for sighting in chosen.sightings}
    reasons: dict[str, list[int]] = {}
    for frame in frames:
        if frame.index not in of_chosen:
            reasons.setdefault(_reason(task, frame), []).append(frame.index)
    return {
        "clip": task.clip_name,
        "role": task.role,
        "frames": len(frames),
        "frames_with_face": len({index for person in people for index in _frames_of(person)}),
        "frames_with_chosen": len(of_chosen),
        "faces_filled": sum(sighting.face.filled for sighting in chosen.sightings),
        "tracks": [track.number for track in chosen.tracks],
        "finds_left_out": left_out(task, frames, people),
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


def _frames_of(person: Person) -> set[int]:
    return {sighting.frame.index for sighting in person.sightings}


def left_out(task: Task, frames: Sequence[FoundFrame], people: Sequence[Person] = ()) -> dict[str, int]:
    """How many finds are on no track of anybody, by reason."""
    used = {id(sighting.face) for person in people for sighting in person.sightings}
    counts: dict[str, int] = {}
    for frame in frames:
        for face in frame.faces:
            why = why_unwanted(face, task.options)
            if why is not None and id(face) not in used:
                counts[why] = counts.get(why, 0) + 1
    return dict(sorted(counts.items()))


def _reason(task: Task, frame: FoundFrame) -> str:
    if not frame.faces:
        return "no face"
    whys = [why_unwanted(face, task.options) for face in frame.faces]
    return "another person" if None in whys else str(whys[0])


def as_ranges(indices: Sequence[int]) -> str:
    """ "0-4, 7, 9-12" of ascending numbers."""
    stretches: list[list[int]] = []
    for index in indices:
        if stretches and index == stretches[-1][-1] + 1:
            stretches[-1][1:] = [index]
        else:
            stretches.append([index])
    return ", ".join("-".join(str(end) for end in stretch) for stretch in stretches)
