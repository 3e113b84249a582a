"""`style/theme.css`: what is read can be read, in both themes, by computation (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from itertools import product

import pytest

from understudy.studio.app import WEB

THEMES = ("dark", "light")
GROUNDS = ("bg", "surface", "raised", "sunken", "hover", "chosen", "picture")
WORDS = ("text", "dim", "accent", "good", "warn", "bad", "info")
TEXT_RATIO, EDGE_RATIO = 4.5, 3.0


def colours(theme: str) -> dict[str, str]:
    """The colour variables of one theme."""
    css = (WEB / "style" / "theme.css").read_text(encoding="utf-8")
    block = re.search(rf'\[data-theme="{theme}"\]\s*{{(.*?)}}', css, re.DOTALL)
    assert block
    return dict(re.findall(r"--([\w-]+):\s*(#[0-9a-f]{6});", block.group(1)))


def luminance(colour: str) -> float:
    """Relative luminance, 0..1 (WCAG 2.2)."""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio, 1..21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_words_can_be_read_on_every_ground(theme: str) -> None:
    has = colours(theme)
    pairs = {
        f"{word} on {ground}": contrast(has[word], has[ground]) for word, ground in product(WORDS, GROUNDS)
    }
    pairs["on-accent on accent"] = contrast(has["on-accent"], has["accent"])
    assert {pair: round(ratio, 2) for pair, ratio in pairs.items() if ratio < TEXT_RATIO} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_edges_of_controls_and_the_focus_ring_can_be_seen(theme: str) -> None:
    has = colours(theme)
    pairs = {f"{e} on {g}": contrast(has[e], has[g]) for e, g in product(("edge", "focus"), GROUNDS[:4])}
    assert {pair: round(ratio, 2) for pair, ratio in pairs.items() if ratio < EDGE_RATIO} == {}


@pytest.mark.parametrize("theme", THEMES)
def test_what_stands_around_pictures_has_no_tint(theme: str) -> None:
    has = colours(theme)
    tinted = [
        name
        for name in ("bg", "surface", "raised", "sunken", "picture")
        if len(set(re.findall("..", has[name][1:]))) > 1
    ]
    assert tinted == []


def test_both_themes_say_the_same_variables() -> None:
    assert colours("dark").keys() == colours("light").keys()


def test_contrast_is_computed_as_the_standard_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
