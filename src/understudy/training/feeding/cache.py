"""Faces decoded once, as one memory-mapped array of bytes, with their masks and landmarks.

A cache belongs to the exact content of its facesets, a face type and a size; anything else makes it anew. It is
written aside and renamed in when whole. Images are crops for the model with a margin around them, so that faces
can be shifted and turned without showing an edge.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from understudy.errors import FacesetUnusable, ImageUnreadable
from understudy.events import Event, Notice, Progress, StageFinished, StageStarted
from understudy.faces.align import crop
from understudy.facesets.store import Faceset, StoredFace
from understudy.files import ASIDE_SUFFIX, read_json, require_free_space, said_plainly, write_json
from understudy.geometry import FaceType, compose, crop_from_frame, inverse, transform_points
from understudy.masks.hull import eyes_mask, hull_mask, mouth_mask, softened_inside

_LAYOUT = 3
_MARGIN = 0.125  # of the model's side, on each side
_PROGRESS_EVERY = 25
_NEWEST_KEPT = 2  # caches of one side


@dataclass(frozen=True, eq=False)
class FaceCache:
    """All faces of one side. Images and masks have side `size_px` + 2·`margin_px`."""

    images_NHWC: npt.NDArray[np.uint8]  # RGB
    masks_NHW3: npt.NDArray[np.uint8]  # the face's hull, its eyes, its mouth: 0 outside to 255 inside
    landmarks_N68: npt.NDArray[np.float32]  # (n, 68, 2), 0..1 across the model's crop
    size_px: int
    margin_px: int

    def __len__(self) -> int:
        return len(self.images_NHWC)


def margin_px(size_px: int) -> int:
    """Pixels around the model's crop in the cache."""
    return max(2, round(size_px * _MARGIN))


def face_cache(
    folder: Path, facesets: Sequence[Faceset], *, side: str, face_type: FaceType, size_px: int
) -> Iterator[Event | FaceCache]:
    """Open the cache of these facesets below `folder`, or build it; the last event is the cache.

    Faces whose picture cannot be read are left out with a Notice. Raises FacesetUnusable where no face is left,
    DiskFull or FolderUnwritable.
    """
    key = _key(facesets, face_type, size_px)
    goal = folder / f"{side}-{key[:16]}"
    if not (goal / "about.json").exists():
        yield from _build(goal, facesets, side=side, face_type=face_type, size_px=size_px)
        _tidy(folder, side, keep=goal)
    yield _opened(goal, size_px)


def _key(facesets: Sequence[Faceset], face_type: FaceType, size_px: int) -> str:
    digest = hashlib.sha256(f"{_LAYOUT} {face_type} {size_px} {margin_px(size_px)}".encode())
    for faceset in facesets:
        digest.update(faceset.fingerprint().encode() + b"\0")
    return digest.hexdigest()


def _opened(folder: Path, size_px: int) -> FaceCache:
    def mapped(name: str) -> npt.NDArray:
        return np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)

    about = read_json(folder / "about.json")
    count = int(about["faces"])
    return FaceCache(
        images_NHWC=mapped("images")[:count],
        masks_NHW3=mapped("masks")[:count],
        landmarks_N68=np.array(mapped("landmarks")[:count]),
        size_px=size_px,
        margin_px=margin_px(size_px),
    )


def _build(
    goal: Path, facesets: Sequence[Faceset], *, side: str, face_type: FaceType, size_px: int
) -> Iterator[Event]:
    faces = [(faceset, face) for faceset in facesets for face in faceset.faces()]
    if not faces:
        raise FacesetUnusable(f"There are no {side} faces to learn from. Extract some first.", goal.parent)
    whole_px = size_px + 2 * margin_px(size_px)
    require_free_space(goal.parent, needed_bytes=len(faces) * whole_px**2 * 6)
    aside = goal.with_name(f".{goal.name}.{os.getpid()}{ASIDE_SUFFIX}")
    with said_plainly(goal):
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
    try:
        with said_plainly(goal):
            yield from _fill(aside, faces, side=side, face_type=face_type, size_px=size_px)
            shutil.rmtree(goal, ignore_errors=True)
            aside.rename(goal)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fill(
    folder: Path, faces: Sequence[tuple[Faceset, StoredFace]], *, side: str, face_type: FaceType, size_px: int
) -> Iterator[Event]:
    whole_px = size_px + 2 * margin_px(size_px)

    def array(name: str, shape: tuple[int, ...], kind: npt.DTypeLike) -> np.memmap:
        return np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=kind, shape=(len(faces), *shape)
        )

    yield StageStarted(stage=f"read {side} faces", unit="faces", total=len(faces))
    images = array("images", (whole_px, whole_px, 3), np.uint8)
    masks = array("masks", (whole_px, whole_px, 3), np.uint8)
    landmarks = array("landmarks", (68, 2), np.float32)
    count = 0
    for number, (faceset, face) in enumerate(faces):
        try:
            image = faceset.image(face)
        except ImageUnreadable as error:
            yield Notice(f"{face.name} is left out: {error.message}", level="warning")
            continue
        images[count], masks[count], landmarks[count] = _entry(image, face, face_type, size_px)
        count += 1
        if number % _PROGRESS_EVERY == 0:
            yield Progress(stage=f"read {side} faces", done=number, total=len(faces))
    if not count:
        raise FacesetUnusable(f"None of the {len(faces)} {side} faces can be read.", faces[0][1].path.parent)
    for part in (images, masks, landmarks):
        part.flush()
    write_json(folder / "about.json", {"layout": _LAYOUT, "faces": count})
    yield StageFinished(stage=f"read {side} faces", summary={"faces": count})


def _entry(
    image: npt.NDArray[np.uint8], face: StoredFace, face_type: FaceType, size_px: int
) -> tuple[npt.NDArray, npt.NDArray, npt.NDArray]:
    """Image, masks and landmarks of one face as the cache holds them."""
    record, margin = face.record, margin_px(size_px)
    model_from_frame = crop_from_frame(record.landmarks(), face_type=face_type, size_px=size_px)
    shares = transform_points(model_from_frame, record.landmarks()) / size_px
    cache_from_frame = model_from_frame.copy()
    cache_from_frame[:, 2] += margin
    cache_from_stored = compose(cache_from_frame, inverse(record.crop_matrix()))
    whole_px = size_px + 2 * margin
    points = shares * size_px + margin
    face_mask = hull_mask(points, whole_px, whole_px)
    parts = [softened_inside(part(points, whole_px, whole_px), face_mask) for part in (eyes_mask, mouth_mask)]
    masks = np.stack([face_mask, *parts], axis=-1)
    return crop(image, cache_from_stored, whole_px), np.rint(masks * 255), shares


def _tidy(folder: Path, side: str, *, keep: Path) -> None:
    """Remove older caches of this side: they can be made again, and faces take room."""
    found = sorted(folder.glob(f"{side}-*"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in [p for p in found if p != keep][_NEWEST_KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
