"""A whole faceset in one file: a plain tar that any program unpacks, with an index to read single faces.

Layout: first the member `understudy-pack.json`, 1,024 bytes that say where the index lies; then the faces; last
`understudy-index.jsonl`, one line for each face with its offset in the tar, its size and its SHA-256. Written
aside and swapped in, so an interrupted pack leaves nothing; read with care, because packs come from strangers.
"""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from understudy.counts import counted
from understudy.errors import FacesetUnusable, ImageUnreadable, PackUnreadable
from understudy.events import Events, Made, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.curation.history import History
from understudy.facesets.curation.naming import names_taken
from understudy.facesets.extraction.journal import JOURNAL_NAME
from understudy.facesets.names import FreeNames
from understudy.facesets.pictures import ENDINGS
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset, StoredFace, content_digest
from understudy.facesets.xmp import extract_record
from understudy.files import require_free_space, written_aside

_HEAD_NAME, _INDEX_NAME = "understudy-pack.json", "understudy-index.jsonl"
_HEAD_BYTES = 1024
_VERSION = 1
_LARGEST_FACE = 256 << 20
_LARGEST_INDEX = 1 << 30
_BLOCK = 512  # of a tar


@dataclass(frozen=True)
class Packed:
    """One face of a pack: its file's name, where its bytes lie in the tar, and what they must be."""

    name: str
    offset: int
    size: int
    sha256: str


def pack(faceset: Faceset, path: Path, *, put_away: Callable[[Path], Path]) -> Events:
    """Write all faces of a faceset into the tar at `path`, and check it. The faceset stays as it is.

    A pack that lies there goes to the trash when the new one is whole: `put_away` moves it and says where to.
    Raises FacesetUnusable where there are no faces, PackUnreadable where something else lies at `path`,
    DiskFull, FolderUnwritable, ImageUnreadable.
    """
    faces = faceset.faces()
    if not faces:
        raise FacesetUnusable("There are no faces to pack.", faceset.folder)
    _require_ours(path)
    needed = sum(face.path.stat().st_size + 2 * _BLOCK for face in faces)
    require_free_space(path.parent, needed_bytes=needed)
    yield StageStarted(stage="pack", unit="faces", total=len(faces))
    with written_aside(path) as aside:
        with aside.open("wb+") as file:
            yield from _written(file, faceset)
        with Pack(aside) as made:
            made.require_whole()
        if path.exists():
            _require_ours(path)
            yield Notice(f"The pack that was here before is in the trash now: {put_away(path)}")
    yield Made("pack", path)
    yield StageFinished(stage="pack", summary={"faces": len(faces), "bytes": path.stat().st_size})


def _require_ours(path: Path) -> None:
    """What is about to be replaced must be a pack, or nothing."""
    if not path.exists():
        return
    try:
        Pack(path).close()
    except PackUnreadable as error:
        raise PackUnreadable(
            "Something lies here that is no whole pack of faces, so it is not replaced. Choose another name.",
            path,
        ) from error


def _written(file: BinaryIO, faceset: Faceset) -> Iterator[Progress]:
    faces = faceset.faces()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
        _add(tar, _HEAD_NAME, b" " * _HEAD_BYTES)
        lines = []
        for number, face in enumerate(faces, 1):
            data = _bytes_of(face)
            offset = _add(tar, face.name, data)
            lines.append(json.dumps(asdict(Packed(face.name, offset, len(data), _sha256(data)))))
            if number % 50 == 0 or number == len(faces):
                yield Progress(stage="pack", done=number, total=len(faces))
        journal = faceset.folder / JOURNAL_NAME
        if journal.exists():
            _add(tar, JOURNAL_NAME, journal.read_bytes())
        index = "".join(f"{line}\n" for line in lines).encode()
        offset = _add(tar, _INDEX_NAME, index)
    head = {
        "format": "understudy faceset",
        "version": _VERSION,
        "faces": len(lines),
        "index_offset": offset,
        "index_size": len(index),
        "index_sha256": _sha256(index),
    }
    file.seek(_BLOCK)  # behind the first member's header
    file.write(json.dumps(head).encode().ljust(_HEAD_BYTES - 1) + b"\n")


