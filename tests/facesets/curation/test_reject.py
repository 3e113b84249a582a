"""Faces go to the trash and come back; nothing is destroyed on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.facesets.curation.conftest import content
from understudy.errors import FacesUnknown
from understudy.facesets.curation.history import History
from understudy.facesets.curation.reject import reject, rejected, restore
from understudy.facesets.store import Faceset


def test_rejected_faces_are_listed_and_come_back_all_at_once(faceset: Faceset, trash: Path) -> None:
    before = content(faceset.folder)
    reject(faceset, faceset.faces()[:2], trash=trash, why="where blur < 3")
    reject(faceset, faceset.faces()[:1], trash=trash)
    lying = rejected(faceset, trash=trash)
    assert list(lying) == sorted(before)[:3]
    assert all(path.read_bytes() == before[name] for name, path in lying.items())
    assert restore(faceset, trash=trash) == sorted(before)[:3]
    assert content(faceset.folder) == before and len(faceset) == 8
    assert rejected(faceset, trash=trash) == {}


def test_the_last_rejection_comes_back_alone_and_then_the_one_before(faceset: Faceset, trash: Path) -> None:
    names = sorted(content(faceset.folder))
    reject(faceset, faceset.faces()[:2], trash=trash)
    reject(faceset, faceset.faces()[:1], trash=trash)
    assert restore(faceset, trash=trash, last=True) == [names[2]]
    assert restore(faceset, trash=trash, last=True) == names[:2]


def test_faces_come_back_by_name(faceset: Faceset, trash: Path) -> None:
    names = sorted(content(faceset.folder))
    reject(faceset, faceset.faces()[:3], trash=trash)
    assert restore(faceset, trash=trash, names=[names[1].removesuffix(".jpg")]) == [names[1]]
    with pytest.raises(FacesUnknown, match="1 face named is not"):
        restore(faceset, trash=trash, names=[names[1]])


def test_a_face_whose_name_is_taken_comes_back_under_a_number(faceset: Faceset, trash: Path) -> None:
    face, other = faceset.faces()[:2]
    reject(faceset, [face], trash=trash)
    face.path.write_bytes(other.path.read_bytes())
    assert restore(faceset, trash=trash) == [f"{face.path.stem}-2.jpg"]
    assert face.path.read_bytes() == other.path.read_bytes()


def test_a_restoration_can_be_taken_back_as_well(faceset: Faceset, trash: Path) -> None:
    before = content(faceset.folder)
    reject(faceset, faceset.faces()[:2], trash=trash)
    after = content(faceset.folder)
    restore(faceset, trash=trash)
    History(faceset.folder, trash).undo()
    assert content(faceset.folder) == after
    History(faceset.folder, trash).undo()
    assert content(faceset.folder) == before


def test_rejecting_nobody_leaves_no_trace(faceset: Faceset, trash: Path) -> None:
    assert reject(faceset, [], trash=trash) == 0
    assert History(faceset.folder, trash).entries() == []
