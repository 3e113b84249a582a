"""DeepFaceLab's packed facesets, and its `meta.dat`, which keeps the data of pictures while they are edited.

A pak, version 1, little-endian: u64 version, u64 length, a pickled list with a table a face, n + 1 u64 offsets
counted from the end of their own table, then the JPEG files. The last offset is the whole file's size in every
pak that DeepFaceLab wrote, so it is not believed. Faces are read one at a time; nothing is unpacked to disk.
"""

from __future__ import annotations

import itertools
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from understudy.errors import ExchangeUnreadable, UnderstudyError
from understudy.facesets.exchange.dfl import read_face
from understudy.facesets.exchange.dfl_carriers import FACE_NAMES, carried, read_values
from understudy.facesets.exchange.foreign import Found, Unread, checked_name
from understudy.pickle_writer import write_pickle
from understudy.pickles import ENUM, PLAIN_OBJECT, Names, read_pickle

VERSION = 1
_HEAD = struct.Struct("<QQ")
_MOST_CONFIG_BYTES = 1 << 30
_MOST_FACE_BYTES = 64 << 20
# Where the choices and the class of a sample were defined, by either of the names they could be reached by.
PAK_NAMES: Names = {
    **FACE_NAMES,
    "samplelib.SampleType": ENUM,
    "samplelib.Sample.SampleType": ENUM,
    "samplelib.Sample.Sample": PLAIN_OBJECT,
    "samplelib.Sample": PLAIN_OBJECT,
    "facelib.FaceType": ENUM,
    "facelib.FaceType.FaceType": ENUM,
}


class Pak:
    """An open pak: `configs` are the tables of its faces. Raises ExchangeUnreadable and UnsafeFile.

    Use it as a context manager.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = _opened(path)
        try:
            self._size = path.stat().st_size
            self.configs = self._read_configs()
            self._offsets = self._read_offsets()
        except UnderstudyError:
            self._file.close()
            raise

    def __enter__(self) -> Pak:
        return self

    def __exit__(self, *exc: object) -> None:
        self._file.close()

    def faces(self, start: int = 0) -> Found:
        """The faces from number `start` on, or why one can't be read."""
        for index, config in enumerate(self.configs[start:], start):
            name = str(config.get("filename"))
            try:
                name = checked_name(config.get("filename"), "name") or f"{index:05d}.jpg"
                yield read_face(self.image(index), name, _joined(config, self.image(index)))
            except UnderstudyError as error:
                yield Unread(name, error.message)

    def image(self, index: int) -> bytes:
        """The JPEG file of face `index`."""
        start, stop = self._offsets[index], self._offsets[index + 1]
        if stop - start > _MOST_FACE_BYTES:
            raise ExchangeUnreadable("This face's picture takes more bytes than any face.")
        self._file.seek(start)
        return self._file.read(stop - start)

    def _read_configs(self) -> list[dict[str, Any]]:
        head = self._file.read(_HEAD.size)
        if len(head) < _HEAD.size:
            raise self._damaged("it ends before its head does")
        version, length = _HEAD.unpack(head)
        if version != VERSION:
            swapped = struct.unpack(">Q", head[:8])[0] == VERSION
            raise self._damaged(
                "it was written by a machine of the other byte order"
                if swapped
                else f"its version is {version}, and only 1 is known"
            )
        if length > min(self._size - _HEAD.size, _MOST_CONFIG_BYTES):
            raise self._damaged("its list of faces is longer than the file")
        configs = read_pickle(self._file.read(length), PAK_NAMES, subject="pak's list of faces")
        if not isinstance(configs, list) or not all(isinstance(config, dict) for config in configs):
            raise self._damaged("it holds no list of faces")
        return configs

    def _read_offsets(self) -> list[int]:
        count = len(self.configs) + 1
        table = self._file.read(8 * count)
        if len(table) < 8 * count:
            raise self._damaged("it ends inside its table of places")
        base = self._file.tell()
        offsets = [base + offset for offset in struct.unpack(f"<{count}Q", table)]
        offsets[-1] = max(min(offsets[-1], self._size), offsets[-2] if count > 1 else base)
        ordered = all(a <= b for a, b in itertools.pairwise(offsets))
        if not ordered or offsets[-1] > self._size or offsets[0] < base:
            raise self._damaged("a face lies outside of the file")
        return offsets

    def _damaged(self, why: str) -> ExchangeUnreadable:
        return ExchangeUnreadable(f"This pak can't be used: {why}. Pack the faceset again.", self.path)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise ExchangeUnreadable("This file can't be opened. Check its name.", path) from error


def _joined(config: dict[str, Any], image: bytes) -> dict[str, Any]:
    """A face's own data, which knows its place in the frame, and what the pak says besides."""
    pickled = carried(image)
    own = read_values(pickled) if pickled is not None else {}
    known = {
        key: value for key, value in config.items() if value is not None and key not in ("shape", "filename")
    }
    return {**known, **{key: value for key, value in own.items() if value is not None and key != "person_name"}}


def write_pak(
    file: BinaryIO, *, configs: Sequence[dict[str, Any]], sizes: Sequence[int], images: Iterator[bytes]
) -> None:
    """Write a pak of JPEG files of the given sizes."""
    config = write_pickle(list(configs))
    file.write(_HEAD.pack(VERSION, len(config)) + config)
    offsets = [0]
    for size in sizes:
        offsets.append(offsets[-1] + size)
    file.write(struct.pack(f"<{len(offsets)}Q", *offsets))
    for size, image in zip(sizes, images, strict=True):
        if len(image) != size:
            raise ValueError("an image changed while it was packed")
        file.write(image)


def read_meta(path: Path) -> dict[str, dict[str, Any]]:
    """The tables that a `meta.dat` keeps, by file name, each with the picture's old `shape`.

    Raises ExchangeUnreadable and UnsafeFile.
    """
    with _opened(path) as file:
        pickled = file.read(_MOST_CONFIG_BYTES + 1)
    kept = read_pickle(pickled, FACE_NAMES, subject="meta.dat")
    if len(pickled) > _MOST_CONFIG_BYTES or not isinstance(kept, dict):
        raise ExchangeUnreadable("This meta.dat holds no table of faces.", path)
    tables = {}
    for name, entry in kept.items():
        pair = isinstance(entry, list | tuple) and len(entry) == 2 and isinstance(entry[1], dict)
        if not pair or not isinstance(name, str):
            raise ExchangeUnreadable("This meta.dat holds something other than faces.", path)
        tables[name] = {**entry[1], "shape": entry[0]}
    return tables
