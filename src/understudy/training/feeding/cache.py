"""Faces decoded once, as one memory-mapped array of bytes, with their masks and landmarks.

A cache belongs to the exact content of its facesets, a face type and a size; anything else makes it anew. It is
written aside and renamed in when whole. Images are crops for the model with a margin around them, so that faces
can be shifted and turned without showing an edge.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from understudy.errors import FacesetUnusable, ImageUnreadable
from understudy.events import Event, Notice, Progress, StageFinished, StageStarted
from understudy.faces.align import crop, squeezed
from understudy.facesets.store import Faceset, StoredFace
from understudy.files import folder_written_aside, read_json, require_free_space, write_json
from understudy.geometry import FaceType, compose, crop_from_frame, inverse, transform_points
from understudy.masks.hull import eyes_mask, mouth_mask, softened_inside
from understudy.masks.segmenter import PRODUCTS_OWN, Segmenters
from understudy.training.feeding.masking import STORED, MaskSource
from understudy.workers.cores import cores
from understudy.workers.leftovers import clear_half_built

Moment = tuple[str, int, int]  # clip, track in it, frame
_LAYOUT = 4
_MARGIN = 0.125  # of the model's side, on each side
_PROGRESS_EVERY = 25
_NEWEST_KEPT = 2  # caches of one side
_MOST_READERS = 8
_AHEAD = 4  # faces that wait for each reader


@dataclass(frozen=True, eq=False)
class FaceCache:
    """All faces of one side. Images and masks have side `size_px` + 2·`margin_px`."""

    images_NHWC: npt.NDArray[np.uint8]  # RGB
    masks_NHW3: npt.NDArray[np.uint8]  # face, eyes, mouth: 0 outside to 255 inside
    landmarks_N68: npt.NDArray[np.float32]  # (n, 68, 2), 0..1 across the model's crop
    size_px: int
    margin_px: int
    names: tuple[str, ...] = ()  # of the faces, where they are known
    moments: tuple[Moment, ...] = ()  # when they are seen, where it is known
    frames_NHWC: npt.NDArray[np.uint8] | None = None  # RGB, the whole frames, squeezed into squares
    key: str = ""  # of exactly these faces cut out so; the same again has the same

    def __len__(self) -> int:
        return len(self.images_NHWC)


def margin_px(size_px: int) -> int:
    """Pixels around the model's crop in the cache."""
    return max(2, round(size_px * _MARGIN))


def face_cache(
    folder: Path,
    facesets: Sequence[Faceset],
    *,
    side: str,
    face_type: FaceType,
    size_px: int,
    scale: float = 1.0,
    frame_px: int = 0,
    mask_from: str = STORED,
    segmenters: Segmenters = PRODUCTS_OWN,
) -> Iterator[Event | FaceCache]:
    """Open the cache of these facesets below `folder`, or build it; the last event is the cache.

    `scale` enlarges faces about the crop's middle. With `frame_px` the whole frames are kept too, as squares
    of that side. `mask_from` says where faces' masks come from (`masking.py`), perhaps one of `segmenters`.
    Faces whose picture cannot be read are left out with a Notice. Raises FacesetUnusable where no face is left,
    or whole frames are wanted of faces that are stored as crops, DiskFull, FolderUnwritable, SegmenterUnknown
    or WeightsMissing.
    """
    cut = _Cut(face_type, size_px, scale, frame_px, mask_from, segmenters)
    goal = folder / f"{side}-{_key(facesets, cut)[:16]}"
    if not (goal / "about.json").exists():
        # Before the room is counted: it may be gigabytes. A sheet of samples may be made while the model is
        # trained, so the model's lock says nothing here.
        clear_half_built(folder)
        yield from _build(goal, facesets, side=side, cut=cut)
        _tidy(folder, side, keep=goal)
    yield _opened(goal, size_px)


@dataclass(frozen=True)
class _Cut:
    """How faces are cut out for a model."""

    face_type: FaceType
    size_px: int
    scale: float
    frame_px: int = 0  # side of the whole frames that are kept too; 0 keeps none
    mask_from: str = STORED  # what `masking.MaskSource` knows
    segmenters: Segmenters = PRODUCTS_OWN

    @property
    def whole_px(self) -> int:
        return self.size_px + 2 * margin_px(self.size_px)

    def from_frame(self, landmarks_68: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The transform from frame pixels to those of the model's crop."""
        matrix = crop_from_frame(landmarks_68, face_type=self.face_type, size_px=self.size_px)
        bigger = np.eye(2, 3) * self.scale
        bigger[:, 2] = (1 - self.scale) * self.size_px / 2
        return compose(bigger, matrix)


def _key(facesets: Sequence[Faceset], cut: _Cut) -> str:
    margin = margin_px(cut.size_px)
    wanted = f"{_LAYOUT} {cut.face_type} {cut.size_px} {margin} {cut.scale:.6f}"
    wanted = f"{wanted} {cut.frame_px}" if cut.frame_px else wanted
    digest = hashlib.sha256(f"{wanted} {MaskSource.key(cut.mask_from, cut.segmenters)}".rstrip().encode())
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
        names=tuple(about["names"]),
        moments=tuple((clip, track, frame) for clip, track, frame in about["moments"]),
        frames_NHWC=mapped("frames")[:count] if (folder / "frames.npy").exists() else None,
        key=folder.name,
    )


