"""`studio/uploads.py`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest
from fastapi import Request
from fastapi.testclient import TestClient

from tests.jobs.conftest import write_wall
from understudy.project.project import Project
from understudy.studio import uploads
from understudy.studio.door import Door
from understudy.studio.open_studio import Studio
from understudy.studio.places import clip_path
from understudy.studio.server import served_app

HERE = "http://127.0.0.1:8471"


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A studio on a new project."""
    return Studio(Project.create(tmp_path / "shot").folder)


@pytest.fixture
def client(studio: Studio) -> TestClient:
    """A browser that was let in, through the guard."""
    door = Door()
    client = TestClient(served_app(studio, door), base_url=HERE, headers={"Origin": HERE})
    client.get(f"/login?token={door.new_token()}")
    return client


def _put(
    client: TestClient, upload: dict[str, Any], data: Any, at: int = 0, kind: str = "application/octet-stream"
):
    return client.put(
        f"/api/uploads/{upload['id']}?at_bytes={at}", content=data, headers={"Content-Type": kind}
    )


def test_a_clip_is_sent_and_can_be_chosen(tmp_path: Path, client: TestClient, studio: Studio) -> None:
    data = write_wall(tmp_path / "wall.mp4").read_bytes()
    upload = client.post("/api/uploads", json={"name": "../wall.mp4", "size_bytes": len(data)}).json()
    assert upload["name"] == "wall.mp4"
    assert _put(client, upload, data[:1000]).json()["have_bytes"] == 1000
    assert client.get(f"/api/uploads/{upload['id']}").json()["have_bytes"] == 1000
    assert _put(client, upload, iter([data[1000:2000], data[2000:]]), 1000).json()["have_bytes"] == len(data)
    arrived = client.post(f"/api/uploads/{upload['id']}/finish", json={}).json()
    assert clip_path(studio, arrived["clip"]).read_bytes() == data
    assert arrived["clip"] in {clip["id"] for clip in client.get("/api/places/clips").json()["clips"]}


def test_a_connection_that_falls_silent_keeps_what_came_and_lets_the_piece_be_sent_again(
    client: TestClient, studio: Studio
) -> None:
    begun = client.post("/api/uploads", json={"name": "wall.mp4", "size_bytes": 30}).json()
    upload = studio.receiving.get(begun["id"])
    silent = studio.receiving.piece(upload, 0)
    assert _put(client, begun, b"x" * 30).json()["kind"] == "UploadBusy"

    class HalfOpen:
        async def stream(self) -> AsyncIterator[bytes]:
            yield b"x" * 10
            await asyncio.sleep(3600)

    asyncio.run(uploads._write(silent, cast("Request", HalfOpen()), silent_s=0.05))
    silent.close()
    assert _put(client, begun, b"x" * 20, 10).json()["have_bytes"] == 30


def test_a_slow_disk_holds_up_one_piece_and_nobody_else(
    client: TestClient, studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = client.post("/api/uploads", json={"name": "wall.mp4", "size_bytes": 30}).json()
    opened = studio.receiving.piece

    def slowly(*asked: Any) -> Any:
        with pytest.raises(RuntimeError, match="no running event loop"):
            asyncio.get_running_loop()
        return opened(*asked)

    monkeypatch.setattr(studio.receiving, "piece", slowly)
    assert _put(client, begun, b"x" * 30).json()["have_bytes"] == 30


def test_a_refusal_is_a_sentence(client: TestClient) -> None:
    answer = client.post("/api/uploads", json={"name": "a.exe", "size_bytes": 5})
    assert answer.status_code == 422 and "no clip" in answer.json()["error"]
    assert client.get("/api/uploads/0123").json()["kind"] == "UploadUnknown"


@pytest.mark.parametrize(
    "kind", ["text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"]
)
def test_no_form_of_a_page_can_send_a_piece(client: TestClient, kind: str) -> None:
    upload = client.post("/api/uploads", json={"name": "a.mp4", "size_bytes": 5}).json()
    assert _put(client, upload, b"abc", kind=kind).status_code == 415
    assert _put(client, upload, b"abc").json()["have_bytes"] == 3


def test_a_cancelled_clip_is_gone(client: TestClient, studio: Studio) -> None:
    upload = client.post("/api/uploads", json={"name": "a.mp4", "size_bytes": 5}).json()
    _put(client, upload, b"abc")
    assert client.post(f"/api/uploads/{upload['id']}/cancel", json={}).status_code == 200
    assert [path.name for path in (studio.project().folder / "clips").iterdir()] == []
    assert _put(client, upload, b"de", 3).status_code == 422


def test_what_is_over_the_size_is_refused_while_it_comes(client: TestClient, studio: Studio) -> None:
    upload = client.post("/api/uploads", json={"name": "a.mp4", "size_bytes": 5}).json()
    taken = 0

    def endless() -> Any:
        nonlocal taken
        for _ in range(100):
            taken += 1
            yield b"x" * (1 << 20)

    assert "at most 32 MB" in _put(client, upload, endless()).json()["error"]
    (aside,) = (studio.project().folder / "clips").iterdir()
    assert aside.stat().st_size == 0


def test_without_a_project_there_is_no_place_for_a_clip(tmp_path: Path) -> None:
    door = Door()
    client = TestClient(served_app(Studio(None), door), base_url=HERE, headers={"Origin": HERE})
    client.get(f"/login?token={door.new_token()}")
    answer = client.post("/api/uploads", json={"name": "a.mp4", "size_bytes": 5})
    assert answer.status_code == 422 and answer.json()["kind"] == "ProjectInvalid"
