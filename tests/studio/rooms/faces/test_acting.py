"""What the room does with faces is on the disk afterwards, and taken back the same way."""

from __future__ import annotations

from fastapi.testclient import TestClient

from understudy.jobs.facesets import curating as jobs
from understudy.project.project import Project
from understudy.training.keeping.lock import model_lock

SET = {"faceset": "src/main"}


def files(project: Project) -> set[str]:
    return {path.name for path in project.faceset_folder("src").glob("src-*")}


def in_trash(project: Project) -> set[str]:
    return {path.name for path in project.trash.folder.rglob("src-*.jpg")}


def step(client: TestClient, verb: str, number: int) -> dict:
    return client.post(f"/api/faces/{verb}", json={**SET, "step": number}).json()


def test_rejected_faces_lie_in_the_trash_and_come_back_by_undo(client: TestClient, project: Project) -> None:
    before = files(project)
    gone = ["src-000000-1.jpg", "src-000004-2.jpg"]
    told = client.post("/api/faces/reject", json={**SET, "names": gone}).json()
    assert told["gone"] == gone
    assert files(project) == before - set(gone) and in_trash(project) == set(gone)
    assert client.get("/api/faces/table", params=SET).json()["names"] == sorted(before - set(gone))
    assert client.get("/api/faces/rejected", params=SET).json() == gone[::-1]
    back = step(client, "undo", told["next"]["undo"]["step"])
    assert sorted(back["back"]) == gone
    assert files(project) == before and not in_trash(project)
    step(client, "redo", back["next"]["redo"]["step"])
    assert files(project) == before - set(gone)
    told = client.get("/api/faces/history", params=SET).json()
    assert [(step["verb"], step["faces"], step["undone"]) for step in told] == [("reject", 2, False)]
    assert client.post("/api/faces/restore", json={**SET, "names": gone[:1]}).json()["back"] == gone[:1]
    assert files(project) == before - {gone[1]}


def test_keeping_puts_all_others_away(client: TestClient, project: Project) -> None:
    kept = ["src-000001-1.jpg", "src-000001-2.jpg"]
    told = client.post("/api/faces/keep", json={**SET, "names": kept}).json()
    assert len(told["gone"]) == 38
    assert files(project) == set(kept)
    assert len(step(client, "undo", told["next"]["undo"]["step"])["back"]) == 38


def test_a_change_names_the_models_whose_training_goes_on_without_it(
    client: TestClient, project: Project
) -> None:
    project.add_model("main")
    with model_lock(project.model_folder("main")):
        told = client.post("/api/faces/reject", json={**SET, "names": ["src-000000-1.jpg"]}).json()
    assert told["learning"] == ["main"]
    assert step(client, "undo", told["next"]["undo"]["step"])["learning"] == []


def test_a_window_takes_back_what_it_offers_and_nothing_that_came_later(
    client: TestClient, project: Project
) -> None:
    told = client.post("/api/faces/reject", json={**SET, "names": ["src-000000-1.jpg"]}).json()
    jobs.reject_faces(project, "src", jobs.Choice(names=("src-000003-1.jpg",)))
    after = files(project)
    refused = client.post("/api/faces/undo", json={**SET, "step": told["next"]["undo"]["step"]})
    assert (refused.status_code, refused.json()["kind"]) == (422, "StepOutdated")
    assert files(project) == after
    newest = client.get("/api/faces/steps", params=SET).json()["undo"]
    assert step(client, "undo", newest["step"])["back"] == ["src-000003-1.jpg"]


def test_a_face_that_is_gone_changes_nothing(client: TestClient, project: Project) -> None:
    before = files(project)
    refused = client.post("/api/faces/reject", json={**SET, "names": ["src-000000-1.jpg", "nobody.jpg"]})
    assert (refused.status_code, refused.json()["kind"]) == (422, "FacesUnknown")
    assert files(project) == before
    assert client.post("/api/faces/reject", json={**SET, "names": []}).status_code == 422
    nothing = client.post("/api/faces/undo", json={**SET, "step": 0})
    assert (nothing.status_code, nothing.json()["kind"]) == (422, "NothingToUndo")


def test_what_another_program_did_meanwhile_is_seen(client: TestClient, project: Project) -> None:
    assert len(client.get("/api/faces/table", params=SET).json()["names"]) == 40
    jobs.reject_faces(project, "src", jobs.Choice(names=("src-000003-1.jpg",)))
    assert "src-000003-1.jpg" not in client.get("/api/faces/table", params=SET).json()["names"]
    client.post("/api/faces/reject", json={**SET, "names": ["src-000003-2.jpg"]})
    assert [step.faces for step in jobs.history(project, "src")] == [1, 1]


def test_faces_are_copied_into_a_new_faceset(client: TestClient, project: Project) -> None:
    names = ["src-000001-1.jpg", "src-000002-1.jpg"]
    client.post("/api/faces/copy", json={**SET, "names": names, "goal": "src/close"})
    assert {path.name for path in project.faceset_folder("src", "close").glob("src-*")} == set(names)
    told = client.get("/api/faces/facesets").json()
    assert {one["name"]: one["faces"] for one in told} == {"src/main": 40, "src/close": 2, "dst/main": 0}


def test_every_window_is_told(client: TestClient) -> None:
    with client.websocket_connect("/live") as window:
        client.post("/api/faces/reject", json={**SET, "names": ["src-000000-1.jpg"]})
        assert window.receive_json() == {"topic": "faces", "faceset": "src/main"}
