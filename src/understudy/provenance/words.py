"""The sentences of a verdict: what marks show, in words that don't promise more than they prove.

Everything that comes out of a file is somebody else's text: it is shortened, and shown without anything that
could steer a terminal. No judging here, that is `verify.py`'s matter.
"""

from __future__ import annotations

import json
from typing import Any

from understudy.provenance.recast import HashedFile, Recast

NO_MARKS = "There are no Content Credentials in this file, nor in a sidecar beside it."
NO_LEDGER = "There is no ledger of frames in this folder, so nothing says how its images were made."
NONE_PROVES_NOTHING = "That proves nothing: marks are lost whenever another program writes the file again."
FOLDER_CHANGED = "Tampered: the images are no longer those that were signed."
TAMPERED_PROVES_LITTLE = "What these marks say can't be relied on for this file as it is now."
NOT_PROVEN = (
    "It doesn't prove that the performers agreed or that the names are true, only that the signer said so; "
    "nor when it was made, because no independent clock signed it."
)
STRIPPED = (
    "Stripped: there are no Content Credentials any more, but the picture carries our watermark, so it was "
    "made by a recast of ours and written again by another program."
)
NO_WATERMARK = (
    "No watermark of ours can be read in the picture. That proves nothing: it may be another program's work, "
    "or too small, too strongly compressed, turned or distorted."
)
WATERMARK_GONE = (
    "The credentials name a watermark, but it can't be read in the picture: too small, too plain or too "
    "strongly compressed, or these are not the pictures that were marked."
)
WATERMARK_FITS = "It is the one that the credentials name."
NOT_IN_LEDGER = (
    "No ledger that this machine knows has that number. Whoever made the file can look it up in theirs with "
    "`understudy ledger find`."
)
_LONGEST = 120


def plain(text: object) -> str:
    """Somebody else's text in at most 120 printable characters."""
    shown = "".join(c if c.isprintable() else "?" for c in str(text))
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def as_json(value: object, *, indent: int | None = None) -> str:
    """JSON in all alphabets, in which what could steer a terminal is written as an escape."""
    text = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    return "".join(c if c.isprintable() or c == "\n" else json.dumps(c)[1:-1] for c in text)


def about_state(state: str, signer: str, problems: set[str]) -> str:
    """The first sentence: the verdict and who signed."""
    by = f"“{plain(signer)}”" if signer else "a signer without a name"
    if state == "trusted":
        return f"Trusted: unchanged since it was signed by {by}, whom this machine knows."
    if state == "tampered":
        codes = f" ({', '.join(sorted(plain(code) for code in problems))})" if problems else ""
        return f"Tampered: this file is not as it was when {by} signed it{codes}."
    if problems - {"signingCredential.untrusted"}:
        return (
            f"Valid: unchanged since it was signed by {by}, but the signer's certificate is out of date, "
            "and with it what this machine could know about them."
        )
    return (
        f"Valid: unchanged since it was signed, but this machine doesn't know the signer, {by}. "
        "Anybody can make such a signature."
    )


def about_sidecar(name: str, changed: bool) -> str:
    """Where the credentials lay, and for a mismatch the innocent reason."""
    if changed:
        return f"The credentials are in the sidecar {plain(name)}, which may belong to another file."
    return f"The credentials are in the sidecar {plain(name)}: keep it beside the file."


def about_recast(recast: Recast) -> list[str]:
    """What was made from what, with which model and whose consent."""
    src = ", ".join(_file(clip) for clip in recast.src[:5]) or "clips that are not named"
    src += f" and {len(recast.src) - 5} more" if len(recast.src) > 5 else ""
    model, frames = recast.model, recast.frames
    sentences = [
        f"A trained model put the face seen in {src} into {_file(recast.dst)}.",
        f"The model is {_file(model)}, trained for {model.iterations:,} iterations; "
        f"{frames.swapped:,} of {frames.total:,} frames show the recast face.",
    ]
    if recast.plate is not None:
        sentences.append(
            f"The frames are those of {_file(recast.plate)}: {plain(recast.dst.name)} moves the face in it."
        )
    for other in recast.more_models[:20]:
        sentences.append(
            f"Other faces were painted by {_file(other)}, trained for {other.iterations:,} iterations."
        )
    if recast.use:
        sentences.append(f"It was made for: {plain(recast.use)}.")
    for performer, consent in list(recast.consents.items())[:20]:
        who = f" ({consent.who})" if consent.who and consent.who != performer else ""
        sentences.append(f"{plain(performer + who)}: {plain(consent.sentence())}.")
    if not recast.consents:
        sentences.append("Nothing is said about anybody's consent.")
    return sentences


def about_watermark(number: str, *, mirrored: bool) -> str:
    """What was read in the picture."""
    seen = ", mirrored" if mirrored else ""
    return (
        f"The picture carries the watermark {plain(number)}{seen}. It survives what credentials don't, and "
        "says which export this was; the program's key is open, so it doesn't prove who made it."
    )


def about_other_watermark(told: str) -> str:
    """The credentials and the picture disagree."""
    return (
        f"The credentials name another watermark, {plain(told)}: the picture was made from one that was marked "
        "before, or the credentials belong to another file."
    )


def about_ledger_line(ledger: str, number: int, file: str, day: str) -> str:
    """Where a ledger has the watermark's number."""
    return f"Line {number} of the ledger {plain(ledger)} has it: {plain(file)}, finished on {plain(day)}."


def about_source_type(word: str) -> str:
    """What the XMP says; not signed."""
    return f"Its XMP metadata name the source “{plain(word)}” (IPTC). Anybody can write or remove that."


def about_others(manifest: dict[str, Any]) -> list[str]:
    """Credentials that are not ours: which program made the claim."""
    made_by = manifest.get("claim_generator_info") or [{}]
    name = made_by[0].get("name") if isinstance(made_by[0], dict) else None
    return [f"The credentials were written by {plain(name or 'an unnamed program')}, not by a recast of ours."]


def about_ingredients(ingredients: list[dict[str, Any]]) -> list[str]:
    """Which ingredients carry credentials of their own."""
    sentences = []
    for ingredient in ingredients[:20]:
        if not ingredient.get("active_manifest"):
            continue
        results = (ingredient.get("validation_results") or {}).get("activeManifest") or {}
        changed = any("mismatch" in str(failure.get("code")) for failure in results.get("failure", []))
        state = "did not match it any more when it was used" if changed else "are kept in here"
        sentences.append(f"{plain(ingredient.get('title'))} had credentials of its own, which {state}.")
    return sentences


def _file(file: HashedFile) -> str:
    return f"{plain(file.name)} [sha256 {file.sha256[:12]}…]"
