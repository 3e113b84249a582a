"""The sentences of a verdict: what marks show, in words that don't promise more than they prove.

Everything that comes out of a file is somebody else's text: it is shortened, and shown without anything that
could steer a terminal. No judging here, that is `verify.py`'s matter.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Sequence
from datetime import date
from typing import Any

from understudy.provenance.recast import HashedFile, LearntClip, Recast

NO_MARKS = "There are no Content Credentials in this file, nor in a sidecar beside it."
NOT_SHOWN = (
    "This is no film and no image, or too damaged to be read as one, and it has no Content Credentials: "
    "there is nothing in it to verify."
)
NO_LEDGER = "There is no ledger of frames in this folder, so nothing says how its images were made."
NONE_PROVES_NOTHING = "That proves nothing: marks are lost whenever another program writes the file again."
FOLDER_CHANGED = "Tampered: the images are no longer those that were signed."
FRAME_CHANGED = "Tampered: this frame is no longer the one that was signed with its sequence."
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
    "too small, too strongly compressed, turned or distorted, or spread with a private key that isn't here."
)
NO_PICTURE = (
    "No picture can be read in it, so no watermark was looked for: it is no film and no image, or damaged."
)
NO_IMAGES = "There is no image in this folder, so no watermark was looked for."
WATERMARK_GONE = (
    "The credentials name a watermark, but it can't be read in the picture: too small, too plain or too "
    "strongly compressed, spread with a private key that isn't here, or these are not the pictures that were "
    "marked."
)
WATERMARK_FITS = "It is the one that the credentials name."
NOT_IN_LEDGER = (
    "No ledger that this machine knows has that number. Whoever made the file can look it up in theirs with "
    "`understudy ledger find`."
)
NOT_ALL_LESSONS = (
    "It may have learnt from other faces too: it came from another program, or is older than the records that "
    "would tell."
)
_LONGEST = 120
_MOST_CLIPS = 5


def plain(text: object) -> str:
    """Somebody else's text in at most 120 printable characters."""
    shown = "".join(c if c.isprintable() else "?" for c in str(text))
    return shown if len(shown) <= _LONGEST else shown[: _LONGEST - 1] + "…"


def as_json(value: object, *, indent: int | None = None) -> str:
    """JSON in all alphabets, in which what could steer a terminal is written as an escape."""
    return escaped(json.dumps(value, ensure_ascii=False, indent=indent, default=str), keep="\n")


def escaped(text: str, *, keep: str = "") -> str:
    """Somebody else's text whole; what could steer a terminal is written as an escape, but for `keep`."""
    return "".join(c if _is_harmless(c) or c in keep else json.dumps(c)[1:-1] for c in text)


def _is_harmless(letter: str) -> bool:
    # Spaces that don't break, and what joins letters or keeps them apart in Persian and Hindi, steer nothing.
    return letter.isprintable() or unicodedata.category(letter) == "Zs" or letter in "\u200c\u200d"


def about_state(state: str, signer: str, problems: set[str], *, ahead: date | None = None) -> str:
    """The first sentence: the verdict and who signed. `ahead` is the day that the credentials name, where this
    computer's clock has not reached it."""
    by = f"“{plain(signer)}”" if signer else "a signer without a name"
    if state == "trusted":
        return f"Trusted: unchanged since it was signed by {by}, whom this machine knows."
    if state == "tampered":
        codes = f" ({', '.join(sorted(plain(code) for code in problems))})" if problems else ""
        return f"Tampered: this file is not as it was when {by} signed it{codes}."
    if problems - {"signingCredential.untrusted"} and ahead is not None:
        return (
            f"Valid: unchanged since it was signed by {by}, but by this computer's clock the signer's "
            f"certificate doesn't hold, and the file says that it was made on {ahead}, which is still to come. "
            "Set the clock and verify again."
        )
    if problems - {"signingCredential.untrusted"}:
        return (
            f"Valid: unchanged since it was signed by {by}, but the signer's certificate is out of date, "
            "and with it what this machine could know about them."
        )
    return (
        f"Valid: unchanged since it was signed, but this machine doesn't know the signer, {by}. "
        "Anybody can make such a signature."
    )


def about_frame(name: str) -> str:
    """One image of a signed sequence."""
    return f"{plain(name)} is a frame of a sequence that was signed as a whole; the others were not looked at."


def about_sidecar(name: str, changed: bool) -> str:
    """Where the credentials lay, and for a mismatch the innocent reason."""
    if changed:
        return f"The credentials are in the sidecar {plain(name)}, which may belong to another file."
    return f"The credentials are in the sidecar {plain(name)}: keep it beside the file."


def about_recast(recast: Recast) -> list[str]:
    """What was made from what, with which model and whose consent."""
    recast = recast.with_fictional_clips()
    src = _clips(recast.src) or "clips that are not named"
    model, frames = recast.model, recast.frames
    sentences = [
        f"A trained model put the face seen in {src} into {_file(recast.dst)}.",
        f"The model is {_file(model)}, trained for {model.iterations:,} iterations; "
        f"{frames.swapped:,} of {frames.total:,} frames show the recast face.",
    ]
    if frames.stretch:
        sentences.append(
            f"They are frames {plain(frames.stretch)} of {plain(recast.dst.name)}, counted from 0."
        )
    sentences += _about_lessons(recast)
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