def _build(goal: Path, facesets: Sequence[Faceset], *, side: str, cut: _Cut) -> Iterator[Event]:
    faces = [(faceset, face) for faceset in facesets for face in faceset.faces()]
    if not faces:
        raise FacesetUnusable(f"There are no {side} faces to learn from. Extract some first.", goal.parent)
    if cut.frame_px:
        _require_frames([face for _, face in faces], side, goal.parent)
    require_free_space(goal.parent, needed_bytes=len(faces) * (cut.whole_px**2 * 6 + cut.frame_px**2 * 3))
    with folder_written_aside(goal) as aside:
        yield from _fill(aside, faces, side=side, cut=cut)
        shutil.rmtree(goal, ignore_errors=True)


def _require_frames(faces: Sequence[StoredFace], side: str, path: Path) -> None:
    crops = sum(not face.record.shows_whole_frame for face in faces)
    if crops:
        raise FacesetUnusable(
            f"This model paints {side}'s whole frames, and {crops} of {len(faces)} {side} faces are crops "
            "without what is around them. Extract them with --face-type mark-only.",
            path,
        )


def _fill(
    folder: Path, faces: Sequence[tuple[Faceset, StoredFace]], *, side: str, cut: _Cut
) -> Iterator[Event]:
    def array(name: str, shape: tuple[int, ...], kind: npt.DTypeLike) -> np.memmap:
        return np.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype=kind, shape=(len(faces), *shape)
        )

    yield StageStarted(stage=f"read {side} faces", unit="faces", total=len(faces))
    images = array("images", (cut.whole_px, cut.whole_px, 3), np.uint8)
    masks = array("masks", (cut.whole_px, cut.whole_px, 3), np.uint8)
    landmarks = array("landmarks", (68, 2), np.float32)
    frames = array("frames", (cut.frame_px, cut.frame_px, 3), np.uint8) if cut.frame_px else None
    names: list[str] = []
    moments: list[Moment] = []
    for number, (face, entry) in enumerate(_entries(faces, cut), start=1):
        if number % _PROGRESS_EVERY == 0 or number == len(faces):
            yield Progress(stage=f"read {side} faces", done=number, total=len(faces))
        if isinstance(entry, ImageUnreadable):
            yield Notice(f"{face.name} is left out: {entry.message}", level="warning")
            continue
        images[len(names)], masks[len(names)], landmarks[len(names)], frame = entry
        if frames is not None:
            frames[len(names)] = frame
        names.append(face.name)
        moments.append((face.record.clip, face.record.track, face.record.frame))
    if not names:
        raise FacesetUnusable(f"None of the {len(faces)} {side} faces can be read.", faces[0][1].path.parent)
    for part in (images, masks, landmarks, frames):
        if part is not None:
            part.flush()
    about = {"layout": _LAYOUT, "faces": len(names), "names": names, "moments": moments}
    write_json(folder / "about.json", about)
    yield StageFinished(stage=f"read {side} faces", summary={"faces": len(names)})


_Entry = tuple[npt.NDArray, npt.NDArray, npt.NDArray, npt.NDArray | None]


def _entries(
    faces: Sequence[tuple[Faceset, StoredFace]], cut: _Cut
) -> Iterator[tuple[StoredFace, _Entry | ImageUnreadable]]:
    """Every face's entry in order, read by several threads that run a few faces ahead and no further."""
    workers, masks = max(1, min(_MOST_READERS, cores())), MaskSource(cut.mask_from, cut.segmenters)
    with ThreadPoolExecutor(workers, thread_name_prefix="read faces") as pool:
        waiting: deque[tuple[StoredFace, Future[_Entry | ImageUnreadable]]] = deque()
        try:
            for faceset, face in faces:
                waiting.append((face, pool.submit(_entry, faceset, face, cut, masks)))
                if len(waiting) > _AHEAD * workers:
                    yield _taken(waiting)
            while waiting:
                yield _taken(waiting)
        finally:
            pool.shutdown(cancel_futures=True)


def _taken(
    waiting: deque[tuple[StoredFace, Future[_Entry | ImageUnreadable]]],
) -> tuple[StoredFace, _Entry | ImageUnreadable]:
    face, entry = waiting.popleft()
    return face, entry.result()


def _entry(faceset: Faceset, face: StoredFace, cut: _Cut, source: MaskSource) -> _Entry | ImageUnreadable:
    """Image, masks, landmarks and, where it is wanted, the whole frame of one face as the cache holds them."""
    try:
        image = faceset.image(face)
    except ImageUnreadable as error:
        return error
    record, margin, whole_px = face.record, margin_px(cut.size_px), cut.whole_px
    model_from_frame = cut.from_frame(record.landmarks())
    shares = transform_points(model_from_frame, record.landmarks()) / cut.size_px
    cache_from_frame = model_from_frame.copy()
    cache_from_frame[:, 2] += margin
    cache_from_stored = compose(cache_from_frame, inverse(record.crop_matrix()))
    points = shares * cut.size_px + margin
    face_HW = source.mask(image, record, cache_from_frame, whole_px)
    # Eyes and mouth count where they belong to the face: not behind a hand.
    parts = [softened_inside(part(points, whole_px, whole_px), face_HW) for part in (eyes_mask, mouth_mask)]
    masks = np.stack([face_HW, *parts], axis=-1)
    frame = squeezed(image, cut.frame_px) if cut.frame_px else None
    return crop(image, cache_from_stored, whole_px), np.rint(masks * 255), shares, frame


def _tidy(folder: Path, side: str, *, keep: Path) -> None:
    """Remove older caches of this side: they can be made again, and faces take room."""
    found = sorted(folder.glob(f"{side}-*"), key=lambda p: p.stat().st_mtime, reverse=True)
    for old in [p for p in found if p != keep][_NEWEST_KEPT - 1 :]:
        shutil.rmtree(old, ignore_errors=True)
