"""Put changed records into faces' files, as one step of the history; the pictures are not touched.

The files as they were go to the trash. A long change is kept piece by piece: what is done when it is stopped,
or when a face is in the way, stays done, and all pieces are taken back together.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from understudy.counts import counted
from understudy.errors import ImageUnreadable, MasksFull, UnderstudyError
from understudy.events import Events, Progress, StageFinished, StageStarted
from understudy.facesets.curation.history import History
from understudy.facesets.reading import content_digest
from understudy.facesets.record import FaceRecord
from understudy.facesets.sorting.table import IDENTITY_MAKER
from understudy.facesets.store import Faceset, StoredFace
from understudy.facesets.xmp import RecordTooLarge, embed

Rewritten = tuple[StoredFace, FaceRecord]
Pair = tuple[bytes, bytes]
PIECE = 200  # faces whose change is kept together
_PROGRESS_EVERY = 20
_MEASURED_BY = ("landmarks_68", "crop_from_frame", "face_type", "size_px", "frame_size")


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
    measured: list[Pair] = []
    with history.change(verb, f"{words}: {counted(len(fresh), 'face')}", command=command) as change:
        for face, record in fresh:
            change.remove(face.name)
            made = with_record(face, record)
            change.add(face.name, made.data)
            measured += made.measured
        keep_measures(faceset, measured)  # before the files are there, so that nobody finds them unmeasured


@dataclass(frozen=True, eq=False)
class WithRecord:
    """A face's file with another record inside. `measured`: the digests before and now, where what was measured
    on the face counts as before."""

    data: bytes
    measured: list[Pair]


def keep_measures(faceset: Faceset, pairs: Sequence[Pair]) -> None:
    """Let faces that were given other records keep what was measured on their pictures, which are the same."""
    if pairs:
        faceset.index().carry_measures(pairs, identity_maker=IDENTITY_MAKER)


def with_record(face: StoredFace, record: FaceRecord) -> WithRecord:
    """The face's file with another record inside. Raises ImageUnreadable, MasksFull."""
    try:
        before = face.path.read_bytes()
        data = embed(before, record)
        # Where the face lies decides what is measured; what is drawn on it does not.
        same = all(getattr(face.record, name) == getattr(record, name) for name in _MEASURED_BY)
        return WithRecord(data, [(content_digest(before), content_digest(data))] if same else [])
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
