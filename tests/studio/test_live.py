"""`studio/live.py`."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from fastapi.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from understudy.studio import live
from understudy.studio.app import studio_app
from understudy.studio.live import Live
from understudy.studio.open_studio import Studio


def test_every_window_hears_what_is_said() -> None:
    studio = Studio(None)
    client = TestClient(studio_app(studio))
    with client.websocket_connect("/live") as one, client.websocket_connect("/live") as other:
        studio.live.say("faces", faceset="src/main")
        assert one.receive_json() == other.receive_json() == {"topic": "faces", "faceset": "src/main"}


def test_a_window_that_hears_nothing_is_told_that_the_studio_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "HEARTBEAT_S", 0.01)
    studio = Studio(None)
    with TestClient(studio_app(studio)).websocket_connect("/live") as window:
        assert [window.receive_json() for _ in range(3)] == [{"topic": "here"}] * 3
        studio.live.say("faces")
        while window.receive_json() != {"topic": "faces"}:
            pass


def test_who_listens_is_known_and_forgotten() -> None:
    studio = Studio(None)
    client = TestClient(studio_app(studio))
    assert not studio.live.is_heard
    with client.websocket_connect("/live"), client.websocket_connect("/live") as other:
        studio.live.say("faces")
        other.receive_json()
        assert studio.live.windows == 2
    assert not studio.live.is_heard


def test_a_window_that_is_too_slow_is_told_to_look_anew_and_takes_no_memory() -> None:
    async def play() -> list[dict[str, Any]]:
        told = Live()
        with told.window() as queue:
            for n in range(10_000):
                told.say("training", n=n)
            await asyncio.sleep(0)
            assert queue.qsize() <= 500
            return [queue.get_nowait() for _ in range(queue.qsize())]

    messages = asyncio.run(play())
    assert messages[0] == {"topic": "look-anew"} and messages[-1] == {"topic": "training", "n": 9999}


def test_too_many_windows_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_WINDOWS", 1)
    studio = Studio(None)
    client = TestClient(studio_app(studio))
    with client.websocket_connect("/live") as first:
        with client.websocket_connect("/live") as second, pytest.raises(WebSocketDisconnect) as left:
            second.receive_json()
        assert left.value.code == 1013
        studio.live.say("faces")
        assert first.receive_json()["topic"] == "faces"
