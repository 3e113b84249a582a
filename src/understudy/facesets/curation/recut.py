"""Give faces another size or face type: cut anew from their frames, at full quality, where the clip is there.

Landmarks, polygons, masks and all else that is known are kept. Where the clip is gone or is another one now,
the face is cut from its own picture, and it is said what that loses.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from understudy.counts import counted
from understudy.errors import ClipMissing, ClipUnreadable, OptionInvalid
from understudy.events import Event, Events, Notice, Progress, StageFinished, StageStarted
from understudy.faces.align import crop
from understudy.facesets.curation.history import Change, History
from understudy.facesets.extraction.finder import sharpness
from understudy.facesets.extraction.found import clip_content
from understudy.facesets.extraction.journal import Journal
from understudy.facesets.extraction.looking import frames_at
from understudy.facesets.record import FaceRecord
from understudy.facesets.store import Faceset, StoredFace, encoded_face
from understudy.files import require_free_space
from understudy.geometry import FaceType, compose, crop_from_frame, inverse
from understudy.media.color_spaces import ColorSpace
from understudy.media.opening import open_clip

UInt8 = npt.NDArray[np.uint8]
ClipOf = Callable[[str], Path | None]
ColorSpaceOf = Callable[[str], ColorSpace | None]
SMALLEST_PX, LARGEST_PX = 64, 4096
_STAGE = "recut"


@dataclass(frozen=True)
class Shape:
    """What faces shall be; None keeps what each is."""

    size_px: int | None = None
    face_type: FaceType | None = None

    @property
    def words(self) -> str:
        """ "512 px, whole"."""
        parts = [f"{self.size_px} px"] if self.size_px else []
        return ", ".join([*parts, self.face_type] if self.face_type else parts)

    def changes(self, record: FaceRecord) -> bool:
        """Whether a face isn't in this shape already."""
        return self.size_px not in (None, record.size_px) or self.face_type not in (None, record.face_type)

    def of(self, record: FaceRecord) -> FaceRecord:
        """The record of the same face in this shape."""
        size_px, face_type = self.size_px or record.size_px, self.face_type or record.face_type
        matrix = crop_from_frame(record.landmarks(), face_type=face_type, size_px=size_px)
        changes = {"size_px": size_px, "face_type": face_type, "crop_from_frame": np.round(matrix, 9).tolist()}
        return FaceRecord.model_validate(record.as_json() | changes)


def recut(
    faceset: Faceset,
    faces: Sequence[StoredFace],
    shape: Shape,
    *,
    clip_of: ClipOf,
    trash: Path,
    verb: str,
    color_space_of: ColorSpaceOf = lambda clip: None,
) -> Events:
    """Bring `faces` into `shape`, one entry of the history; the pictures as they were go to the trash.

    `clip_of` gives the path of a clip by its name, or None, `color_space_of` the space of its numbers. Raises
    OptionInvalid for a shape that can't be, DiskFull, ImageUnreadable for a face that has to be cut from a
    broken picture.
    """
    _require_possible(shape, faces)
    todo = [face for face in faces if shape.changes(face.record)]
    size = shape.size_px or max((face.record.size_px for face in todo), default=0)
    require_free_space(faceset.folder, needed_bytes=len(todo) * size * size)
    yield StageStarted(stage=_STAGE, unit="faces", total=len(todo))
    from_picture = 0
    words = f"{verb} {counted(len(todo), 'face')} ({shape.words})"
    with History(faceset.folder, trash).change(verb, words) as change:
        done = 0
        for clip, group in _by_clip(todo).items():
            footage = clip_of(clip), color_space_of(clip)
            left = yield from _from_frames(faceset, clip, group, shape, change, footage=footage, done=done)
            done += len(group) - len(left)
            from_picture += len(left)
            for face in left:
                _replace(change, face, shape, _cut_from_picture(faceset, face, shape))
                done += 1
                yield Progress(stage=_STAGE, done=done, total=len(todo))
    faceset.refresh()
    summary = {"faces": len(todo), "from_frames": len(todo) - from_picture, "from_pictures": from_picture}
    yield StageFinished(stage=_STAGE, summary=summary, skipped=not todo)


