"""Which faces of other programs were taken into a faceset, so that an import goes on where it stopped.

One JSON line for every face, beside the face files. A face that a person deleted since does not come back by
itself. A torn last line is dropped: that face is then found again by its content.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any, BinaryIO, Self

from understudy.files import said_plainly

JOURNAL_NAME = "imported.jsonl"


class ImportJournal:
    """The journal of the faceset in `folder`. Use it as a context manager.

    Files named in `forgotten` count as never taken; with `again`, so does every file that is gone.
    """

    def __init__(self, folder: Path, *, forgotten: Collection[str] = (), again: bool = False) -> None:
        self._folder = folder
        self._path = folder / JOURNAL_NAME
        self._forgotten, self._again = forgotten, again
        self._file: BinaryIO | None = None
        self.keys: set[str] = set()

    def __enter__(self) -> Self:
        for line in _parsed(_whole_lines(self._path)):
            if "face" in line and self._counts(str(line.get("name", ""))):
                self.keys.add(str(line["face"]))
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()

    def _counts(self, name: str) -> bool:
        if not name or not (self._again or name in self._forgotten):
            return True
        return Path(name).name == name and (self._folder / name).exists()

    def note(self, key: str, name: str) -> None:
        """Remember a face that lies in the faceset now under `name`."""
        self.keys.add(key)
        self._write({"face": key, "name": name})

    def _opened(self) -> BinaryIO:
        self._folder.mkdir(parents=True, exist_ok=True)
        whole = _whole_lines(self._path)
        file = self._path.open("r+b" if self._path.exists() else "w+b")
        file.seek(len(whole))
        file.truncate()
        return file

    def _write(self, line: dict[str, Any]) -> None:
        with said_plainly(self._path):
            if self._file is None:  # an import that reads nothing leaves nothing behind
                self._file = self._opened()
            self._file.write(json.dumps(line).encode() + b"\n")
            self._file.flush()


def names_not_in_history(folder: Path) -> list[str]:
    """Files that imports have written since `mark_in_history` was last called."""
    names: list[str] = []
    for line in _parsed(_whole_lines(folder / JOURNAL_NAME)):
        if line.get("in_history"):
            names = []
        elif line.get("name"):
            names.append(str(line["name"]))
    return [name for name in dict.fromkeys(names) if Path(name).name == name and (folder / name).is_file()]


def mark_in_history(folder: Path) -> None:
    """Note that the faceset's history now knows of all that was imported."""
    with ImportJournal(folder) as journal:
        journal._write({"in_history": True})


def _whole_lines(path: Path) -> bytes:
    whole = path.read_bytes() if path.exists() else b""
    return whole[: whole.rfind(b"\n") + 1]


def _parsed(whole: bytes) -> list[dict[str, Any]]:
    lines = []
    for line in whole.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            lines.append(value)
    return lines
