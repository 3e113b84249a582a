"""`understudy ledger verify | show | find`: every export of a project, and whether its list is untouched."""

from __future__ import annotations

import json as text
from pathlib import Path

from cyclopts import App

from understudy.cli.flags import Json
from understudy.cli.verify import ledger_of

app = App(name="ledger", help="See and check the list of everything that was finished.")
_BROKEN, _UNKNOWN = 4, 5


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
    from understudy.provenance.words import plain

    def row(export: Export) -> str:
        model = (export.recast.get("model") or {}).get("name", "-")
        people = export.recast.get("consents") or {}
        consents = ", ".join(f"{who}: {said.get('status')}" for who, said in people.items())
        number = export.watermark or "-"
        marks = ", ".join(export.marks)
        if export.unmarked is not None:
            marks = f"no marks: {plain(export.unmarked.reason)} ({plain(export.unmarked.by)})"
        return f"{number:<11} {plain(export.file)}, {plain(model)}; {plain(consents)}; {marks}"

    for line in lines_of(ledger_of(ledger)):
        if json:
            print(text.dumps(line.export.model_dump(mode="json"), ensure_ascii=False))
        else:
            print(f"{line.number:>4}  {line.export.at:%Y-%m-%d %H:%M}  {row(line.export)}")


@app.command
def find(number: str, /, *ledger: Path) -> int:
    """Say which export a watermark's number belongs to; exit code 5 where no ledger knows it.

    Parameters
    ----------
    number:
        Eleven hexadecimal digits, as `understudy verify` shows them.
    ledger:
        Projects, or their exports.jsonl; those that were written on this machine are always searched.
    """
    from understudy.provenance.exports import find as find_line
    from understudy.provenance.exports import known_ledgers

    found = find_line(number.strip().lower(), [*(ledger_of(path) for path in ledger), *known_ledgers()])
    if found is None:
        print(f"No ledger that this machine knows has {number}. Name the project or ledger that may have it.")
        return _UNKNOWN
    path, line = found
    print(f"{path}, line {line.number}:")
    print(text.dumps(line.export.model_dump(mode="json"), ensure_ascii=False, indent=2))
    return 0
