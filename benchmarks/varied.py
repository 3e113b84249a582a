"""Histograms of many more faces than were rendered: the same pictures in other light, colour and framing.

Every variant is computed from pixels: moved and scaled crop, exposure and gamma a channel, blur and grain, so
no two histograms are equal and all differ as they do between shoots. The first ones are the rendered faces
themselves. Computed once, in pieces, and kept beside the faceset.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np

from understudy.facesets.record import FaceRecord
from understudy.facesets.sorting.pixels import THUMBNAIL_PX, histograms
from understudy.facesets.store import Faceset, StoredFace

PART = 10_000
KINDS = ("histogram", "grey_histogram", "thumbnail")


def variant(rgb: np.ndarray, record: FaceRecord, rng: np.random.Generator) -> tuple[np.ndarray, FaceRecord]:
    """A face as another take could have shown it, and its record."""
    side = record.size_px
    scale, shift = rng.uniform(0.92, 1.08), rng.uniform(-0.05, 0.05, 2) * side
    goal = np.array([[scale, 0, shift[0]], [0, scale, shift[1]]])
    goal[:, 2] += (1 - scale) * side / 2
    moved = cv2.warpAffine(rgb, goal, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gain = rng.uniform(0.55, 1.6) * np.exp(rng.normal(0, 0.08, 3))
    gamma = rng.uniform(0.75, 1.3)
    lifted = rng.uniform(0, 0.06)
    levels = np.arange(256)[:, None] / 255
    table = np.clip(lifted + (1 - lifted) * (levels * gain) ** gamma, 0, 1) * 255
    lit = np.stack([cv2.LUT(moved[..., c], table[:, c].round().astype(np.uint8)) for c in range(3)], axis=-1)
    grain = rng.standard_normal(lit.shape, np.float32) * np.float32(rng.uniform(0, 4))
    noisy = np.clip(cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.3, 1.5)) + grain, 0, 255).astype(np.uint8)
    linear = np.array(record.crop_from_frame)
    matrix = np.column_stack([goal[:, :2] @ linear[:, :2], goal[:, :2] @ linear[:, 2] + goal[:, 2]])
    return noisy, record.model_copy(update={"crop_from_frame": matrix.tolist()})


def vectors(folder: Path, count: int) -> dict[str, np.ndarray]:
    """Arrays (count, d) by kind: root histograms as float16, thumbnails as uint8."""
    kept = folder.parent / f"{folder.name}-histograms"
    kept.mkdir(exist_ok=True)
    with Faceset(folder) as faceset, ThreadPoolExecutor(os.cpu_count()) as pool:
        faces = faceset.faces()
        parts = [_part(kept, faceset, faces, first, pool) for first in range(0, count, PART)]
    return {kind: np.concatenate([part[kind] for part in parts])[:count] for kind in KINDS}


def _part(
    kept: Path, faceset: Faceset, faces: Sequence[StoredFace], first: int, pool: ThreadPoolExecutor
) -> dict[str, np.ndarray]:
    path = kept / f"{first:07d}.npz"
    if not path.is_file():
        found = list(pool.map(lambda number: _one(faceset, faces, number), range(first, first + PART)))
        columns = [np.array(column) for column in zip(*found, strict=True)]
        np.savez(path, **dict(zip(KINDS, columns, strict=True)))
        print(f"histograms of {first + PART} faces", flush=True)
    with np.load(path) as part:
        return dict(part)


def _one(faceset: Faceset, faces: Sequence[StoredFace], number: int) -> tuple[np.ndarray, ...]:
    face = faces[number % len(faces)]
    rgb, record = faceset.image(face), face.record
    if number >= len(faces):
        rgb, record = variant(rgb, record, np.random.default_rng([number, 5]))
    colours, grey = histograms(rgb, record)
    small = cv2.resize(
        cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA
    )
    return colours.astype(np.float16), grey.astype(np.float16), small.ravel()
