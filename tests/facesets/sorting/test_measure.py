import math
import sqlite3

import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from understudy.events import Notice, Progress, StageFinished, StageStarted
from understudy.facesets.sorting import measure
from understudy.facesets.sorting.measure import measure_faces, unmeasured
from understudy.facesets.sorting.table import columns
from understudy.facesets.store import Faceset

COUNT = 6


@pytest.fixture
def faceset(tmp_path):
    with Faceset(tmp_path / "main") as faceset:
        for frame in range(COUNT):
            faceset.add(noise(seed=frame), make_record(frame=frame))
        yield faceset


@pytest.fixture
def decoded(monkeypatch) -> list[str]:
    """Names of the faces whose pixels were asked for."""
    names, image = [], Faceset.image

    def counted(self, face):
        names.append(face.name)
        return image(self, face)

    monkeypatch.setattr(Faceset, "image", counted)
    return names


def run(faceset: Faceset) -> StageFinished:
    (*_, finished) = measure_faces(faceset, threads=2)
    assert isinstance(finished, StageFinished)
    return finished


def test_every_face_is_decoded_once_and_never_again(faceset, decoded):
    assert run(faceset).summary["measured"] == COUNT
    assert sorted(decoded) == sorted(face.name for face in faceset.faces())
    faceset.close()
    again = Faceset(faceset.folder)
    assert run(again).skipped
    assert len(decoded) == COUNT
    assert not np.isnan(columns(again)["brightness"]).any()


def test_progress_is_told_face_by_face(faceset):
    first, *middle, last = measure_faces(faceset)
    assert isinstance(first, StageStarted) and (first.total, first.done) == (COUNT, 0)
    assert [event.done for event in middle if isinstance(event, Progress)] == list(range(1, COUNT + 1))
    assert isinstance(last, StageFinished)


def test_a_renamed_file_keeps_what_was_measured(faceset, decoded):
    run(faceset)
    decoded.clear()
    (faceset.folder / faceset.faces()[2].name).rename(faceset.folder / "other name.jpg")
    faceset.refresh()
    assert run(faceset).skipped
    assert decoded == []
    assert len(faceset) == COUNT


def test_an_edited_file_is_measured_again_and_no_other(faceset, decoded):
    run(faceset)
    decoded.clear()
    faceset.add(np.zeros((64, 64, 3), np.uint8), make_record(frame=3))
    run(faceset)
    assert decoded == ["clip-000003-1.jpg"]
    assert columns(faceset)["brightness"][3] == 0


def test_what_was_measured_before_a_stop_is_kept(faceset, decoded):
    events = measure_faces(faceset, threads=1)
    done = 0
    for event in events:
        if isinstance(event, Progress) and event.done == 2:
            done = event.done
            break
    events.close()
    assert done == 2
    decoded.clear()
    assert len(unmeasured(faceset)) == COUNT - 2
    finished = run(faceset)
    assert (finished.summary["measured"], finished.summary["known"]) == (COUNT - 2, 2)
    assert len(decoded) == COUNT - 2


def test_a_face_that_vanished_is_told_and_the_others_are_measured(faceset):
    faceset.faces()[1].path.unlink()
    events = list(measure_faces(faceset))
    (notice,) = [event for event in events if isinstance(event, Notice)]
    assert "clip-000001-1.jpg" in notice.text and notice.level == "warning"
    assert np.flatnonzero(np.isnan(columns(faceset)["brightness"])).tolist() == [1]


def test_a_folder_that_is_not_there_is_nothing_to_measure(tmp_path):
    faceset = Faceset(tmp_path / "none")
    assert run(faceset).skipped
    assert not (tmp_path / "none").exists()
    assert all(len(column) == 0 for column in columns(faceset).values())


def test_results_of_an_older_way_to_measure_are_made_again(faceset, monkeypatch):
    run(faceset)
    monkeypatch.setattr(measure, "VERSION", measure.VERSION + 1)
    assert len(unmeasured(faceset)) == COUNT


def test_an_index_without_measures_keeps_its_rows_and_gains_them(faceset):
    """Records that other programs dropped from their files live in the index alone."""
    faceset.close()
    database = sqlite3.connect(faceset.folder / "index.sqlite")
    with database:
        database.execute("DROP TABLE measures")
        database.execute("DROP TABLE vectors")
        database.execute("UPDATE faces SET lost = 1 WHERE name = 'clip-000000-1.jpg'")
        database.execute("PRAGMA user_version = 1")
    database.close()
    with Faceset(faceset.folder) as again:
        assert "1 file was saved by a program that dropped the face's data" in again.notices[0]
        assert run(again).summary["measured"] == COUNT
        assert again.notices[1:] == []
    database = sqlite3.connect(faceset.folder / "index.sqlite")
    assert database.execute("PRAGMA user_version").fetchone() == (2,)
    assert database.execute("SELECT count(*) FROM measures").fetchone() == (COUNT,)
    database.close()


def test_measures_of_files_long_gone_are_dropped(faceset):
    run(faceset)
    for face in faceset.faces()[1:]:
        face.path.unlink()
    faceset.refresh()
    faceset.add(noise(seed=99), make_record(frame=99))
    run(faceset)
    assert len(faceset.index().measures(measure.VERSION)) == 2


def test_numbers_that_do_not_exist_are_no_numbers(faceset):
    outside = make_record(frame=50, landmarks_68=[(1e4 + i, 1e4 + i % 7) for i in range(68)])
    faceset.add(noise(), outside)
    run(faceset)
    found = columns(faceset)
    assert math.isnan(found["sharpness"][-1]) and math.isnan(found["hue_deg"][-1])
    assert found["black_share"][-1] >= 0
