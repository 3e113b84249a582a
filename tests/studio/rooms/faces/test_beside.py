"""The map of directions and the tracks."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from understudy.facesets.curation import coverage as comparing
from understudy.files import write_json
from understudy.project.project import Project

TRACK = {"track": 2, "person": 1, "first_frame": 0, "last_frame": 9, "faces": 10, "found": 10, "filled": 0}


@pytest.fixture
def tracked(project: Project) -> Project:
    folder = project.people_folder / "src"
    write_json(folder / "tracks.json", {"clip": "src", "edits": [], "tracks": [TRACK]})
    (folder / "track-02.jpg").write_bytes(b"\xff\xd8picture")
    return project


def test_the_map_counts_every_face_once(client: TestClient) -> None:
    told = client.get("/api/faces/coverage").json()
    assert sum(map(sum, told["src"]["counts"])) == told["src"]["faces"] == 40
    assert told["facesets"] == {"src": ["src/main"], "dst": ["dst/main"]}
    assert told["unmeasured"] == 40


def test_the_map_is_made_anew_only_when_faces_are_others(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, compare = list[int](), comparing.coverage
    monkeypatch.setattr(comparing, "coverage", lambda src, dst: made.append(1) or compare(src, dst))
    first = client.get("/api/faces/coverage")
    assert client.get("/api/faces/coverage").json() == first.json()  # another window
    seen = {"If-None-Match": first.headers["etag"]}
    again = client.get("/api/faces/coverage", headers=seen)
    assert (again.status_code, again.content, len(made)) == (304, b"", 1)
    client.post("/api/faces/reject", json={"faceset": "src/main", "names": ["src-000000-1.jpg"]})
    after = client.get("/api/faces/coverage", headers=seen)
    assert (after.status_code, after.json()["src"]["faces"], len(made)) == (200, 39, 2)


def test_a_track_gets_a_name_that_stays(client: TestClient, tracked: Project) -> None:
    client.post("/api/faces/tracks/name", json={"clip": "src", "track": 2, "name": " Anna "})
    assert Project.open(tracked.folder).manifest.clips["src"].track_names == {"2": "Anna"}
    told = client.get("/api/faces/tracks?clip=src").json()
    assert (told["names"], told["role"], told["faceset"]) == ({"2": "Anna"}, "src", "src/main")
    client.post("/api/faces/tracks/name", json={"clip": "src", "track": 2, "name": ""})
    assert Project.open(tracked.folder).manifest.clips["src"].track_names == {}


def test_tracks_of_a_clip_that_was_not_extracted_are_not_known_and_no_path_is_told(
    client: TestClient, project: Project
) -> None:
    answer = client.get("/api/faces/tracks?clip=dst")
    assert answer.json()["tracks"] is None and answer.json()["role"] == "dst"
    assert str(project.folder) not in answer.text


def test_tracks_that_are_not_there_are_refused(client: TestClient, tracked: Project) -> None:
    refused = client.post("/api/faces/tracks/name", json={"clip": "src", "track": 9, "name": "Anna"})
    assert (refused.status_code, refused.json()["kind"]) == (422, "TrackEditInvalid")
    assert client.get("/api/faces/tracks/src/2").content == b"\xff\xd8picture"
    assert client.get("/api/faces/tracks/src/3").json()["kind"] == "ProjectInvalid"
    for path in ("tracks/nobody/2", "tracks?clip=nobody"):
        assert client.get(f"/api/faces/{path}").json()["kind"] == "ClipMissing"
    assert client.post("/api/faces/tracks/edit", json={"clip": "src", "edits": ["chose:2"]}).status_code == 422
