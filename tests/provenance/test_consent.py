"""Consent is a record that stops an export only where somebody said no, or not now."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from understudy.errors import ConsentMissing
from understudy.provenance.consent import Consent, require_export_consent

TODAY = date(2026, 8, 20)


def test_an_expired_consent_stops_the_export_and_names_the_way_out() -> None:
    expired = Consent(status="agreed", who="Mira", valid_until=date(2026, 8, 19))
    with pytest.raises(ConsentMissing, match=r"src \(Mira\) ended on 2026-08-19.*consent PROJECT src --until"):
        require_export_consent({"dst": Consent(), "src": expired}, today=TODAY)
    with pytest.raises(ConsentMissing, match="`understudy consent '/a shot' src --until DAY`"):
        require_export_consent({"src": expired}, today=TODAY, project="/a shot")


def test_a_consent_of_tomorrow_does_not_count_today() -> None:
    early = Consent(status="agreed", valid_from=TODAY + timedelta(days=1))
    with pytest.raises(
        ConsentMissing, match=r"holds only from 2026-08-21.*Wait for that day.*PROJECT mira --from"
    ):
        require_export_consent({"mira": early}, today=TODAY)


def test_the_way_out_of_a_use_that_was_not_agreed_on_names_the_command_also_for_a_name_of_two_words() -> None:
    film = Consent(status="agreed", uses=["film"])
    with pytest.raises(ConsentMissing, match=r'covers film, not .advert.*consent PROJECT "Mira K" --use'):
        require_export_consent({"Mira K": film}, today=TODAY, use="advert")


def test_a_refusal_stops_the_export_whatever_its_dates() -> None:
    refused = Consent(status="refused", valid_from=TODAY, valid_until=TODAY)
    with pytest.raises(ConsentMissing, match=r"consent of mira is refused.*out of the project"):
        require_export_consent({"mira": refused}, today=TODAY)


def test_nothing_stated_and_rendered_people_pass() -> None:
    require_export_consent({"src": Consent(), "dst": Consent(status="fictional")}, today=TODAY)
    assert Consent().for_marks() == {"status": "not stated"}
    assert "did not state" in Consent().sentence()


@settings(max_examples=40, deadline=None)
@given(st.dates(), st.integers(0, 4000), st.dates())
def test_both_ends_of_the_validity_belong_to_it(start: date, days: int, today: date) -> None:
    end = date.fromordinal(min(start.toordinal() + days, date.max.toordinal()))
    consent = Consent(status="agreed", valid_from=start, valid_until=end)
    assert (consent.problem(today=today) == "") == (start <= today <= end)
    assert consent.problem(today=start) == consent.problem(today=end) == ""


def test_dates_the_wrong_way_round_are_refused() -> None:
    with pytest.raises(ValidationError, match="the first day, 2027-01-01, is later than the last day, 2026"):
        Consent(status="agreed", valid_from=date(2027, 1, 1), valid_until=date(2026, 1, 1))


def test_a_misspelt_field_is_refused_instead_of_losing_a_date() -> None:
    with pytest.raises(ValidationError, match="valid_til"):
        Consent.model_validate({"status": "agreed", "valid_til": "2026-01-01"})


def test_marks_name_the_evidence_but_no_folder(tmp_path: Path) -> None:
    form = tmp_path / "Einverständnis 影.pdf"
    form.write_bytes(b"signed")
    marks = Consent(status="agreed", who="Mira").with_evidence(form).for_marks()
    assert marks["evidence"] == form.name
    assert len(marks["evidence_sha256"]) == 64
    assert Consent(evidence=r"C:\Users\me\form.pdf").for_marks()["evidence"] == "form.pdf"


def test_missing_evidence_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ConsentMissing, match="isn't there"):
        Consent(status="agreed").with_evidence(tmp_path / "none.pdf")


def test_the_words_carry_scope_dates_and_witness() -> None:
    agreed = Consent(status="agreed", scope="the film Tide", valid_until=TODAY, attested_by="A. Weber")
    assert agreed.sentence() == "agreed to the film Tide, until 2026-08-20, as A. Weber attests"


def test_a_refusal_reads_as_one_without_an_end_and_of_everything() -> None:
    """It was said to be a refusal "to this film, until 2031-12-31"."""
    asked = {"scope": "this film and its trailer", "uses": ["film"], "valid_from": TODAY, "valid_until": TODAY}
    refused = Consent.model_validate({"status": "refused", "attested_by": "A. Weber", **asked})
    assert refused.sentence() == "refused, as A. Weber attests"


def test_named_uses_hold_alone_and_no_named_use_means_the_scope_in_words() -> None:
    named = Consent(status="agreed", uses=["Film"])
    assert named.problem(today=TODAY) == named.problem(today=TODAY, use=" film ") == ""
    assert "not 'advert'" in named.problem(today=TODAY, use="advert")
    assert "nothing is said" in named.problem(today=TODAY, use="")
    assert Consent(status="agreed").problem(today=TODAY, use="anything") == ""
