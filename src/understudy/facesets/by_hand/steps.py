"""What a hand did to a clip's faces, step by step, so that all of it can be taken back and done again.

One JSON line a step in `PROJECT/manual/<clip>.steps.jsonl`, which is there before anything changes, and one for
each time that a step was done, taken back or done again; the file only grows. A step that was never done (its
process died before) counts for nothing. What a step moves is `drawing.py`'s, what follows `settling.py`'s.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from understudy.facesets.names import safe_name
from understudy.files import append_line

Pair = tuple[str, str]  # a face's name, and its place below the trash


@dataclass(frozen=True)
class Side:
    """What was said of the frames before or after a step: regions drawn, and finds done again, by frame.

    None where nothing was said.
    """

    regions: dict[int, list[dict[str, Any]]]
    redone: dict[int, dict[str, Any] | None]


@dataclass(frozen=True)
class HandStep:
    """One thing a hand did."""

    number: int
    command: str  # the same for steps that are taken back together
    words: str
    when: str  # ISO 8601 with time zone
    frames: tuple[int, ...]
    before: Side
    after: Side
    there: tuple[str, ...]  # names of faces that lie in the faceset because of the step, as it stands now
    away: tuple[Pair, ...]  # faces that lie in the trash because of it
    overlays: tuple[int, ...] = ()  # frames whose deleted overlay was drawn anew
    origin: str = ""  # the face that these were carried from
    undone: bool = False
    dropped: bool = False  # undone, and something else was done since
    begun: bool = False  # written down, and not done yet


class HandSteps:
    """The steps of one clip. Who keeps it `look`s again: of a log that only grows, what is new is read."""

    def __init__(self, manual_folder: Path, clip_name: str) -> None:
        self.clip = clip_name
        self.path = manual_folder / f"{safe_name(clip_name)}.steps.jsonl"
        self._steps: dict[int, HandStep] = {}
        self._undone: set[int] = set()  # and not dropped: a long log is not gone through for each new step
        self._read: tuple[int, int] = (0, 0)  # which file, and how much of it
        self.look()

    def look(self) -> Self:
        """Read what others wrote since; all of it where the file is another one."""
        try:
            status = self.path.stat()
        except OSError:
            self._steps, self._undone, self._read = {}, set(), (0, 0)
            return self
        file, read = self._read
        if file != status.st_ino or status.st_size < read:
            self._steps, self._undone, read = {}, set(), 0
        if status.st_size > read:
            with self.path.open("rb") as log:
                log.seek(read)
                new = log.read()
            whole = new.rfind(b"\n") + 1  # the last line may still be written
            for line in new[:whole].splitlines():
                self._take(line)
            read += whole
        self._read = (status.st_ino, read)
        return self

    def all(self) -> list[HandStep]:
        """Every step, oldest first."""
        return [step for step in self._steps.values() if not step.begun]

    def known(self, number: int, command: str) -> HandStep | None:
        """The step of that number and command, also one that was never done."""
        step = self._steps.get(number)
        return step if step is not None and step.command == command else None

    def to_undo(self) -> list[HandStep]:
        """The steps that are taken back next, in that order: all of one command."""
        return _of_one_command([step for step in reversed(self.all()) if not step.undone])

    def to_redo(self) -> list[HandStep]:
        """The steps that are done again next, in that order."""
        return _of_one_command([step for step in self.all() if step.undone and not step.dropped])

    def begin(self, step: HandStep) -> HandStep:
        """Write a new step down before it is done; returns it with its number. Raises DiskFull."""
        step = replace(step, number=max(self._steps, default=0) + 1, begun=True)
        self._write(_line_of(step))
        return step

    def toggle(self, step: HandStep, *, undone: bool, there: Sequence[str], away: Sequence[Pair]) -> None:
        """Note that a step was done, taken back or done again, and where its faces lie now.

        Once a new one is done, what was taken back before can't be done again.
        """
        self._write(
            {"toggle": step.number, "undone": undone, "there": list(there), "away": [list(p) for p in away]}
        )

    def _write(self, value: dict[str, Any]) -> None:
        append_line(self.path, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())
        self.look()

    def _take(self, line: bytes) -> None:
        """Follow one line; one that is torn or not ours is passed over."""
        try:
            value = json.loads(line)
            if "toggle" in value:
                step = self._steps[int(value["toggle"])]
                moved = {"there": tuple(value["there"]), "away": _pairs(value["away"])}
                if step.begun:
                    self._drop_undone()
                self._keep(replace(step, undone=bool(value["undone"]), begun=False, **moved))
            else:
                step = _step_of(value)
                if not step.begun:
                    self._drop_undone()
                self._keep(step)
        except (ValueError, KeyError, TypeError, AttributeError):
            return

    def _keep(self, step: HandStep) -> None:
        self._steps[step.number] = step
        (self._undone.add if step.undone else self._undone.discard)(step.number)

    def _drop_undone(self) -> None:
        for number in self._undone:
            self._steps[number] = replace(self._steps[number], dropped=True)
        self._undone.clear()


def _of_one_command(steps: Sequence[HandStep]) -> list[HandStep]:
    if not steps:
        return []
    first = steps[0]
    out = [first]
    for step in steps[1:]:
        if not first.command or step.command != first.command:
            break
        out.append(step)
    return out


def _line_of(step: HandStep) -> dict[str, Any]:
    return {
        "step": step.number,
        "command": step.command,
        "words": step.words,
        "when": step.when,
        "frames": list(step.frames),
        **{name: {"regions": side.regions, "redone": side.redone} for name, side in _sides(step)},
        "there": list(step.there),
        "away": [list(pair) for pair in step.away],
        "overlays": list(step.overlays),
        "origin": step.origin,
        "begun": step.begun,
    }


def _sides(step: HandStep) -> tuple[tuple[str, Side], tuple[str, Side]]:
    return ("before", step.before), ("after", step.after)


def _step_of(value: dict[str, Any]) -> HandStep:
    return HandStep(
        number=int(value["step"]),
        command=str(value["command"]),
        words=str(value["words"]),
        when=str(value["when"]),
        frames=tuple(map(int, value["frames"])),
        before=_side_of(value["before"]),
        after=_side_of(value["after"]),
        there=tuple(map(str, value["there"])),
        away=_pairs(value["away"]),
        overlays=tuple(map(int, value["overlays"])),
        origin=str(value.get("origin", "")),
        begun=bool(value.get("begun")),  # logs of before wrote a step when it was done
    )


def _side_of(value: dict[str, Any]) -> Side:
    return Side(
        {int(frame): regions for frame, regions in value["regions"].items()},
        {int(frame): found for frame, found in value["redone"].items()},
    )


def _pairs(values: Sequence[Sequence[str]]) -> tuple[Pair, ...]:
    return tuple((str(name), str(place)) for name, place in values)
