"""What was delivered from merged frames: so that nothing is made twice, nor anyone's own file replaced.

Knows files by their size and time alone, and those in the project by where they lie in it, so that a project
that is moved or copied knows its own. Not here: making them (`encode`), moving them away (`places`).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from understudy.files import read_json, stat_of, write_json
from understudy.merging.journal import CROPS_NAME, FACES, JOURNAL_NAME, MASKS

_MEMORY_NAME = "encode.json"


class DeliveryMemory:
    """What was delivered from a folder of merged frames, so that the same delivery is not made twice."""

    def __init__(self, merged_folder: Path) -> None:
        self._folder = merged_folder
        self._path = merged_folder / _MEMORY_NAME
        parents = merged_folder.absolute().parents  # PROJECT/merged/CLIP/MODEL
        self._home = parents[2] if len(parents) > 3 else None

    def recipe(self, clip_path: Path, settings: dict[str, Any], stamp: str) -> str:
        """A digest of all that decides the file: dst, merged frames, settings and what signing depends on."""
        parts = [_state(clip_path), settings, stamp]
        for folder in (self._folder, self._folder / MASKS, self._folder / FACES):
            pictures = sorted((*folder.glob("*.png"), *folder.glob("*.exr")))
            parts += [(p.name, _state(p)) for p in pictures]
        merged_ns, _ = stat_of(self._folder / JOURNAL_NAME)  # its size changes with the name of a model too
        parts += [merged_ns, _state(self._folder / CROPS_NAME)]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def is_delivered(self, out: Path, recipe: str) -> bool:
        """True when `out` stands as we made it, from the same recipe."""
        known = self._of(out)
        return out.exists() and known.get("recipe") == recipe and known.get("state") == _state(out)

    def knows(self, out: Path) -> bool:
        """True when `out` stands as we made it, from whatever recipe."""
        return out.exists() and self._of(out).get("state") == _state(out)

    def knows_beside(self, out: Path, path: Path) -> bool:
        """True when a report, or what else lies beside `out`, stands as we wrote it."""
        beside = self._of(out).get("beside")
        return isinstance(beside, dict) and path.is_file() and beside.get(path.name) == _state(path)

    def outs(self) -> list[Path]:
        """Where finished files went, whether or not they are still there."""
        return list(self._placed())

    def standing(self) -> list[Path]:
        """Those of them that are there as we made them."""
        return [path for path in self.outs() if self.knows(path)]

    def standing_whole(self) -> list[Path]:
        """Those of these that show all of dst, not a stretch."""
        return [path for path in self.standing() if self._of(path).get("whole", True)]

    def remember(self, out: Path, recipe: str, *, whole: bool = True) -> None:
        """`out` has just been made, of the `whole` of dst or of a stretch; what lies beside it is as it was."""
        self._note(out, {**self._of(out), "recipe": recipe, "state": _state(out), "whole": whole})

    def remember_beside(self, out: Path, path: Path) -> None:
        """`path` has just been written beside `out`."""
        known = self._of(out)
        beside = known.get("beside")
        beside = beside if isinstance(beside, dict) else {}
        self._note(out, {**known, "beside": {**beside, path.name: _state(path)}})

    def _note(self, out: Path, told: dict[str, Any]) -> None:
        known = {**self._placed(), out.absolute(): told}
        write_json(self._path, {self._stored(path): each for path, each in known.items()})

    def _of(self, out: Path) -> dict[str, Any]:
        known = self._placed().get(out.absolute())
        return known if isinstance(known, dict) else {}

    def _placed(self) -> dict[Path, Any]:
        """What is remembered, by where each file lies now."""
        return {self._place(text): told for text, told in self._read().items()}

    def _stored(self, path: Path) -> str:
        if self._home is not None and path.is_relative_to(self._home):
            return path.relative_to(self._home).as_posix()
        return str(path)

    def _place(self, text: str) -> Path:
        """An earlier version wrote full paths: of a project that was moved since, its own file is meant."""
        if self._home is None or not (path := Path(text)).is_absolute():
            return (self._home or Path()).absolute() / text
        if path.exists():
            return path
        inside = (self._home.joinpath(*path.parts[from_part:]) for from_part in range(1, len(path.parts)))
        return next((place for place in inside if place.exists()), path)

    def _read(self) -> dict[str, Any]:
        try:
            known = read_json(self._path)
        except (OSError, ValueError):
            return {}
        return known if isinstance(known, dict) else {}


def _state(path: Path) -> list[int]:
    """Cheap signs that a file, or a folder's files, are still the same."""
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    states = [file.stat() for file in files if file.exists()]
    return [len(states), sum(s.st_size for s in states), max((s.st_mtime_ns for s in states), default=0)]
