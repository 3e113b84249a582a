"""The masks room is told a window of faces, whatever the faceset's size, and its thumbnails are made once."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.facesets.conftest import make_record, noise
from tests.studio.rooms.masks.conftest import FIRST
from tests.studio.rooms.masks.test_addresses import wish
from understudy.facesets import thumbnails
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset
from understudy.project.project import Project


@pytest.fixture
def many(filled: Project) -> Project:
    """Six hundred faces."""
    with filled.faceset("dst") as faceset:
        jpeg = noise(16, seed=0)
        for frame in range(3, 600):
            faceset.add(jpeg, make_record(clip="dst", frame=frame, size_px=16))
    return filled


def listed(client: TestClient, **how: Any) -> dict[str, Any]:
    return client.get("/api/masks/faces", params={"faceset": "dst", **how}).json()


def test_an_answer_is_as_long_as_the_window_and_not_as_the_faceset(many: Project, client: TestClient) -> None:
    answer = client.get("/api/masks/faces", params={"faceset": "dst", "around": "dst-000300-1.jpg"})
    told = answer.json()
    assert (told["total"], told["at"], len(told["faces"])) == (600, 300, 128)
    assert len(answer.content) < 200 * 128
    assert client.get("/api/masks/faces", params={"faceset": "dst", "count": 600}).status_code == 422


def test_going_from_face_to_face_and_drawing_reads_no_other_faces(
    many: Project, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = listed(client)["line"]
    parsed, looks, parse, refresh = list[int](), list[int](), FaceRecord.model_validate_json, Faceset.refresh
    monkeypatch.setattr(FaceRecord, "model_validate_json", lambda text: parsed.append(1) or parse(text))
    monkeypatch.setattr(Faceset, "refresh", lambda faceset: looks.append(1) or refresh(faceset))
    for frame in (1, 2, 3):
        told = listed(client, line=line, around=f"dst-00000{frame - 1}-1.jpg", by=1)
        face = told["faces"][told["at"] - told["start"]]
        assert (face["frame"], told["line"]) == (frame, line)
        where = {"faceset": "dst", "face": face["name"]}
        assert client.get("/api/masks/picture", params={**where, "v": face["version"]}).status_code == 200
        assert client.get("/api/masks/mask", params={**where, "name": "base"}).status_code == 200
        assert client.post("/api/masks/drawing", json=wish(client, face["name"])).status_code == 200
    told = listed(client, line=line, around=FIRST)
    assert [face["state"] for face in told["faces"][:5]] == ["none", "drawn", "drawn", "drawn", "none"]
    assert (told["line"], told["done"], len(looks)) == (line, 3, 0)
    assert len(parsed) < 40  # some for each face that was shown or drawn on, none for the other 597


def test_a_thumbnail_is_made_once_for_this_room_and_the_faces_room(
    many: Project, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, make = list[str](), thumbnails.thumbnail_jpeg
    monkeypatch.setattr(thumbnails, "thumbnail_jpeg", lambda *of: made.append(of[1].name) or make(*of))
    keys = ",".join(face["version"] for face in listed(client)["faces"][:19])
    for _ in range(2):
        sheet = client.get("/api/faces/thumbs", params={"faceset": "dst/main", "keys": keys})
        assert "immutable" in sheet.headers["cache-control"]
    assert len(made) == len(set(keys.split(",")))
    drawn = client.post("/api/masks/drawing", json=wish(client))
    assert drawn.status_code == 200
    after = listed(client)["faces"][0]["version"]
    assert after not in keys.split(",")
    assert (
        client.get("/api/faces/thumbs", params={"faceset": "dst/main", "keys": after}).content[:4]
        == b"\1\0\0\0"
    )


def test_few_faces_are_measured_for_an_order_and_many_are_said(
    many: Project, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from understudy.studio.rooms.masks import listing

    assert listed(client, sort="sharpness", limit=5)["unmeasured"] == 600
    monkeypatch.setattr(listing, "_MEASURED_AT_ONCE", 600)
    assert listed(client, sort="sharpness", limit=5)["unmeasured"] == 0


def test_large_facesets_are_only_counted_until_they_are_open(
    many: Project, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from understudy.studio.rooms.masks import listing

    monkeypatch.setattr(listing, "_OPENED_AT_ONCE", 599)
    (dst,) = client.get("/api/masks/desk").json()["facesets"]
    assert (dst["faces"], dst["drawn_on"], dst["learned_from"]) == (600, None, None)
    listed(client)
    (dst,) = client.get("/api/masks/desk").json()["facesets"]
    assert (dst["faces"], dst["drawn_on"], dst["learned_from"]) == (600, 0, 0)
