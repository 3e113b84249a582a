"""Runs over HTTP: started, followed, stopped; a window says names and values, never words of a command."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from understudy.jobs.runs.book import RunBook
from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    made = Studio(Project.create(tmp_path / "project").folder)
    yield made
    for run in made.runs.all():
        made.runs.stop(run.id, at_once=True)


@pytest.fixture
def client(studio: Studio) -> TestClient:
    return TestClient(studio_app(studio))


def _ended(book: RunBook, id: str) -> None:
    end = time.monotonic() + 60
    while book.get(id).living:
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_stage_runs_and_its_refusal_can_be_read(studio: Studio, client: TestClient) -> None:
    told = client.post("/api/project/runs", json={"command": "extract", "facts": {"said": {"padding": 0.1}}})
    assert told.status_code == 422 and "padding" in told.json()["error"]
    run = client.post("/api/project/runs", json={"command": "extract"}).json()
    assert run["typed"] == "understudy extract ." and run["state"] == "running"
    _ended(studio.runs, run["id"])
    run = client.get(f"/api/project/runs/{run['id']}").json()
    assert run["state"] == "failed" and "no clips yet" in run["sentence"]
    assert "no clips yet" in client.get(f"/api/project/runs/{run['id']}/output").json()["text"]
    assert client.get(f"/api/project/runs/{run['id']}/events?since=0").json() == {"events": [], "next": 0}
    assert [one["id"] for one in client.get("/api/project/runs").json()["runs"]] == [run["id"]]


def test_what_becomes_of_the_queue_is_chosen(studio: Studio, client: TestClient) -> None:
    told = client.get("/api/project/runs").json()["queue"]
    assert told["if_one_fails"] == "needing" and set(told["choices"]) == {"needing", "all", "none"}
    assert client.post("/api/project/runs/queue", json={"if_one_fails": "all"}).status_code == 200
    assert client.get("/api/project/runs").json()["queue"]["if_one_fails"] == "all"
    assert studio.runs.queue_options().if_one_fails == "all"
    assert client.post("/api/project/runs/queue", json={"if_one_fails": "some"}).status_code == 422


@pytest.mark.parametrize(
    "wish",
    [
        {"command": "verify", "facts": {}},
        {"command": "train", "facts": {"model": "../../etc"}},
        {"command": "extract", "facts": {"clips": ["--help"]}},
        {"command": "extract", "facts": {"said": {"import_file": "/etc/passwd"}}},
        {"command": "extract", "facts": {"said": ["--out=/tmp"]}},
        {"command": "train", "facts": {"device": "cpu --out=/x"}},
        {"command": "train", "facts": {"processes": "2"}},
        {"command": "merge", "facts": {"model": "nobody"}},
        {"command": "masks-train", "facts": {"segmenter": ".."}},
    ],
)
def test_what_is_no_name_of_the_project_starts_nothing(
    studio: Studio, client: TestClient, wish: dict[str, object]
) -> None:
    told = client.post("/api/project/runs", json=wish)
    assert told.status_code == 422 and told.json()["error"]
    assert studio.runs.all() == []


def test_a_run_in_the_queue_is_moved_and_taken_out(studio: Studio, client: TestClient) -> None:
    until_asked = (sys.executable, "-c", "import time; time.sleep(600)")
    first = RunBook(studio.project(), program=until_asked).start(["advise", "."])
    second = client.post("/api/project/runs", json={"command": "extract", "queue": True}).json()
    assert (second["state"], second["ahead"]) == ("queued", 1)
    third = client.post("/api/project/runs", json={"command": "extract", "queue": True}).json()
    moved = client.post(f"/api/project/runs/{third['id']}/move", json={"before": second["id"]}).json()
    assert (third["ahead"], moved["ahead"]) == (2, 1)
    runs = client.get("/api/project/runs").json()["runs"]
    assert [(run["id"], run["ahead"]) for run in runs] == [
        (second["id"], 2),
        (third["id"], 1),
        (first.id, 0),
    ]
    assert client.post(f"/api/project/runs/{third['id']}/stop", json={}).json()["state"] == "stopped"
    assert client.post(f"/api/project/runs/{second['id']}/stop", json={}).json()["state"] == "stopped"
    client.post(f"/api/project/runs/{first.id}/stop", json={"at_once": True})
    _ended(studio.runs, first.id)
    assert studio.runs.get(first.id).state == "stopped"


def test_an_unknown_run_is_said_to_be_unknown(client: TestClient) -> None:
    told = client.get("/api/project/runs/nothing")
    assert told.status_code == 422 and told.json()["kind"] == "RunUnknown"


def test_a_run_from_elsewhere_shows_its_command_and_begins_when_a_person_says_so(
    studio: Studio, client: TestClient
) -> None:
    folder = studio.runs.folder / "20260101-000000-000-new"
    folder.mkdir(parents=True)
    (folder / "run.json").write_text('{"title": "Find faces", "words": ["extract", "."], "created": 1.0}')
    (told,) = client.get("/api/project/runs").json()["runs"]
    assert (told["state"], told["from_elsewhere"], told["typed"]) == ("queued", True, "understudy extract .")
    assert client.post(f"/api/project/runs/{folder.name}/accept").json()["state"] == "running"
    _ended(studio.runs, folder.name)
    assert client.post(f"/api/project/runs/{folder.name}/accept").status_code == 422
