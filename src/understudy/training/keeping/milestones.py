"""milestones.jsonl: what happened to a model on its way, one JSON line each, for marks along its loss curve.

Starts, stages of the recipe, backups, options changed while it ran, setbacks, ends. Like `metrics.jsonl`
it tells one history: what training went back behind is cut off. Not here: sentences for people (`log.py`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from understudy.files import append_line, write_text

MILESTONES_NAME = "milestones.jsonl"
Kind = Literal["start", "stage", "backup", "change", "setback", "finish", "end"]


def add_milestone(model_dir: Path, iteration: int, kind: Kind, words: str, **details: Any) -> None:
    """Note that something happened at an iteration; `words` are a few for people, `details` JSON-able.

    Raises DiskFull or FolderUnwritable.
    """
    about = {"iteration": iteration, "kind": kind, "words": words, "at_s": round(time.time(), 1), **details}
    append_line(model_dir / MILESTONES_NAME, _line(about))


def milestones(model_dir: Path) -> list[dict[str, Any]]:
    """All that happened, in order; torn lines are passed over."""
    try:
        lines = (model_dir / MILESTONES_NAME).read_bytes().splitlines()
    except FileNotFoundError:
        return []
    return [said for line in lines if (said := _read(line)) is not None]


def losses_since(model_dir: Path) -> int:
    """The iteration at which the set of losses last changed; 0 where it never did."""
    since, losses = 0, ""
    for said in milestones(model_dir):
        if (found := said.get("losses", losses)) != losses:
            since, losses = said["iteration"] if losses else 0, found
    return since


def cut_milestones(model_dir: Path, iteration: int) -> None:
    """Take back what happened after `iteration`: training goes on from there. Raises DiskFull or
    FolderUnwritable."""
    found = milestones(model_dir)
    kept = [said for said in found if said["iteration"] <= iteration]
    if len(kept) < len(found):
        write_text(model_dir / MILESTONES_NAME, _text(kept))


def _text(found: Iterable[dict[str, Any]]) -> str:
    return "".join(f"{_line(said).decode()}\n" for said in found)


def _line(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode()


def _read(line: bytes) -> dict[str, Any] | None:
    try:
        said = json.loads(line)
    except ValueError:
        return None
    whole = isinstance(said, dict) and isinstance(said.get("iteration"), int) and "kind" in said
    return said if whole else None
