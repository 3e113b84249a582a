"""Sets come together without a face lost, doubled or overwritten."""

from __future__ import annotations

from pathlib import Path

from tests.facesets.curation.conftest import add_faces, content
from understudy.events import StageFinished
from understudy.facesets.curation.gather import gather
from understudy.facesets.curation.history import History
from understudy.facesets.store import Faceset


def _gathered(goal: Faceset, sources: list[Faceset], trash: Path) -> dict:
    both = [(source, source.faces()) for source in sources]
    (finished,) = [
        event
        for event in gather(goal, both, trash=trash, verb="merge", words="merge")
        if isinstance(event, StageFinished)
    ]
    return finished.summary


def test_a_taken_name_gets_a_number_and_nothing_is_overwritten(
    faceset: Faceset, tmp_path: Path, trash: Path
) -> None:
    before = content(faceset.folder)
    with add_faces(tmp_path / "facesets" / "src" / "close", 3) as close:
        for number, face in enumerate(close.faces()):  # same names, other pictures
            face.path.write_bytes(face.path.read_bytes() + bytes([number]))
        close.refresh()
        source = content(close.folder)
        assert _gathered(faceset, [close], trash) == {"copied": 3, "there_already": 0, "faces": 11}
        after = content(faceset.folder)
        assert {name: after[name] for name in before} == before
        assert sorted(set(after) - set(before)) == [f"clip-00000{n}-1-2.jpg" for n in range(3)]
        assert {after[name] for name in set(after) - set(before)} == set(source.values())
        assert content(close.folder) == source


def test_the_same_face_is_not_copied_twice(faceset: Faceset, tmp_path: Path, trash: Path) -> None:
    with Faceset(tmp_path / "facesets" / "src" / "all") as goal:
        assert _gathered(goal, [faceset, faceset], trash)["copied"] == 8
        assert _gathered(goal, [faceset], trash) == {"copied": 0, "there_already": 8, "faces": 8}
        assert len(History(goal.folder, trash).entries()) == 1


def test_taking_it_back_empties_a_new_set(faceset: Faceset, tmp_path: Path, trash: Path) -> None:
    with Faceset(tmp_path / "facesets" / "src" / "all") as goal:
        _gathered(goal, [faceset], trash)
        entry, _ = History(goal.folder, trash).undo()
        assert entry.words == "merge: 8 faces" and content(goal.folder) == {}
