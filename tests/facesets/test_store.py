import io
import os
import shutil
import sqlite3

import numpy as np
import pytest
from PIL import Image

from tests.facesets.conftest import make_record, noise
from understudy.errors import FolderUnwritable, ImageUnreadable
from understudy.facesets import store
from understudy.facesets.store import Faceset, encoded_face
from understudy.facesets.xmp import extract_record


@pytest.fixture
def faceset(tmp_path):
    with Faceset(tmp_path / "Mein Prøjekt 影" / "main") as faceset:
        for frame in range(4):
            faceset.add(noise(seed=frame), make_record(clip="Åsa 影", frame=frame))
        yield faceset


def reopened(faceset: Faceset) -> Faceset:
    faceset.close()
    return Faceset(faceset.folder)


def saved_by_an_editor(path, size_px: int = 64) -> None:
    image = Image.open(io.BytesIO(path.read_bytes())).resize((size_px, size_px))
    image.save(path)  # drops the XMP packet
    assert extract_record(path.read_bytes()) is None


def test_a_faceset_that_is_not_there_yet_is_empty_and_makes_no_folder(tmp_path):
    faceset = Faceset(tmp_path / "new")
    assert (len(faceset), faceset.faces(), faceset.notices) == (0, [], [])
    assert not (tmp_path / "new").exists()


def test_a_stored_face_comes_back_with_its_pixels_and_its_record(tmp_path):
    faceset = Faceset(tmp_path)
    record, pixels = make_record(frame=7), noise()
    face = faceset.add(pixels, record, image_format="png")
    assert (face.name, face.record) == ("clip-000007-1.png", record)
    (again,) = reopened(faceset).faces()
    assert again == face
    assert np.array_equal(faceset.image(again), pixels)


def test_a_jpeg_keeps_full_chroma(faceset):
    assert Image.open(faceset.faces()[0].path).layer[0][1:3] == (1, 1)


def test_faces_come_sorted_by_clip_frame_and_track(tmp_path):
    faceset = Faceset(tmp_path)
    for clip, frame, track in (("b", 0, 0), ("a", 10, 2), ("a", 9, 1), ("a", 10, 1)):
        faceset.add(noise(), make_record(clip=clip, frame=frame, track=track, person=track + 1))
    order = [(f.record.clip, f.record.frame, f.record.track) for f in faceset.faces()]
    assert order == [("a", 9, 1), ("a", 10, 1), ("a", 10, 2), ("b", 0, 0)]


def test_clips_that_share_a_file_name_never_overwrite_each_other(tmp_path):
    faceset = Faceset(tmp_path)
    for clip in ("a:b", "a?b", "a_b", "a:b"):
        faceset.add(noise(), make_record(clip=clip))
    assert sorted(f.record.clip for f in faceset.faces()) == ["a:b", "a?b", "a_b"]


def test_a_face_of_the_wrong_size_is_a_bug_of_the_caller(tmp_path):
    with pytest.raises(ValueError, match="64 px"):
        Faceset(tmp_path).add(noise(32), make_record(size_px=64))


def test_a_face_deleted_by_another_program_is_gone(faceset):
    faceset.faces()[1].path.unlink()
    again = reopened(faceset)
    assert [f.record.frame for f in again.faces()] == [0, 2, 3]
    assert again.notices == []


def test_a_renamed_face_keeps_its_record(faceset):
    face = faceset.faces()[2]
    face.path.rename(face.path.with_name("best one ever.jpeg"))
    faceset.refresh()
    assert faceset.faces()[2].name == "best one ever.jpeg"
    assert faceset.faces()[2].record == face.record


def test_a_face_copied_in_from_elsewhere_is_found(faceset, tmp_path):
    other = Faceset(tmp_path / "other")
    added = other.add(noise(), make_record(clip="other"))
    shutil.copy(added.path, faceset.folder)
    faceset.refresh()
    assert len(faceset) == 5


def test_a_painted_face_that_lost_its_data_uses_what_was_known_and_says_so(faceset):
    face = faceset.faces()[0]
    saved_by_an_editor(face.path)
    for again in (reopened(faceset), Faceset(faceset.folder)):
        assert again.faces()[0] == face
        assert "dropped the face's data" in again.notices[0]
        assert face.name in again.notices[0]


