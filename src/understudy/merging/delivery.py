"""How a finished shot appears under its final name: in one step, signed, and not twice for the same thing.

Not here: which pixels are in it (`encode`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from understudy.errors import FolderUnwritable, ImageUnreadable
from understudy.files import ASIDE_SUFFIX, read_json, said_plainly, write_json
from understudy.media.clip import Clip
from understudy.media.images import image_size
from understudy.media.sequence import image_files
from understudy.merging.journal import JOURNAL_NAME

Sign = Callable[[Path, Path], Path | None]

_MEMORY_NAME = "encode.json"
_MOVED_SUFFIX = ".replaced"


@contextlib.contextmanager
def signed_at(out: Path, workshop: Path, sign: Sign | None) -> Iterator[tuple[Path, list[Path]]]:
    """Give a place to write one file to; after the block `sign` makes `out` of it.

    Yields the place and a list that holds the sidecar afterwards, if there is one. Without `sign` the place is
    `out` itself: its writer swaps it in.
    """
    sidecars: list[Path] = []
    if sign is None:
        yield out, sidecars
        return
    unsigned = workshop / f".unsigned{out.suffix}"
    try:
        yield unsigned, sidecars
        with said_plainly(out):
            out.parent.mkdir(parents=True, exist_ok=True)
        sidecar = sign(unsigned, out)
        if sidecar is not None:
            sidecars.append(sidecar)
    finally:
        unsigned.unlink(missing_ok=True)


@contextlib.contextmanager
def folder_signed_at(out: Path, names: list[str], sign: Sign | None) -> Iterator[Path]:
    """Give an empty folder to fill; after the block it is signed and becomes `out`.

    An older `out` is replaced only when it holds nothing but pictures of the same names and their marks:
    raises FolderUnwritable where there is anything else in it.
    """
    _require_own_folder(out, names)
    aside = out.with_name(f".{out.name}.{os.getpid()}{ASIDE_SUFFIX}")
    moved = out.with_name(f".{out.name}.{os.getpid()}{_MOVED_SUFFIX}")
    with said_plainly(out):
        try:
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir(parents=True)
            yield aside
            if sign is not None:
                sign(aside, aside)
            if out.exists():
                out.rename(moved)
            aside.rename(out)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            shutil.rmtree(moved, ignore_errors=True)


def _require_own_folder(out: Path, names: list[str]) -> None:
    if not out.exists():
        return
    if not out.is_dir():
        raise FolderUnwritable("A file stands where the image folder should go. Choose another name.", out)
    own = set(names)
    others = [p.name for p in out.iterdir() if p.name not in own and p.suffix not in (".json", ".c2pa")]
    if others:
        raise FolderUnwritable(
            f"This folder holds other files ({others[0]}), which would be lost. Choose an empty one.", out
        )


def image_names(clip: Clip) -> list[str]:
    """The name of every frame's image: dst's own names, or numbers where dst is a video."""
    if clip.info.kind == "video":
        return [f"{index:06d}.png" for index in range(clip.info.frame_count)]
    files = [clip.info.path] if clip.info.path.is_file() else image_files(clip.info.path)
    names = [f"{file.stem}.png" for file in files if _is_readable(file)]
    if len(set(names)) == len(names) == clip.info.frame_count:
        return names
    return [f"{index:06d}.png" for index in range(clip.info.frame_count)]  # a.jpg beside a.png


def _is_readable(file: Path) -> bool:
    try:
        image_size(file)
    except ImageUnreadable:
        return False
    return True


def clear_leftovers(out: Path) -> None:
    """Remove what a killed process left half-written beside `out`."""
    pattern = re.compile(
        rf"\.{re.escape(out.stem)}\.(\d+)({re.escape(ASIDE_SUFFIX)}|{re.escape(_MOVED_SUFFIX)})({re.escape(out.suffix)})?"
    )
    if not out.parent.is_dir():
        return
    for path in out.parent.iterdir():
        match = pattern.fullmatch(path.name)
        if match and not _is_running(int(match[1])):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)


def _is_running(pid: int) -> bool:
    import psutil

    return psutil.pid_exists(pid)


class DeliveryMemory:
    """What was delivered from a folder of merged frames, so that the same delivery is not made twice."""

    def __init__(self, merged_folder: Path) -> None:
        self._folder = merged_folder
        self._path = merged_folder / _MEMORY_NAME

    def recipe(self, clip_path: Path, settings: dict[str, Any], stamp: str) -> str:
        """A digest of all that decides the file: dst, merged frames, settings and what signing depends on."""
        parts = [_state(clip_path), settings, stamp]
        parts += [(p.name, _state(p)) for p in sorted(self._folder.glob("*.png"))]
        journal = self._folder / JOURNAL_NAME
        parts.append(_state(journal))
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def is_delivered(self, out: Path, recipe: str) -> bool:
        """True when `out` stands as we made it, from the same recipe."""
        known = self._read().get(str(out.absolute()))
        return known is not None and out.exists() and known == {"recipe": recipe, "state": _state(out)}

    def remember(self, out: Path, recipe: str) -> None:
        """`out` has just been made."""
        known = self._read()
        known[str(out.absolute())] = {"recipe": recipe, "state": _state(out)}
        write_json(self._path, known)

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
