"""Whose faces a model learnt from: clips by performer and side, as the marks of a finished file name them.

Kept in every checkpoint's state, beside the weights it is true of. A training adds what it showed and takes
nothing away; a model that begins with parts of another one has what that one had learnt from too. Which file a
clip is, and whose, is `jobs`' to say. No torch here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import reduce
from pathlib import Path
from typing import Any, Literal

from understudy.files import read_json

STATE_KEY = "learnt_from"
Side = Literal["src", "dst", "before"]  # before: what the model was begun with had learnt from it
_FOLDERS = ("checkpoints", "backups")


@dataclass(frozen=True)
class Footage:
    """Faces of one clip. `model` is the one that had learnt from them where that is `before`.

    `performer` and `clip` are names in the project, `file` that of the clip's file and `sha256` that of its
    contents; each is empty where it isn't known. Of a trunk's many people one entry stands for a whole faceset.
    """

    side: Side
    performer: str
    clip: str
    faces: int
    file: str = ""
    sha256: str = ""
    model: str = ""
    fictional: bool = False  # rendered people

    @property
    def key(self) -> tuple[str, ...]:
        """What makes it another entry."""
        return self.side, self.performer, self.clip, self.sha256, self.model


@dataclass(frozen=True)
class LearntFrom:
    """All that a model learnt from; `is_whole` is False where it has learnt from more than is known."""

    footage: tuple[Footage, ...] = ()
    is_whole: bool = True

    def joined(self, other: LearntFrom) -> LearntFrom:
        """What either says; of an entry that both have the larger number of faces."""
        kept = {part.key: part for part in self.footage}
        for part in other.footage:
            before = kept.get(part.key, part)
            kept[part.key] = part if part.faces >= before.faces else before
        return LearntFrom(tuple(kept.values()), self.is_whole and other.is_whole)

    def as_begun_with(self, model: str, *, of_this_project: bool) -> LearntFrom:
        """The same for a model that begins with parts of this one. Performers of another project are not those
        of the same name here."""
        return LearntFrom(
            tuple(
                replace(
                    part,
                    side="before",
                    model=part.model or model,
                    performer=part.performer if of_this_project else "",
                )
                for part in self.footage
            ),
            self.is_whole,
        )

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"footage": [asdict(part) for part in self.footage], "is_whole": self.is_whole}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LearntFrom:
        """Undo `as_json`. Raises ValueError, KeyError or TypeError for anything else."""
        return cls(tuple(Footage(**part) for part in values["footage"]), bool(values["is_whole"]))


NOT_KNOWN = LearntFrom(is_whole=False)


def in_state(state: Mapping[str, Any], *, iteration: int) -> LearntFrom:
    """What a checkpoint's state says. One of before such records, or made from another program's weights, knows
    nothing of what it has learnt from; one that has learnt nothing knows all."""
    try:
        return LearntFrom.from_json(state[STATE_KEY])
    except (ValueError, KeyError, TypeError):
        return NOT_KNOWN if iteration else LearntFrom()


def learnt_by(model_dir: Path, sha256: str) -> LearntFrom | None:
    """What the weights of this hash learnt from; None where they are not in the model's folder any more."""
    return next((learnt for weights, learnt in _records(model_dir) if weights == sha256), None)


def learnt_in_all(model_dir: Path) -> LearntFrom | None:
    """What any of a model's weights learnt from; None where it has learnt nothing yet."""
    found = [learnt for _, learnt in _records(model_dir)]
    return reduce(LearntFrom.joined, found) if found else None


def _records(model_dir: Path) -> Iterator[tuple[str, LearntFrom]]:
    """The hash of the weights and the record of every checkpoint that is there."""
    for folder in _FOLDERS:
        for path in sorted((model_dir / folder).glob("[0-9]*/state.json"), reverse=True):
            try:
                about = read_json(path)
                learnt = in_state(about["state"], iteration=int(about["iteration"]))
                yield str(about["sha256"]["ema"]), learnt
            except (OSError, ValueError, KeyError, TypeError):  # a damaged one paints nothing
                continue
