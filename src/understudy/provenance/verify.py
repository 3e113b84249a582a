"""Read a file's marks and say in words what they show, and what they don't.

Works on anything anybody hands in: whatever is in the file, the answer is a verdict or an error for people.
How credentials are read is in `credentials.py`, the wording in `words.py`.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from understudy.errors import ClipMissing, MarksUnreadable
from understudy.files import sha256_of
from understudy.provenance import words
from understudy.provenance.credentials import SIDECAR_SUFFIX, Credentials, read_credentials
from understudy.provenance.identity import trusted_roots_pem
from understudy.provenance.ledger import LEDGER_NAME, differences, listed_in
from understudy.provenance.recast import recast_in

State = Literal["trusted", "valid", "tampered", "none", "stripped"]

# What `understudy verify` leaves with; 2 is an error, as everywhere.
EXIT_CODES: dict[State, int] = {"trusted": 0, "valid": 3, "tampered": 4, "none": 5, "stripped": 6}

_CLOCKS_DIFFER = timedelta(days=1)
# Findings that speak about the signer alone: the file itself is as it was signed.
_ABOUT_THE_SIGNER = frozenset(
    {"signingCredential.untrusted", "signingCredential.expired", "claimSignature.outsideValidity"}
)


@dataclass(frozen=True)
class Verdict:
    """What a file's marks say.

    `trusted`: unchanged, by a signer this machine knows. `valid`: unchanged, by one it doesn't know or whose
    certificate is out of date. `tampered`: changed since, or the marks are damaged. `none`: no marks.
    `stripped`: no credentials, but our watermark is in the picture (see `examine`). `facts` is JSON-able.
    """

    state: State
    sentences: list[str]
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """The exit code of `understudy verify` for this verdict."""
        return EXIT_CODES[self.state]


def verify(path: Path, *, home: Path | None = None) -> Verdict:
    """Read the marks of a film, an image, or a folder of images. Sidecars beside it are found by themselves.

    `home` is the user's data folder, for the roots that are trusted. Raises ClipMissing when there is no such
    file and MarksUnreadable when it cannot be opened; damaged or strange contents give a verdict.
    """
    try:
        if not path.exists():
            raise ClipMissing("There is no such file to verify.", path)
        if path.is_dir():
            return _verify_folder(path, home)
        if path.suffix.lower() == SIDECAR_SUFFIX:
            raise MarksUnreadable("This is a sidecar. Name the file it belongs to instead.", path)
        return _verify_file(path, home)
    except OSError as error:
        raise MarksUnreadable("This can't be opened for reading.", path) from error


def _verify_file(path: Path, home: Path | None) -> Verdict:
    try:
        found = read_credentials(path, roots_pem=trusted_roots_pem(home))
    except MarksUnreadable as error:
        if isinstance(error.__cause__, OSError):
            raise
        return Verdict("tampered", [error.message, words.TAMPERED_PROVES_LITTLE], {"problems": ["unreadable"]})
    if found is None:
        none = Verdict("none", [words.NO_MARKS, words.NONE_PROVES_NOTHING])
        return _verify_frame(path, home) or none
    return _verdict(found)


def _verify_frame(image: Path, home: Path | None) -> Verdict | None:
    """The marks of the signed sequence that this image is a frame of, as far as they are about this frame; None
    where it is none."""
    ledger = image.with_name(LEDGER_NAME)
    if image == ledger or not ledger.is_file():
        return None
    try:
        hashed = listed_in(image.parent).get(image.name)
    except MarksUnreadable:
        return None
    signed = _verify_file(ledger, home)
    if hashed is None or signed.state not in ("trusted", "valid"):
        return None
    state, *rest = signed.sentences
    if sha256_of(image) != hashed:
        sentences = [words.FRAME_CHANGED, words.TAMPERED_PROVES_LITTLE, *rest[:-1]]
        return Verdict("tampered", sentences, {**signed.facts, "problems": ["frame.mismatch"]})
    return replace(signed, sentences=[state, words.about_frame(image.name), *rest])


def _verify_folder(folder: Path, home: Path | None) -> Verdict:
    ledger = folder / LEDGER_NAME
    if not ledger.is_file():
        return Verdict("none", [words.NO_LEDGER, words.NONE_PROVES_NOTHING])
    signed = _verify_file(ledger, home)
    if signed.state not in ("trusted", "valid"):
        return signed
    try:
        problems = differences(folder)
    except MarksUnreadable as error:
        problems = [error.message]
    if problems:
        sentences = [words.FOLDER_CHANGED, *problems, words.TAMPERED_PROVES_LITTLE, *signed.sentences[1:-1]]
        return Verdict("tampered", sentences, {**signed.facts, "problems": problems})
    return signed


def _verdict(found: Credentials) -> Verdict:
    problems = _problems(found.store)
    state = _state(found.store, problems)
    manifest = found.active
    recast = recast_in(manifest)
    signer = str((manifest.get("signature_info") or {}).get("common_name") or "")
    sentences = [words.about_state(state, signer, problems, ahead=_ahead(manifest))]
    if found.sidecar is not None:
        sentences.append(words.about_sidecar(found.sidecar.name, state == "tampered"))
    sentences += words.about_recast(recast) if recast else words.about_others(manifest)
    sentences += words.about_ingredients(manifest.get("ingredients", []))
    sentences.append(words.TAMPERED_PROVES_LITTLE if state == "tampered" else words.NOT_PROVEN)
    facts = {
        "signer": signer,
        "sidecar": None if found.sidecar is None else found.sidecar.name,
        "recast": None if recast is None else recast.for_manifest(),
        "ingredients": [
            {"title": i.get("title"), "has_credentials": bool(i.get("active_manifest"))}
            for i in manifest.get("ingredients", [])
        ],
        "actions": words.actions_in(manifest),
        "manifests": len(found.store["manifests"]),
        "problems": sorted(problems),
    }
    return Verdict(state, sentences, facts)


def _ahead(manifest: dict[str, Any]) -> date | None:
    """The day that the manifest's own actions name, for which nobody vouches, where it is still to come."""
    for assertion in manifest.get("assertions", []):
        data = assertion.get("data") if isinstance(assertion, dict) else None
        actions = data.get("actions") if isinstance(data, dict) else None
        for action in actions if isinstance(actions, list) else []:
            with contextlib.suppress(AttributeError, TypeError, ValueError):
                made = datetime.fromisoformat(action.get("when")).astimezone(UTC)
                return made.date() if made > datetime.now(UTC) + _CLOCKS_DIFFER else None
    return None


def _problems(store: dict[str, Any]) -> set[str]:
    """Codes of everything wrong with the newest manifest, and of what went wrong with older ones since."""
    results = store.get("validation_results") or {}
    newest = {str(failure.get("code")) for failure in (results.get("activeManifest") or {}).get("failure", [])}
    older = {
        str(failure.get("code"))
        for delta in results.get("ingredientDeltas") or []
        for failure in (delta.get("validationDeltas") or {}).get("failure", [])
    }
    return newest | (older - _ABOUT_THE_SIGNER)  # the signer of an older manifest is no matter of this file


def _state(store: dict[str, Any], problems: set[str]) -> State:
    if problems - _ABOUT_THE_SIGNER:
        return "tampered"
    said = store.get("validation_state")
    if said == "Trusted" and not problems:
        return "trusted"
    return "valid" if said == "Valid" or problems else "tampered"
