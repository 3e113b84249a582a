"""Which stored faces are still meant after a person or tracks were chosen, and which come back.

A stored face is known by its frame and its box, not by its numbers, which change when tracks are merged or
other options find other tracks. What is no longer meant goes to the shelf (the project's trash) and is noted
in the journal as put away, so that it isn't taken for deleted by hand and comes back when it is meant again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from understudy.counts import counted
from understudy.events import Events, Notice
from understudy.faces.boxes import overlap
from understudy.faces.manual import Region
from understudy.facesets.extraction.cropping import Plan
from understudy.facesets.extraction.journal import Journal, Written
from understudy.facesets.extraction.task import Shelf
from understudy.facesets.extraction.tracks import Sighting, Track
from understudy.facesets.store import Faceset, StoredFace

_SAME_FACE = 0.5  # overlap of boxes
_DRAWN_FACE = 0.9  # likewise: it was stored with the very box that was drawn

_NOT_MEANT = ("face that is not meant any more is", "faces that are not meant any more are")
_MEANT_AGAIN = ("face that is", "faces that are")


def stored_frames(faces: Iterable[StoredFace], plans: Sequence[Plan], tracks: Sequence[Track]) -> set[int]:
    """Frames whose planned face is stored already."""
    meant, seen = {id(plan.sighting) for plan in plans}, _sightings(plans, tracks)
    return {
        face.record.frame
        for face in faces
        if id(_whose(face.record.frame, face.record.box_xyxy, seen)) in meant
    }


def noted_frames(
    notes: Iterable[Written],
    plans: Sequence[Plan],
    tracks: Sequence[Track],
    numbers: Mapping[int, set[int]],
) -> set[int]:
    """Frames whose planned face was written before: the note's box is its, or else the note's person is one of
    the `numbers` that its track's person has or had."""
    planned, seen = {plan.sighting.frame.index: plan for plan in plans}, _sightings(plans, tracks)
    noted = set()
    for note in notes:
        plan = planned.get(note.frame)
        if plan is None:
            continue
        whose = None if note.box_xyxy is None else _whose(note.frame, note.box_xyxy, seen)
        if whose is not None:
            is_it = whose is plan.sighting
        else:  # no box was kept, or nobody is just there now
            is_apart = note.box_xyxy is not None and _shared(note.box_xyxy, plan.sighting) == 0
            is_it = note.person in numbers[plan.track.number] and not is_apart
        if is_it:
            noted.add(note.frame)
    return noted


def misfits(faces: Iterable[StoredFace], plans: Sequence[Plan], tracks: Sequence[Track]) -> list[StoredFace]:
    """Stored faces that are of a track, but not of a planned one. What no track knows is left alone, unless it
    was filled into a track that is no longer meant."""
    meant, seen = {id(plan.sighting) for plan in plans}, _sightings(plans, tracks)
    whose = [(face, _whose(face.record.frame, face.record.box_xyxy, seen)) for face in faces]
    return [
        face
        for face, sighting in whose
        if (sighting is not None or face.record.filled) and id(sighting) not in meant
    ]


def _sightings(plans: Sequence[Plan], tracks: Sequence[Track]) -> dict[int, list[Sighting]]:
    """By frame everything seen, the planned ones among it."""
    seen: dict[int, list[Sighting]] = defaultdict(list)
    every = [*(plan.sighting for plan in plans), *(s for track in tracks for s in track.sightings)]
    for sighting in {id(sighting): sighting for sighting in every}.values():
        seen[sighting.frame.index].append(sighting)
    return seen


def _whose(frame: int, box: Sequence[float], seen: Mapping[int, Sequence[Sighting]]) -> Sighting | None:
    """The sighting that a face was cut from: the nearest one, as two people's boxes may overlap much."""
    there = [sighting for sighting in seen.get(frame, ()) if _shared(box, sighting) > _SAME_FACE]
    return max(there, key=lambda sighting: _shared(box, sighting), default=None)


def _shared(box: Sequence[float], sighting: Sighting) -> float:
    return float(overlap(np.asarray(box, float)[None], sighting.face.detection.box_xyxy[None])[0, 0])


def _is_drawn(face: StoredFace, drawn: Mapping[int, Sequence[Region]]) -> bool:
    boxes = [region.box for region in drawn.get(face.record.frame, ())]
    stored = np.asarray(face.record.box_xyxy, float)[None]
    return bool(boxes) and float(overlap(stored, np.asarray(boxes, float)).max()) > _DRAWN_FACE


def put_in_order(
    clip: str,
    faceset: Faceset,
    *,
    plans: Sequence[Plan],
    tracks: Sequence[Track],
    shelf: Shelf,
    drawn: Mapping[int, Sequence[Region]],
) -> Events:
    """Put away what is not meant and bring back what is. Faces `drawn` by hand stay, whoever they look like."""
    of_clip = [face for face in faceset.faces() if face.record.clip == clip]
    gone = misfits([face for face in of_clip if not _is_drawn(face, drawn)], plans, tracks)
    if gone:
        shelf.put(gone)  # notes these faces in the journal as written, so the journal is opened afterwards
        with Journal(faceset.folder) as journal:
            for face in gone:
                journal.note_away(face.record, name=face.name)
        faceset.refresh()
        yield Notice(f"{clip}: {counted(len(gone), *_NOT_MEANT)} in the trash now.")
    meant, seen = {id(plan.sighting): plan for plan in plans}, _sightings(plans, tracks)
    wanted = {
        away.name: meant[id(whose)]
        for away in Journal.look(faceset.folder).away(clip)
        if id(whose := _whose(away.frame, away.box_xyxy, seen)) in meant
    }
    back = shelf.bring_back(list(wanted)) if wanted else []
    if back:
        with Journal(faceset.folder) as journal:
            for name in back:
                sighting, person = wanted[name].sighting, wanted[name].track.person
                box = sighting.face.detection.box_xyxy.round(2).tolist()
                journal.mark(clip, frame=sighting.frame.index, person=person, made=True, box=box)
        faceset.refresh()
        yield Notice(f"{clip}: {counted(len(back), *_MEANT_AGAIN)} meant again came back from the trash.")
