"""The log of a faceset's changes: each command is one step, is finished after a kill, and can be taken back.

`history.jsonl` lies beside the faces and only grows. An entry is on the disk before the first file moves. What
leaves the faceset lies in the project's trash, in one folder for each entry; undoing moves the very files back.
One process at a time may change a faceset: whoever calls holds a lock. What the commands are is not here, and
how an entry looks is in `entries.py`.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from understudy.errors import NothingToUndo, StepOutdated, UndoImpossible
from understudy.facesets.by_hand.settling import settle
from understudy.facesets.by_hand.steps import HandSteps
from understudy.facesets.curation.entries import (
    HISTORY_NAME,
    Entry,
    HandMark,
    Step,
    Way,
    directed,
    entry_of,
    line_of,
    safe_place,
    steps_of,
)
from understudy.facesets.curation.moves import Outcome, Pair, move_in, move_out
from understudy.facesets.extraction.journal import JOURNAL_NAME, Journal, faces_noted
from understudy.facesets.names import safe_name
from understudy.files import append_line, write_bytes
from understudy.workers.identity import lives, mark_of


@dataclass(frozen=True)
class _Extraction:
    """An extraction that writes here, and how long the journal was when it began."""

    entry: Entry
    clip: str
    journal_bytes: int
    process: dict[str, Any]  # its mark


class Change:
    """What one command is about to do. Filled inside `History.change`, carried out when the block ends."""

    def __init__(self, entry: Entry, trash: Path) -> None:
        self._trash, self._hold = trash, entry.hold
        self.leaving: list[Pair] = []
        self.coming: list[Pair] = []
        self.noted: list[tuple[str, int, int]] = []
        self.hand: HandMark | None = None  # the step of a hand that this is
        self.words = entry.words

    def remove(self, name: str) -> None:
        """The file goes to the trash."""
        self.leaving.append((name, f"{self._hold}/{name}"))

    def rename(self, name: str, new_name: str) -> None:
        """The file gets another name; several may exchange theirs."""
        self.leaving.append((name, f"{self._hold}/{name}"))
        self.coming.append((new_name, f"{self._hold}/{name}"))

    def add(self, name: str, data: bytes) -> None:
        """A new file comes; it is written beside the trash until all are ready."""
        place = f"{self._hold}/new/{name}"
        write_bytes(self._trash / place, data)
        self.coming.append((name, place))

    def bring(self, name: str, place: str) -> None:
        """A file comes out of the trash, where another entry put it."""
        self.coming.append((name, place))

    def note(self, clip: str, frame: int, person: int) -> None:
        """The extraction will not make this face again."""
        self.noted.append((clip, frame, person))


class History:
    """The changes of the faceset in `folder`, whose leaving files lie below `trash`.

    Opening finishes what a killed process began, and `notices` says so; whoever only looks, without the lock,
    opens with `recover=False`. `hand`: the steps of the clip whose faces a hand changes, where they are read
    already.
    """

    def __init__(
        self, folder: Path, trash: Path, *, recover: bool = True, hand: HandSteps | None = None
    ) -> None:
        self.folder, self.trash, self._hand = folder, trash, hand
        self.notices: list[str] = []
        self._path = folder / HISTORY_NAME
        self._entries: dict[int, Entry] = {}
        self._pending: tuple[int, Way, bool] | None = None  # number, way, whether everything is out
        self._then: tuple[Way, list[int]] = ("do", [])  # the rest of a step of several entries
        self._staging: dict[int, str] = {}
        self._extractions: dict[int, _Extraction] = {}
        self._last_number = 0
        for line in self._lines():
            self._read(line)
        if recover:
            self._recover()

    def entries(self) -> list[Entry]:
        """Every entry, oldest first; those taken back are marked."""
        return [entry for _, entry in sorted(self._entries.items())]

    def rejected(self) -> dict[str, str]:
        """What lies in the trash because it was rejected, and not for another reason: its place there and its
        name before, oldest first."""
        lying: dict[str, str] = {}
        for entry in self.entries():
            if entry.undone:
                continue
            for _, place in entry.coming:
                lying.pop(place, None)
            if entry.verb == "reject":
                lying.update({place: name for name, place in entry.leaving})
        return {place: name for place, name in lying.items() if (self.trash / place).is_file()}

    @contextlib.contextmanager
    def change(self, verb: str, words: str, *, command: str = "") -> Iterator[Change]:
        """Collect a command's changes and carry them out as one entry when the block ends well.

        Entries of the same `command` are taken back together, as one step.
        Nothing has moved when the block raises. A change of nothing makes no entry. Raises DiskFull or
        FolderUnwritable.
        """
        entry = self._new_entry(verb, words, command)
        self._write({"staging": entry.number, "hold": entry.hold})
        change, ready = Change(entry, self.trash), False
        try:
            yield change
            ready = bool(change.leaving or change.coming or change.hand)
        finally:
            if not ready:
                self._forget_staged(entry.number)
        if not ready:
            return
        whole = replace(
            entry,
            words=change.words,
            leaving=tuple(change.leaving),
            coming=tuple(change.coming),
            noted=tuple(change.noted),
            hand=change.hand,
        )
        self._write(line_of(whole))
        self._carry_out()

    def begin_extraction(self, clip: str, *, command: str = "") -> int:
        """Note that the extraction of a clip begins to write here; returns the number of its entry."""
        entry = self._new_entry("extract", f"extract {clip}", command)
        journal = self.folder / JOURNAL_NAME
        size = journal.stat().st_size if journal.exists() else 0
        self._write({**line_of(entry), "clip": clip, "journal_bytes": size, "process": mark_of()})
        return entry.number

    def end_extraction(self, number: int) -> None:
        """Make one entry of all faces that were written since `begin_extraction`; of none, no entry.

        What was put away meanwhile, to make room for them, comes before it: it is taken back after it.
        """
        running = self._extractions.get(number)
        if running is None:
            return
        entry = running.entry
        made = faces_noted(self.folder, clip=running.clip, after_bytes=running.journal_bytes)
        names = _names_of(self.folder, made)
        pairs = tuple((names[face], f"{entry.hold}/{names[face]}") for face in made if face in names)
        whole = replace(entry, words=f"{entry.words}: {len(pairs)} faces", coming=pairs, noted=tuple(made))
        if pairs and self._last_number > number:
            whole = replace(whole, number=self._last_number + 1)
        self._write({**line_of(whole), "ends": number, "state": "done" if pairs else "void"})

    def note_arrived(self, verb: str, words: str, names: Sequence[str]) -> None:
        """Make one entry of files that a command has written into the folder by itself; of none, no entry."""
        if names:
            entry = self._new_entry(verb, words)
            pairs = tuple((name, f"{entry.hold}/{name}") for name in names)
            self._write({**line_of(replace(entry, coming=pairs)), "state": "done"})

    def undo(self, number: int | None = None) -> tuple[Step, list[str]]:
        """Take back the last step; returns it and what could not go as planned, one sentence each.

        With the `number` of a step, that one and no other. Raises NothingToUndo, StepOutdated when another
        one would be taken back by now, and UndoImpossible when its files are no longer in the trash.
        """
        steps = self.to_undo()
        if not steps:
            raise NothingToUndo("Nothing has been changed here that could be taken back.", self.folder)
        require_step(steps[0], number, "taken back", self.folder)
        return self._begin(steps[0], "undo")

    def redo(self, number: int | None = None) -> tuple[Step, list[str]]:
        """Do again what was taken back last. Raises as `undo` does."""
        steps = self.to_redo()
        if not steps:
            raise NothingToUndo("Nothing was taken back that could be done again.", self.folder)
        require_step(steps[0], number, "done again", self.folder)
        return self._begin(steps[0], "do")

    def steps(self) -> list[Step]:
        """Every step, oldest first; those taken back are marked."""
        return steps_of(self.entries())

    def to_undo(self) -> list[Step]:
        """What can be taken back, in the order in which it would be."""
        return [step for step in reversed(self.steps()) if not step.undone]

    def to_redo(self) -> list[Step]:
        """What was taken back and can be done again, in the order in which it would be."""
        return [step for step in self.steps() if step.undone and not step.dropped]

    @property
    def is_unfinished(self) -> bool:
        """Whether a change has begun whose files have not all moved."""
        return self._pending is not None or bool(self._then[1])

    @property
    def can_undo(self) -> bool:
        """Whether there is something to take back."""
        return bool(self.to_undo())

    @property
    def can_redo(self) -> bool:
        """Whether something was taken back and nothing else done since."""
        return bool(self.to_redo())

    # --- carrying out

    def _begin(self, step: Step, way: Way) -> tuple[Step, list[str]]:
        out: set[str] = set()  # places in the trash that an earlier part of the step fills
        for entry in step.in_order(way):
            leaving, coming = directed(entry, way)
            out |= {place for _, place in leaving}
            lost = [place for _, place in coming if place not in out and not (self.trash / place).is_file()]
            if lost:
                raise UndoImpossible(
                    f"{len(lost)} of the {len(coming)} files of this step ({entry.words}) are no longer in the "
                    "trash, so it stays as it is.",
                    self.trash / entry.hold,
                )
        return step, self._go_through([entry.number for entry in step.in_order(way)], way)

    def _go_through(self, numbers: Sequence[int], way: Way) -> list[str]:
        """Carry the entries out one after the other. Each line says what still follows, for after a kill."""
        surprises = []
        for done, number in enumerate(numbers, 1):
            rest = {"then": numbers[done:]} if numbers[done:] else {}
            self._write({"step": number, "way": way, "state": "begun", **rest})
            surprises += self._carry_out()
        return surprises

    def _carry_out(self) -> list[str]:
        """Do what is pending, from whichever phase it has reached."""
        if self._pending is None:
            return []
        number, way, is_out = self._pending
        entry, outcome = self._entries[number], Outcome()
        leaving, coming = directed(entry, way)
        if not is_out:
            move_out(leaving, folder=self.folder, trash=self.trash, outcome=outcome)
            self._write({"step": number, "way": way, "state": "out"})
        gone = set(outcome.gone)
        left = {place for name, place in leaving if name in gone}
        coming = [(name, place) for name, place in coming if place not in left]
        move_in(coming, folder=self.folder, trash=self.trash, hold=entry.hold, outcome=outcome)
        self._tell_journal(entry, way)
        if entry.hand is not None:
            undone = entry.hand.undone != (way == "undo")
            settle(
                self.trash.parent,
                entry.hand,
                self.folder,
                self.trash,
                gone=leaving,
                come=coming,
                undone=undone,
                log=self._hand if self._hand is not None and self._hand.clip == entry.hand.clip else None,
            )
        self._write({"step": number, "way": way, "state": "done"})
        _remove_empty(self.trash / entry.hold)
        return outcome.sentences()

    def _tell_journal(self, entry: Entry, way: Way) -> None:
        if entry.noted:
            with Journal(self.folder) as journal:
                for clip, frame, person in entry.noted:
                    journal.mark(clip, frame=frame, person=person, made=way == "do")

    def _recover(self) -> None:
        """Finish what a killed process began, and put away what it only prepared."""
        for number in list(self._staging):
            self._forget_staged(number)
        for number, running in list(self._extractions.items()):
            if not lives(running.process):
                self.end_extraction(number)
        if not self.is_unfinished:
            return
        way, numbers = self._then
        if self._pending is not None:
            number, way, _ = self._pending
            numbers = [number, *numbers]
        words = "; ".join(self._entries[number].words for number in numbers)
        surprises = self._carry_out() + self._go_through(self._then[1], way)
        word = "finished" if way == "do" else "taken back to the end"
        self.notices += [f"A stopped change ({words}) was {word}.", *surprises]

    def _forget_staged(self, number: int) -> None:
        """Only files that were made for this change lie there yet, nothing of the user's."""
        with contextlib.suppress(OSError):
            shutil.rmtree(self.trash / self._staging[number])
        self._write({"staging": number, "state": "void"})

    # --- the log

    def _new_entry(self, verb: str, words: str, command: str = "") -> Entry:
        number = self._last_number + 1
        stamp = time.strftime("%Y%m%d-%H%M%S")
        label = safe_name(f"{self.folder.parent.name}-{self.folder.name}-{verb}")
        hold = f"{stamp}-{label}-{number}"
        while (self.trash / hold).exists():  # a faceset of that name was here before
            hold += "x"
        when = datetime.now(UTC).isoformat(timespec="seconds")
        return Entry(number, verb, words, when, hold, command=command)

    def _lines(self) -> list[dict[str, Any]]:
        if not self._path.exists():
            return []
        whole = self._path.read_bytes()
        lines = []
        for line in whole[: whole.rfind(b"\n") + 1].splitlines():
            with contextlib.suppress(ValueError):
                value = json.loads(line)
                if isinstance(value, dict):
                    lines.append(value)
        return lines

    def _write(self, line: dict[str, Any]) -> None:
        append_line(self._path, json.dumps(line, ensure_ascii=False).encode())
        self._read(line)

    def _read(self, line: dict[str, Any]) -> None:
        """Follow one line; what is not ours or would lead out of the folder is passed over."""
        with contextlib.suppress(KeyError, TypeError, ValueError):
            if "staging" in line:
                self._read_staging(line)
            elif "entry" in line:
                self._read_entry(line)
            elif "step" in line:
                self._read_step(line)

    def _read_staging(self, line: dict[str, Any]) -> None:
        number = int(line["staging"])
        self._last_number = max(self._last_number, number)
        if line.get("state") == "void":
            self._staging.pop(number, None)
        else:
            self._staging[number] = safe_place(line["hold"], parts=1)

    def _read_entry(self, line: dict[str, Any]) -> None:
        entry = entry_of(line)
        self._last_number = max(self._last_number, entry.number)
        self._staging.pop(entry.number, None)
        if "journal_bytes" in line:
            # Histories of before said number and start apart, and the oldest the number alone.
            before = {"process": line.get("pid"), "started": line.get("pid_started")}
            self._extractions[entry.number] = _Extraction(
                entry,
                clip=str(line["clip"]),
                journal_bytes=int(line["journal_bytes"]),
                process=line.get("process", before),
            )
            return
        self._extractions.pop(int(line.get("ends", entry.number)), None)
        if line.get("state") == "void":
            return
        for number, other in self._entries.items():
            if other.undone:
                self._entries[number] = replace(other, dropped=True)
        self._entries[entry.number] = entry
        if line.get("state") != "done":
            self._pending = (entry.number, "do", False)

    def _read_step(self, line: dict[str, Any]) -> None:
        number, state = int(line["step"]), line["state"]
        way: Way = "undo" if line["way"] == "undo" else "do"
        entry = self._entries[number]
        if state == "done":
            self._pending = None
            self._entries[number] = replace(entry, undone=way == "undo")
            return
        if state == "begun":
            self._then = way, [n for n in map(int, line.get("then", ())) if n in self._entries]
        self._pending = (number, way, state == "out")


def require_step(step: Any, number: int | None, verb: str, folder: Path) -> None:
    """Raise StepOutdated unless this is the step of that number, or none is asked for."""
    if number is not None and step.number != number:
        raise StepOutdated(
            f"What would be {verb} now is another step than the one that was offered: {step.words}. Something "
            "was done elsewhere meanwhile. Nothing has changed; look at it, and ask again.",
            folder,
        )


def _names_of(folder: Path, faces: Sequence[tuple[str, int, int]]) -> dict[tuple[str, int, int], str]:
    """File names of faces by (clip, frame, person)."""
    from understudy.facesets.store import Faceset

    if not faces:
        return {}
    with Faceset(folder) as faceset:
        return {(f.record.clip, f.record.frame, f.record.person): f.name for f in faceset.faces()}


def _remove_empty(folder: Path) -> None:
    for path in (folder / "new", folder):
        with contextlib.suppress(OSError):
            path.rmdir()
