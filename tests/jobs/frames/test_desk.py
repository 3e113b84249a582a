"""`jobs/frames/desk.py`: what is known of a clip's frames, and faces drawn by hand, on a real extraction."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.facesets.extraction.stand_in import FACE, Drawn, StandIn, installed, one_person, write_clip
from understudy.errors import ClipMissing, FacesUnknown, FolderUnwritable, NothingToUndo
from understudy.faces.detect import DETECTORS
from understudy.faces.manual import Region, manual_file, read_regions, write_regions
from understudy.facesets.curation.choose import Choice
from understudy.facesets.store import Faceset
from understudy.jobs import stages
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.facesets.curating import history, rename_faces, undo
from understudy.jobs.frames.desk import DOUBTFUL, DRAWN, OVERLAY_DELETED, REDONE, STORED, WRITTEN, FramesDesk
from understudy.project.lock import exclusive
from understudy.project.project import Project

EMPTY = 5  # the frame without a face
FRAMES = [*one_person(EMPTY), [], *one_person(12)[EMPTY + 1 :]]
SAID = {"detector": "stand-in", "landmarker": "five-point", "workers": "1", "fill_gap": 0, "smooth": False}


def made(folder: Path, frames: list[list[Drawn]]) -> Project:
    project = Project.create(folder / "project")
    write_clip(folder / "shot", frames)
    add_clips(project, src=[], dst=[folder / "shot"], consent="fictional")
    with project.change() as manifest:
        manifest.extract = dict(SAID)
    return Project.open(project.folder)


def extracted(project: Project, **said: object) -> Project:
    list(stages.extract(project, said=said, device="cpu"))
    return project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    installed(StandIn())
    yield extracted(made(tmp_path, FRAMES), overlays=True)
    del DETECTORS["stand-in"]


@pytest.fixture
def desk(project: Project) -> Iterator[FramesDesk]:
    with FramesDesk(project, "shot") as desk:
        yield desk


POINTS = FACE * 48 + [70 + EMPTY, 60]


def files(desk: FramesDesk) -> list[str]:
    return sorted(path.name for path in desk.stored.folder.glob("*.jpg"))


def record(desk: FramesDesk, frame: int):
    with Faceset(desk.stored.folder) as faceset:
        return next(face.record for face in faceset.faces() if face.record.frame == frame)


def test_a_drawn_face_is_the_one_that_extracting_with_the_detector_manual_makes(
    desk: FramesDesk, tmp_path: Path
) -> None:
    desk.draw(EMPTY, POINTS)
    drawn = record(desk, EMPTY)
    other = made(tmp_path / "other", FRAMES)
    regions = read_regions(manual_file(desk.project.folder, "shot"))
    write_regions(manual_file(other.folder, "shot"), regions)
    with FramesDesk(extracted(other, detector="manual"), "shot") as beside:
        extracted_one = record(beside, EMPTY)
        picture = (beside.stored.folder / files(beside)[0]).read_bytes()
    assert drawn.model_dump(exclude={"track"}) == extracted_one.model_dump(exclude={"track"})
    with Faceset(desk.stored.folder) as faceset:
        mine = next(face for face in faceset.faces() if face.record.frame == EMPTY)
    assert len(mine.path.read_bytes()) == pytest.approx(len(picture), abs=20)
    assert np.array(drawn.landmarks_68) == pytest.approx(POINTS, abs=0.006)


def test_frames_say_what_was_found_in_them_and_the_filters_find_them(desk: FramesDesk) -> None:
    states = desk.states()
    assert states.frames("no face") == [EMPTY]
    assert desk.why_without_face(EMPTY) == "no face was found"
    assert states.flags[0] & STORED
    (desk.project.overlays_folder / "shot" / "000003.jpg").unlink()
    (desk.stored.folder / files(desk)[0]).unlink()
    desk.draw(EMPTY, POINTS)
    states = desk.states()
    assert states.frames("no face") == [0]
    assert states.flags[0] & WRITTEN
    assert desk.why_without_face(0) == "its face was deleted from the faceset"
    assert states.frames("overlay deleted") == [3]
    assert states.frames("drawn") == [EMPTY]
    assert states.frames("several") == []


def test_several_faces_and_doubtful_ones_are_told_apart(tmp_path: Path) -> None:
    installed(StandIn())
    two = [Drawn(40, 60, 40), Drawn(110, 60, 40, who=2)]
    doubtful = [Drawn(70, 60, 20)]
    project = made(tmp_path, [*one_person(8), two, [], doubtful])
    with FramesDesk(extracted(project, min_face=0.05), "shot") as desk:
        states = desk.states()
        assert states.frames("several") == [8]
        assert states.flags[10] & DOUBTFUL
        assert states.frames("bad score") == [10]
        assert "min_score" in desk.why_without_face(10)
        assert [bool(face["name"]) for face in desk.faces(8)] == [True, False]
        desk.options = desk.options.model_copy(update={"min_score": 0.1})
        assert desk.states().frames("bad score") == []


def test_the_older_face_goes_to_the_trash_and_everything_can_be_taken_back(desk: FramesDesk) -> None:
    before, old = files(desk), record(desk, 2)
    step = desk.draw(2, np.array(old.landmarks_68) + 2)
    assert files(desk) == before
    assert (desk.project.trash.folder / step.away[0][1]).is_file()
    assert np.array(record(desk, 2).landmarks_68) == pytest.approx(np.array(old.landmarks_68) + 2, abs=0.006)
    desk.draw(EMPTY, POINTS)
    said = {"undo": f"draw 1 face in frame {EMPTY}", "redo": ""}
    assert desk.can() == said | {"undo_step": 2, "redo_step": None}
    desk.undo()
    desk.undo()
    assert record(desk, 2) == old
    assert files(desk) == before
    assert read_regions(manual_file(desk.project.folder, "shot")) == {}
    assert not desk.states().flags[2] & DRAWN
    with pytest.raises(NothingToUndo):
        desk.undo()
    desk.redo()
    desk.redo()
    assert record(desk, EMPTY).score == 1.0
    assert np.array(record(desk, 2).landmarks_68) == pytest.approx(np.array(old.landmarks_68) + 2, abs=0.006)
    assert desk.can()["redo"] == ""
    with pytest.raises(NothingToUndo):
        desk.redo()


def test_the_faceset_s_own_undo_takes_all_of_a_drawing_back_and_its_redo_does_all_of_it_again(
    desk: FramesDesk,
) -> None:
    path, faceset = manual_file(desk.project.folder, "shot"), f"{desk.performer}/{desk.short}"
    before, old = files(desk), record(desk, 2)
    desk.draw_all({2: np.array(old.landmarks_68) + 2, EMPTY: POINTS})
    list(undo(desk.project, faceset))
    assert (files(desk), record(desk, 2)) == (before, old)
    assert read_regions(path) == {}
    assert not desk.states().flags[EMPTY] & REDONE
    assert (desk.can()["undo"], desk.can()["redo"]) == ("", f"draw 2 faces in frame 2, {EMPTY}")
    list(undo(desk.project, faceset, redo=True))
    assert sorted(read_regions(path)) == [2, EMPTY]
    assert desk.states().flags[EMPTY] & REDONE
    assert desk.can()["undo"] == f"draw 2 faces in frame 2, {EMPTY}"
    desk.undo()
    list(undo(desk.project, faceset))  # taking back that it was taken back
    assert sorted(read_regions(path)) == [2, EMPTY]
    extracted(desk.project)
    assert sorted(read_regions(path)) == [2, EMPTY]
    assert record(desk, EMPTY).score == 1.0


def test_a_drawn_face_that_got_another_name_goes_all_the_same(desk: FramesDesk) -> None:
    desk.draw(EMPTY, POINTS)
    list(rename_faces(desk.project, f"{desk.performer}/{desk.short}", Choice()))
    desk.undo()
    assert desk.states().frames("no face") == [EMPTY]


def test_a_clip_that_is_worked_on_keeps_its_regions_and_finds(desk: FramesDesk) -> None:
    desk.draw(EMPTY, POINTS)
    faceset = f"{desk.performer}/{desk.short}"
    with exclusive(desk.project.clip_lock("shot")), pytest.raises(FolderUnwritable):
        list(undo(desk.project, faceset))
    assert desk.states().frames("no face") == []


def test_what_a_dead_process_began_is_finished_when_the_clip_is_looked_at(
    desk: FramesDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Dead(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Dead

    with monkeypatch.context() as patch:
        patch.setattr("understudy.facesets.curation.history.settle", die)
        with pytest.raises(Dead):
            desk.draw(EMPTY, POINTS)
    assert read_regions(manual_file(desk.project.folder, "shot")) == {}
    with FramesDesk(desk.project, "shot") as other:
        assert other.states().flags[EMPTY] & DRAWN
        assert other.can()["undo"] == f"draw 1 face in frame {EMPTY}"


def test_another_desk_sees_and_takes_back_what_this_one_did(desk: FramesDesk) -> None:
    desk.draw(EMPTY, POINTS)
    with FramesDesk(desk.project, "shot") as other:
        assert other.states().frames("no face") == []
        other.undo()
    assert desk.states().frames("no face") == [EMPTY]


def test_a_later_extraction_leaves_drawn_and_removed_faces_as_they_are(desk: FramesDesk) -> None:
    desk.draw(EMPTY, POINTS)
    desk.draw(2, np.array(record(desk, 2).landmarks_68) + 2)
    desk.remove([desk.faces(7)[0]["name"]])
    before = {path.name: path.read_bytes() for path in desk.stored.folder.glob("*.jpg")}
    desk.project.choose_face("shot", 1)
    extracted(desk.project)
    assert {path.name: path.read_bytes() for path in desk.stored.folder.glob("*.jpg")} == before
    assert desk.states().frames("no face") == [7]


def test_what_was_taken_back_is_not_made_by_a_later_extraction(desk: FramesDesk) -> None:
    desk.draw(EMPTY, POINTS)
    desk.undo()
    before = files(desk)
    extracted(desk.project)
    assert files(desk) == before
    assert desk.why_without_face(EMPTY) == "no face was found"


def test_drawing_in_a_frame_whose_overlay_was_deleted_draws_it_anew(desk: FramesDesk) -> None:
    path = desk.project.overlays_folder / "shot" / "000002.jpg"
    path.unlink()
    assert desk.states().flags[2] & OVERLAY_DELETED
    desk.draw(2, POINTS)
    assert not desk.states().flags[2] & OVERLAY_DELETED
    desk.undo()
    assert desk.states().flags[2] & OVERLAY_DELETED
    desk.redo()
    assert path.is_file()


def test_a_removed_face_is_a_step_of_the_facesets_history_too(desk: FramesDesk) -> None:
    name = desk.faces(4)[0]["name"]
    desk.remove([name])
    assert name not in files(desk)
    faceset = f"{desk.performer}/{desk.short}"
    assert history(desk.project, faceset)[-1].words == "remove 1 face of frame 4"
    desk.undo()
    assert name in files(desk)


def test_what_is_not_there_is_refused(desk: FramesDesk) -> None:
    with pytest.raises(FacesUnknown, match="no face 'x"):
        desk.remove(["x.jpg"])
    with pytest.raises(FacesUnknown, match="no face 'x"):
        desk.draw(2, POINTS, replaces=["x.jpg"])
    with pytest.raises(FacesUnknown, match="one spot"):
        desk.draw(2, np.full((68, 2), 30.0))
    with pytest.raises(FacesUnknown, match="outside of its 160 x 120 pixels"):
        desk.draw(2, POINTS + 300)
    with pytest.raises(FacesUnknown, match="68 points"):
        desk.draw(2, np.full((5, 2), 30.0))
    with pytest.raises(ClipMissing, match="no clip called 'other'"):
        FramesDesk(desk.project, "other")
    assert desk.can()["undo"] == ""


def test_regions_of_other_frames_stay(desk: FramesDesk) -> None:
    path = manual_file(desk.project.folder, "shot")
    path.parent.mkdir(parents=True)
    write_regions(path, {9: [Region(box=(1, 2, 30, 40), landmarks=None)]})
    desk.draw(EMPTY, POINTS)
    desk.undo()
    assert list(read_regions(path)) == [9]


def test_faces_of_several_steps_that_got_other_names_come_back_when_all_is_done_again(desk: FramesDesk) -> None:
    faceset, old = f"{desk.performer}/{desk.short}", record(desk, 2)
    points = {2: np.array(old.landmarks_68) + 2, EMPTY: POINTS}
    for index, drawn in points.items():  # as a carry stores them
        desk.draw_all({index: drawn}, command="one", verb="carry", origin="here")
    list(rename_faces(desk.project, faceset, Choice()))
    desk.undo()
    assert record(desk, 2).landmarks_68 == old.landmarks_68
    desk.redo()
    for index, drawn in points.items():
        assert np.array(record(desk, index).landmarks_68) == pytest.approx(drawn, abs=0.006)
