"""All marks of a file together: credentials, the watermark in the picture, XMP, and the ledger's line.

Says what each proves and what not. Each is read by its own module; here they are put beside each other, because
where one is lost another may have stayed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from understudy.errors import UnderstudyError
from understudy.provenance import words
from understudy.provenance.exports import Line, find, known_ledgers
from understudy.provenance.ledger import images_in
from understudy.provenance.recast import Recast
from understudy.provenance.verify import Verdict, verify
from understudy.provenance.watermark.payload import name_of
from understudy.provenance.watermark.reading import Reading, read_watermark
from understudy.provenance.xmp import source_type_in


def examine(
    path: Path, *, home: Path | None = None, ledgers: Sequence[Path] = (), watermark: bool = True
) -> Verdict:
    """Read every mark of a film, an image, or a folder of images.

    `ledgers` are searched for the watermark's number before those this machine has written. Without `watermark`
    the pictures are not looked at, which is much faster. Raises what `verify` raises.
    """
    signed = verify(path, home=home)
    source_type = _source_type(path)
    reading = _reading(path) if watermark else None
    line = _line_of(reading, [*ledgers, *known_ledgers(home)])
    state = "stripped" if signed.state == "none" and reading is not None else signed.state
    sentences = [words.STRIPPED, *signed.sentences[1:-1]] if state == "stripped" else list(signed.sentences)
    if watermark:
        sentences += _about_watermark(reading, signed, line)
    if source_type:
        sentences.append(words.about_source_type(source_type))
    facts = {
        **signed.facts,
        "watermark": None if reading is None else _facts_of(reading),
        "ledger": None
        if line is None
        else {"path": str(line[0]), "line": line[1].number} | line[1].export.model_dump(mode="json"),
        "source_type": source_type,
    }
    if not watermark:
        del facts["watermark"], facts["ledger"]
    return replace(signed, state=state, sentences=sentences, facts=facts)


def _source_type(path: Path) -> str:
    file = next(iter(images_in(path)), None) if path.is_dir() else path
    with contextlib.suppress(OSError):
        return "" if file is None else source_type_in(file)
    return ""


def _reading(path: Path) -> Reading | None:
    # What is no picture, or none that can be opened, has no watermark to be read; that is no error here.
    with contextlib.suppress(UnderstudyError, OSError, ValueError):
        return read_watermark(path)
    return None


def _line_of(reading: Reading | None, ledgers: Sequence[Path]) -> tuple[Path, Line] | None:
    return None if reading is None else find(name_of(reading.found.number), ledgers)


def _facts_of(reading: Reading) -> dict[str, Any]:
    return {
        "number": name_of(reading.found.number),
        "frames": reading.frames,
        "corrected_bits": reading.found.wrong_bits,
        "peak": round(reading.found.peak, 1),
        "mirrored": reading.found.mirrored,
    }


def _about_watermark(reading: Reading | None, signed: Verdict, line: tuple[Path, Line] | None) -> list[str]:
    told = (signed.facts.get("recast") or {}).get("watermark") or ""
    if reading is None:
        return [words.WATERMARK_GONE] if told else [words.NO_WATERMARK]
    number = name_of(reading.found.number)
    sentences = [words.about_watermark(number, mirrored=reading.found.mirrored)]
    if told:
        sentences.append(words.WATERMARK_FITS if told == number else words.about_other_watermark(told))
    if line is None:
        sentences.append(words.NOT_IN_LEDGER)
    else:
        ledger, entry = line
        export = entry.export
        sentences.append(words.about_ledger_line(ledger.name, entry.number, export.file, str(export.at.date())))
        with contextlib.suppress(ValueError):
            sentences += words.about_recast(Recast.model_validate(export.recast)) if not told else []
    return sentences
