"""Put changed records into faces' files, as one step of the history; the pictures are not touched.

The files as they were go to the trash. A long change is kept piece by piece: what is done when it is stopped,
or when a face is in the way, stays done, and all pieces are taken back together.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from pathlib import Path

from understudy.counts import counted
from understudy.errors import ImageUnreadable, MasksFull, UnderstudyError
from understudy.events import Events, Progress, StageFinished, StageStarted
from understudy.facesets.curation.history import History
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset, StoredFace
from understudy.facesets.xmp import RecordTooLarge, embed

Rewritten = tuple[StoredFace, FaceRecord]
PIECE = 200  # faces whose change is kept together
_PROGRESS_EVERY = 20


def rewrite(
    faceset: Faceset,
    records: Iterable[Rewritten],
    *,
    total: int,
    trash: Path,
    verb: str,
    words: str,
    piece: int = PIECE,
) -> Events:
    """Give faces new records, of `total` looked at; those that stay the same are left alone.

    Raises ImageUnreadable where a face is gone, MasksFull where a record is too large, DiskFull or
    FolderUnwritable, and what `records` raises.
    """
    command, started = uuid.uuid4().hex, time.monotonic()
    changed, fresh, touched = 0, list[Rewritten](), list[str]()

    def keep() -> int:
        piece_of, fresh[:] = list(fresh), []
        touched.extend(face.name for face, _ in piece_of)
        _keep(faceset, piece_of, trash=trash, verb=verb, words=words, command=command)
        return len(piece_of)

    yield StageStarted(stage=verb, unit="faces", total=total)
    try:
        for looked, (face, record) in enumerate(records, 1):
            if record != face.record:
                fresh.append((face, record))
            if len(fresh) >= piece:
                changed += keep()
            if looked % _PROGRESS_EVERY == 0 or looked == total:
                left = (total - looked) * (time.monotonic() - started) / looked
                yield Progress(stage=verb, done=looked, total=total, seconds_left=left)
        changed += keep()
    except (GeneratorExit, UnderstudyError):
        keep()  # nothing, where keeping itself was refused
        raise
    finally:
        faceset.look_at(touched)
    yield StageFinished(stage=verb, summary={"faces": changed}, skipped=not changed)


def _keep(
    faceset: Faceset, fresh: list[Rewritten], *, trash: Path, verb: str, words: str, command: str
) -> None:
    if not fresh:
        return
    history = History(faceset.folder, trash)
    with history.change(verb, f"{words}: {counted(len(fresh), 'face')}", command=command) as change:
        for face, record in fresh:
            change.remove(face.name)
            change.add(face.name, with_record(face, record))


def with_record(face: StoredFace, record: FaceRecord) -> bytes:
    """The face's file with another record inside. Raises ImageUnreadable, MasksFull."""
    try:
        return embed(face.path.read_bytes(), record)
    except RecordTooLarge as error:
        raise MasksFull(
            "What is drawn on this face and its masks are more than its file has room for. Draw with fewer "
            "corners, or take some out with `understudy masks remove`.",
            face.path,
        ) from error
    except (OSError, ValueError) as error:
        raise ImageUnreadable(
            "This face is gone or can't be read. Start the stage again.", face.path
        ) from error
