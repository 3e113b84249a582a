"""Presets of one's own are kept and taken out at one address for every stage that has some."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from understudy.project.project import Project
from understudy.studio.app import studio_app
from understudy.studio.open_studio import Studio

NEW = {"name": "mine", "whose": "project", "says": "For close-ups."}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))
    Project.create(tmp_path / "shot")
    with TestClient(studio_app(Studio(tmp_path / "shot"))) as client:
        yield client


@pytest.mark.parametrize(("stage", "said"), [("merge", {"blur": 0.3}), ("encode", {"crf": 14})])
def test_a_preset_is_kept_and_taken_out_once(
    client: TestClient, tmp_path: Path, stage: str, said: dict[str, float]
) -> None:
    assert client.post(f"/api/presets/{stage}/save", json={**NEW, "said": said}).status_code == 200
    kept = getattr(Project.open(tmp_path / "shot").manifest.presets, stage)
    assert kept["mine"].options == said and kept["mine"].says == "For close-ups."
    gone = {"name": "mine", "whose": "project"}
    assert client.post(f"/api/presets/{stage}/remove", json=gone).status_code == 200
    assert client.post(f"/api/presets/{stage}/remove", json=gone).status_code == 422


def test_a_window_keeps_no_place_and_no_preset_of_another_stage(client: TestClient, tmp_path: Path) -> None:
    for stage, said in (("merge", {"workers": "ray://elsewhere"}), ("train", {"iterations": 5})):
        answer = client.post(f"/api/presets/{stage}/save", json={**NEW, "said": said})
        assert answer.status_code == 422, stage
    presets = Project.open(tmp_path / "shot").manifest.presets
    assert not presets.merge and not presets.encode
