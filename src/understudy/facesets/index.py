"""The cache of what is inside a faceset's files: SQLite, made again from the files whenever they disagree.

The files are the truth. A row says what a file of that name, size and time held when it was last read, so
that opening a faceset costs one look at each file instead of a read. What was measured on a face (`sorting`)
stands beside it under the digest of the file's content: a renamed file keeps it, an edited one is measured
again, and one that got another record alone is told to keep it. What faces mean is `store.py`'s.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

INDEX_NAME = "index.sqlite"
_APPLICATION_ID = 0x46616365  # "Face"
_LAYOUT = 2  # 1: without measures
_WAIT_S = 10.0
# What `sorting.pixels` measures: a column each.
NUMBERS = (
    "sharpness",
    "blur_px",
    "motion_sharpness",
    "brightness",
    "hue_deg",
    "black_share",
    "light_side",
    "light_height",
)
# What `sorting.glances` keeps of a record: a column for each text, and all numbers together.
TEXTS = ("clip", "face_type", "source_name", "drawing_mark", "mask_names")
VECTORS = ("histogram", "grey_histogram", "thumbnail")
_CREATE = f"""
CREATE TABLE IF NOT EXISTS faces (
    name TEXT PRIMARY KEY,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    digest BLOB NOT NULL,
    record TEXT,
    lost INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS measures (
    digest BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    {", ".join(f"{name} REAL" for name in NUMBERS)}
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS vectors (
    digest BLOB NOT NULL,
    kind TEXT NOT NULL,
    maker TEXT NOT NULL DEFAULT '',
    data BLOB NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS vectors_by_kind ON vectors (kind, maker, digest);
CREATE INDEX IF NOT EXISTS vectors_by_digest ON vectors (digest);
CREATE TABLE IF NOT EXISTS glances (
    digest BLOB PRIMARY KEY,
    version INTEGER NOT NULL,
    {", ".join(f"{name} TEXT NOT NULL" for name in TEXTS)},
    numbers BLOB NOT NULL
);
"""


@dataclass(frozen=True)
class Row:
    """What the index knows about one file."""

    name: str
    size: int
    mtime_ns: int
    digest: bytes  # of the whole content, 16 bytes
    record: str | None  # JSON; None: the file holds no record
    lost: bool = False  # the file no longer holds the record; this one is from before


@dataclass(frozen=True)
class Measures:
    """What was measured on the file of a digest."""

    digest: bytes
    numbers: tuple[float | None, ...]  # in the order of NUMBERS; None: it has no such number
    vectors: dict[str, bytes]  # by the names of VECTORS


class Index:
    """The rows of one folder. Falls back to memory where the folder takes no database.

    `notes` says what was repaired or not possible, one sentence each.
    """

    def __init__(self, folder: Path) -> None:
        self.notes: list[str] = []
        self._measured = 0  # how often
        self._path = folder / INDEX_NAME
        self._database = self._opened()

    def rows(self) -> dict[str, Row]:
        """All rows by file name."""
        try:
            found = self._database.execute("SELECT name, size, mtime_ns, digest, record, lost FROM faces")
            return {row[0]: Row(*row[:5], lost=bool(row[5])) for row in found}
        except sqlite3.DatabaseError:
            self._replace_damaged()
            return {}

    def update(self, rows: Iterable[Row], *, removed: Iterable[str] = ()) -> None:
        """Write rows and forget others in one transaction. A cache that can't be written is no error."""
        values = [(r.name, r.size, r.mtime_ns, r.digest, r.record, r.lost) for r in rows]
        with self._written() as database:
            database.executemany("DELETE FROM faces WHERE name = ?", [(name,) for name in removed])
            database.executemany("REPLACE INTO faces VALUES (?, ?, ?, ?, ?, ?)", values)

    def measures(self, version: int) -> dict[bytes, tuple[float | None, ...]]:
        """The numbers measured by `version`, in the order of NUMBERS, by digest."""
        names = ", ".join(NUMBERS)
        found = self._read(f"SELECT digest, {names} FROM measures WHERE version = ?", version)
        return {row[0]: row[1:] for row in found}

    def measures_of(self, digests: Iterable[bytes], version: int) -> dict[bytes, tuple[float | None, ...]]:
        """The same of a few digests."""
        query = f"SELECT digest, {', '.join(NUMBERS)} FROM measures WHERE digest = ? AND version = ?"
        found = (row for digest in digests for row in self._read(query, digest, version))
        return {row[0]: row[1:] for row in found}

    def glances(self, version: int) -> Iterator[tuple]:
        """Digest, the TEXTS and the numbers of every record that was read by `version`."""
        return self._read(f"SELECT digest, {', '.join(TEXTS)}, numbers FROM glances WHERE version = ?", version)

    def glanced(self, version: int | None = None) -> Iterator[bytes]:
        """The digest of every record of which a glance is kept, by whichever or one version."""
        query, values = "SELECT digest FROM glances", ()
        if version is not None:
            query, values = f"{query} WHERE version = ?", (version,)
        return (row[0] for row in self._read(query, *values))

    def keep_glances(self, glances: Iterable[tuple], version: int) -> None:
        """Write what `glances` gives in one transaction."""
        places = ", ".join("?" * (3 + len(TEXTS)))
        with self._written() as database:
            rows = [(digest, version, *rest) for digest, *rest in glances]
            database.executemany(f"REPLACE INTO glances VALUES ({places})", rows)

    def forget_glances(self, digests: Iterable[bytes]) -> None:
        """Drop what is kept of records whose files are gone."""
        with self._written() as database:
            database.executemany("DELETE FROM glances WHERE digest = ?", [(digest,) for digest in digests])

    def vectors(self, kind: str, maker: str = "") -> Iterator[tuple[bytes, bytes]]:
        """(digest, data) of every vector of a kind; `maker` says which network made it."""
        return self._read("SELECT digest, data FROM vectors WHERE kind = ? AND maker = ?", kind, maker)

    def keep_measures(self, measures: Iterable[Measures], version: int) -> None:
        """Write what was measured in one transaction."""
        rows = list(measures)
        places = ", ".join("?" * (2 + len(NUMBERS)))
        numbers = [(m.digest, version, *m.numbers) for m in rows]
        self._measured += 1
        with self._written() as database:
            database.executemany(f"REPLACE INTO measures VALUES ({places})", numbers)
            for kind in VECTORS:
                _keep(database, kind, "", {m.digest: m.vectors[kind] for m in rows})

    def keep_vectors(self, kind: str, vectors: dict[bytes, bytes], *, maker: str) -> None:
        """Write vectors that a network made, by digest, in one transaction."""
        self._measured += 1
        with self._written() as database:
            _keep(database, kind, maker, vectors)

    def carry_measures(self, digests: Iterable[tuple[bytes, bytes]], *, identity_maker: str) -> None:
        """Let files of the same pictures but another content keep what was measured, by (old, new) digest."""
        pairs = list(digests)
        columns = ", ".join(("version", *NUMBERS))
        numbers = f"REPLACE INTO measures SELECT ?, {columns} FROM measures WHERE digest = ?"
        vectors = (
            "REPLACE INTO vectors (digest, kind, maker, data) "
            "SELECT ?, kind, maker, data FROM vectors WHERE kind = ? AND maker = ? AND digest = ?"
        )
        kinds = [*((kind, "") for kind in VECTORS), ("identity", identity_maker)]
        # No other `state`: whoever holds a table is told of these files, and asks for their measures alone.
        with self._written() as database:
            database.executemany(numbers, [(new, old) for old, new in pairs])
            database.executemany(vectors, [(new, *kind, old) for old, new in pairs for kind in kinds])

    def forget_measures(self, digests: Iterable[bytes], *, carried: bool = False) -> None:
        """Drop what was measured on files that are long gone, or was `carried` on from files now nowhere."""
        gone = [(digest,) for digest in digests]
        self._measured += not carried
        with self._written() as database:
            database.executemany("DELETE FROM measures WHERE digest = ?", gone)
            database.executemany("DELETE FROM vectors WHERE digest = ?", gone)

    def state(self) -> tuple[int, int]:
        """Another pair of numbers after anything was measured here, or anything written by another process."""
        try:
            (others,) = self._database.execute("PRAGMA data_version").fetchone()
        except sqlite3.DatabaseError:
            self._replace_damaged()
            return self.state()
        return others, self._measured

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _read(self, query: str, *values: object) -> Iterator[tuple]:
        """The rows of a query, a few at a time; none where the file is damaged."""
        try:
            yield from self._database.execute(query, values)
        except sqlite3.DatabaseError:
            self._replace_damaged()

    @contextlib.contextmanager
    def _written(self) -> Iterator[sqlite3.Connection]:
        """One transaction. A cache that can't be written is no error."""
        try:
            with self._database:
                yield self._database
        except sqlite3.OperationalError as error:
            # Locked for long, read-only or a full disk: the next opening reads the files again.
            self.notes.append(f"The face index could not be written ({error}); it will be made again.")
        except sqlite3.DatabaseError:
            self._replace_damaged()

    def _opened(self) -> sqlite3.Connection:
        try:
            return self._on_disk()
        except sqlite3.OperationalError as error:
            self.notes.append(f"The face index can't be kept in the folder ({error}); it is made in memory.")
        except sqlite3.DatabaseError:
            self._move_away()
            with contextlib.suppress(sqlite3.DatabaseError):
                return self._on_disk()
            self.notes.append("The face index can't be kept in the folder; it is made in memory.")
        return self._in_memory()

    def _on_disk(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, timeout=_WAIT_S, check_same_thread=False)
        try:
            _require_ours(database)
            database.execute("PRAGMA journal_mode = WAL")  # a folder that can't do WAL keeps its own mode
            database.execute("PRAGMA synchronous = NORMAL")
            with database:
                database.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                database.execute(f"PRAGMA user_version = {_LAYOUT}")
                for table in _CREATE.split(";"):
                    database.execute(table)
                database.execute("SELECT name, size, mtime_ns, digest, record, lost FROM faces LIMIT 1")
                database.execute(f"SELECT digest, version, {', '.join(NUMBERS)} FROM measures LIMIT 1")
                database.execute("SELECT digest, kind, maker, data FROM vectors LIMIT 1")
                database.execute(f"SELECT digest, version, {', '.join(TEXTS)}, numbers FROM glances LIMIT 1")
        except sqlite3.Error:
            database.close()
            raise
        return database

    def _in_memory(self) -> sqlite3.Connection:
        database = sqlite3.connect(":memory:", check_same_thread=False)
        database.executescript(_CREATE)
        return database

    def _replace_damaged(self) -> None:
        self._database.close()
        self._move_away()
        self._database = self._opened()

    def _move_away(self) -> None:
        stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1000:03d}"
        goal = self._path.with_name(f"index-damaged-{stamp}.bak")
        with contextlib.suppress(OSError):
            self._path.replace(goal)
            for ending in ("-wal", "-shm"):
                self._path.with_name(INDEX_NAME + ending).unlink(missing_ok=True)
            self.notes.append(
                f"The face index was damaged or not ours; it is now {goal.name} and a new one is made."
            )


def _keep(database: sqlite3.Connection, kind: str, maker: str, vectors: dict[bytes, bytes]) -> None:
    rows = [(digest, kind, maker, data) for digest, data in vectors.items()]
    database.executemany("REPLACE INTO vectors (digest, kind, maker, data) VALUES (?, ?, ?, ?)", rows)


def _require_ours(database: sqlite3.Connection) -> None:
    """Raise DatabaseError for another program's database, OperationalError for a newer one of ours."""
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (layout,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != _APPLICATION_ID:
        raise sqlite3.DatabaseError("another program's database")
    if layout > _LAYOUT:
        raise sqlite3.OperationalError("made by a newer version")
