"""`understudy ledger verify | show | find`: every export of a project, and whether its list is untouched."""

from __future__ import annotations

import re
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

from cyclopts import App

from understudy.cli.flags import Json
from understudy.cli.show import show as show_events
from understudy.cli.verify import ledger_of
from understudy.steps import within

if TYPE_CHECKING:
    from understudy.events import Events
    from understudy.provenance.exports import Line

app = App(name="ledger", help="See and check the list of everything that was finished.")
_BROKEN, _UNKNOWN = 4, 5
_FIND = "find"
_NUMBER = re.compile("[0-9a-f]{11}")


@app.command
def verify(ledger: Path = Path(), /) -> int:
    """Check that no line of a ledger was changed, removed or put in between; exit code 4 where one was.

    Parameters
    ----------
    ledger:
        A project, or its exports.jsonl. Nothing named: the project you are in.
    """
    from understudy.provenance.exports import breaks_in, lines_of

    path = ledger_of(ledger)
    problems = breaks_in(path)
    for problem in problems:
        print(problem)
    if problems:
        print(f"{path}: what it says can't be relied on from the first of these lines.")
        return _BROKEN
    lines = list(lines_of(path))
    print(f"{len(lines)} lines, each as it was written. The last one's hash, to keep elsewhere:")
    print(lines[-1].hash if lines else "none yet")
    return 0


@app.command
def show(ledger: Path = Path(), /, *, json: Json = False) -> None:
    """List what was finished: when, which file, watermark, model, whose consent, which marks.

    Parameters
    ----------
    ledger:
        A project, or its exports.jsonl. Nothing named: the project you are in.
    json:
        Print every line as it stands in the ledger.
    """
    from understudy.provenance.exports import Export, lines_of
    from understudy.provenance.words import as_json, plain

    def row(export: Export) -> str:
        # A ledger may be somebody else's, with anything in it.
        model, people = export.recast.get("model"), export.recast.get("consents")
        name = model.get("name", "-") if isinstance(model, dict) else "-"
        said = people.items() if isinstance(people, dict) else ()
        consents = ", ".join(f"{who}: {of.get('status') if isinstance(of, dict) else of}" for who, of in said)
        marks = plain(", ".join(export.marks))
        if export.unmarked is not None:
            marks = f"no marks: {plain(export.unmarked.reason)} ({plain(export.unmarked.by)})"
        told = f"{plain(export.file)}, {plain(name)}; {plain(consents)}; {marks}"
        return f"{plain(export.watermark or '-'):<11} {told}"

    for line in lines_of(ledger_of(ledger)):
        if json:
            print(as_json(line.export.model_dump(mode="json")))
        else:
            print(f"{line.number:>4}  {line.export.at:%Y-%m-%d %H:%M}  {row(line.export)}")


@app.command
def find(what: str, /, *ledger: Path) -> int:
    """Say which export a file is, or a watermark's number belongs to; exit code 5 where no ledger knows it.

    A file is known by its SHA-256, also one without marks, or else by the watermark in its picture.

    Parameters
    ----------
    what:
        A finished file or a folder of images; or eleven hexadecimal digits, as `understudy verify` shows them.
    ledger:
        Projects, or their exports.jsonl; those that were written on this machine are always searched.
    """
    from understudy.provenance.exports import known_ledgers
    from understudy.provenance.words import as_json

    found: list[tuple[Path, Line]] = []
    ledgers = [*(ledger_of(path) for path in ledger), *known_ledgers()]
    show_events(_looked_for(what.strip(), ledgers, found), beside_output=True)
    if not found:
        print(f"No ledger that this machine knows has {what}. Name the project or ledger that may have it.")
        return _UNKNOWN
    ((path, line),) = found
    print(f"{path}, line {line.number}:")
    print(as_json(line.export.model_dump(mode="json"), indent=2))
    return 0


def _looked_for(what: str, ledgers: list[Path], found: list[tuple[Path, Line]]) -> Events:
    """Look for a file, or a number, and add the line that is about it to `found`. A film, or a folder of
    thousands of images, takes minutes."""
    from understudy.errors import ClipMissing
    from understudy.events import Progress, StageFinished, StageStarted
    from understudy.provenance.exports import find as find_line

    file = Path(what)
    if file.exists():
        yield StageStarted(stage=_FIND, unit="files", total=1)
        steps = _line_by_steps(file, ledgers)
        while True:
            try:
                yield Progress(stage=_FIND, done=0, total=1, note=file.name, begun=next(steps))
            except StopIteration as end:
                line = end.value
                break
        yield StageFinished(stage=_FIND)
    elif _NUMBER.fullmatch(what.lower()):
        line = find_line(ledgers, watermark=what.lower())
    else:
        raise ClipMissing(
            "There is no such file, and a watermark's number has eleven hexadecimal digits.", file
        )
    found += [] if line is None else [line]


def _line_by_steps(file: Path, ledgers: list[Path]) -> Generator[float, None, tuple[Path, Line] | None]:
    """By its hash, or else by its watermark; yields about how much of the work, 0..1, is done."""
    from understudy.provenance.examine import reading_by_steps
    from understudy.provenance.exports import find as find_line
    from understudy.provenance.exports import hash_by_steps
    from understudy.provenance.watermark.payload import name_of

    sha256 = yield from within(0, 0.5, hash_by_steps(file))
    if (found := find_line(ledgers, sha256=sha256)) is not None:
        return found
    reading = yield from within(0.5, 1, reading_by_steps(file))
    return None if reading is None else find_line(ledgers, watermark=name_of(reading.found.number))
