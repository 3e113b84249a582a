"""A faceset: a folder of face images, each with its record inside.

The files are the truth: what other programs delete, rename, add or save again is respected at the next look.
Not here: finding faces in clips (`extract.py`), how a record stands in a file (`xmp.py`), the cache
(`index.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, Self
from weakref import WeakSet

import cv2
import numpy as np
import numpy.typing as npt

from understudy.counts import counted
from understudy.errors import FacesUnknown, ImageUnreadable
from understudy.faces.align import crop
from understudy.facesets.changes import Changes, changed_names
from understudy.facesets.index import Index, Row
from understudy.facesets.names import face_stem
from understudy.facesets.pictures import image_files, is_picture
from understudy.facesets.reading import ReadFile, content_digest, read_files
from understudy.facesets.record import FaceRecord
from understudy.facesets.xmp import embed, extract_record
from understudy.files import ASIDE_SUFFIX, write_bytes
from understudy.geometry import crop_from_frame
from understudy.media.images import decode_image, encode_jpeg, encode_png
from understudy.workers.leftovers import is_left_behind

UInt8 = npt.NDArray[np.uint8]
ImageFormat = Literal["jpg", "png"]
_CUT_PX = 256  # side of the crop that stands for a whole frame
_UNWRITTEN_LIMIT = 200
_PIECE = 1024  # files that are read before anybody hears of it
_LEFTOVER_S = 60.0  # a process of another machine may write here under a number that means nothing to us


@dataclass(frozen=True)
class StoredFace:
    """One face of a faceset: where it lies and what is known about it."""

    name: str
    path: Path
    record: FaceRecord


@dataclass(frozen=True, eq=False)
class Piece:
    """Files that were read: their rows by name, the records that were in them, and how far the reading is."""

    rows: dict[str, Row]
    records: dict[str, FaceRecord]
    done: int
    total: int


Told = Callable[[Piece], None]


class UnreadFace(StoredFace):
    """A face whose record is read whenever it is asked for, for those who hold very many."""

    def __init__(self, name: str, folder: Path, text: str) -> None:
        vars(self).update(name=name, _folder=folder, _text=text)

    @property
    def path(self) -> Path:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Where it lies."""
        return self._folder / self.name  # pyright: ignore[reportAttributeAccessIssue]

    @property
    def record(self) -> FaceRecord:  # pyright: ignore[reportIncompatibleVariableOverride]
        """What is known about it."""
        return FaceRecord.model_validate_json(self._text)  # pyright: ignore[reportAttributeAccessIssue]

    def whole(self) -> StoredFace:
        """The face with its record read."""
        return StoredFace(self.name, self.path, self.record)


