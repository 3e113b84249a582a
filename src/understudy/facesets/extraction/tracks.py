"""The tracks of a clip: continuous appearances of one person in one shot, numbered once and for all.

Made from the log of finds alone, so that the same finds always give the same numbers. Which person is meant is
for `people.py`, what a person says about tracks for `edits.py`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from understudy.faces.appearance import TrackSummary, group_people
from understudy.faces.detect import Detection
from understudy.faces.track import link_tracks
from understudy.facesets.extraction.found import FoundFace, FoundFrame
from understudy.facesets.extraction.options import ExtractOptions
from understudy.media.cuts import shot_starts

TOO_DOUBTFUL = "too doubtful"
# Signatures of neighbouring frames were seen up to 0.5 apart for one talking, turning head; 1.1 at a cut.
_LEAP = 0.75
# Of the picture (`SceneNote.change`): below it only a part moved. Cuts were seen from 4.6 on, in the dark.
_MOST_CHANGE_WITHIN = 4.0
_ORPHAN_FRAMES = 12
# A detector doubts a face that turns into the dark or is half covered, and rarely says so of nothing.
_DOUBTED_SCORE = 0.5


@dataclass(frozen=True, eq=False)
class Sighting:
    """One face of one person in one frame."""

    frame: FoundFrame
    face: FoundFace

    @property
    def side_px(self) -> float:
        """Side of a square as large as the face's box."""
        return box_side_px(self.face.detection)


@dataclass(frozen=True, eq=False)
class Track:
    """One appearance: its number from 1, in order of appearing, its person's, its sights in order of frames."""

    number: int
    person: int
    sightings: list[Sighting]

    @property
    def first(self) -> int:
        """Index of the first frame."""
        return self.sightings[0].frame.index

    @property
    def last(self) -> int:
        """Index of the last frame."""
        return self.sightings[-1].frame.index

    def frames(self) -> set[int]:
        """Indices of the frames it is seen in."""
        return {sighting.frame.index for sighting in self.sightings}

    def best(self) -> Sighting:
        """The sighting to show."""
        return best_of(self.sightings)


def best_of(sightings: Sequence[Sighting]) -> Sighting:
    """The sighting to show: found, large, sharp, frontal, and looking as they mostly do.

    Where two people overlap a detector may see one face in the halves of both.
    """
    looks = np.stack([s.face.signature for s in sightings]).astype(np.float64)
    strange = np.linalg.norm(looks - np.median(looks, axis=0), axis=1)
    strange /= max(float(np.median(strange)), 1e-6)

    def worth(place: int) -> float:
        sight = sightings[place]
        clear = (0.2 + _frontality(sight.face)) * (1 + sight.face.sharpness) / (1 + strange[place] ** 4)
        return sight.side_px * clear * (0.1 if sight.face.filled else 1.0)

    return sightings[max(range(len(sightings)), key=worth)]


def box_side_px(detection: Detection) -> float:
    """Side of a square as large as the detection's box."""
    left, top, right, bottom = detection.box_xyxy
    return float(np.sqrt(max(right - left, 0.0) * max(bottom - top, 0.0)))


def is_wanted(face: FoundFace, options: ExtractOptions) -> bool:
    """Whether a find is sure enough by itself and can be a face; too small ones were not looked for."""
    return why_unwanted(face, options) is None


def why_unwanted(face: FoundFace, options: ExtractOptions) -> str | None:
    """Why a find is not used for itself, in words; None for one that is.

    One that is too doubtful for itself is used where its track has one that is not.
    """
    return TOO_DOUBTFUL if face.detection.score < options.min_score else face.shape.why_absurd(options)


def _is_possible(face: FoundFace, options: ExtractOptions) -> bool:
    least_score = min(options.min_score, _DOUBTED_SCORE)
    return face.detection.score >= least_score and face.shape.why_absurd(options) is None


