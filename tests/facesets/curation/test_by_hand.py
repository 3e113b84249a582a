"""One face's drawing is kept as often as it changes, one visit is one step, and it fits other faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from understudy.errors import FacesUnknown
from understudy.facesets.curation.by_hand import DrawnFace, carried, carry, fitting, keep_drawing, mark
from understudy.facesets.curation.history import History
from understudy.facesets.face_mask import face_mask
from understudy.facesets.painted import layer_of
from understudy.facesets.record import Polygon
from understudy.facesets.sorting.measure import measure_faces, unmeasured
from understudy.facesets.sorting.pixels import VERSION
from understudy.facesets.sorting.table import IDENTITY_MAKER
from understudy.facesets.store import Faceset
from understudy.facesets.xmp import extract_record
from understudy.geometry import inverse, transform_points


def region(faceset: Faceset, low: float, high: float) -> Polygon:
    corners = [(low, low), (high, low), (high, high), (low, high)]
    points = transform_points(inverse(faceset.faces()[0].record.crop_matrix()), corners)
    return Polygon.model_validate({"kind": "include", "points": points.tolist()})


def kept(faceset: Faceset, trash: Path, low: float, visit: str, number: int = 0) -> None:
    drawn = DrawnFace((region(faceset, low, 28),))
    keep_drawing(faceset, faceset.faces()[number], drawn, trash=trash, visit=visit)


def in_trash(trash: Path) -> int:
    return len([path for path in trash.rglob("*") if path.is_file()])


def test_changes_of_one_visit_are_one_step_with_one_file_in_the_trash(faceset: Faceset, trash: Path) -> None:
    before = faceset.faces()[0].path.read_bytes()
    for low in (2, 4, 6, 8):
        kept(faceset, trash, low, "visit")
    there = extract_record(faceset.faces()[0].path.read_bytes())
    assert there is not None and there.polygons == [region(faceset, 8, 28)]
    assert len(History(faceset.folder, trash).steps()) == 1 and in_trash(trash) == 1
    History(faceset.folder, trash).undo()
    faceset.refresh()
    assert faceset.faces()[0].path.read_bytes() == before
    History(faceset.folder, trash).redo()
    faceset.refresh()
    assert faceset.faces()[0].record.polygons == [region(faceset, 8, 28)]


def test_a_face_keeps_what_was_measured_on_it_while_it_is_drawn_on(faceset: Faceset, trash: Path) -> None:
    list(measure_faces(faceset))
    for low in (2, 4):
        kept(faceset, trash, low, "visit")
        assert faceset.faces()[0].record.polygons == [region(faceset, low, 28)] and unmeasured(faceset) == []


def test_a_face_that_is_drawn_on_for_long_leaves_no_measures_of_files_that_are_nowhere_any_more(
    faceset: Faceset, trash: Path
) -> None:
    list(measure_faces(faceset))
    faceset.index().keep_vectors(
        "identity", dict.fromkeys(faceset.digests().values(), b"1"), maker=IDENTITY_MAKER
    )
    first, before = set(faceset.index().measures(VERSION)), faceset.index().state()
    for low in (2, 4, 6, 8):
        kept(faceset, trash, low, "visit")
    assert faceset.index().state() == before, "a table that is held is not read anew for it"
    last = {faceset.digests()[faceset.faces()[0].name]}
    assert set(faceset.index().measures(VERSION)) == first | last, "of the file in the trash, and of that here"
    assert {digest for digest, _ in faceset.index().vectors("identity", IDENTITY_MAKER)} == first | last
    History(faceset.folder, trash).undo()
    faceset.refresh()
    assert unmeasured(faceset) == []


def test_another_visit_another_face_and_a_change_after_an_undo_are_steps_of_their_own(
    faceset: Faceset, trash: Path
) -> None:
    kept(faceset, trash, 2, "first")
    kept(faceset, trash, 4, "second")
    kept(faceset, trash, 4, "second", number=1)
    History(faceset.folder, trash).undo()
    faceset.refresh()
    kept(faceset, trash, 6, "first")
    kept(faceset, trash, 9, "first")
    assert not History(faceset.folder, trash).can_redo
    History(faceset.folder, trash).undo()
    faceset.refresh()
    assert faceset.faces()[0].record.polygons == [region(faceset, 4, 28)]


def test_a_drawing_is_carried_to_where_the_other_faces_landmarks_are(faceset: Faceset) -> None:
    giver = faceset.faces()[0].record
    turn = np.array([[1.2, -0.5, 30], [0.5, 1.2, -11]])
    landmarks = [tuple(point) for point in transform_points(turn, giver.landmarks())]
    taker = giver.model_copy(update={"landmarks_68": landmarks})
    grey = np.full((32, 32), 128, np.uint8)
    grey[5:20, 5:9] = 0
    layer = layer_of(grey, giver.crop_matrix(), giver.size_px)
    given = DrawnFace((region(faceset, 4, 28),), layer, "confirmed").within(giver)
    got = carried(given, taker)
    assert got.mark == ""
    wanted = transform_points(turn, given.polygons[0].points)
    np.testing.assert_allclose(got.polygons[0].points, wanted, atol=0.01)
    before = face_mask(given, giver.crop_matrix(), 64)
    matrix = np.linalg.inv(np.vstack([turn, [0, 0, 1]]))
    there = (np.vstack([giver.crop_matrix(), [0, 0, 1]]) @ matrix)[:2]
    np.testing.assert_allclose(face_mask(got.within(taker), there, 64), before, atol=0.05)


def test_a_drawing_is_carried_to_many_in_one_step_and_the_giver_keeps_its_own(
    faceset: Faceset, trash: Path
) -> None:
    kept(faceset, trash, 4, "")
    giver = faceset.faces()[0]
    list(carry(faceset, giver, faceset.faces()[:3], trash=trash))
    assert [len(face.record.polygons) for face in faceset.faces()] == [1, 1, 1, 0, 0, 0, 0, 0]
    assert faceset.faces()[0].record == giver.record
    assert len(History(faceset.folder, trash).steps()) == 2


def test_marks_are_kept_in_the_faces(faceset: Faceset, trash: Path) -> None:
    list(mark(faceset, faceset.faces()[:2], "skipped", trash=trash))
    assert [face.record.drawing_mark for face in faceset.faces()[:3]] == ["skipped", "skipped", ""]
    list(mark(faceset, faceset.faces()[:1], "", trash=trash))
    assert [face.record.drawing_mark for face in faceset.faces()[:3]] == ["", "skipped", ""]


def test_paint_too_fine_for_a_faces_file_is_kept_coarser(faceset: Faceset) -> None:
    noise = np.random.default_rng(0).integers(0, 2, (512, 512)).astype(np.uint8) * 255
    noise[:, 256:] = 128
    face = faceset.faces()[0]
    layer = layer_of(noise, face.record.crop_matrix(), face.record.size_px)
    assert layer is not None and layer.size_px == 512
    crowded = tuple(region(faceset, 4, 28) for _ in range(150))
    fits = fitting(face, DrawnFace(crowded, layer)).painted
    assert fits is not None and fits.size_px < 512


def test_a_face_that_is_not_there_is_told_by_its_name(faceset: Faceset) -> None:
    with pytest.raises(FacesUnknown, match="face 'gone"):
        faceset.face("gone.jpg")
