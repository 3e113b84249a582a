"""Which faces of other programs lie at a path: pictures, folders of them, packs and lists, told by content.

Folders are looked through one level deep, because both programs keep people in subfolders. Only what a source
holds is decided here; each kind has its reader.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from understudy.errors import ExchangeUnreadable, UnderstudyError
from understudy.facesets.exchange import dfl, faceswap_files
from understudy.facesets.exchange.dfl_carriers import carried
from understudy.facesets.exchange.dfl_pak import Pak, read_meta
from understudy.facesets.exchange.foreign import ForeignFace, Found, Unread, checked_name
from understudy.facesets.splices import PNG_START
from understudy.media.sequence import natural_key

ForeignFormat = Literal["auto", "dfl", "faceswap"]
_PICTURES = (".jpg", ".jpeg", ".png")
_META = "meta.dat"
_MOST_PICTURE_BYTES = 256 << 20


@dataclass(frozen=True)
class Source:
    """Faces that are read together. `faces(start)` reads from number `start` on; `title` names their clip where
    nothing else does."""

    path: Path
    title: str
    count: int
    faces: Callable[[int], Found]


def sources_at(paths: Sequence[Path], form: ForeignFormat) -> list[Source]:
    """Everything at `paths` of a format. Raises ExchangeUnreadable and UnsafeFile where there is nothing."""
    found = [source for path in paths for source in _sources(path, form)]
    if not found:
        raise ExchangeUnreadable(
            "There are no faces of another program here. Name pictures, a folder, a .pak, a .fsa or a .json.",
            paths[0] if len(paths) == 1 else None,
        )
    return found


def _sources(path: Path, form: ForeignFormat) -> list[Source]:
    if path.is_dir():
        return _in_folder(path, form)
    if not path.is_file():
        raise ExchangeUnreadable("There is no such file or folder. Check the spelling of the path.", path)
    ending = path.suffix.lower()
    if ending in _PICTURES:
        return [_pictures([path], form, title=_title(path.parent), person="")]
    if path.name == _META:
        return _in_folder(path.parent, form)
    if ending == ".pak" and form != "faceswap":
        return [_pak(path)]
    if ending in (".fsa", ".json") and form != "dfl":
        return [_alignments(path)]
    raise ExchangeUnreadable(
        f"A {ending or 'file without an ending'} is no kind of face file that {form!r} reads.", path
    )


def _in_folder(folder: Path, form: ForeignFormat) -> list[Source]:
    found = []
    for place in [folder, *sorted(p for p in folder.iterdir() if p.is_dir() and not p.name.startswith("."))]:
        person = "" if place == folder else place.name
        files = sorted(
            (p for p in place.iterdir() if p.is_file() and not p.name.startswith(".")), key=natural_key
        )
        pictures = [p for p in files if p.suffix.lower() in _PICTURES]
        if pictures:
            found.append(_pictures(pictures, form, title=_title(folder), person=person))
        for file in files:
            if file.suffix.lower() == ".pak" and form != "faceswap":
                found.append(_pak(file))
            elif file.suffix.lower() == ".fsa" and form != "dfl" and not pictures:
                found.append(_alignments(file))
    return found


def _title(folder: Path) -> str:
    """What the faces of a folder are called together: that of the workspace's side, not "aligned"."""
    resolved = folder.resolve()
    name = resolved.parent.name if resolved.name.startswith("aligned") else resolved.name
    return name or "imported"


def _pictures(files: Sequence[Path], form: ForeignFormat, *, title: str, person: str) -> Source:
    def faces(start: int) -> Found:
        meta = files[0].with_name(_META)
        kept = read_meta(meta) if form != "faceswap" and meta.is_file() else {}
        for file in files[start:]:
            try:
                yield _picture(file, form, kept.get(file.name), person)
            except UnderstudyError as error:
                yield Unread(file.name, error.message)

    return Source(files[0].parent if len(files) > 1 else files[0], title, len(files), faces)


def _picture(file: Path, form: ForeignFormat, kept: dict[str, Any] | None, person: str) -> ForeignFace:
    checked_name(file.name)
    try:
        image = file.read_bytes() if file.stat().st_size <= _MOST_PICTURE_BYTES else b""
    except OSError as error:
        raise ExchangeUnreadable(f"This picture can't be read ({error.strerror}).") from error
    if form != "dfl" and image.startswith(PNG_START) and faceswap_files.header(image) is not None:
        face = faceswap_files.read_face(image, file.name)
    elif form != "faceswap" and (kept is not None or carried(image) is not None):
        face = dfl.read_face(image, file.name, kept)
    else:
        raise ExchangeUnreadable("This picture holds no face data of another program.")
    return ForeignFace(**{**vars(face), "person_name": face.person_name or person})


def _pak(path: Path) -> Source:
    with Pak(path) as pak:
        count = len(pak.configs)

    def faces(start: int) -> Found:
        with Pak(path) as opened:
            yield from opened.faces(start)

    return Source(path, _title(path.parent), count, faces)


def _alignments(path: Path) -> Source:
    read = faceswap_files.read_json_frames if path.suffix.lower() == ".json" else faceswap_files.read_alignments
    frames = read(path)

    def faces(start: int) -> Found:
        for number, face in enumerate(faceswap_files.faces_of_frames(frames)):
            if number >= start:
                yield face

    return Source(path, path.stem.removesuffix("_alignments"), sum(map(len, frames.values())), faces)
