"""A finished file is entered in the project's ledger, and a watermark that can't be read back is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.provenance.material import facts_for
from understudy.errors import ConsentMissing, MarksUnreadable, OptionInvalid
from understudy.events import Notice
from understudy.files import sha256_of
from understudy.jobs import stages
from understudy.jobs.consents import record_consent
from understudy.project.project import Project
from understudy.provenance.credentials import read_credentials
from understudy.provenance.exports import breaks_in, known_ledgers, lines_of
from understudy.provenance.ledger import LEDGER_NAME
from understudy.provenance.recast import recast_in
from understudy.provenance.sign import sign_file
from understudy.provenance.verify import verify
from understudy.provenance.xmp import source_type_in


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


CLOSED = {"closed_production": "plates for the compositor", "closed_production_by": "A. Weber"}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("layers", {"images": "png"}),
        ("shot.mkv", {"codec": "ffv1"}),
        ("face.mov", {"codec": "png", "content": "face"}),
    ],
)
def test_what_stays_in_a_closed_production_has_no_marks_and_the_ledger_says_why_and_by_whom(
    ready: Project, tmp_path: Path, name: str, said: dict[str, str]
) -> None:
    merged(ready)
    out = tmp_path / name
    list(stages.encode(ready, "main", out=tmp_path / f"marked {name}", said=said))
    events = list(stages.encode(ready, "main", out=out, said={**said, **CLOSED}))
    assert any("must stay in the production" in e.text for e in events if isinstance(e, Notice))
    first, line = lines_of(ready.exports_ledger)
    assert first.export.unmarked is None and first.export.watermark and first.export.marks
    assert line.export.unmarked is not None and line.export.file == name
    assert (line.export.unmarked.reason, line.export.unmarked.by) == tuple(CLOSED.values())
    assert (line.export.marks, line.export.watermark, line.export.signer) == ([], "", "")
    assert line.export.sha256 == sha256_of(out / LEDGER_NAME if out.is_dir() else out)
    assert breaks_in(ready.exports_ledger) == [] and verify(out).state == "none"
    assert not list(tmp_path.glob(f"{name}*.c2pa")) and not (out / f"{LEDGER_NAME}.c2pa").exists()
    if out.is_dir():
        assert [source_type_in(path) for path in sorted(out.glob("*.png"))] == ["", "", ""]
        assert any(source_type_in(path) for path in (tmp_path / f"marked {name}").glob("*.png"))


def test_who_left_out_the_marks_is_who_is_logged_in_unless_somebody_else_is_named(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "mira")
    merged(ready)
    list(stages.encode(ready, "main", out=tmp_path / "layers", said={"closed_production": "dailies"}))
    (line,) = lines_of(ready.exports_ledger)
    assert line.export.unmarked is not None and line.export.unmarked.by == "mira"


def test_a_finished_film_is_never_without_marks_and_nothing_is_written(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    with pytest.raises(OptionInvalid, match="finished film, which keeps its marks"):
        list(stages.encode(ready, "main", out=tmp_path / "one.mp4", said=CLOSED))
    with pytest.raises(OptionInvalid, match="finished film, which keeps its marks"):
        stages.require_outputs(ready, "main", clips=[], out=tmp_path / "one.mp4", said=CLOSED)
    assert not (tmp_path / "one.mp4").exists() and not ready.exports_ledger.exists()


def test_footage_that_has_credentials_does_not_lose_them(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    clip = ready.clip_path("dst")
    sign_file(clip, clip, facts_for(clip))
    with pytest.raises(OptionInvalid, match="would lose them"):
        list(stages.encode(ready, "main", out=tmp_path / "layers", said=CLOSED))
    assert not (tmp_path / "layers").exists()


def test_a_consent_that_is_refused_stops_a_closed_production_too(ready: Project, tmp_path: Path) -> None:
    merged(ready)
    record_consent(ready, "src", {"status": "refused"})
    with pytest.raises(ConsentMissing):
        list(stages.encode(ready, "main", out=tmp_path / "layers", said=CLOSED))


def test_what_would_stop_the_marks_is_told_before_the_work(
    ready: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused() -> None:
        raise MarksUnreadable("The signing certificate is out of date.")

    merged(ready)
    monkeypatch.setattr("understudy.jobs.marks.signer_for", refused)
    monkeypatch.setattr("understudy.merging.delivery.encode.encode", lambda *_, **__: pytest.fail("it began"))
    with pytest.raises(MarksUnreadable, match="out of date"):
        list(stages.encode(ready, "main", out=tmp_path / "out.mp4", said={}))
