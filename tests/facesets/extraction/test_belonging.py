"""Choosing other tracks puts faces away and brings them back; nothing deleted by hand comes back with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facesets.extraction.stand_in import Drawn, one_person
from tests.facesets.extraction.test_extract import Room, summary_of, texts, two_people
from understudy.errors import TrackEditInvalid
from understudy.facesets.curation.reject import reject, rejected, restore
from understudy.facesets.extraction.task import Shelf


class Edited(Room):
    """A room with a trash."""

    def edit(self, *edits: str, **more: object) -> list:
        trash = self.folder / "trash"

        def bring_back(names):
            there = [name for name in names if name in rejected(self.faceset, trash=trash)]
            if there:
                restore(self.faceset, trash=trash, names=there)
            return there

        shelf = Shelf(lambda faces: reject(self.faceset, faces, trash=trash), bring_back)
        return self.run(edits=edits, shelf=shelf, **more)

    def tracks(self) -> dict[int, list[int]]:
        of: dict[int, list[int]] = {}
        for face in sorted(self.faceset.faces(), key=lambda face: face.record.frame):
            of.setdefault(face.record.track, []).append(face.record.frame)
        return of


def two_shots() -> list[list[Drawn]]:
    """Somebody at the left, alone; then at the right beside another."""
    gap: list[list[Drawn]] = [[]] * 14
    return [*[[Drawn(40, 60, 44)]] * 5, *gap, *[[Drawn(115, 60, 44), Drawn(40, 60, 44, 2)]] * 4]


@pytest.fixture
def room(tmp_path: Path, detector) -> Edited:
    return Edited(tmp_path, two_shots())


def test_what_is_dropped_goes_to_the_trash_and_comes_back_as_it_was(room):
    room.edit(person=1)
    assert room.tracks() == {1: list(range(5)), 3: list(range(19, 23))}
    painted = next(face for face in room.faceset.faces() if face.record.frame == 20).path
    kept = painted.read_bytes()
    events = room.edit("drop:3", person=1)
    assert room.tracks() == {1: list(range(5))}
    assert any("4 faces that are not meant any more are in the trash" in text for text in texts(events))
    events = room.edit(person=1)
    assert room.tracks() == {1: list(range(5)), 3: list(range(19, 23))}
    assert any("4 faces that are meant again came back" in text for text in texts(events))
    assert painted.read_bytes() == kept
    assert summary_of(events)["faces_written"] == 0
    assert room.edit(person=1)[-1].skipped


def test_a_face_deleted_by_hand_stays_deleted_through_edits(room):
    room.edit(person=1)
    next(face for face in room.faceset.faces() if face.record.frame == 21).path.unlink()
    room.edit("drop:1", person=1)
    room.edit(person=1)
    assert room.tracks() == {1: list(range(5)), 3: [19, 20, 22]}


def test_faces_that_left_the_trash_are_made_again(room):
    room.edit(person=1)
    room.edit("drop:3", person=1)
    for path in (room.folder / "trash").rglob("*.jpg"):
        path.unlink()
    room.edit(person=1)
    assert room.tracks() == {1: list(range(5)), 3: list(range(19, 23))}


def test_chosen_tracks_are_taken_instead_of_a_person(room):
    room.edit(person=1)
    summary = summary_of(room.edit("choose:2", person=1))
    assert room.tracks() == {2: list(range(19, 23))}
    assert summary["tracks"] == [2]
    room.edit("choose:1,2", person=1)
    assert room.tracks() == {1: list(range(5)), 2: list(range(19, 23))}
    assert {face.record.person for face in room.faceset.faces()} == {1, 2}  # those of 2 are as they were made


def test_the_other_person_and_back_again(tmp_path, detector):
    room = Edited(tmp_path, two_people(6))
    room.edit(person=1)
    room.edit(person=2)
    assert {face.record.person for face in room.faceset.faces()} == {2}
    room.edit(person=1)
    assert {face.record.person for face in room.faceset.faces()} == {1}
    assert room.frames() == list(range(6))


def test_edits_that_leave_nothing_are_refused(room):
    with pytest.raises(TrackEditInvalid, match="No track of 'clip 影' is left"):
        room.edit("drop:1,2,3")


def test_people_whose_boxes_overlap_are_not_taken_for_each_other(tmp_path, detector):
    room = Edited(tmp_path, [[Drawn(70, 60, 60), Drawn(82, 62, 56, 2)]] * 4)
    room.edit(person=1)
    kept = {face.record.frame: face.record.box_xyxy for face in room.faceset.faces()}
    room.edit(person=2)
    assert {face.record.person for face in room.faceset.faces()} == {2}
    assert all(face.record.box_xyxy != kept[face.record.frame] for face in room.faceset.faces())


def test_a_face_deleted_by_hand_stays_deleted_when_its_track_is_split(tmp_path, detector):
    """The later part is a new person, of whom nothing was written yet under that number."""
    room = Edited(tmp_path, one_person(10))
    room.edit()
    for face in room.faceset.faces():
        if face.record.frame in (2, 8):
            face.path.unlink()
    room.faceset.refresh()
    room.edit("split:1@5", "choose:2")
    assert room.frames() == [5, 6, 7, 9]
    room.edit("split:1@5", "choose:1")
    assert room.frames() == [0, 1, 3, 4]
    room.edit()
    assert room.frames() == [0, 1, 3, 4, 5, 6, 7, 9]
