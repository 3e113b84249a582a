"""The ledger of exports: one JSON line for every finished file, each chained to the line before by its hash.

A line is never changed or removed; a line that was shows. That is no lock: whoever can write the file can write
a new chain, so keep the last hash elsewhere where it matters. The ledger of frames is another thing (`ledger`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from understudy.errors import MarksUnreadable
from understudy.files import read_json, said_plainly, sha256_of, write_json
from understudy.provenance.identity import home_folder
from understudy.provenance.ledger import LEDGER_NAME
from understudy.provenance.recast import Recast

_KNOWN_NAME = "ledgers.json"
_MOST_KNOWN = 1000
_FIRST = "0" * 64
_LARGEST_BYTES = 256 << 20


class Unmarked(BaseModel):
    """Why a file that stays in a closed production went without marks, and who decided that."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    reason: str
    by: str


class Export(BaseModel):
    """One finished file: what it is, what it was made from, whose consent, and which marks went on it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: int = 1
    at: datetime
    file: str  # its name; where it went is nobody's matter
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")  # of a folder: that of its ledger of frames
    marks: list[str]  # "content credentials", "watermark", "label"
    watermark: str = ""
    signer: str = ""
    recast: dict[str, Any]
    unmarked: Unmarked | None = None
    previous: str = _FIRST  # the hash of the line before


@dataclass(frozen=True)
class Line:
    """An export as it stands in a ledger. `hash` is that of the whole line."""

    number: int  # from 1
    export: Export
    hash: str


def export_of(
    finished: Path,
    *,
    title: str,
    recast: Recast,
    marks: list[str],
    signer: str,
    unmarked: Unmarked | None = None,
) -> Export:
    """The line for a file or folder that was just signed, or that stays without marks."""
    hashed = finished / LEDGER_NAME if finished.is_dir() else finished
    return Export(
        at=datetime.now(UTC),
        file=title,
        sha256=sha256_of(hashed),
        marks=marks,
        watermark=recast.watermark,
        signer=signer,
        recast=recast.for_manifest(),
        unmarked=unmarked,
    )


def append(ledger: Path, export: Export) -> str:
    """Write a line at the end and see it on the disk; returns its hash. Hold the project's lock meanwhile.

    What a killed process left of a line is cut away. Raises MarksUnreadable where the last line is none,
    FolderUnwritable and DiskFull where it can't be written.
    """
    with said_plainly(ledger):
        ledger.parent.mkdir(parents=True, exist_ok=True)
        with ledger.open("a+b") as file:
            whole = _without_a_torn_line(ledger)
            file.truncate(whole)
            previous = _last_hash(ledger) if whole else _FIRST
            line = _as_line(export.model_copy(update={"previous": previous}))
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    return _hash(line)


def lines_of(ledger: Path) -> Iterator[Line]:
    """Every export, oldest first. Raises MarksUnreadable where a line is none of ours."""
    for number, raw in enumerate(_raw_lines(ledger), 1):
        try:
            yield Line(number, Export.model_validate_json(raw), _hash(raw))
        except ValidationError as error:
            raise MarksUnreadable(f"Line {number} of this ledger can't be read.", ledger) from error


def breaks_in(ledger: Path) -> list[str]:
    """What is wrong with the chain, as sentences; empty where every line is as it was written.

    A change of the last line alone, or its removal, can only be told by a hash that was kept elsewhere. Raises
    MarksUnreadable where there is no ledger.
    """
    problems, before = [], _FIRST
    for number, raw in enumerate(_raw_lines(ledger), 1):
        try:
            export = Export.model_validate_json(raw)
        except ValidationError:
            problems.append(f"Line {number} can't be read.")
            before = _hash(raw)
            continue
        if export.previous != before:
            problems.append(
                f"Line {number} doesn't follow from what stands before it: line {number - 1} was changed, or "
                "lines were removed or put in between."
                if number > 1
                else "Line 1 isn't the first one: lines before it were removed."
            )
        before = _hash(raw)
    return problems


def find(watermark: str, ledgers: Iterable[Path]) -> tuple[Path, Line] | None:
    """The export that a watermark's number names; None where no ledger knows it. Unreadable ones are passed."""
    for ledger in ledgers:
        try:
            for line in lines_of(ledger):
                if line.export.watermark == watermark:
                    return ledger, line
        except MarksUnreadable:
            continue
    return None


def remember_ledger(ledger: Path, home: Path | None = None) -> None:
    """From now on this user's `verify` looks into that ledger too."""
    known = [path for path in _remembered(home) if path != ledger.absolute()]
    if len(known) == len(_remembered(home)):
        newest = [ledger.absolute(), *known][:_MOST_KNOWN]
        write_json((home or home_folder()) / _KNOWN_NAME, [str(path) for path in newest])


def known_ledgers(home: Path | None = None) -> list[Path]:
    """The ledgers that were written on this machine and can be seen now, the newest first."""
    return [path for path in _remembered(home) if path.is_file()]


def _remembered(home: Path | None) -> list[Path]:
    try:
        told = read_json((home or home_folder()) / _KNOWN_NAME)
    except (OSError, ValueError):
        return []
    return [Path(text) for text in told if isinstance(text, str)] if isinstance(told, list) else []


def _as_line(export: Export) -> bytes:
    return (json.dumps(export.model_dump(mode="json"), ensure_ascii=False) + "\n").encode("utf-8")


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw.rstrip(b"\n")).hexdigest()


def _raw_lines(ledger: Path) -> list[bytes]:
    try:
        if ledger.stat().st_size > _LARGEST_BYTES:
            raise MarksUnreadable("This is too large to be a ledger of exports.", ledger)
        return [raw for raw in ledger.read_bytes().split(b"\n") if raw]
    except OSError as error:
        raise MarksUnreadable("There is no ledger of exports here.", ledger) from error


def _last_hash(ledger: Path) -> str:
    return [line.hash for line in lines_of(ledger)][-1]


def _without_a_torn_line(ledger: Path) -> int:
    """How many bytes of the ledger are whole lines."""
    return ledger.read_bytes().rfind(b"\n") + 1
