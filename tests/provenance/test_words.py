"""A verdict's sentences are whole, short, and promise no more than marks can show."""

from __future__ import annotations

import json
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.provenance import words


@settings(deadline=None)
@given(st.text(max_size=300))
def test_somebody_elses_text_is_short_and_printable(text: str) -> None:
    shown = words.plain(text)
    assert shown.isprintable()
    assert len(shown) <= 120
    if text.isprintable() and len(text) <= 120:
        assert shown == text


def test_an_out_of_date_certificate_is_named_before_an_unknown_signer() -> None:
    both = {"signingCredential.untrusted", "signingCredential.expired"}
    assert "out of date" in words.about_state("valid", "Ada", both)
    assert "doesn't know the signer" in words.about_state("valid", "Ada", {"signingCredential.untrusted"})


def test_a_signature_without_a_name_is_called_so() -> None:
    assert "a signer without a name" in words.about_state("valid", "", set())


def test_other_programs_credentials_are_named_and_not_taken_for_ours() -> None:
    (sentence,) = words.about_others({"claim_generator_info": [{"name": "Other \x1b Studio"}]})
    assert "“" not in sentence
    assert "Other ? Studio" in sentence
    assert "unnamed program" in words.about_others({"claim_generator_info": ["?"]})[0]


def test_what_others_say_was_done_is_told_and_that_a_model_did_it() -> None:
    base = "http://cv.iptc.org/newscodes/digitalsourcetype/"
    made = {"action": "c2pa.created", "digitalSourceType": f"{base}digitalCapture"}
    cut = {"action": "c2pa.edited", "description": "Cut to \x1b length."}
    manifest = {"assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [made, cut, "?"]}}, "?"]}
    assert words.about_others(manifest)[1:] == [
        "They say what was done: created, digitalCapture; edited, Cut to ? length."
    ]
    for word in ("trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia"):
        made["digitalSourceType"] = base + word
        assert "trained model made this" in words.about_others(manifest)[2]
    many = {"assertions": [{"data": {"actions": [cut] * 9}}]}
    assert words.about_others(many)[1].endswith("; and 4 more.")


def test_an_ingredient_without_credentials_needs_no_sentence() -> None:
    assert words.about_ingredients([{"title": "take.mp4"}]) == []


def test_what_a_model_was_given_is_told_apart_from_what_is_in_the_picture() -> None:
    take = {"title": "take.mp4", "active_manifest": "one", "relationship": "parentOf"}
    given = {"title": "mira.mp4", "active_manifest": "two", "relationship": "inputTo"}
    assert words.about_ingredients([take, given]) == [
        "take.mp4 had credentials of its own, which are kept in here.",
        "mira.mp4, which a model was given, had credentials of its own, which are kept in here.",
    ]


def test_json_keeps_all_alphabets_and_steers_no_terminal() -> None:
    told = words.as_json({"Zoë": "\x9b2J\u202e", "two": ["a"]}, indent=1)
    assert "Zoë" in told and told.isascii() is False
    assert not any(c in told for c in "\x9b\u202e")
    assert json.loads(told)["Zoë"] == "\x9b2J\u202e"


def test_letters_and_spaces_of_all_languages_stay_as_they_are() -> None:
    assert words.escaped("Ana\u00a0M.: می\u200cخواهم\u202f!") == "Ana\u00a0M.: می\u200cخواهم\u202f!"
    assert words.escaped("a\u202eb\u2028c\n", keep="\n") == r"a\u202eb\u2028c" + "\n"


def test_a_clock_that_stands_before_the_work_is_told_apart_from_a_certificate_that_ended() -> None:
    problems = {"signingCredential.untrusted", "signingCredential.expired"}
    told = words.about_state("valid", "Ada", problems, ahead=date(2026, 11, 26))
    assert "made on 2026-11-26, which is still to come. Set the clock" in told and "out of date" not in told
    assert "Set the clock" not in words.about_state("valid", "Ada", problems)
    assert "Set the clock" not in words.about_state("trusted", "Ada", set(), ahead=date(2026, 11, 26))
