"""Every track has a picture whose number is the one that --track takes, made again only when needed."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from tests.facesets.extraction.stand_in import Drawn
from tests.facesets.extraction.test_belonging import Edited, two_shots
from tests.facesets.extraction.test_extract import OPTIONS, Room
from understudy.errors import TrackEditInvalid
from understudy.events import Made, StageFinished


def picture(path) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def made(events: list) -> list[str]:
    return [event.path.name for event in events if isinstance(event, Made)]


def test_a_picture_shows_the_face_of_its_track_beside_words(tmp_path, detector):
    room = Edited(tmp_path, two_shots())
    assert made(room.edit(person=1)) == ["track-01.jpg", "track-02.jpg", "track-03.jpg", "tracks.jpg"]
    cards = {n: picture(tmp_path / "people" / f"track-{n:02d}.jpg") for n in (1, 2, 3)}
    skins = {n: card[150:170, 150:170].mean((0, 1)) for n, card in cards.items()}
    assert np.abs(skins[1] - skins[3]).max() < 25 < np.abs(skins[1] - skins[2]).max()
    assert all((card[:, 330:] > 180).mean() > 0.01 for card in cards.values())
    sheet = picture(tmp_path / "people" / "tracks.jpg")
    assert sheet.shape == (320, 3 * 640, 3)


def test_the_list_beside_them_tells_the_same(tmp_path, detector):
    room = Edited(tmp_path, two_shots())
    room.edit("drop:2", person=1)
    told = json.loads((tmp_path / "people" / "tracks.json").read_text())
    assert told["edits"] == ["drop:2"]
    told_of = {track["track"]: track for track in told["tracks"]}
    assert [
        (n, t["person"], t["first_frame"], t["last_frame"], t["faces"], t["fate"]) for n, t in told_of.items()
    ] == [
        (1, 1, 0, 4, 5, ""),
        (2, 2, 19, 22, 4, "dropped"),
        (3, 1, 19, 22, 4, ""),
    ]


def test_they_are_made_again_only_when_something_changed(tmp_path, detector):
    room = Edited(tmp_path, two_shots())
    room.edit(person=1)
    assert made(room.edit(person=1)) == []
    assert "tracks.jpg" in made(room.edit("merge:1+3", person=1))
    assert sorted(p.name for p in (tmp_path / "people").glob("track-*.jpg")) == ["track-01.jpg", "track-02.jpg"]


def test_a_clip_of_one_person_has_its_picture_too(tmp_path, detector):
    room = Room(tmp_path, [[Drawn(70, 60, 48)]] * 3)
    assert made(room.run()) == ["track-01.jpg"], "a sheet of one picture was told beside that picture"


def test_edits_are_not_applied_to_tracks_that_got_their_numbers_from_other_options(tmp_path, detector):
    room = Edited(tmp_path, two_shots())
    room.edit("drop:2", person=1)
    room.edit("drop:2", person=1)
    assert room.frames() == [*range(5), *range(19, 23)]
    later = OPTIONS.changed(start="10f")  # the first shot is not looked at, so that 2 is whom 3 was
    with pytest.raises(TrackEditInvalid, match="numbered anew, and 2 of drop:2"):
        room.edit("drop:2", options=later)
    assert room.frames() == [*range(5), *range(19, 23)]
    told = json.loads((tmp_path / "people" / "tracks.json").read_text())
    assert {track["track"]: track["fate"] for track in told["tracks"]} == {1: "", 2: "dropped"}
    assert isinstance(room.edit("drop:2", options=later)[-1], StageFinished)  # said again, it is meant
