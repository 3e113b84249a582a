"""The cast of a clip: said, taken back, listed, and refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from tests.facesets.conftest import make_record
from understudy.errors import CastInvalid, ClipMissing, ModelUnknown, OptionInvalid, ProjectInvalid
from understudy.jobs.merging.cast import change_cast, listed_cast
from understudy.jobs.merging.inputs import keep_said
from understudy.jobs.merging.kept_settings import redo_settings, undo_settings
from understudy.jobs.models.making import require_model
from understudy.project.manifest import CastEntry
from understudy.project.model_changes import rename_model
from understudy.project.project import Project


@pytest.fixture
def two(project: Project) -> Project:
    """Person 1 on track 1, person 2 on tracks 2 and 3; models main and anna."""
    require_model(project, "anna", preset=None)
    with project.faceset("dst") as faceset:
        for frame, track, person in ((0, 1, 1), (1, 1, 1), (0, 2, 2), (2, 3, 2)):
            record = make_record(clip="dst", frame=frame).model_copy(update={"track": track, "person": person})
            faceset.add(np.zeros((64, 64, 3), np.uint8), record)
    return Project.open(project.folder)


def cast_of(project: Project) -> dict:
    return Project.open(project.folder).manifest.clips["dst"].cast


def test_parts_are_given_to_models_and_taken_out_again(two: Project) -> None:
    change_cast(two, "dst", ["person 2=anna", "track 1 = main"])
    assert cast_of(two) == {"person 2": "anna", "track 1": "main"}
    change_cast(two, "dst", ["track 1="])
    assert cast_of(two) == {"person 2": "anna"}
    change_cast(two, "dst", ["none", "person 1=anna"])
    assert cast_of(two) == {"person 1": "anna"}


def test_settings_of_a_part_stay_when_its_model_changes(two: Project) -> None:
    with two.change() as manifest:
        manifest.clips["dst"].cast = {"person 2": CastEntry.model_validate({"model": "main", "erode": 0.1})}
    change_cast(two, "dst", ["person 2=anna"])
    assert cast_of(two)["person 2"].model_dump() == {"model": "anna", "erode": 0.1}


def test_a_change_of_the_cast_is_taken_back_and_made_again_as_any_other(two: Project) -> None:
    change_cast(two, "dst", ["person 2=anna", "person 2.erode=0.1"])
    change_cast(two, "dst", ["person 2=main", "person 1=anna"])
    keep_said(two, "dst", {"blur": 0.2}, frames=None)
    change_cast(two, "dst", ["none"])
    assert undo_settings(two, "dst") == "dst: taken back: changed the cast: none."
    played_by_main = cast_of(two)["person 2"].model_dump()
    assert played_by_main == {"model": "main", "erode": 0.1} and cast_of(two)["person 1"] == "anna"
    undo_settings(two, "dst")
    assert "changed the cast: person 2=main, person 1=anna" in undo_settings(two, "dst")
    assert cast_of(two) == {"person 2": CastEntry.model_validate({"model": "anna", "erode": 0.1})}
    undo_settings(two, "dst")
    undo_settings(two, "dst")
    assert cast_of(two) == {}
    for _ in range(5):
        redo_settings(two, "dst")
    assert cast_of(two) == {}
    undo_settings(two, "dst")
    assert cast_of(two)["person 2"].model_dump() == played_by_main


def test_a_change_of_the_cast_is_taken_back_also_after_its_model_was_renamed(two: Project) -> None:
    keep_said(two, "dst", {"blur": 0.2}, frames=None)
    change_cast(two, "dst", ["person 2=anna"])
    change_cast(two, "dst", ["person 2="])
    rename_model(two, "anna", "berta")
    undo_settings(two, "dst")
    assert cast_of(two) == {"person 2": "berta"}
    rename_model(two, "berta", "anna")
    undo_settings(two, "dst")
    undo_settings(two, "dst")
    assert cast_of(two) == {} and not two.manifest.clips["dst"].merge


def test_a_cast_that_was_changed_by_hand_since_is_not_taken_back(two: Project) -> None:
    change_cast(two, "dst", ["person 2=anna"])
    with two.change() as manifest:
        manifest.clips["dst"].cast = {"person 2": "main"}
    with pytest.raises(ProjectInvalid, match="by hand"):
        undo_settings(two, "dst")
    keep_said(two, "dst", {"blur": 0.2}, frames=None)
    with two.change() as manifest:
        manifest.clips["dst"].cast = {}
    undo_settings(two, "dst")  # which has nothing to do with the cast
    assert cast_of(two) == {} and not two.manifest.clips["dst"].merge


@pytest.mark.parametrize(
    ("word", "error", "says"),
    [
        ("person 2=bob", ModelUnknown, "'bob'.*main, anna"),
        ("Anna=anna", CastInvalid, "'Anna'"),
        ("person 2", CastInvalid, "person 2=MODEL"),
        ("person 7=anna", CastInvalid, "person 1, person 2, track 1, track 2, track 3"),
        ("person", CastInvalid, 'quotes, like "person 1=main"'),
    ],
)
def test_what_makes_no_sense_changes_nothing(two: Project, word: str, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        change_cast(two, "dst", ["person 1=anna", word])
    assert cast_of(two) == {}


def test_a_cast_is_of_a_dst_clip(two: Project) -> None:
    for clip in ("src", "nope"):
        with pytest.raises(ClipMissing, match=clip):
            listed_cast(two, clip, "main")


def test_the_list_tells_every_track_its_model_and_parts_that_nobody_plays(two: Project) -> None:
    change_cast(two, "dst", ["person 2=anna", "track 3=main"])
    with two.change() as manifest:  # as by hand, or when the faces were found anew
        manifest.clips["dst"].cast["person 9"] = "anna"
    told = listed_cast(two, "dst", "main")
    rows = [(t["track"], t["person"], t["faces"], t["part"], t["model"]) for t in told["tracks"]]
    assert rows == [(1, 1, 2, "", "main"), (2, 2, 1, "person 2", "anna"), (3, 2, 1, "track 3", "main")]
    assert told["unplayed"] == ["person 9"]


def test_a_part_that_lost_its_faces_can_be_taken_out(two: Project) -> None:
    with two.change() as manifest:
        manifest.clips["dst"].cast = {"person 9": "anna"}
    change_cast(two, "dst", ["person 9="])
    assert cast_of(two) == {}


def test_a_cast_can_be_said_before_there_are_faces(project: Project) -> None:
    require_model(project, "main", preset=None)
    change_cast(project, "dst", ["person 2=main"])
    assert cast_of(project) == {"person 2": "main"}


def test_a_cast_with_a_setting_that_cannot_be_changes_nothing(two: Project) -> None:
    before = cast_of(two)
    for wrong in ("person 2.bluur=0.2", "person 2.blur=9", "person 1.blur=0.2"):
        with pytest.raises((OptionInvalid, CastInvalid)):
            change_cast(two, "dst", ["person 2=anna", wrong])
        assert cast_of(two) == before, wrong