def _require_possible(shape: Shape, faces: Sequence[StoredFace]) -> None:
    if shape.size_px is None and shape.face_type is None:
        raise OptionInvalid("Say which size or which face type the faces shall have.")
    if shape.size_px is not None and not SMALLEST_PX <= shape.size_px <= LARGEST_PX:
        raise OptionInvalid(f"A face can't be {shape.size_px} px; it may have {SMALLEST_PX} to {LARGEST_PX}.")
    if shape.face_type == "mark-only" or any(face.record.face_type == "mark-only" for face in faces):
        raise OptionInvalid("Mark-only faces are whole frames. Extract with another face type to get crops.")


def _by_clip(faces: Sequence[StoredFace]) -> dict[str, list[StoredFace]]:
    groups: dict[str, list[StoredFace]] = defaultdict(list)
    for face in faces:
        groups[face.record.clip].append(face)
    return groups


def _from_frames(
    faceset: Faceset,
    clip: str,
    faces: Sequence[StoredFace],
    shape: Shape,
    change: Change,
    *,
    footage: tuple[Path | None, ColorSpace | None],
    done: int,
) -> Generator[Event, None, list[StoredFace]]:
    """Cut faces of one clip from its frames; yields events and returns the faces that could not be."""
    left = {face.name: face for face in faces}
    path, color_space = footage
    why = _why_not(faceset.folder, clip, path, color_space)
    if path is not None and not why:
        try:
            for face, rgb in _frames_of(path, color_space, faces):
                record = shape.of(face.record)
                _replace(change, face, shape, crop(rgb, record.crop_matrix(), record.size_px))
                del left[face.name]
                yield Progress(stage=_STAGE, done=done + len(faces) - len(left))
            why = "some of its frames don't decode"
        except (ClipMissing, ClipUnreadable) as error:
            why = error.message
    if left:
        one, many = "is cut from its own picture", "are cut from their own pictures"
        cut = counted(len(left), f"face of {clip} {one}", f"faces of {clip} {many}")
        yield Notice(
            f"{cut}, because {why}. They gain no detail by being larger, "
            "lose some by being compressed again, and what the old picture did not show repeats its edge.",
            "warning",
        )
    return list(left.values())


def _why_not(folder: Path, clip: str, path: Path | None, color_space: ColorSpace | None) -> str:
    """Why a clip's frames can't serve; empty when they can."""
    if path is None or not path.exists():
        return "the clip isn't here"
    contents = Journal.look(folder).contents(clip)
    if contents and clip_content(path, color_space, known=contents) not in contents:
        return "the clip of that name is another one now"
    return ""


def _frames_of(
    path: Path, color_space: ColorSpace | None, faces: Sequence[StoredFace]
) -> Iterator[tuple[StoredFace, UInt8]]:
    """Each face with its frame, where sizes agree."""
    by_frame: dict[int, list[StoredFace]] = defaultdict(list)
    for face in faces:
        by_frame[face.record.frame].append(face)
    with open_clip(path, color_space) as clip:
        for frame in frames_at(clip, sorted(by_frame)):
            rgb = frame.rgb_8bit
            for face in by_frame[frame.index]:
                if face.record.frame_size == (rgb.shape[1], rgb.shape[0]):
                    yield face, rgb


def _cut_from_picture(faceset: Faceset, face: StoredFace, shape: Shape) -> UInt8:
    record = shape.of(face.record)
    new_from_old = compose(record.crop_matrix(), inverse(face.record.crop_matrix()))
    return crop(faceset.image(face), new_from_old, record.size_px)


def _replace(change: Change, face: StoredFace, shape: Shape, picture: UInt8) -> None:
    record = shape.of(face.record).model_copy(update={"sharpness": round(sharpness(picture), 3)})
    image_format = "png" if face.path.suffix.lower() == ".png" else "jpg"
    change.remove(face.name)
    change.add(face.name, encoded_face(picture, record, image_format=image_format))
