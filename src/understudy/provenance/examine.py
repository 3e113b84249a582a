"""All marks of a file together: credentials, the watermark in the picture, metadata, and the ledger's line.

Says what each proves and what not. Each is read by its own module; here they are put beside each other, because
where one is lost another may have stayed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from understudy.errors import UnderstudyError
from understudy.provenance import words
from understudy.provenance.exports import Line, find, hash_of, known_ledgers
from understudy.provenance.ledger import images_in
from understudy.provenance.recast import Recast
from understudy.provenance.verify import Verdict, verify
from understudy.provenance.watermark.keys import OPEN_NAME, known_keys
from understudy.provenance.watermark.payload import name_of
from understudy.provenance.watermark.reading import Reading, watermark_by_steps
from understudy.provenance.xmp import source_type_in
from understudy.steps import answer_of

_MOST_IMAGES = 100  # of a folder, that are asked for their metadata


def examine(
    path: Path, *, home: Path | None = None, ledgers: Sequence[Path] = (), watermark: bool = True
) -> Verdict:
    """Read every mark of a film, an image, or a folder of images.

    `ledgers` are searched for the watermark's number before those this machine has written. Without `watermark`
    the pictures are not looked at, which is much faster. Raises what `verify` raises.
    """
    return answer_of(examine_by_steps(path, home=home, ledgers=ledgers, watermark=watermark))


def examine_by_steps(
    path: Path, *, home: Path | None = None, ledgers: Sequence[Path] = (), watermark: bool = True
) -> Generator[float, None, Verdict]:
    """The same, in steps: yields about how much of the work, 0..1, is done."""
    signed = verify(path, home=home)
    source_type = _source_type(path)
    if watermark:
        reading, looked = yield from _looked(path, home)
    else:
        reading, looked = None, words.NO_PICTURE if _is_unread(path) else ""
    entry = _entry(path, reading, [*ledgers, *known_ledgers(home)]) if watermark else None
    state = "stripped" if signed.state == "none" and reading is not None else signed.state
    sentences = [words.STRIPPED, *signed.sentences[1:-1]] if state == "stripped" else list(signed.sentences)
    if looked == words.NO_PICTURE and state == "none":
        sentences, looked = [words.NOT_SHOWN], ""
    if watermark:
        sentences += _about_watermark(reading, signed, looked)
        sentences += _about_ledger(entry, reading, signed)
    if source_type:
        sentences.append(words.about_source_type(source_type))
    facts = {
        **signed.facts,
        "watermark": None if reading is None else _facts_of(reading),
        "ledger": None if entry is None else entry.facts(),
        "source_type": source_type,
    }
    if not watermark:
        del facts["watermark"], facts["ledger"]
    return replace(signed, state=state, sentences=sentences, facts=facts)


class _Entry(NamedTuple):
    """The line of a ledger that names a file, and by what."""

    ledger: Path
    line: Line
    by_hash: bool

    def facts(self) -> dict[str, Any]:
        found_by = "sha256" if self.by_hash else "watermark"
        told = self.line.export.model_dump(mode="json")
        return {"path": str(self.ledger), "line": self.line.number, "found_by": found_by} | told


def _source_type(path: Path) -> str:
    """Of a folder that of the first image that has one: what was not swapped has none."""
    for file in images_in(path)[:_MOST_IMAGES] if path.is_dir() else [path]:
        with contextlib.suppress(OSError):
            if word := source_type_in(file):
                return word
    return ""


def reading_by_steps(path: Path, home: Path | None = None) -> Generator[float, None, Reading | None]:
    """The watermark in a picture, by any key that is known here; None without one, or of no picture. Yields
    about how much of the work, 0..1, is done."""
    return (yield from _looked(path, home))[0]


def _looked(path: Path, home: Path | None) -> Generator[float, None, tuple[Reading | None, str]]:
    """The watermark, and what is to be said where none was found."""
    # What is no picture, or none that can be opened, has no watermark to be read; that is no error here.
    try:
        return (yield from watermark_by_steps(path, keys=known_keys(home))), words.NO_WATERMARK
    except (UnderstudyError, OSError, ValueError):
        return None, words.NO_IMAGES if path.is_dir() and not images_in(path) else words.NO_PICTURE


def _is_unread(file: Path) -> bool:
    """Whether this can be opened neither as a film nor as an image. A folder is a matter of its ledger."""
    from understudy.media.opening import open_clip

    try:
        if not file.is_dir():
            open_clip(file).close()
    except (UnderstudyError, OSError, ValueError):
        return True
    return False


def _entry(path: Path, reading: Reading | None, ledgers: Sequence[Path]) -> _Entry | None:
    """By the watermark's number, which survives, or else by the hash of what has none."""
    if reading is not None:
        found = find(ledgers, watermark=name_of(reading.found.number))
        return None if found is None else _Entry(*found, by_hash=False)
    if not any(ledger.is_file() for ledger in ledgers):
        return None
    found = find(ledgers, sha256=hash_of(path))
    return None if found is None else _Entry(*found, by_hash=True)


def _facts_of(reading: Reading) -> dict[str, Any]:
    return {
        "number": name_of(reading.found.number),
        "frames": reading.frames,
        "corrected_bits": reading.found.wrong_bits,
        "peak": round(reading.found.peak, 1),
        "mirrored": reading.found.mirrored,
        "key": reading.key,
    }


def _private(reading: Reading) -> str:
    return "" if reading.key == OPEN_NAME else reading.key


def _about_watermark(reading: Reading | None, signed: Verdict, looked: str) -> list[str]:
    told = _named_watermark(signed)
    if reading is None:
        return [words.WATERMARK_GONE] if told else [looked] if looked else []
    number = name_of(reading.found.number)
    sentences = [words.about_watermark(number, mirrored=reading.found.mirrored, key=_private(reading))]
    if told:
        sentences.append(words.WATERMARK_FITS if told == number else words.about_other_watermark(told))
    return sentences


def _about_ledger(entry: _Entry | None, reading: Reading | None, signed: Verdict) -> list[str]:
    if entry is None:
        return [] if reading is None else [words.NOT_IN_LEDGER]
    line, export = entry.line, entry.line.export
    where = (entry.ledger.name, line.number, export.file, str(export.at.date()))
    sentences = [words.about_ledger_line(*where, by_hash=entry.by_hash)]
    if export.unmarked is not None:
        sentences.append(words.about_unmarked(export.unmarked.reason, export.unmarked.by))
    if signed.facts.get("recast") is None or (reading is not None and not _named_watermark(signed)):
        with contextlib.suppress(ValueError):
            sentences += words.about_recast(Recast.model_validate(export.recast))
    return sentences


def _named_watermark(signed: Verdict) -> str:
    """The number that the credentials name."""
    return (signed.facts.get("recast") or {}).get("watermark") or ""
