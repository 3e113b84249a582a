"""Small pictures of faces, made once and kept in one SQLite file beside the project's other caches.

Each is kept under the digest of its face's file: a renamed or copied face has it already, a repainted one gets
another. Not here: which faces are looked at.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from understudy.errors import ImageUnreadable
from understudy.facesets.store import Faceset, StoredFace, content_digest
from understudy.workers.cores import cores

SIDE_PX = 128
_QUALITY = 82
_MOST_THREADS = 4
_ASKED_TOGETHER = 500  # what one SQLite statement takes
_WAIT_S = 10.0
_SMALLER = {8: cv2.IMREAD_REDUCED_COLOR_8, 4: cv2.IMREAD_REDUCED_COLOR_4, 2: cv2.IMREAD_REDUCED_COLOR_2}


def key_of(digest: bytes) -> int:
    """What a thumbnail is kept under: the first eight bytes of its face's digest, as SQLite's signed number."""
    return int.from_bytes(digest[:8], "big", signed=True)


class Thumbnails:
    """Thumbnails in the SQLite file `path`. Any thread may ask; a few threads make what is missing.

    A cache: where the file can't be written, or is damaged, thumbnails are kept in memory until it is closed.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        self._database = self._opened()
        self._makers = ThreadPoolExecutor(min(_MOST_THREADS, cores()), thread_name_prefix="thumbnails")

    def __len__(self) -> int:
        with self._lock:
            return self._database.execute("SELECT count(*) FROM thumbnails").fetchone()[0]

    def close(self) -> None:
        """Let go of the file."""
        self._makers.shutdown(cancel_futures=True)
        with self._lock:
            self._database.close()

    def of(self, makers: Mapping[int, Callable[[], bytes]]) -> dict[int, bytes]:
        """JPEGs by key: those that are kept, the others made and kept. A face that can't be read has none."""
        found = self._kept(list(makers))
        missing = {key: maker for key, maker in makers.items() if key not in found}
        made = dict(zip(missing, self._makers.map(_unless_unreadable, missing.values()), strict=True))
        new = {key: jpeg for key, jpeg in made.items() if jpeg is not None}
        if new:
            self._keep(new.items())
        return found | new

    def _kept(self, keys: Sequence[int]) -> dict[int, bytes]:
        found = dict[int, bytes]()
        for start in range(0, len(keys), _ASKED_TOGETHER):
            part = keys[start : start + _ASKED_TOGETHER]
            query = f"SELECT key, jpeg FROM thumbnails WHERE key IN ({', '.join('?' * len(part))})"
            with self._lock, contextlib.suppress(sqlite3.DatabaseError):
                found |= self._database.execute(query, part)
        return found

    def _keep(self, rows: Iterable[tuple[int, bytes]]) -> None:
        with self._lock, contextlib.suppress(sqlite3.DatabaseError), self._database:
            self._database.executemany("REPLACE INTO thumbnails VALUES (?, ?)", rows)

    def _opened(self) -> sqlite3.Connection:
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
        for place in (self._path, self._path, ":memory:"):
            database = None
            try:
                database = sqlite3.connect(place, timeout=_WAIT_S, check_same_thread=False)
                database.execute("PRAGMA journal_mode = WAL")
                database.execute("PRAGMA synchronous = OFF")  # what is lost is made again
                database.execute("CREATE TABLE IF NOT EXISTS thumbnails (key INTEGER PRIMARY KEY, jpeg BLOB)")
                database.execute("SELECT key, jpeg FROM thumbnails LIMIT 1")
            except sqlite3.OperationalError:
                continue
            except sqlite3.DatabaseError:  # damaged or no database: it can be made again
                if database is not None:
                    database.close()
                with contextlib.suppress(OSError):
                    self._path.unlink()
                continue
            return database
        raise AssertionError("a database in memory can always be opened")


def _unless_unreadable(make: Callable[[], bytes]) -> bytes | None:
    try:
        return make()
    except ImageUnreadable:
        return None


def thumbnail_jpeg(faceset: Faceset, face: StoredFace, digest: bytes) -> bytes:
    """A face's crop in 128 pixels as a JPEG. Raises ImageUnreadable also when the file is no longer the one of
    that digest."""
    data = read_same(face.path, digest)
    if face.record.shows_whole_frame:
        bgr = cv2.cvtColor(faceset.crop_of(face)[0], cv2.COLOR_RGB2BGR)
    else:
        bgr = _decoded_small(data, face)
    small = cv2.resize(bgr, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1].tobytes()


def read_same(path: Path, digest: bytes) -> bytes:
    """The bytes of a face's file. Raises ImageUnreadable when it is gone or another by now."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageUnreadable("This face is gone or can't be read. Look again.", path) from error
    if content_digest(data) != digest:
        raise ImageUnreadable("This face was changed just now. Look again.", path)
    return data


def _decoded_small(data: bytes, face: StoredFace) -> cv2.typing.MatLike:
    """BGR, at least 128 px where the face has them: a JPEG is decoded at a half, a quarter or an eighth."""
    fitting = [mode for share, mode in _SMALLER.items() if face.record.size_px >= share * SIDE_PX]
    how = fitting[0] if fitting else cv2.IMREAD_COLOR
    bgr = cv2.imdecode(np.frombuffer(data, np.uint8), how) if data else None
    if bgr is None:
        raise ImageUnreadable("This face is damaged or no picture. Delete or restore it.", face.path)
    return bgr
