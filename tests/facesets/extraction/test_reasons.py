"""Every frame without a face has the reason that is true of it."""

from __future__ import annotations

from tests.facesets.extraction.stand_in import DOUBTFUL, Drawn
from tests.facesets.extraction.test_extract import OPTIONS, Room
from understudy.facesets.extraction.reasons import DELETED, NO_FACE, frames_without_face
from understudy.facesets.extraction.reasons import DOUBTFUL as TOO_DOUBTFUL
from understudy.facesets.store import Faceset


def _reasons(room: Room) -> dict[int, str]:
    faceset = Faceset(room.faceset.folder)
    return frames_without_face(faceset, clip_name="clip 影", cache=room.folder / "cache", options=OPTIONS)


def test_a_missing_a_doubtful_and_a_deleted_face_are_told_apart(tmp_path, detector):
    face = [Drawn(60, 60, 48)]
    room = Room(tmp_path, [face, [], [Drawn(60, 60, DOUBTFUL)], face])
    room.run()
    assert _reasons(room) == {1: NO_FACE, 2: TOO_DOUBTFUL}
    next(f for f in room.faceset.faces() if f.record.frame == 3).path.unlink()
    assert _reasons(room) == {1: NO_FACE, 2: TOO_DOUBTFUL, 3: DELETED}


def test_a_clip_that_was_never_searched_gives_no_reasons(tmp_path, detector):
    assert _reasons(Room(tmp_path, [[]])) == {}
