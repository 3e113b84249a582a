"""The gallery's lists say what the `faceset` commands say."""

from __future__ import annotations

import base64
import time
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from understudy.facesets.curation.choose import Choice
from understudy.facesets.sorting.sorts import SORTS
from understudy.facesets.sorting.table import COLUMNS
from understudy.jobs.facesets import curating as jobs
from understudy.project.project import Project


def order(client: TestClient, **asked: Any) -> dict[str, Any]:
    return client.get("/api/faces/order", params={"faceset": "src/main", **asked}).json()


def names(client: TestClient, **asked: Any) -> list[str]:
    table = client.get("/api/faces/table?faceset=src/main").json()
    places = np.frombuffer(base64.b64decode(order(client, **asked)["places"]), "<u4")
    return [table["names"][place] for place in places]


def test_every_faceset_is_counted(client: TestClient) -> None:
    told = client.get("/api/faces/facesets").json()
    assert [(one["name"], one["faces"], one["roles"]) for one in told] == [
        ("src/main", 40, ["src"]),
        ("dst/main", 0, ["dst"]),
    ]


def test_every_sort_and_column_of_the_commands_is_offered(client: TestClient) -> None:
    told = client.get("/api/faces/options").json()
    assert [one["name"] for one in told["sorts"]] == list(SORTS)
    assert [one["name"] for one in told["columns"]] == list(COLUMNS)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"backwards": True},
        {"sort": "yaw_deg"},
        {"sort": "face-pitch", "backwards": True, "limit": 7},
        {"sort": "face", "where": "abs(yaw_deg) < 12 and person == 1"},
        {"sort": "final-fast", "limit": 11},
    ],
)
def test_an_order_is_the_one_that_the_command_prints(
    client: TestClient, project: Project, asked: dict[str, Any]
) -> None:
    printed = jobs.list_faces(project, "src", Choice(**asked))
    assert names(client, **asked) == [row["name"] for row in printed]


def test_groups_follow_one_another_and_keep_the_order_inside(client: TestClient) -> None:
    told = order(client, sort="yaw_deg", group="person")
    assert told["groups"] == [["src, person 1", 20], ["src, person 2", 20]]
    assert told["values"][:20] == sorted(told["values"][:20])
    assert names(client, sort="yaw_deg", group="person")[:20] == names(
        client, sort="yaw_deg", where="person == 1"
    )


def test_what_is_not_measured_is_counted_and_comes_after(client: TestClient, project: Project) -> None:
    nothing = {"left_out": 0, "let_through": 0, "last": 0}
    assert order(client, sort="yaw_deg")["unmeasured"] == nothing
    assert order(client, sort="blur")["unmeasured"] == {**nothing, "last": 40}
    assert order(client, sort="blur", limit=3)["unmeasured"] == {**nothing, "last": 40}
    list(jobs.measure_faceset(project, "src"))
    assert order(client, sort="blur")["unmeasured"] == nothing


def test_a_face_that_matches_a_filter_is_not_said_to_match_none(
    client: TestClient,
) -> None:
    def told(**how: Any) -> dict[str, int]:
        return {what: count for what, count in order(client, **how)["unmeasured"].items() if count}

    assert told(where="person == 1") == {}
    assert told(where="person == 1", sort="blur") == {"last": 20}
    assert told(where="sharpness < 0.5") == {"left_out": 40}
    assert told(where="person == 1 or sharpness < 0.5") == {"left_out": 20, "let_through": 20}
    assert told(where="person == 1 or sharpness < 0.5", limit=5) == {"left_out": 20, "let_through": 20}


def test_a_list_is_sent_once_for_each_state(client: TestClient, project: Project) -> None:
    for path in ("/api/faces/table?faceset=src/main", "/api/faces/order?faceset=src/main&sort=yaw_deg"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
        next(iter(project.faceset_folder("src").glob("*.jpg"))).unlink()
        changed = client.get(path, headers={"If-None-Match": first.headers["etag"]})
        assert (changed.status_code, changed.json()["version"] != first.json()["version"]) == (200, True)


def test_a_filter_that_is_none_is_refused_in_a_sentence(client: TestClient) -> None:
    refused = client.get("/api/faces/order?faceset=src/main&where=yaw+>")
    assert (refused.status_code, refused.json()["kind"]) == (422, "OptionInvalid")
    assert "can't be read" in refused.json()["error"]
    assert client.get("/api/faces/order?faceset=../main").json()["kind"] == "FacesUnknown"
    told = client.get("/api/faces/why-none", params={"faceset": "src/main", "where": "yaw_deg > 99"}).json()
    assert told["spread"] == {"yaw_deg": [-9.0, 30.0]}


def test_a_long_sort_says_how_far_it_is_and_is_stopped(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from understudy.jobs.facesets import kept_open, kept_orders
    from understudy.studio.rooms.faces import listing

    def endless(*asked: Any) -> None:
        while True:
            asked[-1](0.25)
            time.sleep(0.001)

    monkeypatch.setattr(kept_open, "ordered", endless)
    monkeypatch.setattr(kept_orders, "_SAY_EVERY_S", 0.0)
    monkeypatch.setattr(listing, "_WAIT_S", 0.05)
    where = {"faceset": "src/main"}
    end = time.monotonic() + 30
    while not (told := order(client, sort="hist"))["share"]:  # it has to begin
        assert time.monotonic() < end
    assert (told["sorting"], told["share"]) == (True, 0.25) and told["seconds_left"] > 0
    with client.websocket_connect("/live") as window:
        said = window.receive_json()
        assert (said["topic"], said["faceset"], said["share"]) == ("sorting", "src/main", 0.25)
        assert client.post("/api/faces/stop-sorting", json=where).json() == {"stopped": 1}
        while not said.get("stopped"):
            said = window.receive_json()
        assert said == {"topic": "sorting", "faceset": "src/main", "stopped": True}
    monkeypatch.undo()
    assert "places" in order(client, sort="face-yaw")
    assert client.post("/api/faces/stop-sorting", json=where).json() == {"stopped": 0}
