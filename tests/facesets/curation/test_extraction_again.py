"""What was rejected stays rejected when the clip is extracted again, whatever its faces are called by then."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.facesets.curation.conftest import content
from tests.facesets.extraction.stand_in import StandIn, installed, one_person, write_clip
from understudy.events import Events
from understudy.faces.detect import DETECTORS
from understudy.facesets.curation.history import History
from understudy.facesets.curation.naming import recover_names, rename_in_order
from understudy.facesets.curation.recut import Shape, recut
from understudy.facesets.curation.reject import reject
from understudy.facesets.extraction.extract import extract
from understudy.facesets.extraction.options import ExtractOptions
from understudy.facesets.store import Faceset

OPTIONS = ExtractOptions(detector="stand-in", landmarker="five-point", size_px=128, batch_frames=4)


class Shot:
    """A clip of six frames and the faceset its faces go to."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.trash = folder, folder / "trash"
        self.clip = write_clip(folder / "clip", one_person(6))
        self.faceset = Faceset(folder / "facesets" / "src" / "main")

    def extract(self) -> Events:
        yield from extract(
            self.clip,
            clip_name="clip",
            role="src",
            faceset=self.faceset,
            options=OPTIONS,
            cache=self.folder / "cache",
            people_folder=self.folder / "people",
        )

    def extract_as_a_step(self) -> None:
        number = History(self.faceset.folder, self.trash).begin_extraction("clip")
        list(self.extract())
        History(self.faceset.folder, self.trash).end_extraction(number)

    def frames(self) -> list[int]:
        self.faceset.refresh()
        return [face.record.frame for face in self.faceset.faces()]


@pytest.fixture
def shot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shot:
    monkeypatch.setitem(DETECTORS, "stand-in", None)
    installed(StandIn())
    made = Shot(tmp_path)
    made.extract_as_a_step()
    assert made.frames() == list(range(6))
    return made


def test_rejected_faces_stay_away_also_after_a_rename(shot: Shot) -> None:
    list(rename_in_order(shot.faceset, shot.faceset.faces()[::-1], trash=shot.trash, by="frame backwards"))
    reject(shot.faceset, [f for f in shot.faceset.faces() if f.record.frame in (1, 4)], trash=shot.trash)
    list(shot.extract())
    assert shot.frames() == [0, 2, 3, 5]
    list(recover_names(shot.faceset, trash=shot.trash))
    list(shot.extract())
    assert shot.frames() == [0, 2, 3, 5]


def test_an_extraction_taken_back_is_made_anew_by_the_next(shot: Shot) -> None:
    before = content(shot.faceset.folder)
    History(shot.faceset.folder, shot.trash).undo()
    assert shot.frames() == [] and len(list(shot.trash.rglob("*.jpg"))) == 6
    list(shot.extract())
    assert content(shot.faceset.folder) == before


def test_an_extraction_stopped_in_the_middle_goes_on_and_both_halves_are_steps(shot: Shot) -> None:
    History(shot.faceset.folder, shot.trash).undo()
    shot.faceset.refresh()
    number = History(shot.faceset.folder, shot.trash).begin_extraction("clip")
    running = shot.extract()
    list(itertools.islice(running, 4))
    running.close()  # type: ignore[attr-defined]
    History(shot.faceset.folder, shot.trash).end_extraction(number)
    half = len(shot.frames())
    shot.extract_as_a_step()
    assert 0 < half < 6 and shot.frames() == list(range(6))
    History(shot.faceset.folder, shot.trash).undo()
    assert len(shot.frames()) == half


def test_faces_of_another_size_count_as_made(shot: Shot) -> None:
    list(
        recut(
            shot.faceset,
            shot.faceset.faces(),
            Shape(size_px=192, face_type="whole"),
            clip_of=lambda _: shot.clip,
            trash=shot.trash,
            verb="retype",
        )
    )
    list(shot.extract())
    assert {face.record.size_px for face in shot.faceset.faces()} == {192} and len(shot.frames()) == 6
