"""A faceset: a folder of face images, each with its record inside.

The files are the truth: what other programs delete, rename, add or save again is respected at the next look.
Not here: finding faces in clips (`extract.py`), how a record stands in a file (`xmp.py`), the cache
(`index.py`).
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

import cv2
import numpy as np
import numpy.typing as npt
import psutil

from understudy.counts import counted
from understudy.errors import ImageUnreadable
from understudy.faces.align import crop
from understudy.facesets.index import Index, Row
from understudy.facesets.names import face_stem
from understudy.facesets.record import FaceRecord
from understudy.facesets.xmp import embed, extract_record
from understudy.files import ASIDE_SUFFIX, said_plainly, write_bytes
from understudy.geometry import crop_from_frame
from understudy.media.images import decode_image, encode_jpeg, encode_png

UInt8 = npt.NDArray[np.uint8]
ImageFormat = Literal["jpg", "png"]
ENDINGS = (".jpg", ".jpeg", ".png")
_CUT_PX = 256  # side of the crop that stands for a whole frame
_UNWRITTEN_LIMIT = 200
_FILE_LIMIT_BYTES = 256 << 20
_LEFTOVER_S = 60.0  # a process of another machine may write here under a number that means nothing to us


@dataclass(frozen=True)
class StoredFace:
    """One face of a faceset: where it lies and what is known about it."""

    name: str
    path: Path
    record: FaceRecord


class Faceset:
    """The faces in `folder`, which need not exist yet.

    `notices` lists what a person should know after a look at the folder: files that lost their record or never
    had one, an index that was rebuilt. Use it as a context manager or call `close`, so that the index is whole.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index: Index | None = None
        self._unwritten: dict[str, Row] = {}
        self._rows: dict[str, Row] = {}
        self._faces: list[StoredFace] | None = None
        self._notes: list[str] = []
        self._last_number: dict[str, int] = {}  # by a usual name that several faces want
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

    def refresh(self) -> None:
        """Look at the folder again."""
        self._write_index()
        self._faces = None
        self._notes, self._last_number = [], {}
        if not self.folder.is_dir():
            self._rows = {}
            return
        known = self._opened_index().rows()
        self._rows, changed = {}, []
        for name, size, mtime_ns in _image_files(self.folder):
            row = known.get(name)
            if row is None or (row.size, row.mtime_ns) != (size, mtime_ns):
                row = self._read_row(name, row)
                if row is None:
                    continue
                changed.append(row)
            self._rows[name] = row
        gone = [name for name in known if name not in self._rows]
        if changed or gone:
            self._opened_index().update(changed, removed=gone)

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

    def faces(self) -> list[StoredFace]:
        """All faces, sorted by clip, frame and track."""
        if self._faces is None:
            faces = [self._stored(row) for row in self._rows.values() if row.record is not None]
            self._faces = sorted(faces, key=_place)
        return list(self._faces)

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
        self._faces = None
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
                if old and pid.isdecimal() and not psutil.pid_exists(int(pid)):
                    path.unlink()

    def fingerprint(self) -> str:
        """Hex digest of the set of faces: changes when a face comes, goes or changes its content or name."""
        digest = hashlib.sha256()
        for row in sorted(self._rows.values(), key=lambda row: row.name):
            if row.record is not None:
                digest.update(row.name.encode() + b"\0" + row.digest)
        return digest.hexdigest()

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

    def _read_row(self, name: str, before: Row | None) -> Row | None:
        """Read a new or changed file; None when it is gone again or can't be read."""
        path = self.folder / name
        try:
            status = path.stat()
            data = path.read_bytes() if status.st_size <= _FILE_LIMIT_BYTES else b""
        except OSError as error:
            self._notes.append(f"{name} can't be read ({error.strerror}); it is left out.")
            return None
        record = extract_record(data)
        if record is not None:
            return _row(name, data, status, record.model_dump_json(), lost=False)
        remembered = before.record if before else None
        return _row(name, data, status, remembered, lost=remembered is not None)

    def _stored(self, row: Row) -> StoredFace:
        return StoredFace(row.name, self.folder / row.name, FaceRecord.model_validate_json(row.record or ""))

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


def _image_files(folder: Path) -> Iterator[tuple[str, int, int]]:
    """(name, size, mtime_ns) of every picture in the folder; hidden and half-written files are no pictures."""
    with said_plainly(folder), os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            if name.startswith(".") or not name.lower().endswith(ENDINGS) or not _is_text(name):
                continue
            try:
                status = entry.stat()
            except OSError:  # deleted between the listing and the look
                continue
            if entry.is_file():
                yield name, status.st_size, status.st_mtime_ns


def _is_text(name: str) -> bool:
    # A name that is no valid UTF-8 arrives with surrogates, which neither SQLite nor JSON takes.
    return not any(0xD800 <= ord(c) < 0xE000 for c in name)


def _row(name: str, data: bytes, status: os.stat_result, record: str | None, *, lost: bool) -> Row:
    return Row(name, status.st_size, status.st_mtime_ns, content_digest(data), record, lost)


def content_digest(data: bytes) -> bytes:
    """What the index knows a file's content by, 16 bytes."""
    return hashlib.blake2b(data, digest_size=16).digest()


def _place(face: StoredFace) -> tuple[str, int, int, str]:
    return face.record.clip, face.record.frame, face.record.track, face.name


def _some(names: list[str]) -> str:
    return ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
