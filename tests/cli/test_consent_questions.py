"""The questions to a person at a terminal give the same record as the flags."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

from understudy.cli.consent_questions import answers
from understudy.provenance.consent import Consent


def _saying(*words: str) -> tuple[Callable[[str], str], list[str]]:
    """Somebody who answers with these words in turn, then ends the input; and what they were asked."""
    left, asked = list(words), []

    def ask(question: str) -> str:
        asked.append(question)
        if not left:
            raise EOFError
        return left.pop(0)

    return ask, asked


def test_every_part_of_the_record_is_asked_for(tmp_path: Path) -> None:
    paper = tmp_path / "signed.pdf"
    paper.write_bytes(b"a signature")
    words = [
        "agreed",
        "Mira",
        "the film Tide",
        "film, trailer",
        "2026-01-01",
        "2031-12-31",
        "A. Weber",
        str(paper),
    ]
    ask, _ = _saying(*words)
    assert answers("src", Consent(), ask=ask) == {
        "status": "agreed",
        "who": "Mira",
        "scope": "the film Tide",
        "uses": ["film", "trailer"],
        "valid_from": date(2026, 1, 1),
        "valid_until": date(2031, 12, 31),
        "attested_by": "A. Weber",
        "evidence": str(paper),
    }


def test_enter_keeps_what_is_recorded_and_shows_it(capsys) -> None:
    known = Consent(status="agreed", who="Mira", uses=["film"], valid_until=date(2031, 12, 31))
    ask, asked = _saying(*[""] * 8)
    assert answers("src", known, ask=ask) == {}
    assert asked[0].endswith("[agreed]: ") and "[film]" in asked[3] and "[2031-12-31]" in asked[5]


def test_a_dash_clears_what_is_recorded() -> None:
    known = Consent(status="agreed", who="Mira", uses=["film"], evidence="a.pdf", evidence_sha256="a" * 64)
    ask, _ = _saying("", "-", "", "-", "", "-", "", "-")
    assert answers("src", known, ask=ask) == {
        "who": "",
        "uses": [],
        "valid_until": None,
        "evidence": None,
        "evidence_sha256": None,
    }


def test_what_cannot_be_read_is_asked_again(capsys, tmp_path: Path) -> None:
    (empty := tmp_path / "empty.pdf").touch()
    files = ("gone.pdf", str(empty), "")
    ask, asked = _saying("maybe", "-", "agr", "", "", "", "soon", "2026-01-01", "", "", *files)
    assert answers("src", Consent(), ask=ask) == {"status": "agreed", "valid_from": date(2026, 1, 1)}
    said = capsys.readouterr().out
    assert "One of these words" in said and "A day like 2026-09-01" in said and "no such file" in said
    assert "That file is empty." in said
    assert len(asked) == 13


def test_a_last_day_before_the_first_is_asked_again_at_once(capsys) -> None:
    """It used to be told after the last question, and every answer was lost."""
    ask, asked = _saying("", "", "", "", "2026-01-01", "2025-01-01", "2031-01-01", "", "")
    told = answers("src", Consent(status="agreed"), ask=ask)
    assert told == {"valid_from": date(2026, 1, 1), "valid_until": date(2031, 1, 1)} and len(asked) == 9
    assert "before the first day" in capsys.readouterr().out
    known = Consent(status="agreed", valid_until=date(2025, 1, 1))
    ask, _ = _saying("", "", "", "", "2026-01-01", "", "-", "", "")
    assert answers("src", known, ask=ask) == {"valid_from": date(2026, 1, 1), "valid_until": None}


def test_of_a_rendered_person_only_the_name_is_asked() -> None:
    ask, asked = _saying("fictional", "Adam")
    assert answers("src", Consent(), ask=ask) == {"status": "fictional", "who": "Adam"}
    assert len(asked) == 2


def test_the_end_of_the_input_changes_nothing(capsys) -> None:
    ask, _ = _saying("agreed", "Mira")
    assert answers("src", Consent(), ask=ask) == {}
    assert "Nothing was changed" in capsys.readouterr().out
