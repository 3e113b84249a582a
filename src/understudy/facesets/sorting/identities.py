"""Vectors of who each face is, made once by a network for recognising people and kept in the faceset's index.

Needs weights that a person added (`understudy weights`). Not here: the network (`faces/identity.py`).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.faces.identity import EMBEDDERS, Embedder
from understudy.faces.inputs import FinderInputs
from understudy.facesets.sorting.measure import unreadable_sentence, usual_threads, worked
from understudy.facesets.sorting.table import IDENTITY_MAKER
from understudy.facesets.store import Faceset, StoredFace
from understudy.geometry import transform_points

STAGE = "identify"
_BATCH = 32
_Crop = tuple[npt.NDArray[np.uint8], npt.NDArray[np.float64]]


def measure_identities(
    faceset: Faceset, *, embedder: Embedder | None = None, weights_folder: Path | None = None
) -> Events:
    """Make the vectors that are missing, a generator of events; what was made before a stop is kept.

    Raises WeightsMissing where nobody added the network's weights and a vector is missing.
    """
    known = (
        {digest for digest, _ in faceset.index().vectors("identity", IDENTITY_MAKER)} if len(faceset) else set()
    )
    digests = faceset.digests()
    missing = [face for face in faceset.faces() if digests[face.name] not in known]
    done = len(faceset) - len(missing)
    yield StageStarted(stage=STAGE, unit="faces", total=len(faceset), done=done)
    unreadable: list[str] = []
    if missing:
        found = embedder or EMBEDDERS[IDENTITY_MAKER](FinderInputs(weights_folder=weights_folder))
        yield from _embed(faceset, missing, found, unreadable, done=done)
    if unreadable:
        yield Notice(unreadable_sentence(unreadable), "warning")
    summary = {"measured": len(missing) - len(unreadable), "known": done, "unreadable": unreadable}
    yield StageFinished(stage=STAGE, summary=summary, skipped=not missing)


def _embed(
    faceset: Faceset, missing: Sequence[StoredFace], embedder: Embedder, unreadable: list[str], *, done: int
) -> Iterator[Event]:
    started, total = time.monotonic(), done + len(missing)
    ready: list[tuple[StoredFace, _Crop]] = []

    def work(face: StoredFace) -> _Crop:
        picture, record = faceset.crop_of(face)
        return picture, transform_points(record.crop_matrix(), record.landmarks())

    for number, (face, crop) in enumerate(worked(missing, work, threads=usual_threads()), 1):
        if crop is None:
            unreadable.append(face.name)
        else:
            # Crops of one batch have one size.
            if ready and ready[0][1][0].shape != crop[0].shape:
                _keep(faceset, ready, embedder)
                ready = []
            ready.append((face, crop))
        if len(ready) == _BATCH or number == len(missing):
            _keep(faceset, ready, embedder)
            ready = []
        rate = number / max(time.monotonic() - started, 1e-6)
        left = (len(missing) - number) / rate
        yield Progress(stage=STAGE, done=done + number, total=total, rate=rate, seconds_left=left)


def _keep(faceset: Faceset, ready: Sequence[tuple[StoredFace, _Crop]], embedder: Embedder) -> None:
    if not ready:
        return
    vectors = embedder.embed(np.stack([crop for _, (crop, _) in ready]), np.stack([p for _, (_, p) in ready]))
    digests = faceset.digests()
    rows = {digests[face.name]: v.astype("<f4").tobytes() for (face, _), v in zip(ready, vectors, strict=True)}
    faceset.index().keep_vectors("identity", rows, maker=IDENTITY_MAKER)
