"""The card for the credits says what was done and who agreed, in the languages of the label."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from understudy.errors import OptionInvalid
from understudy.merging.delivery.credits import credit_card, credit_lines
from understudy.merging.delivery.options import LabelLanguage
from understudy.provenance.consent import Consent

MIRA = Consent(status="agreed", who="Mira Ørsted")
LANGUAGES: tuple[LabelLanguage, ...] = get_args(LabelLanguage)


def test_whoever_agreed_is_named_and_of_whom_nothing_is_stated_nothing_is_said() -> None:
    lines = credit_lines("Tide", [MIRA, Consent(status="not stated", who="Jo")], "en")
    assert lines == [
        "Tide",
        "Faces in this production were painted with artificial intelligence (AI).",
        "Mira Ørsted agreed to the use of their face.",
    ]
    assert "Adam: a rendered person" in credit_lines("Tide", [Consent(status="fictional", who="Adam")], "en")[2]


def test_two_performers_without_names_are_told_of_once() -> None:
    assert len(credit_lines("Tide", [Consent(status="agreed")] * 2, "de")) == 3


def test_every_language_of_the_label_has_words_of_its_own() -> None:
    told = [tuple(credit_lines("Tide", [MIRA, Consent(status="fictional")], each)) for each in LANGUAGES]
    assert len({line for lines in told for line in lines[1:]}) == 3 * len(LANGUAGES)
    assert all("Mira Ørsted" in lines[2] and "{" not in "".join(lines) for lines in told)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("width", "height"), [(1920, 1080), (640, 360), (1080, 1920)])
def test_the_words_stand_in_the_middle_with_room_around_them(
    language: LabelLanguage, width: int, height: int
) -> None:
    card = credit_card(credit_lines("Tide", [MIRA], language), width=width, height=height)
    assert card.shape == (height, width, 3) and card.max() > 200
    rows, columns = np.nonzero(card.max(axis=2))
    assert rows.min() > 0.08 * height and rows.max() < 0.92 * height
    assert columns.min() > 0.08 * width and columns.max() < 0.92 * width
    assert abs(columns.min() + columns.max() - width) < 0.02 * width
    assert abs(rows.min() + rows.max() - height) < 0.06 * height


def test_a_statement_of_two_rows_leaves_no_word_alone() -> None:
    card = credit_card(["Tide", "one two three four five six seven eight nine ten " * 2], width=960, height=540)
    filled = card.max(axis=(1, 2)) > 0
    starts = np.nonzero(np.diff(filled.astype(int)) == 1)[0]
    widths = [np.ptp(np.nonzero(card[start + 1 : start + 20].max(axis=(0, 2)))[0]) for start in starts[1:]]
    assert len(widths) > 1 and min(widths) > 0.7 * max(widths)


def test_many_performers_get_smaller_letters_and_a_card_too_small_is_refused() -> None:
    crowd = [Consent(status="agreed", who=f"Performer {number}") for number in range(20)]
    lines = credit_lines("Tide", crowd, "en")
    rows = np.nonzero(credit_card(lines, width=1920, height=1080).max(axis=(1, 2)))[0]
    assert rows.min() >= 0.08 * 1080 and rows.max() <= 0.92 * 1080
    with pytest.raises(OptionInvalid, match="don't fit"):
        credit_card(lines, width=200, height=100)
