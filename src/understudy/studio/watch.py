"""Notices what commands, other studios and other programs changed in the project, and tells every window.

Twice a second, while a window listens, the dates of a few files and folders are looked at; nothing is read.
What is told is where to look anew: a topic, and the faceset, model or clip. Runs are `run_watch.py`'s.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from anyio import to_thread
from fastapi import APIRouter, FastAPI

from understudy.errors import UnderstudyError
from understudy.facesets.pictures import image_files
from understudy.project.project import MANIFEST_NAME
from understudy.studio.open_studio import Studio
from understudy.studio.receiving import CLIPS_FOLDER

LOOK_EVERY_S = 0.5
_TELL_EVERY_S = 1.0  # of the same place, however often it changes
_TIMES_THE_LOOK = 20

Place = tuple[str, tuple[tuple[str, str], ...]]  # topic, facts
_Stamp = tuple[int, int, int]
Seen = dict[Place, tuple[_Stamp | None, ...]]


@contextlib.asynccontextmanager
async def watching_files(app: FastAPI) -> AsyncIterator[None]:
    """Watch as long as the application is served."""
    ending = threading.Event()
    thread = threading.Thread(target=_watch, args=(app.state.studio, ending), daemon=True, name="file-watch")
    thread.start()
    try:
        yield
    finally:
        ending.set()
        await to_thread.run_sync(thread.join)


routes = APIRouter(lifespan=watching_files)


def _watch(studio: Studio, ending: threading.Event) -> None:
    watch = FileWatch(studio)
    while not ending.wait(LOOK_EVERY_S):
        with contextlib.suppress(OSError):  # a folder that is just being moved
            watch.look(time.monotonic())


class FileWatch:
    """What was told of each place, to tell what is new."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._folder: Path | None = None
        self._told: Seen = {}
        self._when: dict[Place, float] = {}
        self._faces: dict[Place, tuple[float, int]] = {}  # when the next look is due, what was seen

    def look(self, now_s: float) -> None:
        """Tell what changed since the last look."""
        folder = self._studio.folder
        if folder is None or (folder == self._folder and not self._studio.live.is_heard):
            return  # what changes now is told when somebody listens again
        seen = stamps(folder)
        if folder != self._folder:
            self._folder, self._told, self._when, self._faces = folder, seen, {}, {}
            for place in seen:
                self._has_other_faces(folder, place, now_s)
            return
        for place in seen.keys() | self._told.keys():
            if seen.get(place) == self._told.get(place) or now_s - self._when.get(place, -1e9) < _TELL_EVERY_S:
                continue
            if self._is_news(folder, place, seen, now_s):
                self._when[place] = now_s
                self._studio.live.say(place[0], **dict(place[1]))

    def _is_news(self, folder: Path, place: Place, seen: Seen, now_s: float) -> bool:
        old, new = self._told.get(place), seen.get(place)
        other = True
        if place[0] == "faces" and old and new and old[1:] == new[1:]:
            other = self._has_other_faces(folder, place, now_s)
        if other is None:
            return False
        if new is None:
            del self._told[place]
        else:
            self._told[place] = new
        return other

    def _has_other_faces(self, folder: Path, place: Place, now_s: float) -> bool | None:
        """Whether a faceset has other images than at the last look; None before the next one is due.

        Whoever only opens a faceset makes and removes files of its index beside the images, so the folder's
        date alone says too little, and telling of it would let every window read it again, and so on for ever.
        A look at many images takes a while, and is taken the more rarely.
        """
        if place[0] != "faces":
            return None
        due, before = self._faces.get(place, (0.0, 0))
        if now_s < due:
            return None
        began = time.perf_counter()
        found = _images_seen(folder / "facesets" / dict(place[1])["faceset"])
        self._faces[place] = (now_s + _TIMES_THE_LOOK * (time.perf_counter() - began), found)
        return found != before


def stamps(project: Path) -> Seen:
    """The dates and sizes of all that rooms show, by what must be looked at anew when they change."""
    seen: Seen = {
        ("project", ()): _stamps(
            project, MANIFEST_NAME, CLIPS_FOLDER, "out", "exports.jsonl", "people", "trash"
        ),
        ("frames", ()): _stamps(project, "manual"),
        ("masks", ()): _stamps(project, "masks"),
    }
    for performer in _folders(project / "facesets"):
        for faceset in _folders(performer):
            name = f"{performer.name}/{faceset.name}"
            written = _stamps(faceset, "history.jsonl", "imported.jsonl")
            seen["faces", (("faceset", name),)] = (_stamp(faceset), *written)
    for model in _folders(project / "models"):
        seen["training", (("model", model.name),)] = _stamps(
            model, ".", "metrics.jsonl", "previews", "checkpoints", "backups"
        )
    for segmenter in _folders(project / "masks"):
        seen["masks", (("segmenter", segmenter.name),)] = _stamps(segmenter, ".", "metrics.jsonl", "previews")
    for clip in _folders(project / "overlays"):
        seen["frames", (("clip", clip.name),)] = _stamps(clip, ".")
    for clip in _folders(project / "merged"):
        for model in _folders(clip):
            facts = (("clip", clip.name), ("model", model.name))
            seen["merge", facts] = _stamps(model, ".", "merge.json", "merge.jsonl")
    settings = {path.stem: path for path in _files(project / "settings")}
    for name in sorted(settings.keys() | {clip.name for clip in _folders(project / "merged")}):
        # A merge that begins or ends writes into the clip's lock.
        stamp = (
            _stamp(settings[name]) if name in settings else None,
            _stamp(project / "cache" / f".{name}.lock"),
        )
        seen["merge", (("clip", name),)] = stamp
    return seen


def _stamps(folder: Path, *names: str) -> tuple[_Stamp | None, ...]:
    return tuple(_stamp(folder / name) for name in names)


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _images_seen(folder: Path) -> int:
    """Another number where other images lie there, by their names, sizes and dates."""
    seen = 0
    with contextlib.suppress(UnderstudyError):  # it was just moved away
        for image in image_files(folder):
            seen ^= hash(image)
    return seen


def _folders(folder: Path) -> list[Path]:
    return [Path(one.path) for one in _entries(folder) if one.is_dir()]


def _files(folder: Path) -> list[Path]:
    return [Path(one.path) for one in _entries(folder) if one.is_file()]


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        yield from (one for one in entries if not one.name.startswith("."))