class Faceset:
    """The faces in `folder`, which need not exist yet.

    `notices` lists what a person should know after a look at the folder: files that lost their record or never
    had one, an index that was rebuilt. `looks` grows when a look finds something changed. Use it as a context
    manager or call `close`, so that the index is whole.
    """

    def __init__(self, folder: Path, *, look: bool = True) -> None:
        self.folder = folder
        self._index: Index | None = None
        self._unwritten: dict[str, Row] = {}
        self._rows: dict[str, Row] = {}
        self.looks = 0  # at which of them something was another than before
        self.scanned_ns = 0  # when the folder had changed last before all its files were looked at
        self._faces: list[StoredFace] | None = None
        self._read: dict[str, tuple[Row, StoredFace]] = {}  # faces that were asked for, by name
        self._followers: WeakSet[Changes] = WeakSet()
        self._notes: list[str] = []
        self._last_number: dict[str, int] = {}  # by a usual name that several faces want
        if look:
            self.refresh()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __len__(self) -> int:
        return sum(row.record is not None for row in self._rows.values())

    def close(self) -> None:
        """Write what the index still lacks and let go of it. The object may be used again."""
        self._write_index()
        if self._index is not None:
            self._index.close()
            self._index = None

    def refresh(self, told: Told | None = None) -> bool:
        """Look at the folder again, and say whether anything is another than before.

        What was seen before is not read again: a look costs one `stat` a file. `told` hears of every thousand
        files that are read, while those that were are there already and stand in the index; it may raise.
        """
        self._write_index()
        before, self._notes, self._last_number = self._rows, [], {}
        if not self.folder.is_dir():
            self._rows = {}
            return self._have_changed(before)
        known = before or self._opened_index().rows()  # opening makes files in the folder, so it comes first
        found, unknown = dict[str, Row](), list[str]()
        self.scanned_ns = self.folder.stat().st_mtime_ns
        for name, size, mtime_ns in image_files(self.folder):
            row = known.get(name)
            if row is None or (row.size, row.mtime_ns) != (size, mtime_ns):
                unknown.append(name)
            else:
                found[name] = row
        if unknown and before:
            known = before | self._opened_index().rows()  # another process may have read them
        self._rows = found
        try:
            for piece in self._pieces_read(unknown, known):
                found |= piece.rows
                if told is not None:
                    told(piece)
        finally:  # what was read stays, also where whoever is told gives up
            have_changed = self._have_changed(changed_names(before, found))
        gone = [name for name in known if name not in found]
        if gone:
            self._opened_index().update((), removed=gone)
        return have_changed

    def look_at(self, names: Iterable[str]) -> bool:
        """Look at the files of these names alone, and say whether any is another than before: whoever works on
        a few faces of very many spares the look at all others."""
        self._write_index()
        others = [name for name in dict.fromkeys(names) if is_picture(name) and not self._is_as_known(name)]
        known = {name: self._rows[name] for name in others if name in self._rows}
        there, read = [name for name in others if (self.folder / name).is_file()], dict[str, Row]()
        for piece in self._pieces_read(there, known):
            read |= piece.rows
        gone = known.keys() - read.keys()
        if gone or any(name not in self._rows for name in read):  # somebody may be going through this one
            self._rows = {name: row for name, row in self._rows.items() if name not in gone} | read
        else:
            self._rows.update(read)
        if gone:
            self._opened_index().update((), removed=gone)
        return self._have_changed({*read, *gone})

    def others(self) -> list[str]:
        """Names of files that are other ones than known. Nothing is read and nothing changes, so any thread may
        look while others work with the faces; `look_at` then looks at these."""
        rows, other, known = self._rows, list[str](), 0
        if not self.folder.is_dir():
            return list(rows)
        for name, size, mtime_ns in image_files(self.folder):
            row = rows.get(name)
            known += row is not None
            if row is None or (row.size, row.mtime_ns) != (size, mtime_ns):
                other.append(name)
        if known < len(rows):  # only then: a list of very many names takes as much memory
            there = {name for name, _, _ in image_files(self.folder)}
            other += [name for name in list(rows) if name not in there]
        return other

    def _is_as_known(self, name: str) -> bool:
        row = self._rows.get(name)
        return row is not None and _is_of(row, self.folder / name)

    def rows(self) -> dict[str, Row]:
        """What is known of every picture now, by name."""
        return dict(self._rows)

    def followed(self) -> Changes:
        """What is another from now on, for one who follows; all that is there is new to them."""
        changes = Changes(self._rows)
        self._followers.add(changes)
        return changes

    def news(self, changes: Changes) -> dict[str, Row | None]:
        """What a follower has not seen yet: rows by name, None for files that are gone."""
        return changes.among(self._rows)

    def _pieces_read(self, names: Sequence[str], known: Mapping[str, Row]) -> Iterator[Piece]:
        """Rows of files that are new or changed, which the index then has; what can't be read is left out."""
        for first in range(0, len(names), _PIECE):
            some = names[first : first + _PIECE]
            rows = {name: row for name in some if (row := known.get(name)) and _is_of(row, self.folder / name)}
            records = dict[str, FaceRecord]()
            for file in read_files(self.folder, [name for name in some if name not in rows]):
                if file.status is None:
                    why = file.error.strerror if file.error else "unknown"
                    self._notes.append(f"{file.name} can't be read ({why}); it is left out.")
                    continue
                rows[file.name], record = _row_of(file, file.status, known.get(file.name))
                if record is not None:
                    records[file.name] = record
            changed = [row for name, row in rows.items() if known.get(name) != row]
            if changed:
                self._opened_index().update(changed)
            yield Piece(rows, records, min(first + _PIECE, len(names)), len(names))

    def _have_changed(self, names: Iterable[str]) -> bool:
        """Note that the files of these names are other ones; says whether there are any."""
        names = list(names)
        if not names:
            return False
        self.looks += 1
        self._faces = None
        for name in names:
            self._read.pop(name, None)
        for follower in list(self._followers):
            follower.note(names)
        return True

    @property
    def notices(self) -> list[str]:
        """One sentence for everything unusual in the folder; empty when all is well."""
        lost = [row.name for row in self._rows.values() if row.lost and row.record]
        foreign = [row.name for row in self._rows.values() if row.record is None]
        notes = [*(self._index.notes if self._index else ()), *self._notes]
        if lost:
            notes.append(
                f"{counted(len(lost), 'file was', 'files were')} saved by a program that dropped the face's "
                f"data; what the index knew is used instead ({_some(lost)})."
            )
        if foreign:
            count = counted(len(foreign), "picture holds", "pictures hold")
            notes.append(f"{count} no face data and will not be used ({_some(foreign)}).")
        return notes

    def ignored(self) -> list[str]:
        """Names of pictures in the folder that hold no face record."""
        return sorted(row.name for row in self._rows.values() if row.record is None)

    def named(self, names: Sequence[str]) -> list[StoredFace]:
        """The faces of these file names, in their order; those that are not there are left out."""
        rows = (self._rows.get(name) for name in names)
        return [self._stored(row) for row in rows if row is not None and row.record is not None]

    def unread(self) -> list[UnreadFace]:
        """All faces in no order, their records not read: a hundred thousand records take gigabytes."""
        rows = [row for row in self._rows.values() if row.record is not None]
        return [UnreadFace(row.name, self.folder, row.record or "") for row in rows]

    def faces(self) -> list[StoredFace]:
        """All faces, sorted by clip, frame and track."""
        if self._faces is None:
            faces = [self._stored(row) for row in self._rows.values() if row.record is not None]
            self._faces = sorted(faces, key=_place)
        return list(self._faces)

    def face(self, name: str) -> StoredFace:
        """The face of that file name, without reading the others. Raises FacesUnknown."""
        row = self._rows.get(name)
        if row is None or row.record is None:
            raise FacesUnknown(f"There is no face {name!r} in this faceset any more.", self.folder)
        return self._stored(row)

    def plain_records(self, known: Mapping[str, bytes]) -> Iterator[tuple[str, bytes, dict[str, Any]]]:
        """Name, digest and record as plain values of the faces that are not `known` by that digest; quick for
        those who need a few values of very many faces."""
        for row in self._rows.values():
            if row.record is not None and known.get(row.name) != row.digest:
                yield row.name, row.digest, json.loads(row.record)

    def image(self, face: StoredFace) -> UInt8:
        """The face's pixels, (size_px, size_px, 3) RGB; of a mark-only face the frame's, (height, width, 3).

        A picture that another program made larger or smaller comes back in the record's size. Raises
        ImageUnreadable when the file is gone, torn or of another shape.
        """
        try:
            data = face.path.read_bytes()
        except OSError as error:
            raise ImageUnreadable(
                "This face is gone or can't be read. Start the stage again.", face.path
            ) from error
        rgb = decode_image(data, path=face.path)
        height, width = rgb.shape[:2]
        wanted_width, wanted_height = face.record.picture_size
        if abs(width * wanted_height - height * wanted_width) > max(wanted_width, wanted_height):
            kind = (
                "be square"
                if wanted_width == wanted_height
                else f"have the shape {wanted_width} x {wanted_height}"
            )
            raise ImageUnreadable(
                f"A face must {kind}; this picture is {width} x {height} pixels. Delete or restore it.",
                face.path,
            )
        if (width, height) == (wanted_width, wanted_height):
            return rgb
        how = cv2.INTER_AREA if height > wanted_height else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(rgb, (wanted_width, wanted_height), interpolation=how), np.uint8)

    def crop_of(self, face: StoredFace) -> tuple[UInt8, FaceRecord]:
        """The face as a square crop and the record of that crop, for whoever compares or shows faces.

        That is the stored one, or the full crop of a mark-only face, cut out of its frame. Raises
        ImageUnreadable.
        """
        picture, record = self.image(face), face.record
        if not record.shows_whole_frame:
            return picture, record
        matrix = crop_from_frame(record.landmarks(), face_type="full", size_px=_CUT_PX)
        cut = {"face_type": "full", "size_px": _CUT_PX, "crop_from_frame": matrix.tolist()}
        return np.asarray(crop(picture, matrix, _CUT_PX), np.uint8), record.model_copy(update=cut)

    def add(self, rgb: UInt8, record: FaceRecord, *, image_format: ImageFormat = "jpg") -> StoredFace:
        """Write a face, (size_px, size_px, 3) RGB or a mark-only one's frame, and return where it lies.

        A face of the same clip, frame and person under its usual name is replaced. Raises DiskFull or
        FolderUnwritable.
        """
        return self.add_encoded(encoded_face(rgb, record, image_format=image_format), record, image_format)

    def add_encoded(
        self,
        data: bytes,
        record: FaceRecord,
        image_format: ImageFormat,
        *,
        replace_same: bool = True,
        wish: str = "",
    ) -> StoredFace:
        """Write a face that `encoded_face` made, or another file with a record inside.

        Unless `replace_same`, a face of the same clip, frame and person stays and this one gets a number, that
        of the name `wish` (without an ending) where it is free.
        Raises DiskFull or FolderUnwritable.
        """
        name = f"{wish}.{image_format}"
        if not wish or name in self._rows or (self.folder / name).exists():
            name = self._free_name(record, image_format, replace_same=replace_same)
        path = self.folder / name
        write_bytes(path, data)
        row = _row(name, data, path.stat(), record.model_dump_json(), lost=False)
        self._rows[name] = self._unwritten[name] = row
        self._have_changed([name])
        if len(self._unwritten) >= _UNWRITTEN_LIMIT:
            self._write_index()
        return StoredFace(name, path, record)

    def renamed(self, new_names: Mapping[str, str]) -> None:
        """Look at the folder again after files got new names, without reading those files again."""
        known = {old: self._rows[old] for old in new_names if old in self._rows}
        self._write_index()
        if known:
            rows = [replace(row, name=new_names[old]) for old, row in known.items()]
            self._opened_index().update(rows, removed=known)
        self.refresh()

    def repair(self) -> int:
        """Put the record back into files that lost it, and return how many that were."""
        lost = [row for row in self._rows.values() if row.lost and row.record]
        for row in lost:
            path = self.folder / row.name
            write_bytes(path, embed(path.read_bytes(), FaceRecord.model_validate_json(row.record or "")))
        if lost:
            self.refresh()
        return len(lost)

    def sweep(self) -> None:
        """Remove half-written files that a killed process left behind."""
        for path in self.folder.glob(f".*{ASIDE_SUFFIX}.*"):
            pid = path.name.removesuffix(path.suffix).removesuffix(ASIDE_SUFFIX).rpartition(".")[2]
            with contextlib.suppress(OSError):
                old = time.time() - path.stat().st_mtime > _LEFTOVER_S
                if old and is_left_behind(path, pid):
                    path.unlink()

    def fingerprint(self) -> str:
        """Hex digest of the set of faces: changes when a face comes, goes or changes its content or name."""
        digest = hashlib.sha256()
        for row in sorted(self._rows.values(), key=lambda row: row.name):
            if row.record is not None:
                digest.update(row.name.encode() + b"\0" + row.digest)
        return digest.hexdigest()

    @property
    def newest_ns(self) -> int:
        """When its newest picture was written, in nanoseconds, as the last look saw it; 0 without any."""
        return max((row.mtime_ns for row in self._rows.values()), default=0)

    def digests(self) -> dict[str, bytes]:
        """The digest of each face's whole file, 16 bytes, by name."""
        return {row.name: row.digest for row in self._rows.values() if row.record is not None}

    def index(self) -> Index:
        """The cache of this folder, for what is measured on its faces. The folder must exist."""
        self._write_index()
        return self._opened_index()

    def _opened_index(self) -> Index:
        if self._index is None:
            self._index = Index(self.folder)
        return self._index

    def _write_index(self) -> None:
        if self._unwritten and self.folder.is_dir():
            self._opened_index().update(self._unwritten.values())
        self._unwritten = {}

    def _stored(self, row: Row) -> StoredFace:
        known = self._read.get(row.name)
        if known is None or known[0] is not row:
            record = FaceRecord.model_validate_json(row.record or "")
            known = self._read[row.name] = row, StoredFace(row.name, self.folder / row.name, record)
        return known[1]

    def _free_name(self, record: FaceRecord, ending: str, *, replace_same: bool) -> str:
        """The face's usual name, or with a number where a face of something else has it."""
        stem = face_stem(record.clip, record.frame, record.person)
        usual = f"{stem}.{ending}"
        for number in itertools.count(1 if replace_same else self._last_number.get(usual, 1)):
            name = usual if number == 1 else f"{stem}-{number}.{ending}"
            row = self._rows.get(name)
            if row is None and not (self.folder / name).exists():
                self._last_number[usual] = number
                return name
            if replace_same and row is not None and row.record is not None:
                other = self._stored(row).record
                if (other.clip, other.frame, other.person) == (record.clip, record.frame, record.person):
                    return name
        raise AssertionError("there is always one more number")