def _on_sure_tracks(
    faces: Sequence[Sequence[FoundFace]], linked: Sequence[Sequence[int]], options: ExtractOptions
) -> tuple[list[list[FoundFace]], list[list[int]]]:
    """The finds, and their tracks' numbers, of tracks that have a find which is sure enough by itself.

    Two thresholds as in Canny, "A computational approach to edge detection", PAMI 8(6), 1986.
    """
    sure = {
        number
        for row, numbers in zip(faces, linked, strict=True)
        for face, number in zip(row, numbers, strict=True)
        if face.detection.score >= options.min_score
    }
    kept = [
        [(face, number) for face, number in zip(row, numbers, strict=True) if number in sure]
        for row, numbers in zip(faces, linked, strict=True)
    ]
    renumbered = {number: place for place, number in enumerate(sorted(sure))}
    return [[face for face, _ in row] for row in kept], [[renumbered[n] for _, n in row] for row in kept]


def tracks_of(frames: Sequence[FoundFrame], options: ExtractOptions) -> list[Track]:
    """All tracks in the finds, with people numbered from 1, most seen first."""
    faces = [[face for face in frame.faces if _is_possible(face, options)] for frame in frames]
    linked = link_tracks(
        [[f.detection for f in row] for row in faces],
        time_s=[f.time_s for f in frames],
        cuts=shot_starts([f.scene for f in frames]),
        looks_per_frame=[[f.signature.astype(np.float64) for f in row] for row in faces],
    )
    faces, linked = _on_sure_tracks(faces, linked, options)
    pieces, linked_of_piece = _split_at_leaps(faces, linked, [f.scene.change for f in frames])
    person_of_piece = _grouped(faces, pieces, linked_of_piece)
    track_of_piece = _rejoined(person_of_piece, linked_of_piece)
    of_track: dict[int, list[Sighting]] = defaultdict(list)
    person_of_track: dict[int, int] = {}
    for frame, row, numbers in zip(frames, faces, pieces, strict=True):
        for face, piece in zip(row, numbers, strict=True):
            of_track[track_of_piece[piece]].append(Sighting(frame, face))
            person_of_track[track_of_piece[piece]] = person_of_piece[piece]
    order = sorted(of_track, key=lambda track: _beginning(of_track[track]))
    return [Track(number, person_of_track[track], of_track[track]) for number, track in enumerate(order, 1)]


def _beginning(sightings: Sequence[Sighting]) -> tuple[int, float, float]:
    first = sightings[0]
    return first.frame.index, float(first.face.detection.box_xyxy[0]), float(first.face.detection.box_xyxy[1])


def _rejoined(person_of_piece: Sequence[int], linked_of_piece: Sequence[int]) -> list[int]:
    """A track for every piece: pieces of one linked track that follow each other and are one person are one."""
    latest: dict[int, int] = {}
    out: list[int] = []
    for piece, linked in enumerate(linked_of_piece):
        before = latest.get(linked)
        same = before is not None and person_of_piece[before] == person_of_piece[piece]
        out.append(out[before] if before is not None and same else piece)
        latest[linked] = piece
    return out


def _split_at_leaps(
    faces: Sequence[Sequence[FoundFace]],
    linked: Sequence[Sequence[int]],
    changes: Sequence[float],
) -> tuple[list[list[int]], list[int]]:
    """Tracks that end where the look of the face leaps, as at a cut to somebody else in the same place.

    A head that darts round leaps too, but the rest of the picture stays: `changes` says how much each frame's
    picture changed. Returns the new track numbers and, for each, the track it was.
    """
    limit = {track: max(_LEAP, 2 * usual) for track, usual in _usual_steps(faces, linked).items()}
    latest: dict[int, tuple[int, FoundFace, int]] = {}
    linked_of_track: list[int] = []
    tracks = []
    for place, (row, numbers, change) in enumerate(zip(faces, linked, changes, strict=True)):
        new_row = []
        for face, number in zip(row, numbers, strict=True):
            track, before, seen_at = latest.get(number, (-1, face, -1))
            same_picture = 0 < change < _MOST_CHANGE_WITHIN and seen_at == place - 1
            if track < 0 or (_step(before, face) > limit[number] and not same_picture):
                track = len(linked_of_track)
                linked_of_track.append(number)
            latest[number] = track, face, place
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
