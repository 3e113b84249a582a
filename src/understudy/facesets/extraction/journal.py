"""Which faces were already written to a faceset, so that one a person deleted stays deleted.

One JSON line per face beside the face files, where it is kept, copied and cleaned with them. A torn last line
is dropped: that face is then written again, which changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self

from understudy.facesets.record import FaceRecord
from understudy.files import said_plainly

JOURNAL_NAME = "extracted.jsonl"


@dataclass(frozen=True)
class Away:
    """A face that was put away: the name of its file, its frame and its box there."""

    name: str
    frame: int
    box_xyxy: tuple[float, ...]


@dataclass(frozen=True)
class Written:
    """A face that was written: its person's number then, and its box; None in journals that kept no boxes."""

    frame: int
    person: int
    box_xyxy: tuple[float, ...] | None


class Journal:
    """The journal of the faceset in `folder`. Use it as a context manager."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / JOURNAL_NAME
        self._lines: list[dict[str, Any]] = []
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        with said_plainly(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            whole = self._read()
            self._file = self.path.open("r+b" if self.path.exists() else "w+b")
            self._file.seek(len(whole))
            self._file.truncate()
        return self

    def __exit__(self, *exc: object) -> None:
        if self._file is not None:
            self._file.close()

    @classmethod
    def look(cls, folder: Path) -> Self:
        """The journal for reading alone; empty where there is none."""
        journal = cls(folder)
        journal._read()
        return journal

    def _read(self) -> bytes:
        whole = self.path.read_bytes() if self.path.exists() else b""
        whole = whole[: whole.rfind(b"\n") + 1]
        self._lines = [value for line in whole.splitlines() if (value := _object(line)) is not None]
        return whole

    def contents(self, clip: str) -> set[str]:
        """The identities of the clip's content that faces were written from."""
        return {str(line["content"]) for line in self._lines if line.get("clip") == clip and "content" in line}

    def settings(self, clip: str) -> list[dict[str, Any]]:
        """The settings of every run over the clip, oldest first."""
        return [line["settings"] for line in self._lines if line.get("clip") == clip and "settings" in line]

    def persons(self, clip: str) -> set[int]:
        """The persons whose faces were written."""
        return {line["person"] for line in self._lines if line.get("clip") == clip and "person" in line}

    def frames(self, clip: str, person: int) -> set[int]:
        """The frames of which a face of that person was written."""
        wanted, noted = (clip, person), set[int]()
        for line in self._lines:
            if "frame" in line and (line.get("clip"), line.get("person")) == wanted:
                (noted.discard if line.get("forgotten") else noted.add)(line["frame"])
        return noted

    def written(self, clip: str) -> list[Written]:
        """The faces of a clip that were written and not forgotten since; boxes where they are known."""
        noted: dict[tuple[int, int], list[tuple[float, ...] | None]] = {}
        forgotten: dict[tuple[int, int], list[tuple[float, ...] | None]] = {}
        for line in self._lines:
            if line.get("clip") != clip or "frame" not in line:
                continue
            key = line["frame"], line["person"]
            box = tuple(map(float, line["box"])) if line.get("box") else None
            if line.get("forgotten"):
                before = noted.pop(key, [])
                forgotten[key] = [other for other in before if box in (None, other) or other is None]
                noted[key] = [other for other in before if other not in forgotten[key]]
            else:
                # Where a face comes back by its number alone, its box is the one it had.
                noted[key] = noted.get(key, []) + ([box] if box else forgotten.get(key) or [None])
        return [Written(*key, box) for key, boxes in noted.items() for box in dict.fromkeys(boxes)]

    def frames_of_clip(self, clip: str) -> set[int]:
        """The frames of which a face of anybody was written."""
        return set().union(*(self.frames(clip, person) for person in self.persons(clip)))

    def note_run(self, clip: str, *, content: str, settings: dict[str, Any]) -> None:
        """Note a run and its settings, unless they are the last ones."""
        if self.settings(clip)[-1:] != [settings]:
            self._write({"clip": clip, "content": content, "settings": settings})

    def frames_in_clip(self, clip: str) -> dict[str, int]:
        """How many frames the clip had, by the identities of its content; of those where it was noted."""
        told = [line for line in self._lines if line.get("clip") == clip and "frames_in_clip" in line]
        return {str(line["content"]): int(line["frames_in_clip"]) for line in told}

    def note_clip(self, clip: str, *, content: str, frames: int) -> None:
        """Note how many frames a clip has, unless it is known."""
        if self.frames_in_clip(clip).get(content) != frames:
            self._write({"clip": clip, "content": content, "frames_in_clip": frames})

    def note_face(
        self, clip: str, *, content: str, frame: int, person: int, box: Sequence[float] | None = None
    ) -> None:
        """Note a written face. Persons are numbered anew by other options; the box says which face it was."""
        line = {"clip": clip, "content": content, "frame": frame, "person": person}
        self._write(line if box is None else line | {"box": list(box)})

    def mark(
        self, clip: str, *, frame: int, person: int, made: bool, box: Sequence[float] | None = None
    ) -> None:
        """Note a face that something else than an extraction took away, or forget one so that it may be made
        anew."""
        line: dict[str, Any] = {"clip": clip, "frame": frame, "person": person}
        if box is not None:
            line["box"] = list(box)
        self._write(line if made else line | {"forgotten": True})

    def note_away(self, record: FaceRecord, *, name: str) -> None:
        """Note that a face was put away because it isn't meant: it isn't deleted, and may come back."""
        line = {"clip": record.clip, "frame": record.frame, "person": record.person, "forgotten": True}
        self._write(line | {"away": name, "box": list(record.box_xyxy)})

    def away(self, clip: str) -> list[Away]:
        """The faces of a clip that were put away and not made or brought back since."""
        found: dict[tuple[int, int], Away] = {}
        for line in self._lines:
            if line.get("clip") == clip and "frame" in line:
                place = line["frame"], line["person"]
                found.pop(place, None)
                if "away" in line:
                    found[place] = Away(line["away"], line["frame"], tuple(line["box"]))
        return list(found.values())

    def _write(self, line: dict[str, Any]) -> None:
        if self._file is None:
            raise ValueError("the journal is not open")
        with said_plainly(self.path):
            self._file.write((json.dumps(line, ensure_ascii=False) + "\n").encode())
            self._file.flush()
        self._lines.append(line)


def faces_noted(folder: Path, *, clip: str, after_bytes: int) -> list[tuple[str, int, int]]:
    """The faces of a clip, as (clip, frame, person), noted in a folder's journal behind so many bytes."""
    path = folder / JOURNAL_NAME
    if not path.exists():
        return []
    lines = [_object(line) or {} for line in path.read_bytes()[after_bytes:].splitlines()]
    return [
        (clip, line["frame"], line["person"])
        for line in lines
        if line.get("clip") == clip and "content" in line and "frame" in line
    ]


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
