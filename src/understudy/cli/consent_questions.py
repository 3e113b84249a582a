"""The questions of `understudy consent` at a terminal. Enter keeps what is recorded, - clears it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from understudy.provenance.consent import Consent

Ask = Callable[[str], str]
Read = Callable[[str], Any]

_STATUSES = ("agreed", "fictional", "not stated", "refused")


def answers(performer: str, known: Consent, *, ask: Ask = input) -> dict[str, Any]:
    """What is to be changed in `known`, by the record's own names; nothing where the questions were broken off
    with the end of the input.
    """
    print(f"{performer}. Enter keeps what stands in brackets, - clears it.")
    try:
        said = _asked("How did they agree: agreed, fictional, not stated, refused", known.status, _status, ask)
        told: dict[str, Any] = {} if said is None else {"status": said}
        for name, question, read, empty in _questions(told.get("status", known.status)):
            value = _asked(question, _shown(getattr(known, name)), read, ask)
            while name == "valid_until" and _ends_before_it_starts(told, known, value):
                print("  That is before the first day; - takes it back.")
                value = _asked(question, _shown(getattr(known, name)), read, ask)
            if value is not None:
                told[name] = empty if value == "-" else value
    except EOFError:
        print("\nNothing was changed.")
        return {}
    if told.get("evidence", "") is None:
        told["evidence_sha256"] = None
    return told


def _ends_before_it_starts(told: dict[str, Any], known: Consent, until: Any) -> bool:
    first, last = told.get("valid_from", known.valid_from), known.valid_until if until is None else until
    return isinstance(first, date) and isinstance(last, date) and last < first


def _questions(status: str) -> list[tuple[str, str, Read, Any]]:
    """The field, the question, what reads its answer, and what it is when cleared."""
    who: list[tuple[str, str, Read, Any]] = [("who", "Their name or role", str, "")]
    if status != "agreed":
        return who
    return [
        *who,
        ("scope", "What the face may be used for, in the words agreed on", str, ""),
        ("uses", "Uses agreed on, a word each, with commas; none is any use", _words, []),
        ("valid_from", "The first day on which it holds, as 2026-09-01", _day, None),
        ("valid_until", "The last one", _day, None),
        ("attested_by", "Who states that they agreed", str, ""),
        ("evidence", "The signed form or contract, a file", _file, None),
    ]


def _asked(question: str, shown: str, read: Read, ask: Ask) -> Any:
    """The answer, "-" to clear, None to keep; asked again until it can be read."""
    while True:
        text = ask(f"{question}{f' [{shown}]' if shown else ''}: ").strip()
        if not text:
            return None
        if text == "-" and read is not _status:
            return "-"
        try:
            return read(text)
        except ValueError as error:
            print(f"  {error}")


def _status(text: str) -> str:
    fitting = [status for status in _STATUSES if status.startswith(text.casefold())]
    if len(fitting) != 1:
        raise ValueError(f"One of these words: {', '.join(_STATUSES)}.")
    return fitting[0]


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError("A day like 2026-09-01.") from None


def _file(text: str) -> str:
    path = Path(text).expanduser()
    if not path.is_file():
        raise ValueError("There is no such file.")
    if not path.stat().st_size:
        raise ValueError("That file is empty.")
    return str(path)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value or "")
