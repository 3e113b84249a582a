"""Who is who in a clip, from what the first pass found, and which one is meant.

Works on the log of finds alone; pictures of people are cut by `portraits.py`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from understudy.errors import OptionInvalid
from understudy.faces.appearance import TrackSummary, group_people
from understudy.faces.detect import Detection
from understudy.faces.track import link_tracks
from understudy.facesets.extraction.found import FoundFace, FoundFrame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.media.cuts import shot_starts

Array = npt.NDArray[np.float64]
TOO_DOUBTFUL = "too doubtful"
_DOMINANT_SHARE = 0.8
_PASSING_SHARE = 0.02
# Signatures of neighbouring frames were seen up to 0.5 apart for one talking, turning head; 1.1 at a cut.
_LEAP = 0.75
_ORPHAN_FRAMES = 12


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
    """Whether a find is sure enough to be used and can be a face; too small ones were not looked for."""
    return why_unwanted(face, options) is None


def why_unwanted(face: FoundFace, options: ExtractOptions) -> str | None:
    """Why a find is not used, in words; None for one that is."""
    return TOO_DOUBTFUL if face.detection.score < options.min_score else face.shape.why_absurd(options)


def people_of(frames: Sequence[FoundFrame], options: ExtractOptions) -> list[Person]:
    """All people in the finds, numbered from 1, most seen first."""
    faces = [[face for face in frame.faces if is_wanted(face, options)] for frame in frames]
    linked = link_tracks(
        [[f.detection for f in row] for row in faces],
        time_s=[f.time_s for f in frames],
        cuts=shot_starts([f.scene for f in frames]),
    )
    tracks, linked_of_track = _split_at_leaps(faces, linked)
    person_of_track = _grouped(faces, tracks, linked_of_track)
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


def _split_at_leaps(
    faces: Sequence[Sequence[FoundFace]], linked: Sequence[Sequence[int]]
) -> tuple[list[list[int]], list[int]]:
    """Tracks that end where the look of the face leaps, as at a cut to somebody else in the same place.

    Returns the new track numbers and, for each, the track it was.
    """
    limit = {track: max(_LEAP, 2 * usual) for track, usual in _usual_steps(faces, linked).items()}
    latest: dict[int, tuple[int, FoundFace]] = {}
    linked_of_track: list[int] = []
    tracks = []
    for row, numbers in zip(faces, linked, strict=True):
        new_row = []
        for face, number in zip(row, numbers, strict=True):
            track, before = latest.get(number, (-1, face))
            if track < 0 or _step(before, face) > limit[number]:
                track = len(linked_of_track)
                linked_of_track.append(number)
            latest[number] = track, face
            new_row.append(track)
        tracks.append(new_row)
    return tracks, linked_of_track


def _usual_steps(faces: Sequence[Sequence[FoundFace]], linked: Sequence[Sequence[int]]) -> dict[int, float]:
    """How much each track's look changes from one sight to the next, as a median: much in sparse frames."""
    sights: dict[int, list[FoundFace]] = defaultdict(list)
    for row, numbers in zip(faces, linked, strict=True):
        for face, number in zip(row, numbers, strict=True):
            sights[number].append(face)
    return {
        number: float(np.median([_step(a, b) for a, b in pairwise(row)])) if len(row) > 1 else 0.0
        for number, row in sights.items()
    }


def _step(before: FoundFace, face: FoundFace) -> float:
    return float(np.linalg.norm(face.signature.astype(np.float32) - before.signature.astype(np.float32)))


def _grouped(
    faces: Sequence[Sequence[FoundFace]], tracks: Sequence[Sequence[int]], linked_of_track: Sequence[int]
) -> list[int]:
    """The person's number of every track."""
    places: list[list[int]] = [[] for _ in linked_of_track]
    looks: list[list[npt.NDArray[np.floating]]] = [[] for _ in linked_of_track]
    for place, (row, numbers) in enumerate(zip(faces, tracks, strict=True)):
        for face, track in zip(row, numbers, strict=True):
            places[track].append(place)
            looks[track].append(face.signature)
    people = group_people(
        [
            TrackSummary(track, np.array(places[track], np.intp), np.stack(looks[track]).astype(np.float32))
            for track in range(len(places))
        ]
    )
    return _renumbered(_adopted(people, places, linked_of_track), places)


def _adopted(people: list[int], places: list[list[int]], linked_of_track: Sequence[int]) -> list[int]:
    """A few faces that look like nobody else's, amid or beside somebody's track, are that person's.

    So a hand before the face or a blurred turn of the head makes no new person, and no hole in the shot.
    """
    tracks_of_person = Counter(people)
    adopted = list(people)
    for track, person in enumerate(people):
        if tracks_of_person[person] > 1 or len(places[track]) > _ORPHAN_FRAMES:
            continue
        siblings = [
            other
            for other, linked in enumerate(linked_of_track)
            if linked == linked_of_track[track] and len(places[other]) > len(places[track])
        ]
        if siblings:
            middle = places[track][0]
            nearest = min(siblings, key=lambda other: min(abs(place - middle) for place in places[other]))
            adopted[track] = people[nearest]
    return adopted


def _renumbered(people: Sequence[int], places: Sequence[Sequence[int]]) -> list[int]:
    """The same people numbered from 1, most seen first."""
    seen: dict[int, set[int]] = defaultdict(set)
    for person, at in zip(people, places, strict=True):
        seen[person].update(at)
    order = sorted(seen, key=lambda person: (-len(seen[person]), person))
    return [order.index(person) + 1 for person in people]


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
    points = face.landmarks_68
    if face.detection.points_5 is not None:
        left, right, nose = face.detection.points_5[:3]
    else:
        left, right, nose = points[36:42].mean(0), points[42:48].mean(0), points[30]
    across = right - left
    length = float(across @ across)
    return float(1 - min(1.0, 2 * abs(float((nose - left) @ across) / length - 0.5))) if length else 0.0
