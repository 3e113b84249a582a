"""`studio/connections.py`: a server that is attacked with silence and with floods."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from fastapi import FastAPI, WebSocket
from fastapi.testclient import TestClient
from websockets.sync.client import connect

from understudy.studio import connections
from understudy.studio.connections import NotTooMany, PatientConnection, most_connections

SILENT_S = 1.0


def _app() -> FastAPI:
    app = FastAPI()

    @app.get("/quick")
    def quick() -> str:
        return "quick"

    @app.get("/slow")
    def slow() -> str:
        time.sleep(3 * SILENT_S)
        return "slow"

    @app.websocket("/live")
    async def live(window: WebSocket) -> None:
        await window.accept()
        await asyncio.sleep(3 * SILENT_S)
        await window.send_text("still here")

    return app


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server that holds six connections and waits a second for a request."""
    monkeypatch.setattr(PatientConnection, "silent_s", SILENT_S)
    monkeypatch.setattr(connections, "most_connections", lambda: 6)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(_app(), http=PatientConnection, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    thread.join(20)
    listening.close()


def _is_closed(one: socket.socket) -> bool:
    one.settimeout(60)
    with contextlib.suppress(ConnectionError):
        return one.recv(1) == b""
    return True


@pytest.mark.parametrize("said", [b"", b"GET /quick HT", b"GET /quick HTTP/1.1\r\nHost: studio\r\nX-Long: "])
def test_who_never_says_a_whole_request_is_sent_away(port: int, said: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.sendall(said)
        assert _is_closed(silent)


def test_who_says_one_request_and_half_of_another_is_sent_away_too(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port)) as slow:
        slow.sendall(b"GET /quick HTTP/1.1\r\nHost: studio\r\n\r\n")
        while b"quick" not in slow.recv(4096):
            pass
        slow.sendall(b"GET /qui")
        assert _is_closed(slow)


def test_an_answer_and_a_window_that_listens_may_take_longer(port: int) -> None:
    with connect(f"ws://127.0.0.1:{port}/live") as window:
        answer = http.client.HTTPConnection("127.0.0.1", port)
        answer.request("GET", "/slow")
        assert answer.getresponse().read() == b'"slow"'
        assert window.recv(timeout=60) == "still here"


def test_one_connection_too_many_is_told_so_and_the_silent_ones_make_room(port: int) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(6):
            stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        answer = http.client.HTTPConnection("127.0.0.1", port)
        answer.connect()
        told = http.client.HTTPResponse(answer.sock)  # it is told before it asks
        told.begin()
        assert told.status == 503 and b"too many open connections" in told.read()
        until = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError, http.client.HTTPException):
                again = http.client.HTTPConnection("127.0.0.1", port)
                again.request("GET", "/quick")
                if again.getresponse().status == 200:
                    break
            assert time.monotonic() < until
            time.sleep(0.05)


def test_files_keep_their_share_of_the_handles() -> None:
    assert 16 <= most_connections() <= 512


def test_more_requests_than_can_be_under_way_are_refused_in_words() -> None:
    app, holding, go_on = FastAPI(), threading.Event(), threading.Event()

    @app.get("/held")
    def held() -> str:
        holding.set()
        assert go_on.wait(20)
        return "held"

    limited = NotTooMany(app, most=1)
    with TestClient(limited) as window:
        thread = threading.Thread(target=window.get, args=("/held",))
        thread.start()
        assert holding.wait(20)
        refused = window.get("/held")
        assert refused.status_code == 503 and refused.json()["kind"] == "TooBusy"
        go_on.set()
        thread.join(20)
        assert window.get("/held").json() == "held" and limited.under_way == 0
