"""A shot as a whole."""

from __future__ import annotations

import sys

import pytest

from tests.jobs.conftest import write_wall
from tests.studio.rooms.merge.conftest import Room
from understudy.facesets.extraction.found import clip_content
from understudy.facesets.extraction.journal import Journal
from understudy.files import read_json, write_json
from understudy.jobs import stages
from understudy.jobs.measure import measure_merged
from understudy.project.lock import exclusive


def merge(room: Room) -> None:
    list(stages.merge(room.project, "main", clips=["dst"], said={}, device="cpu"))


def test_the_room_knows_its_clips_models_and_people(room: Room) -> None:
    assert room.get("room").json() == {"clips": [{"name": "dst", "cast": False}], "models": ["main"]}
    shot = room.get("shot").json()
    assert (shot["frames"], shot["width"], shot["height"], shot["fps"]) == (3, 64, 48, 25.0)
    assert shot["tracks"][0]["person"] == 1 and shot["tracks"][0]["model"] == "main"
    assert room.get("shot", clip="src").status_code == 422


def test_frames_stand_as_they_are_on_disk(room: Room) -> None:
    assert room.get("states").json()["letters"] == "ntn"
    merge(room)
    assert room.get("states").json()["letters"] == "nmn"
    room.post("keep", frame=1, values={"erode": 0.06})
    told = room.get("states").json()
    assert told["letters"] == "nsn" and told["why"]["1"] == "its settings changed" and told["why"]["0"]


def test_who_merges_the_clip_right_now_is_told_too(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["understudy", "merge"])
    with exclusive(room.project.clip_lock("dst")):
        assert "being merged right now by process" in room.get("states").json()["merging"]
    assert room.get("states").json()["merging"] == ""


def test_where_the_footage_is_another_it_is_said_as_long_as_something_would_be_painted(room: Room) -> None:
    path = room.project.clip_path("dst")
    with Journal(room.project.faceset_folder(*room.project.faceset_of_clip("dst"))) as journal:
        journal.note_face("dst", content=clip_content(path), frame=1, person=1)
    assert room.get("states").json()["footage"] == []
    write_wall(path, grey=120)
    assert "another one than when" in room.get("states").json()["footage"][0]
    merge(room)
    told = room.get("states").json()
    assert (told["letters"], told["footage"]) == ("nmn", [])


def test_graphs_are_there_once_what_is_merged_was_measured(room: Room) -> None:
    assert room.get("graphs").json() == {"measured": None}
    merge(room)
    list(measure_merged(room.project, "dst", "main"))
    measured = room.get("graphs").json()["measured"]
    assert measured["by_frame"]["frame"] == [1] and measured["current"] and not measured["hardly_changed"]
    kept = room.project.merged_folder("dst", room.project.merged_name("dst", "main")) / "steadiness.json"
    told = read_json(kept)
    write_json(kept, {**told, "all": {**told["all"], "changed": 0.1}})
    assert room.get("graphs").json()["measured"]["hardly_changed"].startswith("Only 10 % of the face")
    del told["all"]["changed"]
    write_json(kept, told)
    assert not room.get("graphs").json()["measured"]["hardly_changed"], "an older measure says nothing of it"


def test_people_are_given_to_models(room: Room) -> None:
    assert room.post("cast", words=["person 1=main"]).status_code == 200
    assert room.manifest().cast == {"person 1": "main"}
    assert room.post("cast", words=["person 9=main"]).status_code == 422
    assert room.post("cast", words=["person 1="]).status_code == 200 and not room.manifest().cast
