"""`facesets/by_hand/stored.py`: the faces of a clip, looked at again only where the folder has changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tests.facesets.extraction.stand_in import FACE
from understudy.facesets.by_hand.stored import StoredFaces
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset
from understudy.geometry import crop_from_frame


def add(folder: Path, frame: int, *, clip: str = "shot", person: int = 1, track: int = 1, x: float = 60) -> str:
    points = FACE * 48 + [x, 60]
    record = FaceRecord(
        clip=clip,
        frame=frame,
        time_s=0,
        frame_size=(160, 120),
        box_xyxy=(x - 24, 36, x + 24, 84),
        score=0.9,
        landmarks_68=[(float(a), float(b)) for a, b in points],
        spread_68=[4.8] * 68,
        face_type="full",
        size_px=32,
        crop_from_frame=crop_from_frame(points, face_type="full", size_px=32).tolist(),
        person=person,
        track=track,
    )
    with Faceset(folder) as faceset:
        return faceset.add(np.full((32, 32, 3), frame, np.uint8), record).name


def test_faces_that_come_and_go_are_seen_and_an_unchanged_folder_is_not_opened(tmp_path: Path) -> None:
    opened = []

    def faceset() -> Faceset:
        opened.append(1)
        return Faceset(tmp_path / "faces")

    (tmp_path / "faces").mkdir()
    stored = StoredFaces(tmp_path / "faces", "shot", faceset)
    add(tmp_path / "faces", 3)
    add(tmp_path / "faces", 3, clip="other")
    assert stored.refresh()
    assert {frame: len(places) for frame, places in stored.all().items()} == {3: 1}
    place = stored.of_frame(3)[0]
    assert (place.score, round(place.error_share, 3), place.track) == (0.9, 0.1, 1)
    Faceset(tmp_path / "faces").close()  # its index writes beside the faces
    assert not stored.refresh()
    assert len(opened) == 1
    (tmp_path / "faces" / place.name).unlink()
    stored.refresh()
    assert stored.of_frame(3) == []


def test_a_new_face_is_whose_the_faces_around_it_are(tmp_path: Path) -> None:
    folder = tmp_path / "faces"
    folder.mkdir()
    add(folder, 3, person=2, track=7)
    add(folder, 4, person=1, track=1, x=130)
    add(folder, 5, person=1, track=1, x=130)
    stored = StoredFaces(folder, "shot", lambda: Faceset(folder))
    stored.refresh()
    assert stored.identity_near(6, (40, 40, 80, 80), person=9) == (2, 7)
    assert stored.identity_near(6, (110, 40, 150, 80), person=9) == (1, 1)
    assert stored.identity_near(60, (40, 40, 80, 80), person=9) == (1, 0)
    nobody = StoredFaces(tmp_path / "none", "shot", lambda: Faceset(tmp_path / "none"))
    nobody.refresh()
    assert nobody.identity_near(6, (40, 40, 80, 80), person=9) == (9, 0)


def test_nobody_is_in_a_frame_twice(tmp_path: Path) -> None:
    folder = tmp_path / "dst"
    for index in range(4):
        add(folder, index, person=1, track=1, x=130)
    stored = StoredFaces(folder, "shot", lambda: Faceset(folder))
    stored.refresh()
    assert stored.identity_near(2, (20, 40, 60, 80), person=1) == (2, 0)
    add(folder, 0, person=2, track=5, x=40)
    stored.refresh()
    assert stored.identity_near(2, (40, 40, 80, 80), person=1) == (2, 5)
    assert stored.identity_near(60, (40, 40, 80, 80), person=1) == (1, 0)


def test_a_picture_that_goes_while_the_folder_is_listed_is_no_face(tmp_path: Path) -> None:
    add(tmp_path, 3)
    (tmp_path / "gone.png").symlink_to(tmp_path / "elsewhere.png")  # listed, and not there
    stored = StoredFaces(tmp_path, "shot", lambda: Faceset(tmp_path))
    assert stored.refresh()
    assert list(stored.all()) == [3]
