"""The ledger of exports: one JSON line for every finished file, each chained to the line before by its hash.

A line is never changed or removed; a line that was shows. The machine that wrote it remembers the last hash in
the user's data folder, because nothing follows on the last line. That is no lock: whoever can write both can
write a new chain, so keep that hash elsewhere where it matters. The ledger of frames is another
thing (`ledger`).
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from understudy.errors import MarksUnreadable
from understudy.files import read_json, said_plainly, sha256_of, sha256_pieces, write_json
from understudy.provenance.identity import home_folder
from understudy.provenance.ledger import LEDGER_NAME, ledger_by_steps
from understudy.provenance.recast import Recast
from understudy.steps import answer_of

_KNOWN_NAME = "ledgers.json"
_MOST_KNOWN = 1000
_BEGINNING = b'{"version": '  # of every line
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


def hash_of(finished: Path) -> str:
    """What a ledger knows a file or folder by: its SHA-256, of a folder that of the list of its images as they
    are now. Raises MarksUnreadable where it can't be read."""
    return answer_of(hash_by_steps(finished))


def hash_by_steps(finished: Path) -> Generator[float, None, str]:
    """The same, in steps: yields how much of the work, 0..1, is done."""
    try:
        if finished.is_dir():
            return hashlib.sha256((yield from ledger_by_steps(finished))).hexdigest()
        size, done, pieces = finished.stat().st_size, 0, sha256_pieces(finished)
        while True:
            try:
                done += next(pieces)
            except StopIteration as end:
                return end.value
            yield min(1.0, done / size)
    except OSError as error:
        raise MarksUnreadable("This can't be opened for reading.", finished) from error


def append(ledger: Path, export: Export) -> str:
    """Write a line at the end and see it on the disk; returns its hash. Hold the project's lock meanwhile.

    What a killed process left of a line is cut away; a line of which only the line break is missing stays.
    Raises MarksUnreadable where a line is none, FolderUnwritable and DiskFull where it can't be written.
    """
    with said_plainly(ledger):
        ledger.parent.mkdir(parents=True, exist_ok=True)
        with ledger.open("a+b") as file:
            file.seek(0)
            before = file.read()
            whole = before.rfind(b"\n") + 1
            rest = before[whole:]
            is_cut = not _is_line(rest) and _BEGINNING.startswith(rest[: len(_BEGINNING)])
            # First of all: of what is no ledger nothing is cut away.
            hashes = [line.hash for line in _lines(before[:whole] if is_cut else before, ledger)]
            if is_cut:
                file.truncate(whole)
            else:
                file.write(b"\n")
            line = _as_line(export.model_copy(update={"previous": hashes[-1] if hashes else _FIRST}))
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
    return _hash(line)


def require_ledger(ledger: Path) -> None:
    """Raise MarksUnreadable where something stands there that no line can be added to."""
    if ledger.exists():
        whole, _, _ = _read(ledger).rpartition(b"\n")
        list(_lines(whole, ledger))


def lines_of(ledger: Path) -> Iterator[Line]:
    """Every export, oldest first. Raises MarksUnreadable where a line is none of ours."""
    yield from _lines(_read(ledger), ledger)


def breaks_in(ledger: Path, home: Path | None = None) -> list[str]:
    """What is wrong with the chain, as `checked_lines` says it. Raises MarksUnreadable for no ledger."""
    return checked_lines(ledger, home)[1]


def checked_lines(ledger: Path, home: Path | None = None) -> tuple[list[Line], list[str]]:
    """Every export, oldest first, and what is wrong with the chain, as sentences: none where every line is as
    it was written. The ledger is read once. Where a line can't be read, no lines are told.

    A change of the last line alone, or its removal, is told by the hash that this machine keeps in `home` of
    what it wrote itself; elsewhere only by a hash that somebody kept. Raises MarksUnreadable where there is no
    ledger.
    """
    told: list[Line] = []
    problems, before, unread = [], _FIRST, False
    lines = _raw_lines(_read(ledger))
    for number, raw in enumerate(lines, 1):
        try:
            export = Export.model_validate_json(raw)
        except ValidationError:
            problems.append(f"Line {number} can't be read.")
            before, unread = _hash(raw), True
            continue
        told.append(Line(number, export, _hash(raw)))
        if export.previous != before:
            problems.append(
                f"Line {number} doesn't follow from what stands before it: line {number - 1} was changed, or "
                "lines were removed or put in between."
                if number > 1
                else "Line 1 isn't the first one: lines before it were removed."
            )
        before = _hash(raw)
    problems = problems or _against_memory(lines, _remembered(home).get(ledger.absolute()))
    return [] if unread else told, problems


