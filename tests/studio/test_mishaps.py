"""`studio/mishaps.py`."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from understudy.studio import mishaps
from understudy.studio.mishaps import Mishaps, server_log, write_down


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Where it is written down."""
    return tmp_path / "logs" / "studio.log"


@pytest.fixture
def client(log: Path) -> TestClient:
    """A window on an application with bugs."""
    app = FastAPI()

    @app.get("/bug")
    def bug() -> None:
        raise ZeroDivisionError("a secret of the inside")

    @app.websocket("/live")
    async def live(socket: WebSocket) -> None:
        await socket.accept()
        raise ZeroDivisionError("in the socket")

    @app.get("/a/{b}")
    def divide(b: str) -> None:
        raise ZeroDivisionError(b[:0])

    app.add_middleware(Mishaps, log=lambda: log)
    return TestClient(app)


def test_a_bug_is_a_sentence_that_leads_to_its_traceback(client: TestClient, log: Path) -> None:
    answer = client.get("/bug?token=abc", headers={"Cookie": "understudy_1=def"})
    facts = answer.json()
    assert answer.status_code == 500 and facts["kind"] == "Bug"
    assert "Traceback" not in answer.text and "secret" not in answer.text
    text = log.read_text()
    assert facts["reference"] in text and "ZeroDivisionError" in text and 'GET "/bug"' in text
    assert "abc" not in text and "understudy_1" not in text


def test_a_bug_behind_a_websocket_ends_that_one_alone(client: TestClient, log: Path) -> None:
    with client.websocket_connect("/live") as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    assert closed.value.code == 1011 and "in the socket" in log.read_text()


def test_a_path_that_looks_like_a_line_of_the_log_forges_none(client: TestClient, log: Path) -> None:
    client.get("/a/x%0a2026-01-01 forged")
    assert not any(line.startswith("2026-01-01 forged") for line in log.read_text().splitlines())


def test_a_log_that_grows_too_large_makes_room(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mishaps, "LARGEST_LOG_BYTES", 100)
    for n in range(3):
        write_down(log, str(n), "x", "y" * 100)
    assert "2 x" in log.read_text() and "1 x" in log.with_suffix(".old.log").read_text()


def test_a_log_that_cant_be_written_changes_nothing(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be")
    write_down(tmp_path / "logs" / "studio.log", "1", "x", "y")


def test_what_the_web_server_complains_of_is_logged(log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with server_log(lambda: log):
        logging.getLogger("uvicorn.error").error("went wrong")
        logging.getLogger("uvicorn.error").warning("noise")
    assert "went wrong" in log.read_text() and "noise" not in log.read_text()
    assert capsys.readouterr().err == ""
