"""`studio/app.py`."""

from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from starlette.responses import Response

from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio


def test_the_page_and_its_modules_are_served() -> None:
    client = TestClient(studio_app(Studio(None)))
    assert "us-shell" in client.get("/").text
    assert client.get("/web/shell.js").headers["content-type"].startswith("text/javascript")


def test_what_cant_be_understood_is_a_sentence_too() -> None:
    app = studio_app(Studio(None))
    app.add_api_route("/api/probe", lambda n: n, methods=["GET"])
    client = TestClient(app)
    answer = client.get("/api/probe")
    assert answer.status_code == 422 and answer.json()["error"] == "The studio can't take n: Field required."
    told = client.get("/api/nowhere").json()
    assert told == {"error": "There is nothing at this address.", "kind": "RequestInvalid"}
    assert client.put("/api/studio").json()["error"] == "Method Not Allowed."


@pytest.mark.parametrize("address", ["/nowhere", "/api/nowhere", "/web/nowhere.js"])
def test_a_person_who_goes_where_nothing_is_gets_a_page_that_leads_back(address: str) -> None:
    client = TestClient(studio_app(Studio(None)))
    told = client.get(address, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert told.status_code == 404 and told.headers["content-type"].startswith("text/html")
    assert "There is nothing at this address." in told.text and '<a href="/">To the studio</a>' in told.text
    assert client.get(address).headers["content-type"] == "application/json"


def test_a_window_is_told_which_project_is_open(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "shot", name="Shot 12")
    told = TestClient(studio_app(Studio(project.folder))).get("/api/studio").json()
    assert told["project"] == "Shot 12"
    assert TestClient(studio_app(Studio(None))).get("/api/studio").json()["project"] is None
    again = TestClient(studio_app(Studio(project.folder))).get("/api/studio").json()
    others = TestClient(studio_app(Studio(tmp_path / "other"))).app.state.studio.id  # type: ignore[attr-defined]
    assert told["id"] == again["id"] != others, "a browser knows a project again, and not another one for it"


def test_long_lists_travel_small_and_pictures_as_they_are() -> None:
    app = studio_app(Studio(None))
    app.add_api_route("/api/list", lambda: ["abc"] * 5000, methods=["GET"])
    app.add_api_route("/api/picture", lambda: Response(bytes(9000), media_type="image/jpeg"), methods=["GET"])
    client = TestClient(app)
    assert client.get("/api/list").headers["content-encoding"] == "gzip"
    assert "content-encoding" not in client.get("/api/picture").headers


def test_a_module_is_sent_once_and_asked_for_again_by_its_tag() -> None:
    client = TestClient(studio_app(Studio(None)))
    tag = client.get("/web/shell.js").headers["etag"]
    again = client.get("/web/shell.js", headers={"If-None-Match": tag})
    assert again.status_code == 304 and again.content == b""
