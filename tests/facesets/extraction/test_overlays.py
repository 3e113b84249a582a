"""What was found, drawn on the frames: for everyone to see, and once."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest

from tests.facesets.extraction.stand_in import DOUBTFUL, Drawn, one_person
from tests.facesets.extraction.test_extract import OPTIONS, Room, texts
from tests.facesets.extraction.test_people import face as person_face
from tests.facesets.extraction.test_people import film
from tests.facesets.extraction.test_task import task_for
from understudy.errors import FolderUnwritable
from understudy.events import Progress, StageFinished
from understudy.faces.detect import Detection
from understudy.facesets.extraction.cropping import planned
from understudy.facesets.extraction.found import FoundFace
from understudy.facesets.extraction.overlays import Mark, marks_of, overlay
from understudy.facesets.extraction.people import people_of
from understudy.mean_face import MEAN_FACE_68_IN_SPACE

WITH = OPTIONS.changed(overlays=True)
FACE = MEAN_FACE_68_IN_SPACE[:, :2]


class DrawnRoom(Room):
    """A room whose overlays can be looked at."""

    @property
    def overlays(self):
        return self.folder / "overlays"

    def start(self, options=WITH, **more):
        return super().start(options, **({"overlays_folder": self.overlays} | more))

    def run(self, options=WITH, **more):
        return super().run(options, **more)

    def drawn(self) -> list[int]:
        return sorted(int(path.stem) for path in self.overlays.glob("0*.jpg"))

    def state(self) -> dict[str, tuple[int, bytes]]:
        return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in self.overlays.glob("*.jpg")}


def mark(x: float, y: float, size: float, *, kind: str = "chosen", turn_deg: float = 0.0) -> Mark:
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    points = FACE * (size / 150) @ np.array([[c, -s], [s, c]]).T + [x, y]
    box = np.array([x - size / 2, y - size / 2, x + size / 2, y + size / 2])
    return Mark(FoundFace(Detection(box, 0.9), points, np.zeros(4), 1.0), points, kind, "track 3")


def is_near(picture: np.ndarray, color: tuple[int, int, int]) -> np.ndarray:
    return np.abs(picture.astype(int) - color).max(-1) < 60


def test_the_drawing_shows_box_landmarks_crop_and_a_darker_face():
    grey = np.full((400, 400, 3), 200, np.uint8)
    picture = overlay(grey, [mark(200, 200, 150)], face_type="full")
    assert (grey == 200).all(), "the frame itself is left as it is"
    for color in ((40, 90, 255), (40, 255, 60), (255, 40, 40)):
        assert is_near(picture, color).sum() > 30
    assert abs(int(picture[215, 225, 0]) - 100) < 5, "a cheek is half as light"
    assert (picture[5, 5] == 200).all()


def test_the_filled_corner_of_the_crop_says_where_up_is():
    grey = np.full((400, 400, 3), 200, np.uint8)
    for turn, up in ((0, (-1, -1)), (90, (1, -1)), (180, (1, 1))):
        picture = overlay(grey, [replace(mark(200, 200, 150, turn_deg=turn), label="")], face_type="full")
        red = is_near(picture, (255, 40, 40))
        rows, columns = np.nonzero(red)
        filled = {}
        for x in (-1, 1):
            for y in (-1, 1):
                corner = (x * columns + y * rows).argmax()
                cx, cy = columns[corner], rows[corner]
                filled[x, y] = red[max(0, cy - 30) : cy + 30, max(0, cx - 30) : cx + 30].sum()
        assert max(filled, key=filled.__getitem__) == up


def test_what_was_left_out_and_who_is_another_have_their_own_colours():
    grey = np.full((300, 300, 3), 120, np.uint8)
    for kind, color in (("left out", (255, 0, 255)), ("filled", (255, 170, 0)), ("another", (190, 190, 190))):
        picture = overlay(grey, [mark(150, 150, 100, kind=kind)], face_type="whole")
        assert is_near(picture, color).sum() > 100
        assert is_near(picture, (255, 40, 40)).sum() == 0


@pytest.mark.parametrize("place", [(200, 200), (60, 40), (390, 390)])
def test_a_label_stands_on_a_dark_plate_whole_and_inside_the_picture(place):
    grey = np.full((400, 400, 3), 200, np.uint8)
    bare = overlay(grey, [replace(mark(*place, 150), label="")], face_type="full")
    picture = overlay(grey, [mark(*place, 150)], face_type="full")
    rows, columns = np.nonzero((picture != bare).any(-1))
    plate = picture[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].astype(int)
    dark = (plate.max(-1) < 40).mean()
    assert dark > 0.5, "most of it is plate"
    assert (is_near(plate, (255, 40, 40)).sum()) > 40
    for edge in (plate[0], plate[-1], plate[:, 0], plate[:, -1]):
        assert edge.max() < 40, "the text touches no edge"
    # Of a face in the middle of the picture the crop's line stays free.
    if place == (200, 200):
        red = np.nonzero(is_near(bare, (255, 40, 40)))[0]
        assert rows.max() < red.min()


def test_a_mark_only_face_has_no_crop_and_faces_over_the_edge_are_drawn_all_the_same():
    grey = np.full((200, 200, 3), 120, np.uint8)
    assert is_near(overlay(grey, [mark(100, 100, 80)], face_type="mark-only"), (40, 255, 60)).any()
    for x, y in ((0, 0), (199, 60), (100, 230), (500, 500)):
        assert overlay(grey, [mark(x, y, 120)], face_type="head").shape == grey.shape


def test_every_frame_that_was_looked_at_gets_an_overlay_and_only_once(tmp_path, detector):
    room = DrawnRoom(tmp_path, [*one_person(4), [], [Drawn(60, 60, DOUBTFUL)]])
    room.run(OPTIONS)
    assert room.drawn() == []
    seen = detector.seen
    events = room.run()
    assert room.drawn() == list(range(6))
    assert detector.seen == seen, "a finished extraction is only drawn"
    assert [event.stage for event in events if isinstance(event, Progress)] == ["overlays"] * 6
    picture = cv2.imread(str(room.overlays / "000005.jpg"))[..., ::-1]
    assert is_near(picture, (255, 0, 255)).sum() > 5, "the doubtful find shows as left out"
    before = room.state()
    assert [type(event) for event in room.run()] == [StageFinished]
    assert room.state() == before


def test_an_overlay_shows_as_much_around_the_face_as_the_crop(tmp_path, detector):
    shown = set()
    for face_type in ("full", "head", "mark-only"):
        room = DrawnRoom(tmp_path / face_type, one_person(1))
        room.run(WITH.changed(face_type=face_type))
        shown.add((room.overlays / "000000.jpg").read_bytes())
    assert len(shown) == 3


def test_an_overlay_that_is_no_longer_true_is_drawn_again_and_the_others_are_not(tmp_path, detector):
    room = DrawnRoom(tmp_path, [*one_person(4), [Drawn(60, 60, DOUBTFUL)]])
    room.run()
    before = room.state()
    room.run(WITH.changed(min_score=0.3))
    changed = [name for name, state in room.state().items() if state != before[name]]
    assert changed == ["000004.jpg"]


def test_a_stop_while_drawing_keeps_what_is_drawn(tmp_path, detector):
    room = DrawnRoom(tmp_path, one_person(12))
    events = room.start()
    for event in events:
        if isinstance(event, Progress) and event.stage == "overlays" and event.done == 3:
            break
    events.close()
    before = room.state()
    assert 3 <= len(before) < 12
    room.run()
    assert room.drawn() == list(range(12))
    assert all(room.state()[name] == before[name] for name in ("000000.jpg", "000001.jpg", "000002.jpg"))


def test_a_deleted_overlay_is_told_and_stays_deleted(tmp_path, detector):
    room = DrawnRoom(tmp_path, one_person(6))
    room.run()
    (room.overlays / "000002.jpg").unlink()
    (text,) = texts(room.run())
    assert "of frames 2; `understudy extract --redo-deleted`" in text
    assert room.drawn() == [0, 1, 3, 4, 5]


@pytest.mark.parametrize("damage", ["torn", "foreign", "gone"])
def test_a_damaged_log_of_overlays_costs_a_drawing_and_nothing_else(tmp_path, detector, damage):
    room = DrawnRoom(tmp_path, one_person(4))
    room.run()
    (log,) = (tmp_path / "cache").glob("*.overlays.jsonl")
    whole = log.read_bytes()
    (room.overlays / "notes.txt").write_text("mine")
    (room.overlays / "holiday.jpg").write_bytes(b"mine too")
    log.write_bytes({"torn": whole[:-4], "foreign": b"\xff\x00[1]\n{}\nnull\n", "gone": b""}[damage])
    room.run()
    assert [json.loads(line).get("frame", -1) for line in log.read_bytes().splitlines()][-1] == 3
    assert room.run()[-1].skipped
    assert (room.overlays / "notes.txt").read_text() == "mine"
    assert (room.overlays / "holiday.jpg").read_bytes() == b"mine too"


def test_a_stranger_s_link_in_the_place_of_their_log_is_not_written_through(tmp_path, detector):
    room = DrawnRoom(tmp_path, one_person(3))
    room.run()
    (log,) = (tmp_path / "cache").glob("*.overlays.jsonl")
    letter = tmp_path / "letter.txt"
    letter.write_text("mine")
    log.unlink()
    log.symlink_to(letter)
    with pytest.raises(FolderUnwritable, match="A link stands"):
        room.run()
    assert letter.read_text() == "mine"


def test_without_their_folder_all_overlays_are_drawn_anew(tmp_path, detector):
    room = DrawnRoom(tmp_path, one_person(3))
    room.run()
    for path in room.overlays.iterdir():
        path.unlink()
    room.overlays.rmdir()
    assert texts(room.run()) == []
    assert room.drawn() == [0, 1, 2]


def test_the_chosen_face_is_drawn_as_the_chosen_one(tmp_path, detector):
    room = DrawnRoom(tmp_path, [[Drawn(40, 60, 44, 1), Drawn(115, 60, 44, 2)]] * 3)
    room.run(person=2)
    picture = cv2.imread(str(room.overlays / "000001.jpg"))[..., ::-1]
    red = is_near(picture, (255, 40, 40))
    left, right = int(red[:, :80].sum()), int(red[:, 80:].sum())
    chosen_is_right = room.faceset.faces()[1].record.box_xyxy[0] > 80
    assert (right > left) == chosen_is_right
    assert max(left, right) > 20


def test_a_face_that_was_filled_in_is_marked_as_such(tmp_path):
    frames = film(*[[person_face(50, 1)]] * 5)
    (person,) = people_of(frames, OPTIONS)
    (track,) = person.tracks
    sights = [replace(s, face=replace(s.face, filled=s.frame.index == 3)) for s in track.sightings]
    person = replace(person, tracks=[replace(track, sightings=sights)])
    plans = planned(person, OPTIONS)
    marks = marks_of(task_for(tmp_path), frames, [person], person, plans)
    kinds = [[mark.kind for mark in of_frame] for of_frame in marks.values()]
    assert kinds == [["chosen"], ["chosen"], ["chosen"], ["filled"], ["chosen"]]
