"""The page to sign."""

from __future__ import annotations

from datetime import date

from understudy.provenance.consent import Consent
from understudy.provenance.consent_form import STYLE, form_html


def test_what_is_recorded_stands_on_the_page_and_the_rest_is_a_line_to_write_on() -> None:
    known = Consent(who="Mira", scope="the film Tide", uses=["film"], valid_until=date(2031, 12, 31))
    page = form_html("src", known, production="Tide & Co")
    for words in ("Mira", "the film Tide", "2031-12-31", "Tide &amp; Co"):
        assert words in page
    assert page.count("class='line'") == 2
    assert form_html("src", Consent(), production="").count("class='line'") == 7


def test_the_page_holds_its_own_style_or_names_where_it_is() -> None:
    alone = form_html("src", Consent(), production="")
    assert STYLE in alone and "<link" not in alone
    served = form_html("src", Consent(), production="", style_at="/form.css")
    assert '<link rel="stylesheet" href="/form.css">' in served and "<style" not in served
