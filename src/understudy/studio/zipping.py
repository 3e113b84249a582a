"""Files and folders as one zip, made while it is sent: never whole in memory, nor on the disk.

What is inside is not packed closer: pictures and films are packed already. Not here: what may be sent.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

_PIECE_BYTES = 1 << 20


class _Sent(io.RawIOBase):
    """A place to write to that can't be gone back in; what was written is taken piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object, /) -> int:
        piece = bytes(data)  # type: ignore[call-overload]
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        data, self._pieces = b"".join(self._pieces), []
        return data


def zipped(parts: Sequence[Path]) -> Iterator[bytes]:
    """The bytes of a zip with these files and folders under their names; links in folders are left out."""
    sent = _Sent()
    with zipfile.ZipFile(sent, "w", zipfile.ZIP_STORED) as pack:
        for path, name in _files(parts):
            with path.open("rb") as file, pack.open(_entry(path, name), "w", force_zip64=True) as into:
                while piece := file.read(_PIECE_BYTES):
                    into.write(piece)
                    yield sent.taken()
    yield sent.taken()


def _entry(path: Path, name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo.from_file(path, name, strict_timestamps=False)
    entry.compress_type = zipfile.ZIP_STORED
    return entry


def _files(parts: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    for part in parts:
        inside = sorted(part.iterdir()) if part.is_dir() else [part]
        for path in inside:
            if path.is_file() and not path.is_symlink():
                yield path, path.relative_to(part.parent).as_posix()
