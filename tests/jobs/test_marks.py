"""A finished file is entered in the project's ledger, and a watermark that can't be read back is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.events import Notice
from understudy.files import sha256_of
from understudy.jobs import stages
from understudy.project.project import Project
from understudy.provenance.credentials import read_credentials
from understudy.provenance.exports import breaks_in, known_ledgers, lines_of
from understudy.provenance.ledger import LEDGER_NAME
from understudy.provenance.recast import recast_in


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


def merged(project: Project) -> None:
    list(stages.merge(project, "main", said={}, device="cpu"))


def test_every_finished_file_is_a_line_in_the_ledger(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={"label": "made with AI"}))
    list(stages.encode(ready, "main", out=tmp_path / "frames", said={}))
    list(stages.encode(ready, "main", out=tmp_path / "frames", said={}))  # nothing to do
    first, second = lines_of(ready.exports_ledger)
    assert breaks_in(ready.exports_ledger) == []
    assert first.export.file == "one.mp4" and first.export.sha256 == sha256_of(tmp_path / "one.mp4")
    assert second.export.sha256 == sha256_of(tmp_path / "frames" / LEDGER_NAME)
    assert first.export.marks == ["content credentials", "watermark", "label"]
    assert second.export.marks == ["content credentials", "watermark"]
    credentials = read_credentials(tmp_path / "one.mp4")
    assert credentials is not None
    recast = recast_in(credentials.active)
    assert recast is not None and recast.watermark == first.export.watermark != second.export.watermark
    assert known_ledgers() == [ready.exports_ledger]


def test_a_mask_is_signed_and_entered_but_has_no_watermark(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    list(stages.encode(ready, "main", out=tmp_path / "mask.mkv", said={"content": "mask"}))
    (line,) = lines_of(ready.exports_ledger)
    assert line.export.marks == ["content credentials"] and line.export.watermark == ""


def test_a_watermark_that_cannot_be_read_back_is_told(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merged(ready)
    events = list(stages.encode(ready, "main", out=tmp_path / "two.mp4", said={}))
    assert not any("watermark" in e.text for e in events if isinstance(e, Notice))
    monkeypatch.setattr("understudy.provenance.watermark.reading.read_watermark", lambda *_, **__: None)
    events = list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    assert any("watermark can't be read back" in e.text for e in events if isinstance(e, Notice))
    again = list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said={}))
    assert not any("watermark" in e.text for e in again if isinstance(e, Notice))
