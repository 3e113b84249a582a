"""Measure the faces of a faceset that were not measured yet, and keep the results in its index.

Not here: what is measured on a face (`pixels.py`), reading it back (`table.py`).
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import numpy as np

from understudy.counts import counted
from understudy.errors import ImageUnreadable
from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.facesets.index import NUMBERS, Measures
from understudy.facesets.sorting.pixels import VERSION, measured
from understudy.facesets.store import Faceset, StoredFace
from understudy.workers.cores import cores

T = TypeVar("T")

STAGE = "measure"
_MOST_THREADS = 16
_KEPT_TOGETHER = 256  # in one transaction; a kill loses no more
_STALE_SHARE = 2.0  # measures of files long gone, against those in use, before they are dropped


def unmeasured(faceset: Faceset) -> list[StoredFace]:
    """The faces whose present content was never measured, in order."""
    if not len(faceset):
        return []
    known, digests = faceset.index().measures(VERSION), faceset.digests()
    return [face for face in faceset.faces() if digests[face.name] not in known]


def measure_faces(faceset: Faceset, *, threads: int | None = None) -> Events:
    """Measure what is missing, a generator of events.

    Decoding and measuring run in `threads` (one a core); a few pictures are in memory at a time. Closing the
    generator stops; what was measured until then is kept, also after a kill but for the last few. Faces that
    can't be read are told and stay unmeasured: every sort puts them last.
    """
    missing, total = unmeasured(faceset), len(faceset)
    done = total - len(missing)
    why = f"{done} of {total} faces are measured already" if done and missing else ""
    yield StageStarted(stage=STAGE, unit="faces", total=total, done=done, why=why)
    unreadable: list[str] = []
    if missing:
        yield from _measure(faceset, missing, unreadable, done=done, threads=threads or usual_threads())
        _forget_stale(faceset)
    if unreadable:
        yield Notice(unreadable_sentence(unreadable), "warning")
    summary = {"measured": len(missing) - len(unreadable), "known": done, "unreadable": unreadable}
    yield StageFinished(stage=STAGE, summary=summary, skipped=not missing)


def _measure(
    faceset: Faceset, missing: Sequence[StoredFace], unreadable: list[str], *, done: int, threads: int
) -> Iterator[Event]:
    digests, index, ready = faceset.digests(), faceset.index(), list[Measures]()
    started, total = time.monotonic(), done + len(missing)

    def work(face: StoredFace) -> Measures:
        return _one(faceset, face, digests[face.name])

    try:
        for number, (face, measures) in enumerate(worked(missing, work, threads=threads), 1):
            if measures is None:
                unreadable.append(face.name)
            else:
                ready.append(measures)
            if len(ready) >= _KEPT_TOGETHER:
                index.keep_measures(ready, VERSION)
                ready = []
            rate = number / max(time.monotonic() - started, 1e-6)
            left = (len(missing) - number) / rate
            yield Progress(stage=STAGE, done=done + number, total=total, rate=rate, seconds_left=left)
    finally:
        index.keep_measures(ready, VERSION)


def worked(
    faces: Sequence[StoredFace], work: Callable[[StoredFace], T], *, threads: int
) -> Iterator[tuple[StoredFace, T | None]]:
    """Every face with what `work` made of it in a thread, in order; None where the face can't be read."""
    waiting: deque[tuple[StoredFace, Future[T | None]]] = deque()
    pool = ThreadPoolExecutor(threads, thread_name_prefix="measure")
    try:
        for face in faces:
            waiting.append((face, pool.submit(_unless_unreadable, work, face)))
            if len(waiting) >= 4 * threads:
                first, future = waiting.popleft()
                yield first, future.result()
        while waiting:
            first, future = waiting.popleft()
            yield first, future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _unless_unreadable(work: Callable[[StoredFace], T], face: StoredFace) -> T | None:
    try:
        return work(face)
    except ImageUnreadable:
        return None


def _one(faceset: Faceset, face: StoredFace, digest: bytes) -> Measures:
    found = measured(*faceset.crop_of(face))
    numbers = (found.numbers.get(name, math.nan) for name in NUMBERS)
    vectors = {
        "histogram": found.histogram.astype(np.float16).tobytes(),
        "grey_histogram": found.grey_histogram.astype(np.float16).tobytes(),
        "thumbnail": found.thumbnail.tobytes(),
    }
    return Measures(digest, tuple(None if math.isnan(value) else value for value in numbers), vectors)


def _forget_stale(faceset: Faceset) -> None:
    """Rejected faces may come back, so their measures stay until they are the larger part of the index."""
    kept, used = faceset.index().measures(VERSION), set(faceset.digests().values())
    stale = [digest for digest in kept if digest not in used]
    if len(stale) > _STALE_SHARE * len(used):
        faceset.index().forget_measures(stale)


def usual_threads() -> int:
    """One a core: decoding and measuring let go of Python's lock."""
    return min(_MOST_THREADS, cores())


def unreadable_sentence(names: Sequence[str]) -> str:
    """What became of faces that can't be read."""
    some = ", ".join(sorted(names)[:3]) + (", …" if len(names) > 3 else "")
    return f"{counted(len(names), 'face')} can't be read and will come last in every order ({some})."
