"""Drawing on a project's faces: what is kept comes back, nobody's drawing is lost to another's."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.conftest import make_record, noise
from tests.jobs.conftest import with_three_faces
from understudy.errors import DrawingChanged, OptionInvalid
from understudy.events import Progress, StageFinished
from understudy.facesets.curation import rewriting
from understudy.facesets.curation.choose import Choice
from understudy.facesets.curation.groups import grouped
from understudy.facesets.done_by_hand import STATES
from understudy.facesets.sorting.table import table_of
from understudy.jobs.facesets import curating, drawing, masks
from understudy.jobs.facesets.drawing import FaceDrawing
from understudy.jobs.facesets.kept_open import KeptFacesets
from understudy.jobs.facesets.lined_up import counts
from understudy.project.project import Project

FIRST, SECOND = "dst-000000-1.jpg", "dst-000001-1.jpg"
SQUARE = np.array([[4.0, 4], [28, 4], [28, 28], [4, 28]])


@pytest.fixture
def filled(project: Project) -> Project:
    """The project with three faces in dst/main."""
    return with_three_faces(project)


def drawn(project: Project, name: str = FIRST) -> FaceDrawing:
    grey = np.full((32, 32), 128, np.uint8)
    grey[10:20, 10:20] = 0
    there = drawing.drawing_of(project, "dst", name)
    return replace(there, regions=(("include", SQUARE),), grey_HW=grey, mark="confirmed")


def test_what_is_kept_comes_back_as_it_was_drawn(filled: Project) -> None:
    kept = drawing.keep(filled, "dst", drawn(filled))
    again = drawing.drawing_of(filled, "dst", FIRST)
    for there in (kept, again):
        (kind, points), wanted = there.regions[0], drawn(filled)
        assert kind == "include" and there.mark == "confirmed"
        np.testing.assert_allclose(points, SQUARE, atol=0.02)
        np.testing.assert_array_equal(there.grey_HW, wanted.grey_HW)
    assert kept.revision == again.revision
    picture, cut, record = drawing.picture_and_record(filled, "dst", FIRST)
    mask = drawing.mask_there(record, cut, "drawn")
    assert picture.shape == (32, 32, 3) and mask[6, 6] == 255 and mask[15, 15] == 0 and mask[1, 1] == 0


def test_a_drawing_made_on_an_older_one_is_refused_and_can_be_put_over_it(filled: Project) -> None:
    mine, theirs = drawn(filled), drawn(filled)
    drawing.keep(filled, "dst", theirs)
    assert drawing.keep(filled, "dst", mine).mark == "confirmed"  # sent twice, it is there already
    mine = replace(mine, mark="skipped")
    with pytest.raises(DrawingChanged, match="meanwhile"):
        drawing.keep(filled, "dst", mine)
    assert drawing.keep(filled, "dst", mine, force=True).mark == "skipped"


def test_a_drawing_made_for_another_face_of_the_same_name_is_refused(filled: Project) -> None:
    """On neither anything is drawn."""
    theirs = drawn(filled)
    with filled.faceset("dst") as faceset:
        record = make_record(clip="dst", frame=0, size_px=32)
        moved = [(x + 3, y) for x, y in record.landmarks_68]
        faceset.add(noise(32, seed=7), record.model_copy(update={"landmarks_68": moved}))
    with pytest.raises(DrawingChanged, match="another one has its name now"):
        drawing.keep(filled, "dst", theirs)
    assert drawing.drawing_of(filled, "dst", FIRST).regions == ()


def test_a_drawing_of_another_size_is_refused(filled: Project) -> None:
    with pytest.raises(OptionInvalid, match="of 64 pixels"):
        drawing.keep(filled, "dst", replace(drawn(filled), size_px=64))


def test_every_face_tells_what_was_done_on_it(filled: Project) -> None:
    def states() -> list[str]:
        facesets = KeptFacesets()
        with closing(facesets):
            look = facesets.get(filled, "dst").look(filled)
        told = [STATES[state] for state in look.states]
        assert told == [STATES[face.record.done.states()] for face in look.table.faces]
        (listed,) = (of for of in masks.facesets_listed(filled) if of.pop("faceset") == "dst/main")
        assert counts(look) == listed  # the same of one by one
        return told

    assert states() == ["none", "none", "none"]
    drawing.keep(filled, "dst", replace(drawn(filled), mark=""))
    list(drawing.mark(filled, "dst", "skipped", Choice(names=(SECOND,))))
    list(masks.apply(filled, "dst", Choice(names=("dst-000002-1",)), segmenter="skin"))
    assert states() == ["drawn", "skipped", "applied"]
    list(drawing.mark(filled, "dst", "confirmed", Choice()))
    assert states() == ["confirmed"] * 3


def test_a_drawing_is_shown_on_another_face_before_it_is_kept_there(filled: Project) -> None:
    drawing.keep(filled, "dst", drawn(filled))
    shown = drawing.carried(filled, "dst", FIRST, SECOND)
    np.testing.assert_allclose(shown.regions[0][1], SQUARE, atol=0.03)
    assert drawing.drawing_of(filled, "dst", SECOND).regions == ()
    list(drawing.carry(filled, "dst", FIRST, Choice(names=(SECOND,))))
    np.testing.assert_allclose(drawing.drawing_of(filled, "dst", SECOND).regions[0][1], SQUARE, atol=0.03)
    with pytest.raises(OptionInvalid, match="Nothing is drawn"):
        list(drawing.carry(filled, "dst", "dst-000002-1.jpg", Choice()))


def test_an_unknown_mask_is_refused_with_those_there_are(filled: Project) -> None:
    _, cut, record = drawing.picture_and_record(filled, "dst", FIRST)
    assert drawing.mask_there(record, cut, "hull").max() == 255
    with pytest.raises(OptionInvalid, match="there are none"):
        drawing.mask_there(record, cut, "mic")


def test_many_marks_that_were_stopped_go_on_with_the_faces_that_are_left(
    filled: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rewriting.rewrite.__kwdefaults__, "piece", 1)
    events = drawing.mark(filled, "dst", "confirmed", Choice())
    with closing(events), monkeypatch.context() as patch:
        patch.setattr(rewriting, "_PROGRESS_EVERY", 1)
        for event in events:
            if isinstance(event, Progress) and event.done == 2:
                break
    marks = [row["drawing_mark"] for row in curating.list_faces(filled, "dst", Choice())]
    assert marks == ["confirmed", "confirmed", ""]
    *_, end = drawing.mark(filled, "dst", "confirmed", Choice())
    assert isinstance(end, StageFinished)
    assert end.summary == {"faces": 1}


def test_faces_of_a_mark_are_listed_grouped_and_copied_out(filled: Project, tmp_path: Path) -> None:
    list(drawing.mark(filled, "dst", "confirmed", Choice(names=(FIRST,))))
    list(drawing.mark(filled, "dst", "skipped", Choice(names=(SECOND,))))
    skipped = Choice(where="drawing_mark == 'skipped'")
    assert [row["name"] for row in curating.list_faces(filled, "dst", skipped)] == [SECOND]
    list(masks.fetch(filled, "dst", skipped, folder=tmp_path / "skipped", undrawn=True))
    assert [path.name for path in (tmp_path / "skipped").iterdir()] == [SECOND]
    list(masks.fetch(filled, "dst", Choice(where="drawing_mark == 'confirmed'"), into="dst/done", undrawn=True))
    with filled.faceset("dst", "done") as copied, filled.faceset("dst") as faceset:
        assert [face.name for face in copied.faces()] == [FIRST]
        _, groups = grouped(table_of(faceset), "mark")
    assert {group.heading: group.count for group in groups} == {"confirmed": 1, "skipped": 1, "no mark": 1}
