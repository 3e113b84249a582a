"""The card for a production's credits that says what was done and who agreed, as text and as a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import cv2
import numpy as np

from understudy.errors import OptionInvalid
from understudy.media.clip import Picture
from understudy.merging.delivery.options import LabelLanguage
from understudy.provenance.consent import Consent

_SMALLEST_PX = 10
_LARGEST_SHARE = 0.05  # of the card's height
_MARGIN_SHARE = 0.1  # of the card's width and height, on each side
_LINE = 1.5  # from one line to the next, in heights of a letter
_GAP = 0.9  # more than that between two statements
_HEADLINE = 1.4
# Words, letters' size, foot from the first row's top, width: pixels.
_Row = tuple[str, int, float, float]
_WEIGHT = 400  # as in CSS: regular


class _Words(NamedTuple):
    painted: str
    agreed: str
    fictional: str
    somebody: str  # who has no name in the records


_WORDS: dict[LabelLanguage, _Words] = {
    "en": _Words(
        "Faces in this production were painted with artificial intelligence (AI).",
        "{who} agreed to the use of their face.",
        "{who}: a rendered person who does not exist.",
        "The performer",
    ),
    "de": _Words(
        "Gesichter in dieser Produktion wurden mit künstlicher Intelligenz (KI) gemalt.",
        "{who} hat der Verwendung des eigenen Gesichts zugestimmt.",
        "{who}: eine gerenderte Person, die es nicht gibt.",
        "Die dargestellte Person",
    ),
    "fr": _Words(
        "Des visages de cette production ont été peints avec l'intelligence artificielle (IA).",
        "{who} a consenti à l'utilisation de son visage.",
        "{who} : une personne de synthèse qui n'existe pas.",
        "La personne représentée",
    ),
    "es": _Words(
        "Algunos rostros de esta producción fueron pintados con inteligencia artificial (IA).",
        "{who} dio su consentimiento para el uso de su rostro.",
        "{who}: una persona generada por ordenador que no existe.",
        "La persona retratada",
    ),
    "it": _Words(
        "Alcuni volti di questa produzione sono stati dipinti con l'intelligenza artificiale (IA).",
        "{who} ha acconsentito all'uso del proprio volto.",
        "{who}: una persona generata al computer che non esiste.",
        "La persona ritratta",
    ),
    "nl": _Words(
        "Gezichten in deze productie zijn geschilderd met kunstmatige intelligentie (AI).",
        "{who} stemde in met het gebruik van het eigen gezicht.",
        "{who}: een gerenderde persoon die niet bestaat.",
        "De getoonde persoon",
    ),
    "pt": _Words(
        "Alguns rostos desta produção foram pintados com inteligência artificial (IA).",
        "{who} consentiu no uso do seu rosto.",
        "{who}: uma pessoa gerada por computador que não existe.",
        "A pessoa retratada",
    ),
}


def credit_lines(production: str, consents: Iterable[Consent], language: LabelLanguage) -> list[str]:
    """The production's name, what was done, and each performer who agreed or was rendered, once.

    Of whom nothing is stated nothing is said.
    """
    words = _WORDS[language]
    told = [production, words.painted]
    for consent in consents:
        who = consent.who or words.somebody
        if consent.status == "agreed":
            told.append(words.agreed.format(who=who))
        elif consent.status == "fictional":
            told.append(words.fictional.format(who=who))
    return list(dict.fromkeys(line for line in told if line))


def credit_card(lines: list[str], *, width: int, height: int) -> Picture:
    """White words in the middle of black, as large as they fit: uint8 (height, width, 3).

    `lines` are one at least. Raises OptionInvalid where they don't fit.
    """
    room = 1 - 2 * _MARGIN_SHARE
    for size in range(max(_SMALLEST_PX, round(height * _LARGEST_SHARE)), _SMALLEST_PX - 1, -1):
        rows = _rows(lines, size, width_px=width * room)
        if max(row[3] for row in rows) <= width * room and rows[-1][2] <= height * room:
            return _drawn(_rows(lines, size, width_px=width * room, evenly=True), width, height)
    raise OptionInvalid(f"The words don't fit on a card of {width} x {height} pixels. Make it larger.")


def _rows(lines: list[str], size: int, *, width_px: float, evenly: bool = False) -> list[_Row]:
    rows: list[_Row] = []
    foot = 0.0
    for index, line in enumerate(lines):
        letters = round(size * _HEADLINE) if index == 0 else size
        foot += _GAP * size if index else 0.0
        for words in (_even if evenly else _wrapped)(line, letters, width_px):
            foot += letters * (_LINE if rows else 1.0)
            rows.append((words, letters, foot, _wide(words, letters)))
    return rows


def _wrapped(line: str, size: int, width_px: float) -> list[str]:
    rows: list[str] = []
    for word in line.split():
        longer = f"{rows[-1]} {word}" if rows else word
        if rows and _wide(longer, size) <= width_px:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


def _even(line: str, size: int, width_px: float) -> list[str]:
    """As many rows, and none much shorter than the others."""
    rows = _wrapped(line, size, width_px)
    low, high = width_px / max(1, len(rows)), width_px
    while high - low > size:
        middle = (low + high) / 2
        tried = _wrapped(line, size, middle)
        fits = len(tried) == len(rows) and all(_wide(each, size) <= middle for each in tried)
        low, high, rows = (low, middle, tried) if fits else (middle, high, rows)
    return rows


def _wide(words: str, size: int) -> float:
    # OpenCV's own font has the letters of all languages; Pillow's lacks accents.
    return cv2.getTextSize((0, 0), words, (0, 0), cv2.FontFace("sans"), size, weight=_WEIGHT)[2]


def _drawn(rows: list[_Row], width: int, height: int) -> Picture:
    picture = np.zeros((height, width), np.uint8)
    top = (height - rows[-1][2]) / 2
    for words, size, foot, wide in rows:
        place = (round((width - wide) / 2), round(top + foot))
        cv2.putText(picture, words, place, (255,), cv2.FontFace("sans"), size, weight=_WEIGHT)
    return np.repeat(picture[..., None], 3, axis=2)
