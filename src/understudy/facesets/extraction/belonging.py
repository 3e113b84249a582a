"""Which stored faces are still meant after a person or tracks were chosen, and which come back.

A stored face is known by its frame and its box, not by its numbers, which change when tracks are merged or
other options find other tracks. What is no longer meant goes to the shelf (the project's trash) and is noted
in the journal as put away, so that it isn't taken for deleted by hand and comes back when it is meant again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from understudy.events import Events, Notice
from understudy.faces.boxes import overlap
from understudy.facesets.extraction.cropping import Plan
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.task import Shelf
from understudy.facesets.extraction.tracks import Sighting, Track
from understudy.facesets.store import Faceset, StoredFace

_SAME_FACE = 0.5  # overlap of boxes


def same_place(box: Sequence[float] | npt.NDArray[np.float64], sighting: Sighting) -> bool:
    """Whether a box is that of a sighting in the same frame."""
    one, other = np.asarray(box, float)[None], sighting.face.detection.box_xyxy[None]
    return bool(overlap(one, other)[0, 0] > _SAME_FACE)


def stored_frames(faces: Iterable[StoredFace], plans: Sequence[Plan]) -> set[int]:
    """Frames whose planned face is stored already."""
    planned = {plan.sighting.frame.index: plan.sighting for plan in plans}
    return {
        face.record.frame
        for face in faces
        if face.record.frame in planned and same_place(face.record.box_xyxy, planned[face.record.frame])
    }


def misfits(faces: Iterable[StoredFace], plans: Sequence[Plan], tracks: Sequence[Track]) -> list[StoredFace]:
    """Stored faces that are of a track, but not of a planned one. What no track knows is left alone, unless it
    was filled into a track that is no longer meant."""
    planned = {plan.sighting.frame.index: plan.sighting for plan in plans}
    seen: dict[int, list[Sighting]] = defaultdict(list)
    for track in tracks:
        for sighting in track.sightings:
            seen[sighting.frame.index].append(sighting)
    out = []
    for face in faces:
        meant, box = planned.get(face.record.frame), face.record.box_xyxy
        known = face.record.filled or any(same_place(box, s) for s in seen[face.record.frame])
        if known and (meant is None or not same_place(box, meant)):
            out.append(face)
    return out


def put_in_order(
    clip: str,
    faceset: Faceset,
    *,
    plans: Sequence[Plan],
    tracks: Sequence[Track],
    shelf: Shelf,
) -> Events:
    """Put away what is not meant and bring back what is."""
    gone = misfits([face for face in faceset.faces() if face.record.clip == clip], plans, tracks)
    if gone:
        shelf.put(gone)  # notes these faces in the journal as written, so the journal is opened afterwards
        with Journal(faceset.folder) as journal:
            for face in gone:
                journal.note_away(face.record, name=face.name)
        faceset.refresh()
        yield Notice(f"{clip}: {len(gone)} faces that are not meant any more are in the trash now.")
    meant = {plan.sighting.frame.index: plan for plan in plans}
    wanted = {
        away.name: meant[away.frame]
        for away in Journal.look(faceset.folder).away(clip)
        if away.frame in meant and same_place(away.box_xyxy, meant[away.frame].sighting)
    }
    back = shelf.bring_back(list(wanted)) if wanted else []
    if back:
        with Journal(faceset.folder) as journal:
            for name in back:
                frame, person = wanted[name].sighting.frame.index, wanted[name].track.person
                journal.mark(clip, frame=frame, person=person, made=True)
        faceset.refresh()
        yield Notice(f"{clip}: {len(back)} faces that are meant again came back from the trash.")
