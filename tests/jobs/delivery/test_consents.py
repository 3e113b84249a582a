"""A recorded consent decides what may be finished, and its evidence must stay what it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy.errors import ConsentMissing, OptionInvalid
from understudy.events import Notice
from understudy.jobs import stages
from understudy.jobs.delivery.consents import record_consent, write_form
from understudy.jobs.delivery.marks import consent_told, stated_consents
from understudy.project.project import Project
from understudy.provenance.consent import Consent
from understudy.provenance.exports import lines_of


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNDERSTUDY_HOME", str(tmp_path / "home"))


def test_a_file_for_another_use_is_stopped_and_one_for_an_agreed_use_says_it(
    ready: Project, tmp_path: Path
) -> None:
    record_consent(ready, "src", {"status": "agreed", "uses": ["film", "trailer"]})
    list(stages.merge(ready, "main", said={}, device="cpu"))
    for use, words in (("", "nothing is said of what"), ("advert", "not 'advert'")):
        with pytest.raises(ConsentMissing, match=f"covers film, trailer, .*{words}.*--use"):
            list(stages.encode(ready, "main", out=tmp_path / "a.mp4", said={"use": use}))
    assert not (tmp_path / "a.mp4").exists()
    list(stages.encode(ready, "main", out=tmp_path / "a.mp4", said={"use": "Trailer"}))
    (line,) = lines_of(ready.exports_ledger)
    assert line.export.recast["use"] == "Trailer"


def test_evidence_that_was_exchanged_stops_the_export(ready: Project) -> None:
    evidence = ready.folder / "signed.txt"
    evidence.write_text("yes")
    record_consent(ready, "src", {"evidence": str(evidence)})
    assert stated_consents(ready)["src"].evidence_sha256
    evidence.write_text("yes, and everything else too")
    with pytest.raises(
        ConsentMissing, match=r"no longer the file that was recorded.*consent '/.+' src --evidence"
    ):
        stated_consents(ready)
    evidence.rename(ready.folder / "elsewhere.txt")
    with pytest.raises(
        ConsentMissing, match=r"src's consent isn't there\..*project's folder.*consent '/.+' src --evidence"
    ):
        stated_consents(ready)
    (ready.folder / "elsewhere.txt").rename(evidence)
    record_consent(ready, "src", {"evidence": str(evidence)})
    assert stated_consents(ready)["src"].evidence_sha256
    assert ready.manifest.performers["src"].consent.evidence == "signed.txt", "the project can move"


def test_evidence_that_can_not_be_read_is_said_before_the_work_which_goes_on(
    ready: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = ready.folder / "signed.txt"
    evidence.write_text("yes")
    record_consent(ready, "src", {"evidence": str(evidence)})

    def locked(path: Path) -> str:
        raise PermissionError(13, "not yours", str(path))

    monkeypatch.setattr("understudy.provenance.consent.sha256_of", locked)
    (told,) = consent_told(ready, ["src"])
    assert isinstance(told, Notice)
    assert "Nothing final can be made: The evidence of src's consent can't be read." in told.text


def test_evidence_that_can_not_be_read_is_not_recorded(ready: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    evidence = ready.folder / "signed.txt"
    evidence.write_text("yes")
    before = ready.manifest.performers["src"].consent

    def locked(path: Path) -> str:
        raise PermissionError(13, "not yours", str(path))

    monkeypatch.setattr("understudy.provenance.consent.sha256_of", locked)
    with pytest.raises(ConsentMissing, match=r"src's consent can't be read, so nothing was recorded"):
        record_consent(ready, "src", {"scope": "all", "evidence": str(evidence)})
    assert ready.manifest.performers["src"].consent == before


def test_evidence_without_content_is_not_recorded_and_stops_nothing_where_it_was_before(ready: Project) -> None:
    empty = ready.folder / "signed.txt"
    empty.touch()
    with pytest.raises(ConsentMissing, match=r"consent is an empty file, so nothing was recorded") as caught:
        record_consent(ready, "src", {"scope": "all", "evidence": str(empty)})
    assert caught.value.path == empty and ready.manifest.performers["src"].consent.scope == ""
    with pytest.raises(ConsentMissing, match="is a folder"):
        record_consent(ready, "src", {"evidence": str(ready.folder)})
    with ready.change() as manifest:
        manifest.performers["src"].consent = Consent.model_validate({"evidence": "signed.txt"})
    assert stated_consents(ready)["src"].evidence_sha256, "as an older project has it"


def test_evidence_that_stayed_when_its_project_moved_is_told_by_content(ready: Project, tmp_path: Path) -> None:
    (ready.folder / "inside.txt").write_text("yes")
    outside = tmp_path / "contract.txt"
    outside.write_text("yes, says dst")
    record_consent(ready, "src", {"evidence": str(ready.folder / "inside.txt")})
    known = record_consent(ready, "dst", {"evidence": str(outside)})
    outside.rename(tmp_path / "renamed.txt")
    moved = Project.open(ready.folder.rename(tmp_path / "moved"))
    assert stated_consents(moved, ["src"])["src"].evidence == (moved.folder / "inside.txt").as_posix()
    with pytest.raises(ConsentMissing, match=f"its SHA-256 is {known.evidence_sha256}") as caught:
        stated_consents(moved)
    assert caught.value.path == outside
    record_consent(moved, "dst", {"evidence": str(tmp_path / "renamed.txt")})
    assert stated_consents(moved)["dst"].evidence_sha256 == known.evidence_sha256


def test_evidence_that_is_a_link_in_the_project_is_recorded_as_it(ready: Project, tmp_path: Path) -> None:
    (tmp_path / "vault.txt").write_text("yes")
    (ready.folder / "consent").mkdir()
    (ready.folder / "consent" / "signed.txt").symlink_to(tmp_path / "vault.txt")
    record_consent(ready, "src", {"evidence": str(ready.folder / "consent" / ".." / "consent" / "signed.txt")})
    assert ready.manifest.performers["src"].consent.evidence == "consent/signed.txt"
    assert stated_consents(ready)["src"].evidence_sha256


def test_a_record_that_contradicts_itself_is_refused(ready: Project, tmp_path: Path) -> None:
    with pytest.raises(OptionInvalid, match=r"^The first day, 2030-01-01, is later than the last day, 2029"):
        record_consent(ready, "src", {"valid_from": "2030-01-01", "valid_until": "2029-01-01"})
    with pytest.raises(OptionInvalid, match=r"\.html"):
        write_form(ready, "src", tmp_path / "form.pdf")


def test_a_consent_that_is_withdrawn_meanwhile_stays_withdrawn_when_another_thing_is_recorded(
    ready: Project,
) -> None:
    record_consent(ready, "src", {"status": "agreed"})
    opened_before = Project.open(ready.folder)
    record_consent(ready, "src", {"status": "refused"})
    known = record_consent(opened_before, "src", {"who": "Mira"})
    assert (known.status, known.who) == ("refused", "Mira")
    assert Project.open(ready.folder).manifest.performers["src"].consent == known


def test_a_file_that_a_form_replaces_goes_to_the_trash(ready: Project, tmp_path: Path) -> None:
    signed = tmp_path / "signed.html"
    signed.write_text("the signed one")
    write_form(ready, "src", signed)
    assert "Consent" in signed.read_text()
    (away,) = ready.trash.entries()
    assert away.path.read_text() == "the signed one"
