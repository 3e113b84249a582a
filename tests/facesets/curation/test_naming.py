"""Names follow an order and come back, and no face is lost to another's name."""

from __future__ import annotations

from pathlib import Path

from tests.facesets.curation.conftest import add_faces, content
from understudy.events import StageFinished
from understudy.facesets.curation.naming import recover_names, rename_in_order
from understudy.facesets.store import Faceset


def test_faces_are_numbered_in_the_order_given(faceset: Faceset, trash: Path) -> None:
    before = content(faceset.folder)
    list(rename_in_order(faceset, faceset.faces()[::-1], trash=trash, by="frame backwards"))
    after = content(faceset.folder)
    assert sorted(after) == [f"{n:05d}.jpg" for n in range(8)]
    assert [after[name] for name in sorted(after)] == [before[name] for name in sorted(before)][::-1]


def test_renamed_faces_are_not_read_again(faceset: Faceset, trash: Path, monkeypatch) -> None:
    monkeypatch.setattr("understudy.facesets.store.extract_record", lambda data: 1 / 0)
    list(rename_in_order(faceset, faceset.faces()[::-1], trash=trash, by="frame backwards"))
    list(rename_in_order(faceset, faceset.faces(), trash=trash, by="frame"))
    assert [face.name for face in faceset.faces()] == [f"{n:05d}.jpg" for n in range(8)]


def test_a_picture_that_is_no_face_keeps_its_name(faceset: Faceset, trash: Path) -> None:
    (faceset.folder / "00001.JPG").write_bytes(b"no face")
    faceset.refresh()
    list(rename_in_order(faceset, faceset.faces(), trash=trash, by="frame"))
    assert (faceset.folder / "00001.JPG").read_bytes() == b"no face"
    assert faceset.faces()[1].name == "00001-2.jpg"


def test_first_names_come_back(faceset: Faceset, trash: Path) -> None:
    before = content(faceset.folder)
    list(rename_in_order(faceset, faceset.faces()[::-1], trash=trash, by="chance"))
    list(recover_names(faceset, trash=trash))
    assert content(faceset.folder) == before
    (finished,) = [e for e in recover_names(faceset, trash=trash) if isinstance(e, StageFinished)]
    assert finished.skipped


def test_two_faces_of_one_frame_get_numbers(tmp_path: Path, trash: Path) -> None:
    with add_faces(tmp_path / "main", 1) as faceset:
        copy = faceset.folder / "a copy.jpg"
        copy.write_bytes(faceset.faces()[0].path.read_bytes())
        faceset.refresh()
        list(recover_names(faceset, trash=trash))
        assert sorted(content(faceset.folder)) == ["clip-000000-1-2.jpg", "clip-000000-1.jpg"]