def _bytes_of(face: StoredFace) -> bytes:
    try:
        return face.path.read_bytes()
    except OSError as error:
        raise ImageUnreadable("This face is gone or can't be read. Pack again.", face.path) from error


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> int:
    """Append a member; returns where its bytes begin."""
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(data), 0o644
    tar.addfile(member, io.BytesIO(data))
    padded = -(-len(data) // _BLOCK) * _BLOCK
    return tar.offset - padded


class Pack:
    """A pack opened for reading; single faces come straight from their place. Use it as a context manager.

    Opening raises PackUnreadable for a file that is no whole pack of ours.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise PackUnreadable("There is no pack here that can be read. Check the path.", path) from error
        try:
            self._size = path.stat().st_size
            self._faces = {face.name: face for face in self._index()}
        except (KeyError, TypeError, ValueError) as error:
            self._file.close()
            raise PackUnreadable(
                "This file is no whole pack of faces: it is cut off, changed or not ours. Fetch it again.", path
            ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __len__(self) -> int:
        return len(self._faces)

    def names(self) -> list[str]:
        """File names of all faces, in the order they were packed."""
        return list(self._faces)

    def read(self, name: str) -> bytes:
        """The bytes of one face's file, checked. Raises KeyError for an unknown name, PackUnreadable."""
        face = self._faces[name]
        data = self._at(face.offset, face.size)
        if _sha256(data) != face.sha256:
            raise PackUnreadable(f"Face {name} in this pack is damaged. Fetch the pack again.", self.path)
        return data

    def record(self, name: str) -> FaceRecord | None:
        """What is known about one face."""
        return extract_record(self.read(name))

    def require_whole(self) -> None:
        """Check every face. Raises PackUnreadable."""
        for name in self._faces:
            self.read(name)

    def require_faces(self) -> None:
        """Raises PackUnreadable for a pack of nothing."""
        if not self._faces:
            raise PackUnreadable("This pack holds no faces, so there is nothing to unpack.", self.path)

    def count_new(self, faceset: Faceset) -> int:
        """How many faces `unpack` would bring into a faceset, every one checked. Raises PackUnreadable."""
        there = set(faceset.digests().values())
        return sum(content_digest(self.read(name)) not in there for name in self._faces)

    def _index(self) -> Iterator[Packed]:
        head = json.loads(self._at(_BLOCK, _HEAD_BYTES))
        if head["format"] != "understudy faceset" or int(head["version"]) > _VERSION:
            raise ValueError("not a pack, or of a newer version")
        size = int(head["index_size"])
        if not 0 <= size <= _LARGEST_INDEX:
            raise ValueError("an index of an impossible size")
        text = self._at(int(head["index_offset"]), size)
        if _sha256(text) != head["index_sha256"]:
            raise ValueError("the index is not the one that was written")
        for line in text.splitlines():
            yield self._checked(json.loads(line))

    def _checked(self, value: dict[str, Any]) -> Packed:
        """An index line that can do no harm: a plain picture's name, and a place inside the file."""
        face = Packed(str(value["name"]), int(value["offset"]), int(value["size"]), str(value["sha256"]))
        plain = not set(face.name) & set("/\\\0") and not face.name.startswith(".")
        inside = 0 <= face.offset <= face.offset + face.size <= self._size and face.size <= _LARGEST_FACE
        if not plain or not face.name.lower().endswith(ENDINGS) or not inside:
            raise ValueError(f"{face.name!r} is no face of a pack")
        return face

    def _at(self, offset: int, size: int) -> bytes:
        self._file.seek(offset)
        data = self._file.read(size)
        if len(data) != size:
            raise ValueError("the file ends too early")
        return data


def unpack(path: Path, faceset: Faceset, *, trash: Path) -> Events:
    """Bring the faces of a pack into a faceset, one entry of its history; a taken name gives way to a number.

    Faces whose very files are there already stay out. Raises PackUnreadable before anything has moved, also for
    a pack of nothing; DiskFull.
    """
    with Pack(path) as opened:
        opened.require_faces()
        names = opened.names()
        require_free_space(faceset.folder, needed_bytes=path.stat().st_size)
        free, there = FreeNames(names_taken(faceset.folder)), set(faceset.digests().values())
        unpacked = 0
        yield StageStarted(stage="unpack", unit="faces", total=len(names))
        words = f"unpack {path.name}"
        with History(faceset.folder, trash).change("unpack", words) as change:
            for number, name in enumerate(names, 1):
                data = opened.read(name)
                if content_digest(data) not in there:
                    change.add(free.take(name), data)
                    unpacked += 1
                if number % 20 == 0 or number == len(names):
                    yield Progress(stage="unpack", done=number, total=len(names))
            change.words = f"{words}: {counted(unpacked, 'face')}"
    faceset.refresh()
    summary = {"unpacked": unpacked, "there_before": len(names) - unpacked, "faces": len(faceset)}
    yield StageFinished(stage="unpack", summary=summary, skipped=not unpacked)


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
