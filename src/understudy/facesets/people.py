"""Who is who in a clip, from what the first pass found, and which one is meant.

Works on the log of finds alone; pictures of people are cut by `portraits.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from understudy.errors import OptionInvalid
from understudy.faces.appearance import TrackSummary, group_people
from understudy.faces.detect import Detection
from understudy.faces.track import link_tracks
from understudy.facesets.found import FoundFace, FoundFrame
from understudy.facesets.options import ExtractOptions

_DOMINANT_SHARE = 0.8
_PASSING_SHARE = 0.02


@dataclass(frozen=True, eq=False)
class Sighting:
    """One face of one person in one frame."""

    frame: FoundFrame
    face: FoundFace
    track: int
    person: int

    @property
    def side_px(self) -> float:
        """Side of a square as large as the face's box."""
        return box_side_px(self.face.detection)


@dataclass(frozen=True, eq=False)
class Person:
    """Everything seen of one person, by frame. `weight_share` counts faces by their size, of all people's."""

    number: int
    sightings: list[Sighting]
    weight_share: float
    frame_share: float

    def best(self) -> Sighting:
        """The sighting to show: large, sharp and frontal."""
        return max(
            self.sightings, key=lambda s: s.side_px * (0.2 + _frontality(s.face)) * (1 + s.face.sharpness)
        )


def box_side_px(detection: Detection) -> float:
    """Side of a square as large as the detection's box."""
    left, top, right, bottom = detection.box_xyxy
    return float(np.sqrt(max(right - left, 0.0) * max(bottom - top, 0.0)))


def is_wanted(face: FoundFace, options: ExtractOptions) -> bool:
    """Whether a find is large and sure enough to be used."""
    left, top, right, bottom = face.detection.box_xyxy
    return min(right - left, bottom - top) >= options.min_face_px and face.detection.score >= options.min_score


def people_of(frames: Sequence[FoundFrame], options: ExtractOptions) -> list[Person]:
    """All people in the finds, numbered from 1, most seen first."""
    faces = [[face for face in frame.faces if is_wanted(face, options)] for frame in frames]
    tracks = link_tracks([[f.detection for f in row] for row in faces], time_s=[f.time_s for f in frames])
    person_of_track = _grouped(faces, tracks)
    of_person: dict[int, list[Sighting]] = defaultdict(list)
    for frame, row, numbers in zip(frames, faces, tracks, strict=True):
        for face, track in zip(row, numbers, strict=True):
            person = person_of_track[track]
            of_person[person].append(Sighting(frame, face, track, person))
    total = sum(s.side_px for sightings in of_person.values() for s in sightings) or 1.0
    return [
        Person(
            number,
            sightings,
            weight_share=sum(s.side_px for s in sightings) / total,
            frame_share=len({s.frame.index for s in sightings}) / len(frames),
        )
        for number, sightings in sorted(of_person.items())
    ]


def _grouped(faces: Sequence[Sequence[FoundFace]], tracks: Sequence[Sequence[int]]) -> dict[int, int]:
    """The person's number of every track."""
    frames_of: dict[int, list[int]] = defaultdict(list)
    looks_of: dict[int, list[np.ndarray]] = defaultdict(list)
    for place, (row, numbers) in enumerate(zip(faces, tracks, strict=True)):
        for face, track in zip(row, numbers, strict=True):
            frames_of[track].append(place)
            looks_of[track].append(face.signature)
    summaries = [
        TrackSummary(track, np.array(places, np.intp), np.mean(looks_of[track], axis=0).astype(np.float32))
        for track, places in sorted(frames_of.items())
    ]
    return {s.track: number for s, number in zip(summaries, group_people(summaries), strict=True)}


def chosen_person(people: Sequence[Person], wanted: int | None) -> Person | None:
    """The person meant: the one asked for, the only one, or a clearly dominant one; None when it isn't clear.

    Raises OptionInvalid for a number that nobody has.
    """
    if wanted is not None:
        for person in people:
            if person.number == wanted:
                return person
        raise OptionInvalid(f"There is no person {wanted} here; seen are {described(people)}.")
    rivals = [person for person in people if person.weight_share >= _PASSING_SHARE]
    first = max(people, key=lambda person: person.weight_share)
    return first if len(rivals) <= 1 or first.weight_share >= _DOMINANT_SHARE else None


def described(people: Sequence[Person], *, most: int = 8) -> str:
    """ "person 1 in 80 % of the frames, person 2 in 35 %" and so on."""
    parts = [f"person {p.number} in {100 * p.frame_share:.0f} %" for p in people[:most]]
    parts[0] += " of the frames"
    return ", ".join(parts) + (f" and {len(people) - most} more" if len(people) > most else "")


def _frontality(face: FoundFace) -> float:
    """1 when the nose is midway between the eyes, 0 when it is at one of them."""
    left, right, nose = face.detection.points_5[:3]
    across = right - left
    length = float(across @ across)
    return float(1 - min(1.0, 2 * abs(float((nose - left) @ across) / length - 0.5))) if length else 0.0
