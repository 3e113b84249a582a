"""Which masks can be asked for by name, and how to read a formula of them.

Only words: nothing here touches a picture. Not here: where a source comes from (`face_mask`).
"""

from __future__ import annotations

from collections.abc import Mapping

from understudy.options import meant

# What a mask is made of: one picture each. -prd is of the painted face, -dst of dst's own.
SOURCES: Mapping[str, str] = {
    "full": "the whole crop",
    "dst-hull": "drawn from dst's landmarks",
    "learned-prd": "the mask that the model paints with the face",
    "learned-dst": "the model's mask of dst's own face",
    "seg-prd": "skin that a segmenter sees in the painted face",
    "seg-dst": "the mask stored in dst's face, or else the skin that a segmenter sees there",
}

# The masks with a name of their own. Everything else is written as a formula.
MASK_KINDS: Mapping[str, str] = {
    "full": "full",
    "dst-hull": "dst-hull",
    "learned-prd": "learned-prd",
    "learned-dst": "learned-dst",
    "learned-product": "learned-prd*learned-dst",
    "learned-sum": "learned-prd+learned-dst",
    "seg-prd": "seg-prd",
    "seg-dst": "seg-dst",
    "seg-product": "seg-prd*seg-dst",
    "product-of-all": "learned-prd*learned-dst*seg-prd*seg-dst",
}

# Words of older projects.
_OLD_NAMES: Mapping[str, str] = {"learned": "learned-prd", "product": "learned-prd*dst-hull"}


def mask_terms(text: str) -> tuple[tuple[str, ...], ...]:
    """`text`, names joined by * and +, as a sum of products of names; * binds stronger.

    Each name is one of SOURCES or MASK_KINDS. Raises ValueError that says what can't be read and what could.
    """
    terms = tuple(tuple(name.strip() for name in term.split("*")) for term in text.split("+"))
    for name in (name for term in terms for name in term):
        if name not in SOURCES and name not in MASK_KINDS:
            wrong = f"{name!r} is no mask" if name else f"a name is missing in {text!r}"
            known = ", ".join(MASK_KINDS)
            near = meant(name, MASK_KINDS)
            raise ValueError(f"{wrong}; known are {known}, and these joined by * (both) and + (either).{near}")
    return terms


def plain_mask_name(text: str) -> str:
    """`text` without spaces and without the words of older projects. Raises ValueError as `mask_terms`."""
    text = "".join(text.split())
    text = _OLD_NAMES.get(text, text)
    mask_terms(text)
    return text


def sources_of(text: str) -> frozenset[str]:
    """The sources that a mask needs."""
    names = {name for term in mask_terms(text) for name in term}
    within = (sources_of(MASK_KINDS[name]) for name in names - set(SOURCES))
    return frozenset(names & set(SOURCES)).union(*within)
