"""What is said about tracks is kept where it fits, and only there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from understudy.errors import ClipMissing, OptionInvalid, PersonUnknown, ProjectInvalid, TrackEditInvalid
from understudy.events import StageFinished
from understudy.files import write_json
from understudy.jobs import stages
from understudy.jobs.frames.tracks import (
    changed_edits,
    extract_with_edits,
    listed_tracks,
    name_track,
    picture_of_track,
)
from understudy.project.project import Project


def test_edits_add_up_until_all_are_forgotten():
    assert changed_edits(["drop:1"], ["merge:2+3", "drop:1"]) == ["drop:1", "merge:2+3"]
    assert changed_edits(["drop:1"], ["none"]) == []
    assert changed_edits(["drop:1"], ["none", "choose:2"]) == ["choose:2"]
    with pytest.raises(TrackEditInvalid):
        changed_edits([], ["drop"])


def extracting(monkeypatch, error: Exception | None = None) -> None:
    def extract(project: Project, **_: object) -> Iterator[StageFinished]:
        if error is not None:
            raise error
        yield StageFinished(stage="extract")

    monkeypatch.setattr(stages, "extract", extract)


def test_an_edit_is_kept_on_its_clip(project: Project, monkeypatch) -> None:
    extracting(monkeypatch)
    list(extract_with_edits(project, ["dst"], ["drop:2"], said={}, device="cpu"))
    assert Project.open(project.folder).manifest.clips["dst"].tracks == ["drop:2"]
    assert Project.open(project.folder).manifest.clips["src"].tracks == []


def test_an_edit_that_does_not_fit_is_not_kept(project: Project, monkeypatch) -> None:
    extracting(monkeypatch)
    list(extract_with_edits(project, ["dst"], ["drop:2"], said={}, device="cpu"))
    extracting(monkeypatch, TrackEditInvalid("there is no track 9"))
    with pytest.raises(TrackEditInvalid):
        list(extract_with_edits(project, ["dst"], ["drop:9"], said={}, device="cpu"))
    assert Project.open(project.folder).manifest.clips["dst"].tracks == ["drop:2"]


def test_an_edit_said_with_a_person_that_nobody_is_is_not_kept(project: Project, monkeypatch) -> None:
    extracting(monkeypatch, PersonUnknown("there is no person 9"))
    with pytest.raises(PersonUnknown):
        list(extract_with_edits(project, ["dst"], ["split:1@3"], said={}, device="cpu"))
    assert Project.open(project.folder).manifest.clips["dst"].tracks == []


def test_an_edit_without_its_clip_is_refused(project: Project) -> None:
    with pytest.raises(OptionInvalid, match="--track is about one clip"):
        list(extract_with_edits(project, [], ["drop:2"], said={}, device="cpu"))
    with pytest.raises(ClipMissing, match="no clip called 'nobody'"):
        list(extract_with_edits(project, ["nobody"], ["drop:2"], said={}, device="cpu"))


def test_looking_again_at_frames_is_not_left_out_silently(project: Project) -> None:
    with pytest.raises(OptionInvalid, match="--redo-deleted first"):
        list(extract_with_edits(project, ["dst"], ["drop:2"], said={}, device="cpu", redo_deleted=True))
    assert Project.open(project.folder).manifest.clips["dst"].tracks == []


def test_the_list_says_whether_something_else_was_written_down_since(project: Project) -> None:
    with pytest.raises(ProjectInvalid, match="not known yet"):
        listed_tracks(project, "dst")
    write_json(project.people_folder / "dst" / "tracks.json", {"edits": [], "tracks": []})
    assert listed_tracks(project, "dst") == {"edits": [], "tracks": [], "changed": False}
    with project.change() as manifest:
        manifest.clips["dst"].tracks = ["drop:1"]
    assert listed_tracks(project, "dst")["changed"]


def test_a_track_is_called_what_people_call_it(project: Project) -> None:
    write_json(
        project.people_folder / "dst" / "tracks.json", {"edits": [], "tracks": [{"track": 2}, {"track": 3}]}
    )
    name_track(project, "dst", 2, " Anna ")
    name_track(project, "dst", 3, "Bea")
    name_track(project, "dst", 3, "")
    assert Project.open(project.folder).manifest.clips["dst"].track_names == {"2": "Anna"}
    with pytest.raises(TrackEditInvalid, match="there are 2, 3"):
        name_track(project, "dst", 4, "Carl")
    with pytest.raises(ProjectInvalid, match="no picture of track 2"):
        picture_of_track(project, "dst", 2)
