"""`studio/rooms/merge.py`."""

from __future__ import annotations

from fastapi.testclient import TestClient

from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio


def test_the_room_has_a_page() -> None:
    served = TestClient(studio_app(Studio(None))).get("/web/rooms/merge/room.js")
    assert 'customElements.define("us-room-merge"' in served.text
