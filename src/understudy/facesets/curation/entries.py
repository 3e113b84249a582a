"""One change in the log of a faceset, and the step that the changes of one command are together.

How a change stands in a line of `history.jsonl`, and which lines are refused. The log itself is `history.py`'s.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self

from understudy.facesets.curation.moves import Pair

HISTORY_NAME = "history.jsonl"
Way = Literal["do", "undo"]


@dataclass(frozen=True)
class HandMark:
    """That a change of files is what a hand did to a clip's faces, and which steps of `by_hand.steps` that is.

    `undone` where the change takes them back; `content` tells two contents of the clip's name apart.
    """

    clip: str
    steps: tuple[int, ...]
    command: str
    content: str
    undone: bool = False

    @classmethod
    def of(cls, line: Any) -> Self:
        """The one of a line's value. Raises KeyError, TypeError or ValueError where it is none of ours."""
        return cls(
            safe_place(line["clip"], parts=1),
            tuple(map(int, line["steps"])),
            str(line["command"]),
            str(line["content"]),
            bool(line["undone"]),
        )


@dataclass(frozen=True)
class Entry:
    """One change of a faceset.

    `leaving` and `coming` pair names in the faceset with places below the trash. `noted` are the faces, as
    (clip, frame, person), of which the extraction's journal learns that they were made.
    """

    number: int
    verb: str
    words: str
    when: str  # ISO 8601 with time zone
    hold: str  # the entry's folder in the trash
    leaving: tuple[Pair, ...] = ()
    coming: tuple[Pair, ...] = ()
    noted: tuple[tuple[str, int, int], ...] = ()
    undone: bool = False
    command: str = ""  # the same for all changes of one command; empty where it makes only this one
    dropped: bool = False  # undone, and something else was done since: can't be done again
    hand: HandMark | None = None  # regions and finds of a clip change with the files

    def new_names(self, *, taken_back: bool) -> dict[str, str]:
        """Where the entry renames: every file's new name, or its old one again, by the one before."""
        here, there = (self.coming, self.leaving) if taken_back else (self.leaving, self.coming)
        name_of = {place: name for name, place in there}
        return {name: name_of[place] for name, place in here if place in name_of}

    @property
    def faces(self) -> int:
        """How many files it touched."""
        return max(len(self.leaving), len(self.coming))


@dataclass(frozen=True)
class Step:
    """What is taken back at once: one command's changes that follow each other in the log, oldest first."""

    entries: tuple[Entry, ...]

    @property
    def number(self) -> int:
        """The number of its last change."""
        return self.entries[-1].number

    @property
    def verb(self) -> str:
        """The verb of its last change, which is what the command was for."""
        return self.entries[-1].verb

    @property
    def words(self) -> str:
        """What was done, in its order."""
        return "; ".join(entry.words for entry in self.entries)

    @property
    def when(self) -> str:
        """When the command began: ISO 8601 with time zone."""
        return self.entries[0].when

    @property
    def faces(self) -> int:
        """How many files its changes touched, one after the other."""
        return sum(entry.faces for entry in self.entries)

    @property
    def clips(self) -> list[str]:
        """The clips whose regions and finds it changes, because a hand did it to their faces."""
        return sorted({entry.hand.clip for entry in self.entries if entry.hand})

    @property
    def undone(self) -> bool:
        """Whether it was taken back."""
        return self.entries[-1].undone

    @property
    def dropped(self) -> bool:
        """Whether it was taken back and can't be done again."""
        return self.entries[-1].dropped

    def in_order(self, way: Way) -> tuple[Entry, ...]:
        """Its changes in the order in which they are done, or taken back."""
        return self.entries if way == "do" else self.entries[::-1]

    def new_names(self, *, taken_back: bool) -> dict[str, str]:
        """Where the step renames: every file's new name by the one before."""
        names: dict[str, str] = {}
        for entry in self.in_order("undo" if taken_back else "do"):
            names = names_after(names, entry.new_names(taken_back=taken_back))
        return names


def names_after(names: Mapping[str, str], later: Mapping[str, str]) -> dict[str, str]:
    """New names by those before, after files that got some `names` got `later` ones."""
    first = dict(later)
    return {old: first.pop(now, now) for old, now in names.items()} | first


def steps_of(entries: Sequence[Entry]) -> list[Step]:
    """The steps of a log. A change that another process made in between is a step of its own and parts the
    command's: to take them back past it could meet other files under their names."""

    def kind(entry: Entry) -> tuple[object, ...]:
        return entry.command or entry.number, entry.undone, entry.dropped

    return [Step(tuple(together)) for _, together in itertools.groupby(entries, kind)]


def directed(entry: Entry, way: Way) -> tuple[Sequence[Pair], Sequence[Pair]]:
    """(leaving, coming) of doing an entry or of taking it back."""
    return (entry.leaving, entry.coming) if way == "do" else (entry.coming, entry.leaving)


def line_of(entry: Entry) -> dict[str, Any]:
    """The entry's line in the log."""
    return {
        "entry": entry.number,
        "verb": entry.verb,
        "words": entry.words,
        "when": entry.when,
        "hold": entry.hold,
        "leaving": entry.leaving,
        "coming": entry.coming,
        "noted": entry.noted,
        "command": entry.command,
        **({"hand": asdict(entry.hand)} if entry.hand else {}),
    }


def entry_of(line: dict[str, Any]) -> Entry:
    """The entry of a line. Raises KeyError, TypeError or ValueError where it is none of ours."""
    return Entry(
        number=int(line["entry"]),
        verb=str(line["verb"]),
        words=str(line["words"]),
        when=str(line["when"]),
        hold=safe_place(line["hold"], parts=1),
        leaving=_pairs(line["leaving"]),
        coming=_pairs(line["coming"]),
        noted=tuple((str(clip), int(frame), int(person)) for clip, frame, person in line["noted"]),
        command=str(line.get("command", "")),  # histories of before have none
        hand=HandMark.of(line["hand"]) if line.get("hand") else None,
    )


def _pairs(values: Any) -> tuple[Pair, ...]:
    return tuple((safe_place(name, parts=1), safe_place(place, parts=3)) for name, place in values)


def safe_place(text: Any, *, parts: int | None = None) -> str:
    """`text` when it is one and leads nowhere but down, by so many steps at most where that is said. A faceset
    may come from a stranger, and so may a project."""
    if not isinstance(text, str):
        raise TypeError(f"{text!r} is no name")
    pieces = text.split("/")
    forbidden = "\0\\:" if os.name == "nt" else "\0"
    too_deep = parts is not None and len(pieces) > parts
    if too_deep or any(p in ("", ".", "..") or set(p) & set(forbidden) for p in pieces):
        raise ValueError(f"{text!r} leads out of its folder")
    return text
