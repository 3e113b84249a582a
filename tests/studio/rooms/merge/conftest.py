"""The room's server on a project whose dst clip has one face, and a model that counts what it paints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.jobs.conftest import project, ready  # noqa: F401 - fixtures
from tests.merging.conftest import Painter
from understudy.jobs.merging.inputs import keep_said
from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio
from understudy.studio.rooms.merge.desk import Desk
from understudy.studio.rooms.merge.state import forget_looks


class CountingPainter(Painter):
    """Knows how many crops it was asked to paint."""

    painted = 0

    def predict(self, crops_NHWC: Any) -> Any:
        type(self).painted += len(crops_NHWC)
        return super().predict(crops_NHWC)


class Room:
    """What a page asks of the room."""

    def __init__(self, opened: Project, client: TestClient, desk: Desk) -> None:
        self.project, self.client, self.desk = opened, client, desk

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/api/merge/{path}", params={"clip": "dst", **query})

    def post(self, path: str, **body: Any) -> Any:
        return self.client.post(f"/api/merge/{path}", json={"clip": "dst", **body})

    def manifest(self) -> Any:
        return Project.open(self.project.folder).manifest.clips["dst"]


@pytest.fixture
def room(ready: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:  # noqa: F811
    CountingPainter.painted = 0
    monkeypatch.setattr("understudy.training.predictor.load_predictor", lambda *_, **__: CountingPainter())
    keep_said(ready, "dst", {"mask": "dst-hull"}, frames=None)
    forget_looks()
    app = studio_app(Studio(ready.folder))
    desk = app.state.studio.kept["merge desk"] = Desk(device="cpu")
    yield Room(ready, TestClient(app), desk)
    desk.put_away()
