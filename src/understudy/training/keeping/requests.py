"""What people ask of a training that runs: one small file for each wish in the model's folder.

Whoever asks (`understudy train --finish`, a key at the terminal, the studio) writes a file; the training looks
now and then, takes the file away and does it. A wish belongs to the training it was asked of: what that has not
done when it ends, or fails, is forgotten. Only one that is killed leaves `finish` to the training that goes on
with it: its file stays until the model's checkpoint knows of it. One to a training that still gets ready is
done at its first step. Several changes of options don't replace each other: each is a file of its own, named by
its time. Not here: what follows from a wish.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from understudy.files import said_plainly, stat_of, write_json

FOLDER_NAME = "requests"
Wish = Literal["save", "preview", "look", "finish", "stop", "backup", "change"]
# What a person says in one word; a change names its options.
PlainWish = Literal["save", "preview", "look", "backup", "finish", "stop"]
_ORDER: tuple[Wish, ...] = ("save", "backup", "preview", "look", "change", "finish", "stop")
_OUTLIVES_A_TRAINING: tuple[Wish, ...] = ("finish",)


@dataclass(frozen=True)
class Request:
    """One wish. `details` is JSON-able; `finish` takes `iterations` or `share`, how long to settle, `change`
    the values of options by name. `look` is a preview that is not kept."""

    wish: Wish
    details: Mapping[str, Any] = field(default_factory=dict)


def ask(model_dir: Path, wish: Wish, **details: Any) -> Path:
    """Ask the training of the model in `model_dir`; the same wish again replaces the first, but for `change`.

    Returns the file that says so. Raises DiskFull or FolderUnwritable.
    """
    name = f"{wish}-{time.time_ns():020d}" if wish == "change" else wish
    path = model_dir / FOLDER_NAME / f"{name}.json"
    write_json(path, details)
    return path


def take_requests(model_dir: Path) -> list[Request]:
    """Everything asked since the last look, saving first and stopping last; it then counts as asked no more,
    but for what outlives a training: that is told again until it is `fulfilled`.

    Cheap enough to be called twice a second. A file that is torn or not ours is taken away without effect.
    """
    folder = model_dir / FOLDER_NAME
    if not folder.is_dir():
        return []
    found: list[Request] = []
    asked: list[tuple[Wish, Path]] = [(each, path) for each in _ORDER for path in _asked(folder, each)]
    for wish, path in asked:
        try:
            details = json.loads(path.read_bytes())
        except FileNotFoundError:
            continue
        except ValueError:
            details = None
        if isinstance(details, dict):
            found.append(Request(wish, details))
        if not isinstance(details, dict) or wish not in _OUTLIVES_A_TRAINING:
            _take_away(path)
    return found


def fulfilled(model_dir: Path, wish: Wish) -> None:
    """Count what outlives a training as asked no more, now that a checkpoint knows of it."""
    for path in _asked(model_dir / FOLDER_NAME, wish):
        _take_away(path)


@contextlib.contextmanager
def heard_here(model_dir: Path, *, trains: bool = True) -> Iterator[None]:
    """Let the block, which holds the model, be the one of whom things are asked. However it ends, what it has
    not done by then is asked of nobody, but where the process is killed. One that `trains` not leaves what a
    training that was killed is asked still."""
    folder = model_dir / FOLDER_NAME
    before = {path: stat_of(path) for wish in _OUTLIVES_A_TRAINING for path in _asked(folder, wish)}
    try:
        yield
    finally:
        for wish in get_args(Wish):
            for path in _asked(folder, wish):
                if trains or before.get(path) != stat_of(path):
                    _take_away(path)


def withdraw(path: Path) -> None:
    """Take back what `ask` wrote there, where it is not taken up yet."""
    _take_away(path)


def forget_requests(model_dir: Path, *, before_s: float = float("inf")) -> None:
    """Take away what was asked of a training that was killed, but what outlives it; called when the next one
    starts.

    What was asked from `before_s` on, in seconds since 1970 as the disk counts them, stays: it is meant for the
    one that starts, which holds the model already and reads its faces still.
    """
    for wish in get_args(Wish):
        for path in _asked(model_dir / FOLDER_NAME, wish):
            if wish in _OUTLIVES_A_TRAINING or _asked_s(path) >= before_s:
                continue
            _take_away(path)


def _take_away(path: Path) -> None:
    with said_plainly(path):
        path.unlink(missing_ok=True)


def changes_asked(model_dir: Path) -> dict[str, Any]:
    """The options that were asked to change and are not taken over yet, with their values."""
    asked: dict[str, Any] = {}
    for path in _asked(model_dir / FOLDER_NAME, "change"):
        with contextlib.suppress(OSError, ValueError):
            asked |= json.loads(path.read_bytes())
    return asked


def _asked(folder: Path, wish: Wish) -> list[Path]:
    """The files of one wish, oldest first."""
    return sorted(folder.glob("change-*.json")) if wish == "change" else [folder / f"{wish}.json"]


def _asked_s(path: Path) -> float:
    """When it was asked; 0 for what is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