def test_a_face_that_lost_its_data_can_be_repaired(faceset):
    face = faceset.faces()[0]
    saved_by_an_editor(face.path)
    faceset.refresh()
    assert faceset.repair() == 1
    assert extract_record(face.path.read_bytes()) == face.record
    assert faceset.notices == []
    assert faceset.repair() == 0


def test_a_picture_without_face_data_is_left_out_and_named(faceset):
    Image.fromarray(noise()).save(faceset.folder / "holiday.png")
    (faceset.folder / "notes.txt").write_text("not a picture")
    (faceset.folder / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe1")
    for again in (reopened(faceset), Faceset(faceset.folder)):
        assert len(again) == 4
        assert again.ignored() == ["holiday.png", "torn.jpg"]
        assert "2 pictures hold no face data" in again.notices[0]


def test_half_written_and_hidden_files_are_no_faces(faceset):
    shutil.copy(faceset.faces()[0].path, faceset.folder / ".Åsa.123.partial.jpg")
    faceset.refresh()
    assert len(faceset) == 4


def test_what_a_killed_process_left_half_written_is_swept_away(faceset):
    dead, alive = (faceset.folder / f".Åsa-000001-1.{pid}.partial.jpg" for pid in (2**22 + 7, os.getpid()))
    for path in (dead, alive):
        path.write_bytes(b"half")
    faceset.sweep()
    assert dead.exists()
    for path in (dead, alive):
        os.utime(path, (1, 1))
    faceset.sweep()
    assert (dead.exists(), alive.exists(), len(faceset)) == (False, True, 4)


def test_a_face_that_another_program_enlarged_comes_in_the_size_of_its_record(faceset):
    face = faceset.faces()[0]
    saved_by_an_editor(face.path, size_px=256)
    faceset.refresh()
    assert faceset.image(faceset.faces()[0]).shape == (64, 64, 3)


def test_a_face_that_is_gone_or_no_longer_square_is_said_plainly(faceset):
    first, second = faceset.faces()[:2]
    first.path.unlink()
    with pytest.raises(ImageUnreadable, match="gone"):
        faceset.image(first)
    Image.fromarray(noise()[:40]).save(second.path)
    with pytest.raises(ImageUnreadable, match="square"):
        faceset.image(second)


def test_the_fingerprint_follows_the_content_and_not_the_clock(faceset, tmp_path):
    before = faceset.fingerprint()
    shutil.copytree(faceset.folder, tmp_path / "copy")
    for path in (tmp_path / "copy").glob("*.jpg"):
        os.utime(path, (0, 0))
    assert Faceset(tmp_path / "copy").fingerprint() == before
    assert reopened(faceset).fingerprint() == before
    (faceset.folder / "holiday.jpg").write_bytes(b"no face")
    faceset.refresh()
    assert faceset.fingerprint() == before
    faceset.add(noise(seed=99), make_record(clip="Åsa 影", frame=0))
    changed = faceset.fingerprint()
    assert changed != before
    faceset.faces()[0].path.unlink()
    faceset.refresh()
    assert faceset.fingerprint() not in (before, changed)


def test_faces_written_before_a_crash_are_there_without_an_index(faceset):
    faceset.close()
    for path in faceset.folder.glob("index.sqlite*"):
        path.unlink()
    assert len(Faceset(faceset.folder)) == 4


@pytest.mark.parametrize("kind", ["text", "torn", "foreign"])
def test_a_damaged_or_foreign_index_is_moved_away_and_made_again(faceset, kind):
    faces = faceset.faces()
    faceset.close()
    path = faceset.folder / "index.sqlite"
    if kind == "text":
        path.write_bytes(b"this is no database" * 100)
    elif kind == "torn":
        path.write_bytes(path.read_bytes()[:1000] + b"\xff" * 3000)
    else:
        path.unlink()
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE photos (name)")
        database.close()
    content = path.read_bytes()
    with Faceset(faceset.folder) as again:
        assert again.faces() == faces
        assert "index was damaged" in again.notices[0]
    (moved,) = faceset.folder.glob("index-damaged-*")
    assert moved.read_bytes() == content
    assert Faceset(faceset.folder).notices == []


def test_an_index_of_a_newer_version_is_left_alone(faceset):
    faceset.close()
    path = faceset.folder / "index.sqlite"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 99")
    database.close()
    with Faceset(faceset.folder) as again:
        assert len(again) == 4
        assert "in memory" in again.notices[0]
    database = sqlite3.connect(path)
    assert database.execute("PRAGMA user_version").fetchone() == (99,)
    database.close()


def test_a_folder_that_takes_no_database_works_from_memory(tmp_path):
    (tmp_path / "index.sqlite").mkdir()
    faceset = Faceset(tmp_path)
    faceset.add(noise(), make_record())
    assert len(reopened(faceset)) == 1
    assert "in memory" in Faceset(tmp_path).notices[0]


def test_a_place_that_can_not_be_written_is_said_plainly(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FolderUnwritable):
        Faceset(tmp_path / "file" / "main").add(noise(), make_record())


def test_two_open_facesets_see_each_others_faces(faceset):
    other = Faceset(faceset.folder)
    other.add(noise(), make_record(frame=50))
    faceset.add(noise(), make_record(frame=51))
    faceset.refresh()
    other.refresh()
    assert len(faceset) == len(other) == 6


def test_opening_known_faces_reads_no_file(faceset, monkeypatch):
    faceset.close()
    monkeypatch.setattr("understudy.facesets.store.extract_record", lambda data: pytest.fail("a file was read"))
    assert len(Faceset(faceset.folder)) == 4


def test_thousands_of_faces_of_one_place_get_a_name_each_at_once(tmp_path):
    with Faceset(tmp_path) as faceset:
        record = make_record(frame=3)
        data = encoded_face(noise(), record, image_format="jpg")

        def added() -> str:
            return faceset.add_encoded(data, record, "jpg", replace_same=False).name

        assert [added(), added()] == ["clip-000003-1.jpg", "clip-000003-1-2.jpg"]
        row = faceset._rows["clip-000003-1.jpg"]
        faceset._rows |= dict.fromkeys((f"clip-000003-1-{n}.jpg" for n in range(3, 10051)), row)
        assert added() == "clip-000003-1-10051.jpg"
        faceset._rows = counting = _Counting(faceset._rows)
        assert added() == "clip-000003-1-10052.jpg"
        assert counting.asked < 5, "every name before was tried again"
        (tmp_path / "clip-000003-1.jpg").unlink()
        faceset.refresh()
        assert added() == "clip-000003-1.jpg"


class _Counting(dict):
    asked = 0

    def get(self, key, default=None):
        self.asked += 1
        return super().get(key, default)


def test_another_look_reads_only_what_is_new(tmp_path, monkeypatch):
    with Faceset(tmp_path) as faceset, Faceset(tmp_path) as other:
        for frame in range(4):
            faceset.add(noise(seed=frame), make_record(frame=frame))
        names, read = [face.name for face in faceset.faces()], []
        assert other.refresh() and [face.name for face in other.faces()] == names
        reader = store.read_files
        monkeypatch.setattr(
            store, "read_files", lambda folder, names: read.extend(names) or reader(folder, names)
        )
        assert not other.refresh()
        faceset.add(noise(seed=9), make_record(frame=9))
        faceset.close()
        (tmp_path / names[0]).unlink()
        assert other.refresh() and read == []  # the other had written it into the index
        (tmp_path / names[1]).write_bytes((tmp_path / names[2]).read_bytes())
        assert other.refresh() and read == [names[1]]
        assert [face.record.frame for face in other.named([names[2], names[0], names[1]])] == [2, 2]
        assert sorted(face.name for face in other.unread()) == sorted(face.name for face in other.faces())
        assert all(
            face.whole() == known
            for face, known in zip(
                sorted(other.unread(), key=lambda face: face.name),
                sorted(other.faces(), key=lambda face: face.name),
                strict=True,
            )
        )