def _against_memory(lines: Sequence[bytes], known: _End | None) -> list[str]:
    """What this machine's memory of the end says against the ledger."""
    if known is None or not known.lines:
        return []
    if len(lines) < known.lines:
        return [f"This machine wrote line {known.lines}, and only {len(lines)} are here: some were removed."]
    if _hash(lines[known.lines - 1]) != known.last:
        return [
            f"Line {known.lines} isn't the one that this machine wrote: it was changed, or written anew after "
            "lines were removed."
        ]
    return []


def find(ledgers: Iterable[Path], *, watermark: str = "", sha256: str = "") -> tuple[Path, Line] | None:
    """The export that a watermark's number or a hash names; None where no ledger knows it. Unreadable ledgers
    are passed."""
    for ledger in ledgers:
        try:
            for line in lines_of(ledger):
                known = line.export
                if (watermark and known.watermark == watermark) or (sha256 and known.sha256 == sha256):
                    return ledger, line
        except MarksUnreadable:
            continue
    return None


def remember_ledger(ledger: Path, home: Path | None = None) -> None:
    """From now on this user's `verify` looks into that ledger too, and knows how it ended. Hold a lock in the
    home folder meanwhile: it is one list for all projects.

    Where the ledger isn't what was remembered, that memory stays and goes on telling; a ledger of one line was
    begun anew.
    """
    known, path, lines = _remembered(home), ledger.absolute(), _raw_lines(_read(ledger))
    end = _End(len(lines), _hash(lines[-1]) if lines else _FIRST)
    if len(lines) > 1 and _against_memory(lines, known.get(path)):
        return
    newest = list({path: end, **{other: its for other, its in known.items() if other != path}}.items())
    told = [{"path": str(each), "lines": its.lines, "last": its.last} for each, its in newest[:_MOST_KNOWN]]
    write_json((home or home_folder()) / _KNOWN_NAME, told)


def known_ledgers(home: Path | None = None) -> list[Path]:
    """The ledgers that were written on this machine and can be seen now, the newest first."""
    return [path for path in _remembered(home) if path.is_file()]


class _End(NamedTuple):
    """How a ledger ended when this machine wrote it: how many lines, and the last one's hash."""

    lines: int
    last: str


def _remembered(home: Path | None) -> dict[Path, _End]:
    try:
        told = read_json((home or home_folder()) / _KNOWN_NAME)
        return {Path(each["path"]): _End(int(each["lines"]), str(each["last"])) for each in told}
    except (OSError, ValueError, TypeError, KeyError):  # not there, or edited
        return {}


def _as_line(export: Export) -> bytes:
    return (json.dumps(export.model_dump(mode="json"), ensure_ascii=False) + "\n").encode("utf-8")


def _hash(raw: bytes) -> str:
    return hashlib.sha256(raw.rstrip(b"\n")).hexdigest()


def _read(ledger: Path) -> bytes:
    try:
        if ledger.stat().st_size > _LARGEST_BYTES:
            raise MarksUnreadable("This is too large to be a ledger of exports.", ledger)
        return ledger.read_bytes()
    except OSError as error:
        raise MarksUnreadable("There is no ledger of exports here.", ledger) from error


def _raw_lines(data: bytes) -> list[bytes]:
    return [raw for raw in data.split(b"\n") if raw]


def _lines(data: bytes, ledger: Path) -> Iterator[Line]:
    for number, raw in enumerate(_raw_lines(data), 1):
        try:
            yield Line(number, Export.model_validate_json(raw), _hash(raw))
        except ValidationError as error:
            raise MarksUnreadable(
                f"Line {number} of this ledger can't be read. Put it back as it was, or move the file to "
                "another name and keep it; the next export begins a new one.",
                ledger,
            ) from error


def _is_line(raw: bytes) -> bool:
    try:
        return bool(Export.model_validate_json(raw))
    except ValidationError:
        return False
