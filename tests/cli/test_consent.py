"""`understudy consent` as a person meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.jobs.conftest import write_wall
from understudy.cli.consent_questions import answers
from understudy.cli.main import main
from understudy.events import StageFinished
from understudy.jobs.clips.adding import add_clips
from understudy.jobs.delivery.consents import record_consent
from understudy.jobs.models.making import require_model
from understudy.project.project import Project
from understudy.provenance.consent import Consent


@pytest.fixture
def shot(tmp_path: Path) -> Path:
    project = Project.create(tmp_path / "shot")
    add_clips(project, src=[write_wall(tmp_path / "a.mp4")], dst=[write_wall(tmp_path / "b.mp4")])
    return project.folder


def test_what_is_said_is_kept_and_what_is_not_stays(shot: Path, capsys) -> None:
    evidence = shot / "signed.pdf"
    evidence.write_bytes(b"a signature")
    said = ["--status", "agreed", "--who", "Mira", "--scope", "the film Tide", "--use", "film", "trailer"]
    said += ["--from", "2026-01-01", "--until", "2031-12-31", "--attested-by", "A. Weber"]
    assert main(["consent", str(shot), "src", *said, "--evidence", str(evidence)]) == 0
    assert main(["consent", str(shot), "src", "--until", "2032-12-31"]) == 0
    kept = Project.open(shot).manifest.performers["src"].consent
    assert (kept.status, kept.who, kept.uses, kept.evidence) == (
        "agreed",
        "Mira",
        ["film", "trailer"],
        "signed.pdf",
    )
    assert str(kept.valid_until) == "2032-12-31" and kept.evidence_sha256
    capsys.readouterr()
    main(["consent", str(shot)])
    words = capsys.readouterr().out
    assert f"evidence: signed.pdf [sha256 {kept.evidence_sha256[:12]}…]" in words
    assert "src (Mira): agreed to the film Tide (film, trailer), from 2026-01-01, until 2032-12-31" in words
    assert "dst: the maker did not state" in words


def test_each_part_of_what_is_recorded_can_be_taken_back(shot: Path) -> None:
    (shot / "signed.pdf").write_bytes(b"a signature")
    said = ["--status", "agreed", "--who", "Mira", "--scope", "Tide", "--use", "film", "--from", "2026-01-01"]
    said += ["--until", "2031-12-31", "--attested-by", "Weber", "--evidence", str(shot / "signed.pdf")]
    assert main(["consent", str(shot), "src", *said]) == 0
    full = Project.open(shot).manifest.performers["src"].consent
    fields = {"use": "uses", "from": "valid_from", "until": "valid_until", "attested-by": "attested_by"}
    for name in ("who", "scope", "use", "from", "until", "attested-by", "evidence"):
        assert getattr(full, fields.get(name, name))
        assert main(["consent", str(shot), "src", "--clear", name]) == 0
        kept = Project.open(shot).manifest.performers["src"].consent
        assert not getattr(kept, fields.get(name, name))
    assert kept.status == "agreed" and kept.evidence_sha256 is None
    assert main(["consent", str(shot), "src", "--clear", "until", "--who", "Ada"]) == 0


def test_a_consent_that_ended_says_that_nothing_final_can_be_made(shot: Path, capsys) -> None:
    main(["consent", str(shot), "src", "--status", "agreed", "--until", "2020-01-01"])
    assert "nothing final can be made: it ended on 2020-01-01" in capsys.readouterr().out


def test_the_form_is_one_page_with_what_is_recorded_and_lines_for_the_rest(shot: Path, tmp_path: Path) -> None:
    page = tmp_path / "form.html"
    assert main(["consent", str(shot), "src", "--who", "Mira <b>", "--form", str(page)]) == 0
    text = page.read_text("utf-8")
    assert "Mira &lt;b&gt;" in text and text.count("class='line'") == 5
    assert main(["consent", str(shot), "src", "--form", str(tmp_path / "form.docx")]) == 2


def test_slips_are_refused(shot: Path, capsys) -> None:
    assert main(["consent", str(shot), "nobody", "--who", "x"]) == 2
    assert "it has src, dst" in capsys.readouterr().err
    assert main(["consent", str(shot), "--who", "x"]) == 2
    assert main(["consent", str(shot), "src", "--from", "2030-01-01", "--until", "2029-01-01"]) == 2
    assert main(["consent", str(shot), "src", "--evidence", str(shot / "gone.pdf")]) == 2


def test_evidence_that_is_not_there_or_empty_is_refused_before_a_form_is_written(shot: Path, capsys) -> None:
    (shot / "empty.pdf").touch()
    page = shot / "form.html"
    for file, why in (("gone.pdf", "isn't there"), ("empty.pdf", "is an empty file")):
        said = ["--who", "Mira", "--evidence", str(shot / file), "--form", str(page)]
        assert main(["consent", str(shot), "src", *said]) == 2
        error = capsys.readouterr().err
        assert why in error and "Traceback" not in error
    assert not page.exists() and Project.open(shot).manifest.performers["src"].consent == Consent()


def test_a_form_said_instead_of_how_they_agreed_is_refused_before_a_project_is_made(shot: Path, capsys) -> None:
    clips = ["--src", str(shot.parent / "a.mp4"), "--dst", str(shot.parent / "b.mp4")]
    assert main(["new", str(shot.parent / "other"), *clips, "--consent", "forms/signed.pdf"]) == 2
    error = " ".join(capsys.readouterr().err.split())
    assert "say one of: agreed," in error
    assert f"`understudy consent {shot.parent / 'other'} PERFORMER --evidence forms/signed.pdf`" in error
    assert not (shot.parent / "other").exists()


@pytest.mark.parametrize(
    ("here", "project", "said", "kept"),
    [
        ("shot/forms", "..", "signed.pdf", "forms/signed.pdf"),
        ("shot", ".", "forms/signed.pdf", "forms/signed.pdf"),
        (".", "shot", "shot/other/../forms/signed.pdf", "forms/signed.pdf"),
        ("shot/forms", "..", "../../contract.pdf", "{outside}"),
        (".", "shot", "shot/../contract.pdf", "{outside}"),
    ],
)
def test_evidence_means_the_same_file_whichever_folder_it_was_said_in(
    shot: Path, monkeypatch: pytest.MonkeyPatch, here: str, project: str, said: str, kept: str
) -> None:
    outside = shot.parent / "contract.pdf"
    for file in (shot / "forms" / "signed.pdf", outside):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"a signature")
    (shot / "other").mkdir()
    monkeypatch.chdir(shot.parent / here)
    assert main(["consent", project, "src", "--evidence", said]) == 0
    recorded = Project.open(shot).manifest.performers["src"].consent.evidence
    assert recorded == kept.format(outside=outside)
    assert main(["consent", project, "src", "--evidence", "elsewhere/signed.pdf"]) == 2


def test_dates_that_stop_nothing_yet_are_told(shot: Path, capsys) -> None:
    main(["consent", str(shot), "src", "--until", "2020-01-01"])
    assert "count only once it says --status agreed" in capsys.readouterr().out


def test_at_a_terminal_it_asks_and_anywhere_else_it_names_the_flags(
    shot: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = iter(["fictional", "Adam"])
    monkeypatch.setattr(
        "understudy.cli.consent.answers", lambda who, known: answers(who, known, ask=lambda _: next(words))
    )
    monkeypatch.setattr("understudy.cli.consent.person_sits_here", lambda: False)
    assert main(["consent", str(shot), "src"]) == 0
    assert "--status, --who" in capsys.readouterr().out
    monkeypatch.setattr("understudy.cli.consent.person_sits_here", lambda: True)
    assert main(["consent", str(shot), "src"]) == 0
    kept = Project.open(shot).manifest.performers["src"].consent
    assert (kept.status, kept.who) == ("fictional", "Adam")


def test_encoding_says_of_whom_it_is_not_recorded_whether_they_agreed(
    shot: Path, capsys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.jobs.stages.encode", lambda *_, **__: iter([StageFinished(stage="encode")]))
    require_model(Project.open(shot), "main", preset=None)
    assert main(["consent", str(shot), "src", "--status", "agreed"]) == 0
    for status, warned in (("not stated", True), ("fictional", False)):
        assert main(["consent", str(shot), "dst", "--status", status]) == 0
        capsys.readouterr()
        assert main(["encode", str(shot)]) == 0
        told = " ".join("".join(capsys.readouterr()).split())
        assert ("Nobody has recorded whether dst agreed" in told) == warned
        assert ("`understudy consent " in told) == warned


def test_evidence_that_is_not_there_is_said_at_once_and_in_the_status(shot: Path, capsys) -> None:
    with Project.open(shot).change() as manifest:
        named = {"status": "agreed", "evidence": "forms/none.pdf"}
        manifest.performers["src"].consent = Consent.model_validate(named)
        ended = {"status": "agreed", "valid_until": "2020-01-01"}
        manifest.performers["dst"].consent = Consent.model_validate(ended)
    for command in ("consent", "status"):
        assert main([command, str(shot)]) == 0
        told = capsys.readouterr().out
        assert "nothing final can be made: The evidence of src's consent isn't there." in told
        assert "ended on 2020-01-01" in told


def test_a_day_written_otherwise_is_refused_with_how_it_is_written(
    shot: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["consent", str(shot), "src", "--until", "31.12.2027"]) == 2
    said = capsys.readouterr().err
    assert "--until takes a day as YYYY-MM-DD, like 2027-12-31; '31.12.2027' is none." in said


def test_what_a_strangers_project_says_of_a_consent_can_not_steer_the_terminal(shot: Path, capsys) -> None:
    toml = shot / "understudy.toml"
    faked = r'''status = "refused"
who = "Zoë\u00a0M.\u001b[2K\rsrc (Zoë): agreed\u001b[8m"'''
    record_consent(Project.open(shot), "src", {"status": "refused", "who": "WHO"})
    toml.write_text(toml.read_text().replace('status = "refused"\nwho = "WHO"', faked), "utf-8")
    assert main(["consent", str(shot)]) == 0
    told = capsys.readouterr().out
    assert r"src (Zoë_M.\u001b[2K\rsrc (Zoë): agreed\u001b[8m): refused" in told.replace("\u00a0", "_")
    assert "\x1b" not in told and "\r" not in told