def encoded_face(rgb: UInt8, record: FaceRecord, *, image_format: ImageFormat) -> bytes:
    """The bytes of a face's file: the picture with the record in it. Touches no file, so threads may do it."""
    width, height = record.picture_size
    if rgb.shape != (height, width, 3) or rgb.dtype != np.uint8:
        raise ValueError(f"a face of {width} x {height} px is expected, not {rgb.shape} {rgb.dtype}")
    return embed(encode_png(rgb) if image_format == "png" else encode_jpeg(rgb, quality=95), record)


def _row_of(file: ReadFile, status: os.stat_result, before: Row | None) -> tuple[Row, FaceRecord | None]:
    """What a file holds; without a record in it, what was known of it before."""
    record = extract_record(file.data)
    text = record.model_dump_json() if record else before.record if before else None
    lost = record is None and text is not None
    return Row(file.name, status.st_size, status.st_mtime_ns, file.digest, text, lost), record


def _row(name: str, data: bytes, status: os.stat_result, record: str | None, *, lost: bool) -> Row:
    return Row(name, status.st_size, status.st_mtime_ns, content_digest(data), record, lost)


def _is_of(row: Row, path: Path) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return (row.size, row.mtime_ns) == (status.st_size, status.st_mtime_ns)


def _place(face: StoredFace) -> tuple[str, int, int, str]:
    return face.record.clip, face.record.frame, face.record.track, face.name


def _some(names: list[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