def _about_lessons(recast: Recast) -> list[str]:
    """What else the models learnt from, and where that isn't known."""
    here = [clip for clip in recast.also_learnt if not clip.model]
    sentences = [f"To do so it also learnt from the faces in {_clips(here)}."] if here else []
    for model in dict.fromkeys(clip.model for clip in recast.also_learnt if clip.model):
        before = [clip for clip in recast.also_learnt if clip.model == model]
        elsewhere = (
            ""
            if all(clip.performer or clip.fictional for clip in before)
            else " Their consent isn't recorded here."
        )
        sentences.append(
            f"It began with parts of the model “{plain(model)}”, which had learnt from the faces in "
            f"{_clips(before)}.{elsewhere}"
        )
    if not recast.learnt_whole:
        sentences.append(NOT_ALL_LESSONS)
    return sentences


def about_watermark(number: str, *, mirrored: bool, key: str = "") -> str:
    """What was read in the picture; `key` is the name of a private key that spread it."""
    seen = ", mirrored" if mirrored else ""
    if key:
        return (
            f"The picture carries the watermark {plain(number)}{seen}, spread with the private key "
            f"“{plain(key)}”: whoever made it had that key. It survives what credentials don't, and says which "
            "export this was."
        )
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


def about_ledger_line(ledger: str, number: int, file: str, day: str, *, by_hash: bool) -> str:
    """Where a ledger has the watermark's number, or the file itself."""
    what = "exactly this file, by its SHA-256" if by_hash else "it"
    return f"Line {number} of the ledger {plain(ledger)} has {what}: {plain(file)}, finished on {plain(day)}."


def about_unmarked(reason: str, by: str) -> str:
    """Why a file has no marks, as the ledger tells."""
    return (
        f"It was left without marks, to stay in a closed production: {plain(reason)} (decided by {plain(by)}). "
        "It must not be shown to anybody as it is."
    )


def about_source_type(word: str) -> str:
    """What the metadata say; not signed."""
    return (
        f"Its metadata name the source “{plain(word)}” (IPTC, for machines to read). Anybody can write or "
        "remove that."
    )


def about_others(manifest: dict[str, Any]) -> list[str]:
    """Credentials that are not ours: which program made the claim."""
    made_by = manifest.get("claim_generator_info") or [{}]
    name = made_by[0].get("name") if isinstance(made_by[0], dict) else None
    told = [f"The credentials were written by {plain(name or 'an unnamed program')}, not by a recast of ours."]
    done = [", ".join(plain(part) for part in each.values() if part) for each in actions_in(manifest)]
    if done:
        more = f"; and {len(done) - _MOST_CLIPS} more" if len(done) > _MOST_CLIPS else ""
        told.append(f"They say what was done: {'; '.join(done[:_MOST_CLIPS])}{more}.")
    if any("trainedalgorithmicmedia" in each["source_type"].casefold() for each in actions_in(manifest)):
        told.append("So their signer says that a trained model made this, or a part of it.")
    return told


def actions_in(manifest: dict[str, Any]) -> list[dict[str, str]]:
    """What a manifest says was done: each action's name, its source type's last word, its description."""
    found: list[dict[str, str]] = []
    for assertion in manifest.get("assertions") or []:
        data = assertion.get("data") if isinstance(assertion, dict) else None
        actions = data.get("actions") if isinstance(data, dict) else None
        for action in actions if isinstance(actions, list) else []:
            if isinstance(action, dict):
                found.append(
                    {
                        "action": str(action.get("action") or "").removeprefix("c2pa."),
                        "source_type": str(action.get("digitalSourceType") or "").rpartition("/")[2],
                        "description": str(action.get("description") or "").rstrip("."),
                    }
                )
    return found


def about_ingredients(ingredients: list[dict[str, Any]]) -> list[str]:
    """Which ingredients carry credentials of their own."""
    sentences = []
    for ingredient in ingredients[:20]:
        if not ingredient.get("active_manifest"):
            continue
        results = (ingredient.get("validation_results") or {}).get("activeManifest") or {}
        changed = any("mismatch" in str(failure.get("code")) for failure in results.get("failure", []))
        state = "did not match it any more when it was used" if changed else "are kept in here"
        given = ", which a model was given," if ingredient.get("relationship") == "inputTo" else ""
        sentences.append(f"{plain(ingredient.get('title'))}{given} had credentials of its own, which {state}.")
    return sentences


def _clips(clips: Sequence[LearntClip]) -> str:
    more = f" and {len(clips) - _MOST_CLIPS} more" if len(clips) > _MOST_CLIPS else ""
    return ", ".join(_file(clip) for clip in clips[:_MOST_CLIPS]) + more


def _file(file: HashedFile | LearntClip) -> str:
    rendered = " (rendered people)" if isinstance(file, LearntClip) and file.fictional else ""
    return f"{plain(file.name)}{rendered}{f' [sha256 {file.sha256[:12]}…]' if file.sha256 else ''}"
