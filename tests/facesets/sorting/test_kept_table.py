"""A table that is kept is the one made anew, through every change, and a change costs what changed."""

import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from tests.facesets.sorting.filmed import measured_faceset
from understudy.facesets.record import FaceRecord, Polygon
from understudy.facesets.sorting import glances
from understudy.facesets.sorting.kept_table import KeptTable
from understudy.facesets.sorting.measure import measure_faces
from understudy.facesets.sorting.table import COLUMNS, table_of
from understudy.facesets.store import Faceset
from understudy.facesets.xmp import embed


@pytest.fixture
def faceset(tmp_path) -> Faceset:
    with Faceset(tmp_path) as faceset:
        for frame, person in ((4, 1), (1, 1), (1, 2), (0, 1)):
            faceset.add(noise(seed=frame), make_record(frame=frame, person=person, yaw_deg=10.0 * frame))
    return measured_faceset(tmp_path)


@pytest.fixture
def parsed(monkeypatch) -> list[str]:
    """Records that are parsed."""
    texts, parse = list[str](), FaceRecord.model_validate_json
    monkeypatch.setattr(FaceRecord, "model_validate_json", lambda text: texts.append(text) or parse(text))
    return texts


def draw_on(faceset: Faceset, name: str) -> None:
    face = faceset.face(name)
    polygon = Polygon(kind="include", points=[(0, 0), (1, 0), (1, 1)])
    face.path.write_bytes(embed(face.path.read_bytes(), face.record.model_copy(update={"polygons": [polygon]})))


def assert_same(one, other):
    assert [face.name for face in one.faces] == [face.name for face in other.faces]
    for name in COLUMNS:
        assert one.columns[name].dtype == other.columns[name].dtype, name
        np.testing.assert_array_equal(one.columns[name], other.columns[name], err_msg=name)
    np.testing.assert_array_equal(one.vectors("landmarks")[0], other.vectors("landmarks")[0])
    np.testing.assert_array_equal(one.vectors("histogram")[0], other.vectors("histogram")[0])


def test_a_table_that_is_kept_is_the_one_made_anew_through_every_change(faceset):
    kept = KeptTable(faceset)
    assert_same(kept.table(), table_of(faceset))
    faceset.faces()[1].path.unlink()
    faceset.add(noise(seed=8), make_record(clip="before", frame=2, yaw_deg=3.0))
    faceset.refresh()
    assert_same(kept.table(), table_of(faceset))
    assert [face.record.clip for face in kept.table().faces] == ["before", "clip", "clip", "clip"]
    assert_same(
        KeptTable(Faceset(faceset.folder / "nothing")).table(), table_of(Faceset(faceset.folder / "nothing"))
    )


def test_a_drawn_face_changes_its_place_alone_and_the_table_before_stays(faceset, parsed):
    kept = KeptTable(faceset)
    before = kept.table()
    name = before.faces[2].name
    draw_on(faceset, name)
    parsed.clear()
    faceset.look_at([name])
    after = kept.table()
    assert (kept.changed, len(parsed)) == ([2], 2)  # once by the store, once for its columns
    assert before.columns["polygons"].tolist() == [0] * 4 and after.columns["polygons"].tolist() == [0, 0, 1, 0]
    assert after.columns["yaw_deg"] is before.columns["yaw_deg"]
    assert_same(after, table_of(faceset))
    assert np.isnan(after.columns["sharpness"]).tolist() == [False, False, True, False]
    list(measure_faces(faceset))
    assert_same(kept.table(), table_of(faceset))


def test_a_face_that_now_says_another_frame_moves(faceset):
    kept = KeptTable(faceset)
    face = kept.table().faces[3]
    face.path.write_bytes(
        embed(face.path.read_bytes(), face.record.model_copy(update={"frame": 0, "track": 9}))
    )
    faceset.look_at([face.name])
    assert_same(kept.table(), table_of(faceset))
    assert kept.changed is None


def test_opening_again_parses_no_record(faceset, parsed):
    assert_same(KeptTable(faceset).table(), table_of(faceset))
    faceset.close()
    parsed.clear()
    with Faceset(faceset.folder) as opened:
        table = KeptTable(opened).table()
        assert not parsed
        assert_same(table, table_of(opened))


def test_a_record_that_only_the_index_knows_is_never_taken_for_anothers(tmp_path):
    with Faceset(tmp_path) as faceset:
        for frame in (0, 1):
            faceset.add(noise(seed=1), make_record(frame=frame, yaw_deg=float(frame)))
        for face in faceset.faces():
            face.path.write_bytes(b"the same picture, saved by a program that drops records")
        faceset.refresh()
        assert len(set(faceset.digests().values())) == 1
        for _ in range(2):
            assert KeptTable(faceset).table().columns["frame"].tolist() == [0, 1]


def test_what_is_kept_of_files_long_gone_is_dropped(faceset):
    KeptTable(faceset).table()
    faceset.faces()[0].path.unlink()
    faceset.refresh()
    KeptTable(faceset).table()
    assert set(faceset.index().glanced()) == set(faceset.digests().values())


def test_glances_of_another_version_are_read_anew(faceset, parsed, monkeypatch):
    KeptTable(faceset).table()
    monkeypatch.setattr(glances, "VERSION", glances.VERSION + 1)
    parsed.clear()
    KeptTable(faceset).table()
    assert len(parsed) == 4
